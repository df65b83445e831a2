package apitoken_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

const oneDay = 24 * time.Hour

// sweep makes a whole pass and returns the sums.
func (h host) sweep(p apitoken.SweepParams) (sum apitoken.Swept, calls int) {
	h.t.Helper()
	for {
		swept, err := h.Sweep(ctx, apitoken.System(), p)
		h.must(err)
		calls++
		sum.Tokens, sum.Events = sum.Tokens+swept.Tokens, sum.Events+swept.Events
		if !swept.More {
			return sum, calls
		}
		p.After = swept.Next
	}
}

// names returns the names of all tokens, in the order of their generation.
func (h host) names() (names []string) {
	h.t.Helper()
	for _, t := range h.tokens() {
		names = append(names, t.Name)
	}
	return names
}

// newSweptHost returns a host with a token in each state. A day after the start they expire, are revoked, or end with their epoch.
func newSweptHost(t *testing.T) host {
	h := newHost(t, apitoken.Options{})
	generate := func(owner apitoken.UserID, name string, lifetime time.Duration) apitoken.TokenID {
		token, _ := h.mustGenerate(apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: lifetime})
		return token.ID
	}
	generate(bob, "active", apitoken.NoExpiration)
	generate(bob, "expired", oneDay)
	revoked := generate(bob, "revoked", apitoken.NoExpiration)
	both := generate(bob, "revoked, expires later", oneDay+time.Hour)
	generate(carol, "ended", apitoken.NoExpiration)
	generate(carol, "ended, had expired", oneDay)
	h.clock.Add(oneDay)
	h.must(h.Revoke(ctx, apitoken.As(bob), revoked))
	h.must(h.Revoke(ctx, apitoken.As(bob), both))
	h.must(h.RevokeAll(ctx, apitoken.As(carol), carol))
	generate(carol, "active too", apitoken.NoExpiration)
	return h
}

func TestSweepRemovesWhatHasServedItsTime(t *testing.T) {
	all := []string{"active", "expired", "revoked", "revoked, expires later", "ended", "ended, had expired", "active too"}
	ended := []string{"revoked", "revoked, expires later", "ended"}
	expired := []string{"expired", "ended, had expired"}
	for _, tt := range []struct {
		name   string
		params apitoken.SweepParams
		later  time.Duration // after the tokens have ended
		gone   []string
	}{
		{"nothing is asked", apitoken.SweepParams{}, 1000 * oneDay, nil},
		{"revoked, before the line", apitoken.SweepParams{Revoked: oneDay}, oneDay - time.Microsecond, nil},
		{"revoked, at the line", apitoken.SweepParams{Revoked: oneDay}, oneDay, ended},
		{"revoked, much later", apitoken.SweepParams{Revoked: oneDay}, 1000 * oneDay, ended},
		{"expired, before the line", apitoken.SweepParams{Expired: oneDay}, oneDay - time.Microsecond, nil},
		{"expired, at the line", apitoken.SweepParams{Expired: oneDay}, oneDay, expired},
		{"expired, much later", apitoken.SweepParams{Expired: oneDay}, 1000 * oneDay, expired},
		{"both", apitoken.SweepParams{Revoked: 7 * oneDay, Expired: 8 * oneDay}, 7 * oneDay, ended},
		{"both, a day later", apitoken.SweepParams{Revoked: 7 * oneDay, Expired: 8 * oneDay}, 8 * oneDay, append(ended[:3:3], expired...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newSweptHost(t)
			h.clock.Add(tt.later)
			before := h.events()
			dry := tt.params
			dry.DryRun = true
			counted, _ := h.sweep(dry)
			if diff := cmp.Diff(all, h.names()); diff != "" || len(h.events()) != len(before) {
				t.Errorf("a dry run changed the tokens, or the %d events to %d (-want +got):\n%s", len(before), len(h.events()), diff)
			}
			swept, _ := h.sweep(tt.params)
			if counted.Tokens != len(tt.gone) || swept.Tokens != len(tt.gone) {
				t.Errorf("%d tokens removed, %d counted before, want %d", swept.Tokens, counted.Tokens, len(tt.gone))
			}
			want := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(tt.gone, name) })
			if diff := cmp.Diff(want, h.names()); diff != "" {
				t.Errorf("tokens that are left (-want +got):\n%s", diff)
			}
			again, _ := h.sweep(tt.params)
			if again.Tokens != 0 {
				t.Errorf("a second pass removed %d tokens, want none", again.Tokens)
			}
			events := h.events()[len(before):]
			if want := min(len(tt.gone), 1); len(events) != want {
				t.Fatalf("%d events of the sweep, want %d", len(events), want)
			}
			for _, e := range events {
				if e.Action != apitoken.ActionSweep || e.Actor != apitoken.System() || e.Reason != fmt.Sprintf("removed tokens: %d, events: 0", len(tt.gone)) {
					t.Errorf("the event is %+v", e)
				}
			}
		})
	}
}

