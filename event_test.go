package apitoken_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestEveryChangeAndEveryDenialIsAnEvent(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	seen := apitoken.EventSeq(len(h.events()))
	expiry := start.Add(time.Hour)
	done, denied := apitoken.OutcomeDone, apitoken.OutcomeDenied

	token, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
	bearer := h.mustAuthenticate(text).Actor()
	var web apitoken.Token // bound to a resource
	steps := []struct {
		name string
		do   func() error
		want apitoken.Event // without Seq, ID and At
	}{
		{"generate", func() error { return nil }, apitoken.Event{
			Action: apitoken.ActionGenerate, Outcome: done, Actor: apitoken.As(ada), Owner: bob, Token: token.ID,
			After: apitoken.State{Name: "ci", Kind: apitoken.KindUser, ExpiresAt: expiry, MaxLifetime: apitoken.NoExpiration},
		}},
		{"set policy", func() error {
			return second(h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}))
		}, apitoken.Event{
			Action: apitoken.ActionSetPolicy, Outcome: done, Actor: apitoken.As(ada),
			Before: apitoken.State{MaxLifetime: apitoken.NoExpiration}, After: apitoken.State{MaxLifetime: apitoken.Days(30)},
		}},
		{"set policy, denied", func() error {
			return second(h.SetPolicy(ctx, bearer, apitoken.MaxLifetimePolicy{Max: apitoken.Days(300)}))
		}, apitoken.Event{Action: apitoken.ActionSetPolicy, Outcome: denied, Actor: bearer, Reason: "needs SetPolicy"}},
		{"generate, denied", func() error {
			return third(h.Generate(ctx, bearer, apitoken.GenerateParams{Owner: carol, Name: "x"}))
		}, apitoken.Event{Action: apitoken.ActionGenerate, Outcome: denied, Actor: bearer, Owner: carol, Reason: "needs GenerateForOthers"}},
		{"read a foreign token", func() error { return second(h.Token(ctx, apitoken.As(carol), token.ID)) }, apitoken.Event{Action: apitoken.ActionReadToken, Outcome: denied, Actor: apitoken.As(carol), Owner: bob, Token: token.ID, Reason: "needs ListAny"}},
		{"revoke all, denied to an invalid user id", func() error {
			return h.RevokeAll(ctx, apitoken.As("\xff"), "b\x00b")
		}, apitoken.Event{
			Action: apitoken.ActionRevokeAll, Outcome: denied, Actor: apitoken.Actor{Kind: apitoken.ActorPerson}, Reason: "the actor is not known",
		}},
		{"revoke", func() error { return h.Revoke(ctx, bearer, token.ID) }, apitoken.Event{
			Action: apitoken.ActionRevoke, Outcome: done, Actor: bearer, Owner: bob, Token: token.ID,
			Before: apitoken.State{Name: "ci", Kind: apitoken.KindUser, ExpiresAt: expiry},
			After:  apitoken.State{Name: "ci", Kind: apitoken.KindUser, ExpiresAt: expiry, RevokedAt: start},
		}},
		{"generate for a resource", func() (err error) {
			web, _, err = h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "web", Resource: "project:web", ExpiresAt: expiry})
			return err
		}, apitoken.Event{
			Action: apitoken.ActionGenerate, Outcome: done, Actor: apitoken.As(bob), Owner: bob,
			After: apitoken.State{Name: "web", Kind: apitoken.KindUser, Resource: "project:web", ExpiresAt: expiry, MaxLifetime: apitoken.Days(30)},
		}},
		{"revoke for a resource", func() error { return h.Revoke(ctx, apitoken.As(bob), web.ID) }, apitoken.Event{
			Action: apitoken.ActionRevoke, Outcome: done, Actor: apitoken.As(bob), Owner: bob,
			Before: apitoken.State{Name: "web", Kind: apitoken.KindUser, Resource: "project:web", ExpiresAt: expiry},
			After:  apitoken.State{Name: "web", Kind: apitoken.KindUser, Resource: "project:web", ExpiresAt: expiry, RevokedAt: start},
		}},
		{"revoke all", func() error { return h.RevokeAll(ctx, apitoken.System(), bob) }, apitoken.Event{
			Action: apitoken.ActionRevokeAll, Outcome: done, Actor: apitoken.System(), Owner: bob,
			Before: apitoken.State{Role: apitoken.RoleUser}, After: apitoken.State{Role: apitoken.RoleUser, Epoch: 1},
		}},
		{"put user", func() error {
			return second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: "erin", Name: "Erin", Role: apitoken.RoleAdmin}))
		}, apitoken.Event{
			Action: apitoken.ActionPutUser, Outcome: done, Actor: apitoken.As(ada), Owner: "erin",
			After: apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin},
		}},
		{"disable", func() error { return h.DisableUser(ctx, apitoken.As(ada), "erin") }, apitoken.Event{
			Action: apitoken.ActionDisableUser, Outcome: done, Actor: apitoken.As(ada), Owner: "erin",
			Before: apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin},
			After:  apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, DisabledAt: start, Epoch: 1},
		}},
		{"enable", func() error { return h.EnableUser(ctx, apitoken.As(ada), "erin") }, apitoken.Event{
			Action: apitoken.ActionEnableUser, Outcome: done, Actor: apitoken.As(ada), Owner: "erin",
			Before: apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, DisabledAt: start, Epoch: 1},
			After:  apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, Epoch: 1},
		}},
		{"suspend", func() error { return h.SuspendUser(ctx, apitoken.As(ada), "erin") }, apitoken.Event{
			Action: apitoken.ActionSuspendUser, Outcome: done, Actor: apitoken.As(ada), Owner: "erin",
			Before: apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, Epoch: 1},
			After:  apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, SuspendedAt: start, Epoch: 1},
		}},
		{"resume", func() error { return h.ResumeUser(ctx, apitoken.As(ada), "erin") }, apitoken.Event{
			Action: apitoken.ActionResumeUser, Outcome: done, Actor: apitoken.As(ada), Owner: "erin",
			Before: apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, SuspendedAt: start, Epoch: 1},
			After:  apitoken.State{Name: "Erin", Role: apitoken.RoleAdmin, Epoch: 1},
		}},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if err := s.do(); (err != nil) != (s.want.Outcome == denied) {
				t.Fatal(err)
			}
			fresh := collect(t, h.Events(ctx, apitoken.System(), apitoken.EventQuery{After: seen}))
			if len(fresh) != 1 {
				t.Fatalf("%d events, want 1", len(fresh))
			}
			seen++
			if fresh[0].Seq != seen || fresh[0].ID == (apitoken.EventID{}) || !fresh[0].At.Equal(start) {
				t.Errorf("event %d %s at %s, want %d with an ID at %s", fresh[0].Seq, fresh[0].ID, fresh[0].At, seen, start)
			}
			if s.want.After.Resource != "" {
				s.want.Token = web.ID
			}
			if diff := cmp.Diff(s.want, fresh[0], cmpopts.IgnoreFields(apitoken.Event{}, "Seq", "ID", "At")); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
	h.mustPutUser(carol, "") // changes nothing
	if got := apitoken.EventSeq(len(h.events())); got != seen {
		t.Errorf("%d events after a call that changes nothing, want %d", got, seen)
	}
}

