package apitoken

import (
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
	defaultLifetime         = 90 * day
	defaultLastUsedInterval = time.Minute
)
