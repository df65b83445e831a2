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

// countingClock counts how often it is asked.
type countingClock struct{ asked int }

func (c *countingClock) Now() time.Time {
	c.asked++
	return start
}

func TestTheClockIsReadOnceWithoutAnObserver(t *testing.T) {
	for name, want := range map[string]struct{ authenticate, malformed, revoke int }{
		"nobody":      {1, 0, 1},
		"an observer": {3, 2, 2},
	} {
		clock := &countingClock{}
		opts := apitoken.Options{Clock: clock, LastUsedInterval: -1}
		if name == "an observer" {
			opts.Observer = &observer{}
		}
		m, err := apitoken.New(memstore.New(), &opts)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob})
		if err != nil {
			t.Fatal(err)
		}
		token, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ci"})
		if err != nil {
			t.Fatal(err)
		}
		reads := func(do func() error) int {
			clock.asked = 0
			_ = do()
			return clock.asked
		}
		got := struct{ authenticate, malformed, revoke int }{
			reads(func() error { _, err := m.Authenticate(ctx, secret.Reveal()); return err }),
			reads(func() error { _, err := m.Authenticate(ctx, "x"); return err }),
			reads(func() error { return m.Revoke(ctx, apitoken.As(bob), token.ID) }),
		}
		if got != want {
			t.Errorf("%s observes: the clock is read %+v times, want %+v", name, got, want)
		}
	}
}

// tally is an observer that costs nothing.
type tally struct{ n int }

func (c *tally) Observe(context.Context, apitoken.Observation) { c.n++ }

func TestObservingDoesNotAllocate(t *testing.T) {
	allocations := func(o apitoken.Observer, text string) float64 {
		m, err := apitoken.New(memstore.New(), &apitoken.Options{Observer: o})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close(ctx) })
		if text == "" {
			_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob})
			if err != nil {
				t.Fatal(err)
			}
			_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ci"})
			if err != nil {
				t.Fatal(err)
			}
			text = secret.Reveal()
		}
		least := math.Inf(1) // the race detector makes package fmt allocate now and then
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
		var c tally
		without, with := allocations(nil, text), allocations(&c, text)
		if with != without || name == "accepted" && with != 0 {
			t.Errorf("%s: %.0f allocations with an observer, %.0f without", name, with, without)
		}
		if c.n < 1000 {
			t.Errorf("%s: observed %d times", name, c.n)
		}
	}
}
