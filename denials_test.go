package apitoken_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
)

// deny lets an actor ask for what they may not have, and wants the same answer however often they ask.
func (h host) deny(actor apitoken.Actor, owner apitoken.UserID, times int) {
	h.t.Helper()
	for range times {
		if err := h.RevokeAll(ctx, actor, owner); !errors.Is(err, apitoken.ErrDenied) {
			h.t.Fatalf("RevokeAll: %v, want ErrDenied", err)
		}
	}
}

func (h host) denialEvents() []apitoken.Event {
	h.t.Helper()
	return collect(h.t, h.Events(ctx, apitoken.System(), apitoken.EventQuery{Outcome: apitoken.OutcomeDenied}))
}

// A flood of denials costs the store ten writes a minute and actor. What is beyond is one event, and no denial is lost.
func TestAFloodOfDenialsIsCounted(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	actor := apitoken.As(bob).From(apitoken.Origin{Address: "192.0.2.7"})
	h.deny(actor, ada, 10)
	writes := h.store.count("AppendEvents")
	if writes != 10 {
		t.Fatalf("%d writes for ten denials, want one each", writes)
	}
	for i := range 1000 {
		h.clock.Add(time.Millisecond)
		h.deny(actor, []apitoken.UserID{ada, carol}[i%2], 1)
	}
	if got := h.store.count("AppendEvents"); got != writes {
		t.Errorf("%d writes for a thousand more before Flush, want none", got-writes)
	}
	h.must(h.Flush(ctx))
	events := h.denialEvents()
	if len(events) != 11 {
		t.Fatalf("%d events, want 11", len(events))
	}
	want := apitoken.Event{
		Action: apitoken.ActionRevokeAll, Outcome: apitoken.OutcomeDenied, Actor: actor, Reason: "needs RevokeAny",
		Count: 1000, FirstAt: start.Add(time.Millisecond), At: start.Add(time.Second),
	}
	if diff := cmp.Diff(want, events[10], cmpopts.IgnoreFields(apitoken.Event{}, "Seq", "ID")); diff != "" {
		t.Errorf("the gathered event (-want +got):\n%s", diff)
	}
	h.must(h.Flush(ctx))
	if got := len(h.denialEvents()); got != 11 {
		t.Errorf("%d events after another Flush, want 11", got)
	}
	// In the next minute the first are written at once again.
	h.clock.Add(time.Minute)
	h.deny(actor, ada, 1)
	if got := len(h.denialEvents()); got != 12 {
		t.Errorf("%d events in the next minute, want 12", got)
	}
}

// Each actor and each action is counted apart; all actors that are not known are one.
func TestDenialsAreGatheredByActorAndAction(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for i := range 30 {
		h.deny(apitoken.As(bob), ada, 1)
		h.deny(apitoken.As(carol), ada, 1)
		h.deny(apitoken.As(apitoken.UserID(fmt.Sprint("nobody ", i))), ada, 1)
	}
	for range 5 {
		if err := h.DisableUser(ctx, apitoken.As(bob), ada); !errors.Is(err, apitoken.ErrDenied) {
			t.Fatal(err)
		}
	}
	h.must(h.Flush(ctx))
	type sum struct {
		User   apitoken.UserID
		Action apitoken.Action
		Count  int64
		Reason string
	}
	got := map[sum]bool{}
	for _, e := range h.denialEvents() {
		if e.Count > 0 {
			got[sum{e.Actor.User, e.Action, e.Count, e.Reason}] = true
		}
	}
	want := map[sum]bool{
		{bob, apitoken.ActionRevokeAll, 20, "needs RevokeAny"}:       true,
		{carol, apitoken.ActionRevokeAll, 20, "needs RevokeAny"}:     true,
		{bob, apitoken.ActionDisableUser, 5, "needs ManageUsers"}:    true,
		{"", apitoken.ActionRevokeAll, 20, "the actor is not known"}: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gathered events (-want +got):\n%s", diff)
	}
}

// What is gathered is bounded: actors beyond the first 1,024 are counted together.
func TestGatheredDenialsAreBounded(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	const crowd = 1500
	for i := range crowd {
		id := apitoken.UserID(fmt.Sprintf("u%04d", i))
		h.mustPutUser(id, "")
		h.deny(apitoken.As(id), ada, 12)
	}
	h.must(h.Flush(ctx))
	var denials, events int64
	for _, e := range h.denialEvents() {
		events++
		denials += max(e.Count, 1)
	}
	if denials != crowd*12 {
		t.Errorf("%d denials on record, want %d", denials, crowd*12)
	}
	if most := int64(1024*10 + 10 + 1024 + 1); events > most {
		t.Errorf("%d events, want at most %d", events, most)
	}
}

// Denials that the store does not take are kept, and a batch that it took without saying so is not written twice.
func TestGatheredDenialsSurviveAFailingStore(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.deny(apitoken.As(bob), ada, 15)
	down := errors.New("connection lost")
	fail := func(method string) error {
		if method == "AppendEvents" {
			return down
		}
		return nil
	}
	h.store.before = fail
	if err := h.Flush(ctx); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, down) {
		t.Errorf("Flush: %v, want ErrUnavailable", err)
	}
	h.store.before, h.store.after = nil, fail
	if err := h.Flush(ctx); !errors.Is(err, apitoken.ErrUnavailable) {
		t.Errorf("Flush: %v, want ErrUnavailable", err)
	}
	h.deny(apitoken.As(bob), ada, 3)
	h.store.after = nil
	h.must(h.Flush(ctx))
	var counts []int64
	for _, e := range h.denialEvents() {
		if e.Count > 0 {
			counts = append(counts, e.Count)
		}
	}
	if diff := cmp.Diff([]int64{5, 3}, counts); diff != "" {
		t.Errorf("gathered counts (-want +got):\n%s", diff)
	}
}

// Close writes what has gathered, and then every denial is written at once.
func TestCloseLosesNoDenial(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.deny(apitoken.As(bob), ada, 15)
	h.must(h.Close(ctx))
	if got := len(h.denialEvents()); got != 11 {
		t.Errorf("%d events after Close, want 11", got)
	}
	h.deny(apitoken.As(bob), ada, 5)
	if got := len(h.denialEvents()); got != 16 {
		t.Errorf("%d events after Close and five denials, want 16", got)
	}
}

// Without Flush and Close, gathered denials are written within their interval.
func TestGatheredDenialsAreWrittenInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		h.deny(apitoken.As(bob), ada, 15)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := len(h.denialEvents()); got != 11 {
			t.Errorf("%d events after ten seconds, want 11", got)
		}
	})
}

// Each request has an id of its own. What the origins do have in common stays, above all the address.
func TestGatheredDenialsKeepTheCommonPartOfTheirOrigins(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for i := range 13 {
		origin := apitoken.Origin{Address: "192.0.2.7", UserAgent: "curl/8.5.0", RequestID: fmt.Sprint("request ", i)}
		h.deny(apitoken.As(bob).From(origin), ada, 1)
	}
	h.must(h.Flush(ctx))
	events := h.denialEvents()
	last := events[len(events)-1]
	want := apitoken.As(bob).From(apitoken.Origin{Address: "192.0.2.7", UserAgent: "curl/8.5.0"})
	if last.Count != 3 || last.Actor != want {
		t.Errorf("%d denials of %+v, want 3 of %+v", last.Count, last.Actor, want)
	}
}
