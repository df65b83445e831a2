package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// demoTokens is the number of tokens that -demo creates.
const demoTokens = 400

// story generates the tokens of the demonstration as a sequence of steps in the past. Its Manager has a clock that stands at the
// time of each step. The story is always the same, with days counted back from today. Everything is written by the library.
type story struct {
	m     *apitoken.Manager
	clock *movedClock
	today time.Time
	steps []step
}

// step is one call at one time.
type step struct {
	at time.Time
	do func(ctx context.Context) error
}

// movedClock stands still until it is moved.
type movedClock struct{ now time.Time }

func (c *movedClock) Now() time.Time { return c.now }

// seed writes the demonstration into a store without tokens.
func seed(ctx context.Context, store apitoken.Store, opts *apitoken.Options, log *slog.Logger) error {
	begun := time.Now()
	s := &story{clock: &movedClock{begun}, today: begun}
	opts.Clock, opts.Observer = s.clock, nil
	var err error
	if s.m, err = apitoken.New(store, opts); err != nil {
		return err
	}
	n, err := s.m.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true})
	if err != nil {
		return err
	}
	if n > 0 {
		return errors.New("there are tokens and no accounts: a first start with -demo was interrupted; begin again with an empty database")
	}
	s.people()
	s.policies()
	s.tokens()
	s.denials()
	if err := errors.Join(s.tell(ctx), s.m.Close(ctx)); err != nil { // Close writes the last uses
		return fmt.Errorf("make the demonstration: %w", err)
	}
	log.Info("the demonstration was made", "users", len(demoUsers), "tokens", demoTokens, "duration", time.Since(begun))
	return nil
}

// tell runs the steps in the order of their times.
func (s *story) tell(ctx context.Context) error {
	slices.SortStableFunc(s.steps, func(a, b step) int { return a.at.Compare(b.at) })
	for _, step := range s.steps {
		s.clock.now = step.at
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// days is a time in the past, in days before today.
type days float64

func (s *story) ago(d days) time.Time {
	return s.today.Add(-time.Duration(float64(d) * float64(24*time.Hour)))
}

// on adds a step.
func (s *story) on(d days, do func(ctx context.Context) error) {
	s.steps = append(s.steps, step{s.ago(d), do})
}

var chief = apitoken.As("admin")

// people provisions the users before the first token. The administrator disables, enables and revokes the tokens of some.
func (s *story) people() {
	for i, u := range demoUsers {
		s.on(600-days(i)/24, func(ctx context.Context) error {
			_, err := s.m.PutUser(ctx, apitoken.System(), u.User)
			return err
		})
		if u.left > 0 {
			s.on(u.left, func(ctx context.Context) error { return s.m.DisableUser(ctx, chief, u.ID) })
		}
		if u.back > 0 {
			s.on(u.back, func(ctx context.Context) error { return s.m.EnableUser(ctx, chief, u.ID) })
		}
		if u.lost > 0 {
			s.on(u.lost, func(ctx context.Context) error { return s.m.RevokeAll(ctx, chief, u.ID) })
		}
	}
}

// policies sets a maximum, removes it, and sets lower ones. So some tokens never expire, and some live longer than today's
// maximum.
func (s *story) policies() {
	for _, p := range []struct {
		ago days
		max time.Duration
	}{
		{500, apitoken.Days(365)}, {300, apitoken.NoExpiration}, {150, apitoken.Days(365)}, {60, apitoken.Days(180)}, {20, apitoken.Days(90)},
	} {
		s.on(p.ago, func(ctx context.Context) error {
			_, err := s.m.SetPolicy(ctx, chief, apitoken.MaxLifetimePolicy{Max: p.max})
			return err
		})
	}
}

// denials are calls without the permission for them.
func (s *story) denials() {
	bob := apitoken.As("bob")
	for _, denial := range []step{
		{s.ago(41), func(ctx context.Context) error {
			_, err := s.m.ListTokens(ctx, bob, apitoken.TokenQuery{AnyOwner: true})
			return err
		}},
		{s.ago(12), func(ctx context.Context) error {
			_, err := s.m.SetPolicy(ctx, apitoken.As(helpdesk.ID), apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration})
			return err
		}},
		{s.ago(0.2), func(ctx context.Context) error {
			_, _, err := s.m.Generate(ctx, bob, apitoken.GenerateParams{Owner: "build-agent-02", Name: "borrowed"})
			return err
		}},
	} {
		s.steps = append(s.steps, step{denial.at, func(ctx context.Context) error {
			err := denial.do(ctx)
			if errors.Is(err, apitoken.ErrDenied) {
				return nil
			}
			return cmp.Or(err, errors.New("a call that should be denied was done"))
		}})
	}
}
