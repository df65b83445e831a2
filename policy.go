package apitoken

import (
	"fmt"
	"math"
	"time"
)

// NoExpiration requests a token that never expires, as a lifetime; as a maximum, it permits one. No other value does.
const NoExpiration = time.Duration(math.MaxInt64)

const day = 24 * time.Hour

// MaxLifetimePolicy is the maximum lifetime of tokens. It applies to every token generated while it is in force, by users and
// administrators alike, and never to an existing token. MaxFor resolves its layers.
type MaxLifetimePolicy struct {
	Max        time.Duration   // 1 minute to 100 years of 365 days, whole microseconds; NoExpiration: no maximum
	Limits     []LifetimeLimit // lower maximums for roles and kinds: at most 100, each for another role and kind
	Exemptions []Exemption     // other maximums for single users: at most 100, each for another user and kind
	UpdatedAt  time.Time
	UpdatedBy  UserID // empty: the host itself
	Revision   int64  // raised by every change; 0: no policy has been set yet
}

// A lifetime requested below leastLifetime, or a maximum set below leastMax, is a mistake of units, such as a number of seconds
// passed as a time.Duration. The rest of a parent's lifetime, and a stored policy, may be shorter.
const (
	leastLifetime = time.Second
	leastMax      = time.Minute
)

// checkLifetime refuses a requested lifetime below leastLifetime. Zero requests none.
func checkLifetime(d time.Duration) error {
	if d < 0 {
		return invalid("lifetime", "is %s, at least %s is needed", d, leastLifetime)
	}
	return checkUnit("lifetime", d, leastLifetime)
}

// checkUnit refuses a duration below the least one, except zero, as a mistake of units.
func checkUnit(field string, d, least time.Duration) error {
	if d == 0 || d >= least {
		return nil
	}
	short := invalid(field, "is %s, at least %s is needed", d, least)
	return fmt.Errorf("%w (a time.Duration counts nanoseconds)", short) // the hint is for Go, so Problem does without it
}

// greatestMax keeps creation time plus maximum below the ceiling.
const greatestMax = 100 * 365 * day

// LifetimeOfDays returns n days of 24 hours each, for a number that a user typed. A number outside of 1 to 36,500 is [ErrInvalid].
func LifetimeOfDays(n int) (time.Duration, error) {
	if most := int(greatestMax / day); n < 1 || n > most {
		return 0, invalid("days", "is %d, 1 to %d are allowed", n, most)
	}
	return Days(n), nil
}

// Days returns n days of 24 hours each, for a number in the source code. It panics if that is more than a [time.Duration]
// holds, 106,751 days. For a number that a user typed, see [LifetimeOfDays].
func Days(n int) time.Duration {
	d := time.Duration(n) * day
	if d/day != time.Duration(n) {
		panic(fmt.Sprintf("apitoken: %d days are more than a time.Duration holds", n))
	}
	return d
}

// Expiry returns when a token created at createdAt with the given lifetime expires, or refuses the lifetime. It judges by Max
// alone, without the limits and exemptions: see MaxFor for those. The zero time means that the token never expires, and is
// returned only if lifetime is [NoExpiration] and the policy has no maximum.
//
// A lifetime of zero requests the maximum. [ErrInvalid]: zero without a maximum; a negative lifetime or one below a
// microsecond; an expiry in or after the year 2200. [LifetimeError]: a lifetime over the maximum.
func (p MaxLifetimePolicy) Expiry(createdAt time.Time, lifetime time.Duration) (time.Time, error) {
	return maximum{most: p.Max}.expiry(createdAt, lifetime)
}

// maximum is the longest lifetime that one token may have.
type maximum struct {
	most   time.Duration
	source LimitSource
}

// inEvent returns the source for an event; empty: Max of the policy.
func (m maximum) inEvent() string {
	if m.source == (LimitSource{}) {
		return ""
	}
	return m.source.withoutReason()
}

func (m maximum) expiry(createdAt time.Time, lifetime time.Duration) (time.Time, error) {
	if err := checkPositive("maximum lifetime", m.most); err != nil {
		return time.Time{}, err
	}
	if lifetime == 0 && m.most != NoExpiration {
		lifetime = m.most
	}
	if lifetime == NoExpiration && m.most == NoExpiration {
		return time.Time{}, nil
	}
	if lifetime < time.Microsecond {
		return time.Time{}, invalid("lifetime", "is %s, at least 1µs is needed", lifetime)
	}
	if wholeMicroseconds(lifetime) > wholeMicroseconds(m.most) {
		return time.Time{}, &LifetimeError{Requested: lifetime, Max: m.most, Source: m.source}
	}
	end := instant(createdAt).Add(wholeMicroseconds(lifetime))
	if !end.Before(ceiling) {
		return time.Time{}, invalid("lifetime", "ends in %d, the year 2200 is the limit", end.Year())
	}
	return end, nil
}