func TestEventsArePagedBySeq(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for i := range 20 {
		h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: []apitoken.UserID{bob, carol}[i%2], Name: fmt.Sprint(i)})
	}
	all := h.events()
	for i, e := range all {
		if e.Seq != apitoken.EventSeq(i+1) {
			t.Errorf("event %d has the Seq %d, want %d", i+1, e.Seq, i+1)
		}
	}
	for _, limit := range []int{1, 3, 20, 1000} {
		for _, tt := range []struct {
			q    apitoken.EventQuery
			want []apitoken.Event
		}{
			{apitoken.EventQuery{Limit: limit}, all},
			{apitoken.EventQuery{Limit: limit, After: 5}, all[5:]},
			{apitoken.EventQuery{Limit: limit, After: 1000}, nil},
		} {
			got := collect(t, h.Events(ctx, apitoken.As(ada), tt.q))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", tt.q, diff)
			}
		}
	}
}

// Reading events needs ReadEvents, also for events about the actor and events by the actor.
func TestReadingOnesOwnEventsNeedsThePermission(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for name, q := range map[string]apitoken.EventQuery{"about oneself": {Owner: bob}, "by oneself": {Actor: bob}} {
		if err := firstError(h.Events(ctx, apitoken.As(bob), q)); !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("events %s: %v, want ErrDenied", name, err)
		}
	}
}

// A query selects the events that meet every condition of it.
func TestEventsAreFilteredByEveryCondition(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
	h.deny(apitoken.As(bob), ada, 1)
	h.deny(apitoken.As(carol), ada, 1)
	all := h.events()
	for _, q := range []apitoken.EventQuery{
		{Owner: bob, Limit: 1}, {Owner: carol, Limit: 3}, {Actor: bob}, {Action: apitoken.ActionRevokeAll}, {Outcome: apitoken.OutcomeDenied}, {Outcome: apitoken.OutcomeDone},
		{Owner: ada, Actor: bob}, {Owner: bob, Action: apitoken.ActionRevoke, Outcome: apitoken.OutcomeDone, Actor: bob}, {Actor: "eve"},
	} {
		var want []apitoken.Event
		for _, e := range all {
			if (q.Owner == "" || q.Owner == e.Owner) && (q.Actor == "" || q.Actor == e.Actor.User) &&
				(q.Action == "" || q.Action == e.Action) && (q.Outcome == "" || q.Outcome == e.Outcome) {
				want = append(want, e)
			}
		}
		if diff := cmp.Diff(want, collect(t, h.Events(ctx, apitoken.System(), q))); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", q, diff)
		}
	}
}

func TestNewestFirstReversesTheEvents(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for i := range 10 {
		h.mustGenerateOwn(bob, fmt.Sprint(i))
	}
	for _, owner := range []apitoken.UserID{"", bob, carol, "eve"} {
		for _, limit := range []int{0, 1, 2, 7} {
			want := collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: owner}))
			slices.Reverse(want)
			got := collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: owner, NewestFirst: true, Limit: limit}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("newest first, owner %q, %d a page (-want +got):\n%s", owner, limit, diff)
			}
		}
	}
	var before []apitoken.EventSeq
	for _, e := range collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{NewestFirst: true, After: 3})) {
		before = append(before, e.Seq)
	}
	if diff := cmp.Diff([]apitoken.EventSeq{2, 1}, before); diff != "" {
		t.Errorf("newest first, after the third (-want +got):\n%s", diff)
	}
}
