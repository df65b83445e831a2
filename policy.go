package apitoken

import (
	"fmt"
	"math"
	"time"
)

// NoExpiration, as a lifetime, asks for a token without end and, as a maximum, allows one. Nothing else means it.
const NoExpiration = time.Duration(math.MaxInt64)

const day = 24 * time.Hour

// MaxLifetimePolicy is the maximum lifetime of tokens. It binds every token generated while it is in force, whoever
// generates it, and never touches one that exists.
type MaxLifetimePolicy struct {
	Max       time.Duration // 1 minute to 100 years of 365 days, whole microseconds; NoExpiration: no maximum
	UpdatedAt time.Time
	UpdatedBy UserID // empty: the host itself
	Revision  int64  // raised by every change; 0: nobody has set a policy yet
}

// A lifetime asked for below leastLifetime, or a maximum set below leastMax, is a mistake of units: a number of seconds, say,
// taken for a time.Duration. What remains of a parent's lifetime, and a policy that was stored before, may be shorter.
const (
	leastLifetime = time.Second
	leastMax      = time.Minute
)

// checkLifetime holds a lifetime that somebody asked for to the least that makes sense. Zero asks for nothing.
func checkLifetime(d time.Duration) error {
	if d < 0 {
		return invalid("lifetime", "is %s, at least %s is needed", d, leastLifetime)
	}
	return checkUnit("lifetime", d, leastLifetime)
}

// checkUnit refuses a duration that is not zero and so short that it must have been meant in another unit.
func checkUnit(field string, d, least time.Duration) error {
	if d == 0 || d >= least {
		return nil
	}
	return invalid(field, "is %s, at least %s is needed (a time.Duration counts nanoseconds)", d, least)
}

// maxMax keeps creation time plus maximum below the ceiling.
const maxMax = 100 * 365 * day

// LifetimeOfDays is n days of 24 hours each, for a number that somebody typed: 1 to 36,500 days, else [ErrInvalid].
func LifetimeOfDays(n int) (time.Duration, error) {
	if most := int(maxMax / day); n < 1 || n > most {
		return 0, invalid("days", "is %d, 1 to %d are allowed", n, most)
	}
	return Days(n), nil
}

// Days is n days of 24 hours each, for a number in the source code. It panics if that is more than a [time.Duration] holds,
// 106,751 days; see [LifetimeOfDays].
func Days(n int) time.Duration {
	d := time.Duration(n) * day
	if d/day != time.Duration(n) {
		panic(fmt.Sprintf("apitoken: %d days are more than a time.Duration holds", n))
	}
	return d
}

// Expiry is the one rule about lifetimes, on every path: it gives the end of a token created at createdAt that is to live
// for lifetime, or refuses. The zero time means no expiration and comes out only where lifetime is [NoExpiration] and
// there is no maximum.
//
// A lifetime of zero asks for nothing and gives the maximum; where there is no maximum, it is [ErrInvalid], as are a
// negative one, one below a microsecond, and an end in or after the year 2200. One over the maximum is a [LifetimeError].
func (p MaxLifetimePolicy) Expiry(createdAt time.Time, lifetime time.Duration) (time.Time, error) {
	if err := p.checkMax(); err != nil {
		return time.Time{}, err
	}
	if lifetime == 0 && p.Max != NoExpiration {
		lifetime = p.Max
	}
	if lifetime == NoExpiration && p.Max == NoExpiration {
		return time.Time{}, nil
	}
	if lifetime < time.Microsecond {
		return time.Time{}, invalid("lifetime", "is %s, at least 1µs is needed", lifetime)
	}
	if wholeMicroseconds(lifetime) > wholeMicroseconds(p.Max) {
		return time.Time{}, &LifetimeError{Requested: lifetime, Max: p.Max}
	}
	end := instant(createdAt).Add(wholeMicroseconds(lifetime))
	if !end.Before(ceiling) {
		return time.Time{}, invalid("lifetime", "ends in %d, the year 2200 is the limit", end.Year())
	}
	return end, nil
}

// Choices are the lifetimes that a form should offer: 30 days, 90 days, a year and no expiration, as far as the policy
// allows them, and the maximum itself, the shortest first.
func (p MaxLifetimePolicy) Choices() []time.Duration {
	var choices []time.Duration
	for _, lifetime := range [...]time.Duration{Days(30), Days(90), Days(365)} {
		if lifetime < p.Max {
			choices = append(choices, lifetime)
		}
	}
	return append(choices, p.Max)
}

// check holds a policy to the rules for one that is to be in force: a token that asks for nothing can have its maximum.
func (p MaxLifetimePolicy) check() error {
	if p.Max != NoExpiration && p.Max > maxMax {
		return invalid("maximum lifetime", "is %s, at most %s is allowed", lifetimeText(p.Max), lifetimeText(maxMax))
	}
	if p.Max <= 0 {
		return p.checkMax()
	}
	return checkUnit("maximum lifetime", p.Max, leastMax)
}

func (p MaxLifetimePolicy) checkMax() error {
	if p.Max < time.Microsecond {
		return invalid("maximum lifetime", "is %s, at least 1µs is needed", p.Max)
	}
	return nil
}

// wholeMicroseconds is what counts of a lifetime. NoExpiration stays itself, for nothing else may come to mean it.
func wholeMicroseconds(d time.Duration) time.Duration {
	if d == NoExpiration {
		return d
	}
	return d.Truncate(time.Microsecond)
}