// lifetimeAsked returns the lifetime of a request at now, which contains a lifetime, an expiry, or neither; 0: neither.
func lifetimeAsked(lifetime time.Duration, expiresAt, now time.Time) (time.Duration, error) {
	if expiresAt.IsZero() {
		return lifetime, checkLifetime(lifetime)
	}
	expiry := instant(expiresAt)
	switch {
	case lifetime != 0:
		return 0, invalid("lifetime", "is given twice, as a lifetime and as an expiry")
	case !expiry.After(now):
		return 0, invalid("expiry", "is not in the future")
	case !expiry.Before(ceiling):
		return 0, invalid("expiry", "is in %d, the year 2200 is the limit", expiry.Year())
	}
	return expiry.Sub(now), nil // between 1970 and 2200 a difference fits into a Duration
}

// maximumFor returns the maximum that the policy has for a token of the kind which is generated for the owner at now.
func (p MaxLifetimePolicy) maximumFor(owner User, k Kind, now time.Time) maximum {
	most, source := p.MaxFor(owner, k, now)
	return maximum{most, source}
}

// within returns the maximum of a token that is generated at now with another token: it does not outlive its parent. The zero
// time means that there is no parent, or that the parent never expires.
func (m maximum) within(parentExpires, now time.Time) maximum {
	if rest := parentExpires.Sub(now); !parentExpires.IsZero() && rest < m.most {
		return maximum{rest, LimitSource{Layer: LayerToken}}
	}
	return m
}

// resolve returns the expiry of a token that is generated at now with the requested lifetime, 0: none. It is the only place
// that decides when a token expires. The fallback applies if there is neither a requested lifetime nor a maximum.
func (m maximum) resolve(asked time.Duration, now time.Time, fallback time.Duration) (time.Time, error) {
	if asked == 0 && m.most == NoExpiration {
		asked = fallback
	}
	return m.expiry(now, asked)
}

// Choices returns the lifetimes that a form should offer, the shortest first: those of 30 days, 90 days and 365 days that are
// below Max, and Max itself. The limits and exemptions may permit others: a form for a known owner takes those of
// [KindLifetime.Choices].
func (p MaxLifetimePolicy) Choices() []time.Duration { return choicesBelow(p.Max) }

func choicesBelow(most time.Duration) []time.Duration {
	var choices []time.Duration
	for _, lifetime := range [...]time.Duration{Days(30), Days(90), Days(365)} {
		if lifetime < most {
			choices = append(choices, lifetime)
		}
	}
	return append(choices, most)
}

// checkMaximum validates a maximum that is to be set.
func checkMaximum(field string, d time.Duration) error {
	if d != NoExpiration && d > greatestMax {
		return invalid(field, "is %s, at most %s is allowed", lifetimeText(d), lifetimeText(greatestMax))
	}
	if d <= 0 {
		return checkPositive(field, d)
	}
	return checkUnit(field, d, leastMax)
}

func checkPositive(field string, d time.Duration) error {
	if d < time.Microsecond {
		return invalid(field, "is %s, at least 1µs is needed", d)
	}
	return nil
}

// wholeMicroseconds cuts a lifetime to whole microseconds. NoExpiration stays as it is, because no other value may mean it.
func wholeMicroseconds(d time.Duration) time.Duration {
	if d == NoExpiration {
		return d
	}
	return d.Truncate(time.Microsecond)
}

// LifetimeError refuses a lifetime and carries the limit, so that a form can offer permitted values. It is [ErrLifetime].
type LifetimeError struct {
	Requested time.Duration // NoExpiration: a token that never expires
	Max       time.Duration // the longest lifetime that would have been permitted
	Source    LimitSource   // where Max comes from
}

// Error returns what was requested, what is permitted, and where that comes from unless it is Max of the policy.
func (e *LifetimeError) Error() string {
	text := fmt.Sprintf("%s: %s requested, at most %s allowed", ErrLifetime, lifetimeText(e.Requested), lifetimeText(e.Max))
	if e.Source == (LimitSource{}) {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, e.Source)
}

// Unwrap returns [ErrLifetime].
func (e *LifetimeError) Unwrap() error { return ErrLifetime }

// lifetimeText formats a lifetime for people: in days if it is whole days.
func lifetimeText(d time.Duration) string {
	switch {
	case d == NoExpiration:
		return "no expiration"
	case d == day:
		return "1 day"
	case d > 0 && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	default:
		return d.String()
	}
}
