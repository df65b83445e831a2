package apitoken

import (
	"time"
)

// Options configure a [Manager]. The zero value of every field has a sensible meaning.
type Options struct {
	// Prefix starts every token, before an underscore, so that people and scanners recognise the application: 1 to 5
	// characters, a lower-case letter followed by lower-case letters and digits. Empty: "tok". Tokens with another prefix
	// are refused, except those of FormerPrefixes.
	Prefix string

	// FormerPrefixes are those that the host used before Prefix. Their tokens keep working.
	FormerPrefixes []string

	// Foreign recognises the tokens of other systems that [Manager.Import] has stored. A text belongs to the first format that
	// accepts it. A text with one of the prefixes above and the length of a token is passed to none of them.
	Foreign []ForeignFormat

	// Clock tells the time. Nil: the clock of the machine.
	Clock Clock

	// DefaultMaxLifetime is the maximum until a policy is set: at least a minute. 0: NoExpiration.
	DefaultMaxLifetime time.Duration

	// DefaultLifetime applies to requests without a lifetime if there is no maximum. 0: 90 days.
	DefaultLifetime time.Duration

	// MaxActivePerOwner is how many active tokens an owner may have, also by administrators and the host itself. Beyond it
	// [Manager.Generate] returns a [TooManyError]. Tokens of [Manager.Import] count, and are not refused. A lower limit revokes
	// nothing. 0: no limit.
	//
	// On PostgreSQL, MySQL and MariaDB, calls that run at the same time need not see each other's token: they may exceed the limit,
	// by less than their number. On the latter two, a limit costs Generate one more round trip.
	MaxActivePerOwner int

	// LastUsedInterval is how long uses are collected before LastUsedAt is written. 0: one minute; negative: LastUsedAt is
	// never recorded.
	LastUsedInterval time.Duration

	// LastUsedStep is the least by which LastUsedAt moves forward. Uses within this time after the recorded one are not
	// recorded, which saves writes. A use that is being written at the moment counts as not recorded. 0: every later use is
	// recorded.
	LastUsedStep time.Duration

	// CanonicalUserID returns the one spelling of a user id, such as lower case, for a host whose directory accepts several.
	// It is applied first to every id in an Actor, a parameter or a query, and its result is stored and shown. It must return
	// its own results unchanged. Nil: ids are compared byte by byte.
	CanonicalUserID func(UserID) UserID

	// Roles are added to the two built-in roles, or replace them by name.
	Roles map[Role]Permission

	// Kinds are declared in addition to KindUser. Without a rule they carry every permission of the owner.
	Kinds []Kind

	// KindRules declare kinds with a rule: who gets their tokens, and what these carry. KindUser may be given a rule too.
	KindRules map[Kind]KindRule

	// PermissionNames are the names of single permissions of the host's own, the upper 32 bits, for forms, JSON, events and the
	// error of a token that lacks one: 1 to 40 visible ASCII characters without quotation marks, backslashes, commas and vertical
	// bars, none of them twice, and none of the names of this package. Permissions without a name are shown as numbers. Events keep
	// the names that they were stored with.
	PermissionNames map[Permission]string

	// Observer receives the outcome of every authentication and every other decision. Nil: none.
	Observer Observer
}

const (
	defaultLifetime         = 90 * day
	defaultLastUsedInterval = time.Minute
)