// A clock that was wrong may have stored that a token ended long ago. The token was created in the last 24 hours, so the write that
// created it may still be repeated.
func TestSweepKeepsATokenThatIsYoung(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "young")
	h.clock.Set(time.Unix(-1, 0)) // a broken clock does not stop a revocation, whose time is then 1970
	h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
	for _, tt := range []struct {
		age  time.Duration
		want int
	}{{time.Minute, 0}, {oneDay - time.Microsecond, 0}, {oneDay, 1}} {
		h.clock.Set(start.Add(tt.age))
		if swept, _ := h.sweep(apitoken.SweepParams{Revoked: oneDay}); swept.Tokens != tt.want {
			t.Errorf("%s after the creation: %d tokens removed, want %d", tt.age, swept.Tokens, tt.want)
		}
	}
}

// A CreateToken whose outcome was unknown is repeated, for whatever reason, a second before and after its token may be removed.
func TestALateRepeatOfCreateTokenRevivesNothing(t *testing.T) {
	for _, late := range []time.Duration{-time.Second, time.Second} {
		t.Run(late.String(), func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			recorder := &createRecorder{Store: h.store}
			m := must(apitoken.New(recorder, &apitoken.Options{Clock: h.clock}))
			token, secret, err := m.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
			h.must(err)
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
			h.clock.Add(oneDay + late)
			swept, _ := h.sweep(apitoken.SweepParams{Revoked: oneDay, Expired: oneDay})
			if want := map[bool]int{true: 1}[late > 0]; swept.Tokens != want {
				t.Fatalf("%d tokens removed, want %d", swept.Tokens, want)
			}
			h.must(recorder.again())
			if _, err := h.Authenticate(ctx, secret.Reveal()); !errors.Is(err, apitoken.ErrRevoked) && !errors.Is(err, apitoken.ErrUnknownToken) {
				t.Errorf("after the late repeat: %v, want the token to be revoked or unknown", err)
			}
		})
	}
}

// Events are removed in the order of the feed, up to the first that is not old enough. An event from the future stops nothing.
func TestSweepRemovesEventsFromTheFirstOn(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first := len(h.events()) // all of them at start
	put := func(at time.Duration) {
		h.clock.Set(start.Add(at))
		h.must(second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob, Name: at.String()})))
	}
	for _, at := range []time.Duration{time.Hour, 1000 * oneDay, 2 * time.Hour, 20 * time.Hour, time.Hour, 1000 * oneDay} {
		put(at)
	}
	seqs := func() (all []apitoken.EventSeq) {
		for _, e := range h.events() {
			all = append(all, e.Seq-apitoken.EventSeq(first))
		}
		return all
	}
	for _, tt := range []struct {
		at   time.Duration
		gone int
		left []apitoken.EventSeq // after the first ones
	}{
		{oneDay + 30*time.Minute, first, []apitoken.EventSeq{1, 2, 3, 4, 5, 6, 7}},
		{oneDay + time.Hour, 1, []apitoken.EventSeq{2, 3, 4, 5, 6, 7, 8}},
		{oneDay + 2*time.Hour, 2, []apitoken.EventSeq{4, 5, 6, 7, 8, 9}}, // the one of day 1000 with it
		{oneDay + 150*time.Minute, 0, []apitoken.EventSeq{4, 5, 6, 7, 8, 9}},
		{4 * oneDay, 6, []apitoken.EventSeq{10}},
	} {
		h.clock.Set(start.Add(tt.at))
		swept, _ := h.sweep(apitoken.SweepParams{Events: oneDay})
		if swept.Events != tt.gone {
			t.Errorf("%s after the start: %d events removed, want %d", tt.at, swept.Events, tt.gone)
		}
		if diff := cmp.Diff(tt.left, seqs()); diff != "" {
			t.Errorf("%s after the start: events that are left (-want +got):\n%s", tt.at, diff)
		}
	}
}

