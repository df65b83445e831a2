package apitoken

import (
	"fmt"
	"time"
)

// Options configure a [Manager]. The zero value of every field has a sensible meaning.
type Options struct {
	// Prefix begins every token, before an underscore, so that people and scanners tell whose it is: 1 to 5 characters,
	// a lower-case letter and then lower-case letters and digits. Empty: "tok". A token of another prefix is refused.
	Prefix string

	// Clock tells the time. Nil: the computer's.
	Clock Clock

	// DefaultMaxLifetime is the maximum until somebody sets a policy. 0: NoExpiration.
	DefaultMaxLifetime time.Duration

	// DefaultLifetime is for who asks for none where there is no maximum. 0: 90 days.
	DefaultLifetime time.Duration

	// LastUsedInterval is how stale LastUsedAt may be, and for how long uses are gathered before they are written.
	// 0: one minute; negative: it is never recorded.
	LastUsedInterval time.Duration

	// LastUsedStep is the least by which LastUsedAt moves: a use less than this behind the recorded one is not recorded, which
	// saves writes. A use that another replica, or this one, is just writing is not known yet. 0: every later use counts.
	LastUsedStep time.Duration

	// CanonicalUserID gives the one spelling of a user id, where the host's directory takes several for the same: lower case,
	// say. It is applied to every id that the host hands over, in an Actor, a parameter or a query, before anything else; what
	// it returns is stored and shown. It has to return its own results unchanged. Nil: ids are compared byte by byte.
	CanonicalUserID func(UserID) UserID

	// Roles are added to the two that are built in, or put in their place by name.
	Roles map[Role]Permission

	// Kinds are added to KindUser.
	Kinds []Kind

	// KindRules say who gets tokens of a kind and what they carry; they declare the kind as well. The host may give KindUser
	// a rule too.
	KindRules map[Kind]KindRule

	// Observer is told how every authentication and every other decision ended. Nil: nobody.
	Observer Observer
}

const (
	defaultPrefix           = "tok"
	defaultLifetime         = 90 * day
	defaultLastUsedInterval = time.Minute
)

// New makes a Manager over a store. Nil options mean all defaults. A mistake in the options is [ErrInvalid].
//
// A Manager starts nothing in the background until a token is used or an actor is denied often. Call [Manager.Close] on shutdown.
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
	if o.Clock == nil {
		o.Clock = realClock{}
	}
	if o.DefaultMaxLifetime == 0 {
		o.DefaultMaxLifetime = NoExpiration
	}
	initial := MaxLifetimePolicy{Max: o.DefaultMaxLifetime}
	if err := initial.check(); err != nil {
		return nil, err
	}
	if o.DefaultLifetime == 0 {
		o.DefaultLifetime = defaultLifetime
	}
	if _, err := (MaxLifetimePolicy{Max: NoExpiration}).Expiry(firstInstant, o.DefaultLifetime); err != nil {
		return nil, fmt.Errorf("default %w", err)
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
	return &Manager{
		store:           store,
		clock:           o.Clock,
		format:          format,
		initialPolicy:   initial,
		defaultLifetime: o.DefaultLifetime,
		roles:           roles,
		kinds:           kinds,
		canonicalID:     o.CanonicalUserID,
		observer:        o.Observer,
		lastUsed:        newLastUsed(store, o.LastUsedInterval, o.LastUsedStep),
		denials:         newDenials(store),
	}, nil
}
