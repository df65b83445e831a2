package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
)

// deny makes requests that are denied: the actor, who lacks RevokeAny, revokes all tokens of another owner.
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

// The first ten denials of an actor in a minute are written at once. The others are counted in one event.
func TestAFloodOfDenialsIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		actor := apitoken.As(bob).From(apitoken.Origin{Address: "192.0.2.7"})
		h.deny(actor, ada, 10)
		writes := h.store.count("AppendEvents")
		if writes != 10 {
			t.Fatalf("%d writes for ten denials, want 10", writes)
		}
		for i := range 1000 {
			h.clock.Add(time.Millisecond)
			h.deny(actor, []apitoken.UserID{ada, carol}[i%2], 1)
		}
		if got := h.store.count("AppendEvents"); got != writes {
			t.Errorf("%d writes for 1,000 more before Flush, want none", got-writes)
		}
		h.must(h.Flush(ctx))
		events := h.denialEvents()
		if len(events) != 11 {
			t.Fatalf("%d events after Flush, want 11", len(events))
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
		// The next minute starts a new count.
		h.clock.Add(time.Minute)
		h.deny(actor, ada, 1)
		if got := len(h.denialEvents()); got != 12 {
			t.Errorf("%d events in the next minute, want 12", got)
		}
	})
}

// Each actor and each action is counted apart. All unknown actors count as one.
func TestDenialsAreGatheredByActorAndAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		for i := range 30 {
			h.deny(apitoken.As(bob), ada, 1)
			h.deny(apitoken.As(carol), ada, 1)
			h.deny(apitoken.As(apitoken.UserID(fmt.Sprint("unknown ", i))), ada, 1)
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
	})
}

// Memory is bounded: actors beyond the first 1,024 of a minute are counted together.
func TestGatheredDenialsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		const actors = 1500
		for i := range actors {
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
		if denials != actors*12 {
			t.Errorf("%d denials recorded, want %d", denials, actors*12)
		}
		if most := int64(1024*10 + 10 + 1024 + 1); events > most {
			t.Errorf("%d events, want at most %d", events, most)
		}
	})
}

// Denials whose write fails are kept. A batch that was written although its write reported an error is not written twice.
func TestGatheredDenialsSurviveAFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		h.deny(apitoken.As(bob), ada, 15)
		down := errors.New("connection lost")
		fail := failOn("AppendEvents", down)
		h.store.before = fail
		if err := h.Flush(ctx); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, down) {
			t.Errorf("Flush while writes fail: %v, want ErrUnavailable with the cause", err)
		}
		h.store.before, h.store.after = nil, fail
		if err := h.Flush(ctx); !errors.Is(err, apitoken.ErrUnavailable) {
			t.Errorf("Flush whose write reports an error: %v, want ErrUnavailable", err)
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
	})
}

// Close writes the gathered denials. Every later denial is written at once.
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

// The requests of an actor beyond their first denials are decided one after the other, and nobody else waits for them.
func TestAFloodOfDenialsWaitsItsTurn(t *testing.T) {
	for name, flooding := range map[string]apitoken.Actor{
		"a user": apitoken.As(bob), "an actor who is not known": apitoken.As("eve"),
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { floodAndWait(t, flooding) }) })
	}
}

// floodAndWait sends 64 requests of an actor at once, after their first denials, beside one of another actor.
func floodAndWait(t *testing.T, actor apitoken.Actor) {
	h := newHost(t, apitoken.Options{})
	h.deny(actor, ada, 10)
	var atOnce, most atomic.Int64
	release := make(chan struct{})
	h.store.before = func(method string) error {
		if method == "Facts" {
			most.Store(max(most.Load(), atOnce.Add(1)))
			<-release
			atOnce.Add(-1)
		}
		return nil
	}
	for range 64 {
		go h.RevokeAll(ctx, actor, ada)
	}
	synctest.Wait()
	if n := atOnce.Load(); n != 1 {
		t.Errorf("%d requests are being decided, want 1", n)
	}
	waiting, cancel := context.WithCancel(ctx)
	cancel()
	if err := h.RevokeAll(waiting, actor, ada); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("RevokeAll of a context that has ended: %v, want ErrUnavailable and context.Canceled", err)
	}
	go h.RevokeAll(ctx, apitoken.As(ada), carol)
	synctest.Wait()
	if n := atOnce.Load(); n != 2 {
		t.Errorf("%d requests are being decided beside one of another actor, want 2", n)
	}
	close(release)
	synctest.Wait()
	if n := most.Load(); n != 2 {
		t.Errorf("%d requests were decided at once, want 2", n)
	}
}

// A gathered event keeps what all its denials have in common: here the address, while each request has its own id.
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
