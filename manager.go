package apitoken

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
)

// Manager decides who may do what, how long a token lives, and whether a presented text is a token. It holds no state that a
// second Manager on the same [Store] would need, so a host runs one in each replica. All methods are safe for concurrent
// use.
//
// If several refusals apply, the error is the first of these: the actor is not known, disabled or suspended, or uses a token that
// does not authenticate; the request is wrong; the actor lacks a permission; the user or token does not exist; the user holds
// permissions that the actor lacks; the user is disabled or suspended; the token is revoked or has expired; the lifetime exceeds
// the maximum; the name is taken; the owner has too many tokens; the object of the change has changed.
type Manager struct {
	store           Store
	clock           Clock
	format          format
	accepted        acceptedTexts     // all formats, the present one included
	initialPolicy   MaxLifetimePolicy // in force until one is set
	defaultLifetime time.Duration
	maxActive       int // of an owner; 0: no limit
	roles           roleSet
	kinds           kindSet
	permissionNames map[Permission]string // of the host's own
	canonicalID     func(UserID) UserID   // may be nil
	observer        Observer              // may be nil
	overlap         time.Duration         // of rotations
	lastUsed        *lastUsed
	firstUses       *firstUses
	denials         *denials

	recordDenial func(ctx context.Context, e Event, known bool) error // of an actor who is known or not
	writeUses    func(ctx context.Context) error                      // before a decision by last uses
}

// New returns a Manager over a store. Nil options mean all defaults. A mistake in the options is [ErrInvalid].
//
// A Manager starts nothing in the background until a token is used or an actor is denied often. Call [Manager.Close] on
// shutdown.
func New(store Store, opts *Options) (*Manager, error) {
	m, err := newManager(store, opts)
	if err != nil {
		return nil, fmt.Errorf("apitoken: new manager: %w", err)
	}
	return m, nil
}

func newManager(store Store, opts *Options) (*Manager, error) {
	if store == nil {
		return nil, invalid("store", "is nil")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	format, err := newFormat(o.Prefix)
	if err != nil {
		return nil, err
	}
	accepted, err := newAcceptedTexts(format, o.FormerPrefixes, o.Foreign)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = realClock{}
	}
	if o.DefaultMaxLifetime == 0 {
		o.DefaultMaxLifetime = NoExpiration
	}
	initial := MaxLifetimePolicy{Max: o.DefaultMaxLifetime}
	if err := checkMaximum("maximum lifetime", initial.Max); err != nil {
		return nil, err
	}
	if o.DefaultLifetime == 0 {
		o.DefaultLifetime = defaultLifetime
	}
	if _, err := (MaxLifetimePolicy{Max: NoExpiration}).Expiry(firstInstant, o.DefaultLifetime); err != nil {
		return nil, fmt.Errorf("default %w", err)
	}
	if o.MaxActivePerOwner < 0 {
		return nil, invalid("max active per owner", "is %d, at least 0 is needed", o.MaxActivePerOwner)
	}
	if o.RotationOverlap == 0 {
		o.RotationOverlap = defaultRotationOverlap
	}
	if err := checkOverlap("rotation overlap", o.RotationOverlap); err != nil {
		return nil, err
	}
	if o.LastUsedInterval == 0 {
		o.LastUsedInterval = defaultLastUsedInterval
	}
	if o.LastUsedStep < 0 {
		return nil, invalid("last used step", "is %s, at least 0 is needed", o.LastUsedStep)
	}
	roles, err := withRoles(o.Roles)
	if err != nil {
		return nil, err
	}
	kinds, err := withKinds(o.Kinds, o.KindRules)
	if err != nil {
		return nil, err
	}
	names, err := withPermissionNames(o.PermissionNames)
	if err != nil {
		return nil, err
	}
	m := &Manager{
		store:           store,
		clock:           o.Clock,
		format:          format,
		accepted:        accepted,
		initialPolicy:   initial,
		defaultLifetime: o.DefaultLifetime,
		maxActive:       o.MaxActivePerOwner,
		roles:           roles,
		kinds:           kinds,
		permissionNames: names,
		canonicalID:     o.CanonicalUserID,
		observer:        o.Observer,
		overlap:         o.RotationOverlap,
		firstUses:       newFirstUses(),
		lastUsed:        newLastUsed(store, o.Clock, o.LastUsedInterval, o.LastUsedStep),
		denials:         newDenials(store),
	}
	m.recordDenial, m.writeUses = m.denials.record, m.lastUsed.flush
	return m, nil
}

// attempts limits how often a decision is made because what it was based on changed before the write. Each conflict means that
// another change was written.
const attempts = 64

// Now returns the time of the Manager's clock, in UTC and whole microseconds. Use it, and no other clock, to judge the Status
// of a token.
func (m *Manager) Now() time.Time { return instant(m.clock.Now()) }

// since returns how long it has been, or zero if the clock went backwards.
func (m *Manager) since(begun time.Time) time.Duration { return max(0, m.clock.Now().Sub(begun)) }

// Flush writes now what is otherwise written in the background: the uses gathered for LastUsedAt, and the denials beyond
// the first ten of an actor in a minute. If the store fails, they are kept for the next time.
func (m *Manager) Flush(ctx context.Context) error {
	if err := errors.Join(m.lastUsed.flush(ctx), m.denials.flush(ctx)); err != nil {
		return fmt.Errorf("apitoken: flush: %w", storeError(err))
	}
	return nil
}

// Close writes what Flush writes, and records no more uses. Every other method goes on working, and writes each denial at
// once. Closing the store is up to the host. Close is idempotent.
func (m *Manager) Close(ctx context.Context) error {
	if err := errors.Join(m.lastUsed.close(ctx), m.denials.close(ctx)); err != nil {
		return fmt.Errorf("apitoken: close: %w", storeError(err))
	}
	return nil
}

// UsesDropped returns how many uses were not recorded because 4,096 other tokens were waiting to be written.
func (m *Manager) UsesDropped() uint64 { return m.lastUsed.droppedUses() }

// canonical returns the spelling under which the library stores a user id. The empty id stays empty, and no other id becomes
// empty: in a query it would stand for all users.
func (m *Manager) canonical(id UserID) UserID {
	if m.canonicalID == nil || id == "" {
		return id
	}
	return cmp.Or(m.canonicalID(id), id)
}

// KindRule returns the rule of a kind, and whether this Manager declares the kind. An undeclared kind carries nothing.
func (m *Manager) KindRule(k Kind) (rule KindRule, declared bool) {
	rule, declared = m.kinds[k]
	return rule, declared
}

// Roles returns the declared roles, also the built-in ones, with the permissions that each grants, for forms. The map is the
// caller's.
func (m *Manager) Roles() map[Role]Permission { return maps.Clone(m.roles) }

// RotationOverlap returns how long a token lives on at most after [Manager.Rotate] without an Overlap, for forms.
func (m *Manager) RotationOverlap() time.Duration { return m.overlap }

// PermissionsOf returns what an authenticated token may do: those permissions of its owner's role that its kind carries and to
// which it is limited itself, and of the permissions of this package only [GenerateOwn] if the token is bound to a resource. It
// does not read the store and is as recent as the Identity, so a host can call it on each request for a permission of its own.
func (m *Manager) PermissionsOf(i Identity) Permission {
	return m.roles.grants(i.User.Role) & m.kinds.carries(i.Token)
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
