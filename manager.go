package apitoken

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Manager decides: who may do what, how long a token lives, whether a presented text is a token. It holds no state that
// a second Manager on the same [Store] would need to know, so a host may run as many as it has replicas. All methods are
// safe for concurrent use.
//
// Where several refusals apply, the answer is the first of these: the actor is nobody; the request is wrong; he may not do
// this; there is no such user or token; the user may do what he may not; the user is disabled; the lifetime is over the
// maximum; the name is taken; what is to be changed has moved.
type Manager struct {
	store           Store
	clock           Clock
	format          format
	initialPolicy   MaxLifetimePolicy // in force until one is set
	defaultLifetime time.Duration
	roles           map[Role]Permission
	kinds           map[Kind]KindRule
	observer        Observer // may be nil
	lastUsed        *lastUsed
}

// attempts is how often a decision is made anew because what it rests on changed before it was written. Each loss means
// that somebody else's change was done, so only a crowd on one row comes near this number.
const attempts = 64

// Now is the time by the Manager's clock, in UTC and whole microseconds. Judge the Status of a token by it and by no other
// clock.
func (m *Manager) Now() time.Time { return instant(m.clock.Now()) }

// Flush writes the uses that were gathered for LastUsedAt now. Where the store fails, they are kept for the next time.
func (m *Manager) Flush(ctx context.Context) error {
	if err := m.lastUsed.flush(ctx); err != nil {
		return fmt.Errorf("apitoken: flush: %w", storeError(err))
	}
	return nil
}

// Close writes what Flush writes and records no more uses. Everything else goes on working; the store is the host's to
// close. Closing twice is no mistake.
func (m *Manager) Close(ctx context.Context) error {
	if err := m.lastUsed.close(ctx); err != nil {
		return fmt.Errorf("apitoken: close: %w", storeError(err))
	}
	return nil
}

// UsesDropped is how many uses were not recorded because 4,096 other tokens were waiting to be written.
func (m *Manager) UsesDropped() uint64 { return m.lastUsed.droppedUses() }

// permissions is what a role grants now. A role that is not declared grants nothing.
func (m *Manager) permissions(r Role) Permission { return m.roles[r] }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
