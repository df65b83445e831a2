package apitoken

import (
	"context"
	"errors"
	"sync"
	"time"
)

// firstUseWait limits how long a request waits until its first use of a successor is recorded.
const firstUseWait = 2 * time.Second

// firstUses are the first uses of successors that are being recorded. The uses of one token at the same time share one write.
type firstUses struct {
	mu      sync.Mutex
	running map[TokenID]*firstUse
}

type firstUse struct {
	done chan struct{}
	err  error // set before done is closed
}

func newFirstUses() *firstUses { return &firstUses{running: map[TokenID]*firstUse{}} }

// begin returns the write of the token, and whether it is running already.
func (f *firstUses) begin(id TokenID) (u *firstUse, running bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if u, running := f.running[id]; running {
		return u, true
	}
	u = &firstUse{done: make(chan struct{})}
	f.running[id] = u
	return u, false
}

func (f *firstUses) end(id TokenID, u *firstUse, err error) {
	f.mu.Lock()
	delete(f.running, id)
	f.mu.Unlock()
	u.err = err
	close(u.done)
}

// useFirst records the first use of a successor, which revokes the token that it has replaced. Every caller returns after the
// write, so that the old token is refused once the new one was accepted. ErrConflict: the successor was revoked before. The
// Observer learns of every other error, for which the caller need not fail: the next use tries again.
func (m *Manager) useFirst(ctx context.Context, rec *Record, now time.Time) error {
	u, running := m.firstUses.begin(rec.Token.ID)
	if running {
		select {
		case <-u.done:
			return u.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := errPanicked
	defer func() { m.firstUses.end(rec.Token.ID, u, err) }()
	err = m.recordFirstUse(ctx, rec, instant(now))
	return err
}

var errPanicked = errors.New("apitoken: the store panicked")

// recordFirstUse goes on after the caller's context has ended, because others wait for the write too.
func (m *Manager) recordFirstUse(ctx context.Context, rec *Record, at time.Time) error {
	begun := m.clock.Now()
	event := Event{
		ID: EventID(newID()), At: at, Action: ActionReplaced, Outcome: OutcomeDone,
		Actor: rec.Actor(), Owner: rec.Token.Owner, Token: rec.Token.Replaces,
		After: State{RevokedAt: at, ReplacedBy: rec.Token.ID},
	}
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), firstUseWait)
	defer cancel()
	first, err := m.store.UseSuccessor(write, rec.Token.ID, rec.Token.Replaces, Revocation{At: at, By: rec.Token.Owner}, event)
	err = storeError(err)
	if m.observer != nil && (first || err != nil && !errors.Is(err, ErrConflict)) {
		m.observer.Observe(ctx, Observation{
			Action: ActionReplaced, Outcome: outcome(err, false), Err: err, Duration: m.since(begun),
			Actor: event.Actor, Owner: event.Owner, Token: event.Token,
		})
	}
	return err
}