// A call examines at most 500 tokens, and removes at most 100 of them and 100 events. A pass ends, and the calls of two passes side by side remove each row once.
func TestSweepGoesInPieces(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	const tokens = 1201
	for i := range tokens {
		token, _ := h.mustGenerateOwn(bob, fmt.Sprint(i))
		if i%2 == 0 {
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
		}
	}
	events := len(h.events())
	h.clock.Add(oneDay)
	p := apitoken.SweepParams{Revoked: oneDay, Expired: oneDay, Events: oneDay, DryRun: true}
	if sum, calls := h.sweep(p); sum.Tokens != 601 || sum.Events != events || calls != events/100+1 {
		t.Errorf("a dry run counts %d tokens and %d events in %d calls, want 601, %d and %d", sum.Tokens, sum.Events, calls, events, events/100+1)
	}
	p.DryRun = false
	passes := [2]apitoken.SweepParams{p, p}
	var sum apitoken.Swept
	for n := 0; n < 2; {
		n = 0
		for i := range passes {
			swept, err := h.Sweep(ctx, apitoken.System(), passes[i])
			h.must(err)
			if swept.Tokens > 100 || swept.Events > 100 {
				t.Errorf("a call removes %d tokens and %d events, want 100 at most", swept.Tokens, swept.Events)
			}
			sum.Tokens, sum.Events = sum.Tokens+swept.Tokens, sum.Events+swept.Events
			passes[i].After = swept.Next
			if !swept.More {
				n++
			}
		}
	}
	if sum.Tokens != 601 || sum.Events != events || len(h.tokens()) != 600 {
		t.Errorf("two passes removed %d tokens and %d events and left %d tokens, want 601, %d, 600", sum.Tokens, sum.Events, len(h.tokens()), events)
	}
}

func TestSweepRefusesShortDurations(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for field, params := range map[string]func(time.Duration) apitoken.SweepParams{
		"revoked": func(d time.Duration) apitoken.SweepParams { return apitoken.SweepParams{Revoked: d} },
		"expired": func(d time.Duration) apitoken.SweepParams { return apitoken.SweepParams{Expired: d} },
		"events":  func(d time.Duration) apitoken.SweepParams { return apitoken.SweepParams{Events: d} },
	} {
		for _, d := range []time.Duration{1, oneDay - 1, -1, -oneDay, -1 << 63} {
			_, err := h.Sweep(ctx, apitoken.System(), params(d))
			var invalid *apitoken.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != field || !strings.Contains(invalid.Problem, "24h0m0s") {
				t.Errorf("%s of %s: %v, want ErrInvalid with the field and the limit", field, d, err)
			}
		}
		h.must(second(h.Sweep(ctx, apitoken.System(), params(oneDay))))
	}
}

// Administrators may neither remove nor rewrite the record of what they did.
func TestOnlyTheHostSweepsAndForgets(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, actor := range []apitoken.Actor{apitoken.As(ada), apitoken.As(bob)} {
		before := h.denials()
		if _, err := h.Sweep(ctx, actor, apitoken.SweepParams{Events: oneDay}); !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("Sweep by %s: %v, want ErrDenied", actor.User, err)
		}
		if err := h.ForgetUser(ctx, actor, carol); !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("ForgetUser by %s: %v, want ErrDenied", actor.User, err)
		}
		if n := h.denials() - before; n != 2 {
			t.Errorf("%d denials recorded, want 2", n)
		}
	}
}

// A reader learns that events were removed which it has not read, and goes on at the first that is kept.
func TestAReaderOfRemovedEventsGetsErrTruncated(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	last := h.events()[len(h.events())-1].Seq
	h.clock.Add(oneDay)
	h.sweep(apitoken.SweepParams{Events: oneDay})
	kept := last + 1 // the event of the sweep
	read := func(q apitoken.EventQuery) ([]apitoken.EventSeq, error) {
		var seqs []apitoken.EventSeq
		for e, err := range h.Events(ctx, apitoken.System(), q) {
			if err != nil {
				return seqs, err
			}
			seqs = append(seqs, e.Seq)
		}
		return seqs, nil
	}
	for _, q := range []apitoken.EventQuery{{}, {Owner: bob}, {Actor: ada}, {Action: apitoken.ActionSweep}, {Limit: 1}} {
		for after := apitoken.EventSeq(1); after <= kept+1; after++ {
			q.After = after
			_, err := read(q)
			var truncated *apitoken.TruncatedError
			switch want := after < last; {
			case errors.Is(err, apitoken.ErrTruncated) != want:
				t.Errorf("%+v: %v, want ErrTruncated: %v", q, err, want)
			case want && (!errors.As(err, &truncated) || truncated.First != kept):
				t.Errorf("%+v: %v, want the first that is kept, %d", q, err, kept)
			}
		}
	}
	for name, q := range map[string]apitoken.EventQuery{
		"from the first": {}, "with the cursor that the error names": {After: kept - 1}, "newest first": {NewestFirst: true},
	} {
		if seqs, err := read(q); err != nil || !slices.Equal(seqs, []apitoken.EventSeq{kept}) {
			t.Errorf("%s: %v, %v, want the event %d", name, seqs, err, kept)
		}
	}
	if seqs, err := read(apitoken.EventQuery{NewestFirst: true, After: 3}); err != nil || len(seqs) > 0 {
		t.Errorf("newest first, before 3: %v, %v, want the end of the list", seqs, err)
	}
}
