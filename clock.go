package apitoken

import (
	"fmt"
	"time"
)

// Clock tells the time. The Manager reads it once per operation and passes the time on. For an [Observer] it reads it once
// or twice more, to measure the duration. Clock values of github.com/benbjohnson/clock satisfy it.
type Clock interface {
	Now() time.Time
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

// instant converts a time to the form that this package stores, compares and returns: UTC, whole microseconds, without a
// monotonic reading. So a time that was stored equals the one that is read back.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// storable reports whether a time is one that every store and every encoding holds without loss.
func storable(t time.Time) bool { return firstInstant.Unix() <= t.Unix() && t.Unix() < ceiling.Unix() }

// brokenClock is the error for a clock that shows a time which cannot be stored.
func brokenClock(now time.Time) error {
	return unavailable(fmt.Errorf("the clock reads %s, 1970 to 2199 is allowed", instant(now)))
}

// From 1970 to 2200: the times that every store and every encoding holds without loss.
var (
	firstInstant = time.Unix(0, 0).UTC()
	ceiling      = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
)
