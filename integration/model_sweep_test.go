package integration_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

var someRetentions = pool[time.Duration]{
	usual: []time.Duration{0, apitoken.Days(1), apitoken.Days(2), apitoken.Days(30)},
	odd:   []time.Duration{apitoken.Days(1) - 1, time.Hour, -1, apitoken.Days(1) + 1},
}

// sweep makes a pass and then presents the tokens that are gone.
func (s *sequence) sweep(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor := apitoken.System()
	if o.pick(6) == 5 {
		actor = s.actor(o)
	}
	p := apitoken.SweepParams{Revoked: someRetentions.choose(o), Expired: someRetentions.choose(o), Events: someRetentions.choose(o), DryRun: o.pick(4) == 3}
	before := slices.Clone(s.ref.tokens)
	got, err := sweepToTheEnd(s.ctx, m, actor, p)
	want, wantErr := s.ref.sweep(actor, p)
	for _, t := range before {
		if s.ref.find(t.ID) != nil {
			continue
		}
		if _, err := m.Authenticate(s.ctx, s.secrets[t.ID]); !errors.Is(err, apitoken.ErrUnknownToken) {
			return "the token " + t.Name + ", which is gone", answer{err: err}, answer{err: apitoken.ErrUnknownToken}
		}
	}
	if difference := s.readFromTheStart(m); difference != "" {
		return "a reader from the start of the feed", answer{value: difference}, answer{value: ""}
	}
	return fmt.Sprintf("%+v %+v", actor, p), answer{got, err}, answer{want, wantErr}
}

// readFromTheStart reads the feed from behind its first event, which a sweep may have removed.
func (s *sequence) readFromTheStart(m *apitoken.Manager) string {
	q := apitoken.EventQuery{After: 1}
	got, err := collectRows(m.Events(s.ctx, apitoken.System(), q))
	want, wantErr := s.ref.feed(apitoken.System(), q)
	return s.compare("events", fmt.Sprintf("%+v", q), answer{withoutID(got), err}, answer{want, wantErr})
}

func (r *reference) sweep(actor apitoken.Actor, p apitoken.SweepParams) (apitoken.Swept, error) {
	c, err := r.begin(apitoken.ActionSweep, actor, "", apitoken.TokenID{})
	if err != nil {
		return apitoken.Swept{}, err
	}
	for _, d := range []time.Duration{p.Revoked, p.Expired, p.Events} {
		if d != 0 && d < 24*time.Hour {
			return apitoken.Swept{}, apitoken.ErrInvalid
		}
	}
	if actor != apitoken.System() {
		return apitoken.Swept{}, c.deny(apitoken.ErrDenied)
	}
	now := c.event.At
	old := func(at time.Time, keep time.Duration) bool { return keep != 0 && !now.Before(at.Add(keep)) }
	tokens := slices.DeleteFunc(slices.Clone(r.tokens), func(t *referenceToken) bool {
		if now.Sub(t.CreatedAt) < 24*time.Hour {
			return false
		}
		switch t.Status(now) {
		case apitoken.StatusRevoked:
			return old(t.RevokedAt, p.Revoked)
		case apitoken.StatusExpired:
			return old(t.ExpiresAt, p.Expired)
		}
		return false
	})
	events := 0 // the clock only moves forward, so the times of the events rise
	for events < len(r.events) && old(r.events[events].At, p.Events) {
		events++
	}
	offers := slices.DeleteFunc(slices.Clone(r.offers), func(o apitoken.Offer) bool {
		return old(o.ClaimBy, p.Expired) && old(o.OfferedAt, 24*time.Hour)
	})
	swept := apitoken.Swept{Tokens: len(r.tokens) - len(tokens), Offers: len(r.offers) - len(offers), Events: events}
	if p.DryRun {
		return swept, nil
	}
	gone, ended := swept.Tokens, swept.Offers
	for gone > 0 || ended > 0 || events > 0 { // a call removes 100 events at most, and records what it removed
		n := min(events, 100)
		r.tokens, r.offers, r.events, r.removed, events = tokens, offers, r.events[n:], r.removed+n, events-n
		c.event.Reason = fmt.Sprintf("removed tokens: %d, events: %d", gone, n)
		if ended > 0 {
			c.event.Reason += fmt.Sprintf(", offers: %d", ended)
		}
		c.record(apitoken.State{}, apitoken.State{})
		gone, ended = 0, 0
	}
	return swept, nil
}
