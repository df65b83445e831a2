package apitoken_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// countingClock counts how often it is read.
type countingClock struct{ reads int }

func (c *countingClock) Now() time.Time {
	c.reads++
	return start
}

func TestTheClockIsReadOnceUnlessAnObserverIsSet(t *testing.T) {
	for _, tt := range []struct {
		name     string
		observer apitoken.Observer
		want     struct{ authenticate, malformed, revoke int }
	}{
		{"without an observer", nil, struct{ authenticate, malformed, revoke int }{1, 0, 1}},
		{"with an observer", &observer{}, struct{ authenticate, malformed, revoke int }{3, 2, 2}},
	} {
		clock := &countingClock{}
		m, token, text := newToken(t, memstore.New(), apitoken.Options{Clock: clock, Observer: tt.observer, LastUsedInterval: -1})
		reads := func(do func() error) int {
			clock.reads = 0
			_ = do()
			return clock.reads
		}
		got := struct{ authenticate, malformed, revoke int }{
			reads(func() error { return second(m.Authenticate(ctx, text)) }),
			reads(func() error { return second(m.Authenticate(ctx, "x")) }),
			reads(func() error { return m.Revoke(ctx, apitoken.As(bob), token.ID) }),
		}
		if got != tt.want {
			t.Errorf("%s the clock is read %+v times, want %+v", tt.name, got, tt.want)
		}
	}
}

// countingObserver counts observations and does not allocate.
type countingObserver struct{ n int }

func (c *countingObserver) Observe(context.Context, apitoken.Observation) { c.n++ }

func TestObservingDoesNotAllocate(t *testing.T) {
	allocations := func(o apitoken.Observer, text string) float64 {
		m, _, valid := newToken(t, memstore.New(), apitoken.Options{Observer: o})
		if text == "" {
			text = valid
		}
		least := math.Inf(1) // with the race detector, package fmt allocates now and then
		for range 100 {
			least = min(least, testing.AllocsPerRun(10, func() { _, _ = m.Authenticate(ctx, text) }))
		}
		return least
	}
	for name, text := range map[string]string{
		"accepted":  "",
		"malformed": "x",
		"unknown":   withChecksum("tok_" + strings.Repeat("0", 43)),
	} {
		var c countingObserver
		without, with := allocations(nil, text), allocations(&c, text)
		if with != without || name == "accepted" && with != 0 {
			t.Errorf("%s: %.0f allocations with an observer, want the %.0f without, and none if accepted", name, with, without)
		}
		if c.n < 1000 {
			t.Errorf("%s: observed %d times, want each call", name, c.n)
		}
	}
}
