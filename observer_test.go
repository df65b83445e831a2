package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// observer keeps the observations that it receives.
type observer struct {
	mu   sync.Mutex
	seen []apitoken.Observation
	then func(context.Context, apitoken.Observation) // called after each; may be nil
}

func (o *observer) Observe(ctx context.Context, seen apitoken.Observation) {
	o.mu.Lock()
	o.seen = append(o.seen, seen)
	o.mu.Unlock()
	if o.then != nil {
		o.then(ctx, seen)
	}
}

// take returns the observations since its last call.
func (o *observer) take() []apitoken.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen
	o.seen = nil
	return seen
}

// observedHost is a host with an observer and a token of Bob's.
type observedHost struct {
	host
	observer *observer
	token    apitoken.Token
	text     string
	pending  apitoken.PendingToken // is offered to Bob
}

func newObservedHost(t *testing.T) *observedHost {
	t.Helper()
	o := &observer{}
	h := &observedHost{host: newHost(t, apitoken.Options{Observer: o, Foreign: []apitoken.ForeignFormat{oldKeys}}), observer: o}
	h.token, h.text = h.mustGenerateOwn(bob, "ci")
	h.pending = h.mustOffer(apitoken.System(), toBob("offered"))
	o.take()
	return h
}

func TestIteratorsAreObservedOncePerPage(t *testing.T) {
	h := newObservedHost(t)
	for i := range 4 {
		h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
	}
	h.observer.take()
	tokens := h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Limit: 2})
	if got := len(h.observer.take()); got != 0 {
		t.Errorf("%d observations before the loop, want none", got)
	}
	outcomes := func() (all []apitoken.Outcome) {
		for _, o := range h.observer.take() {
			all = append(all, o.Outcome)
		}
		return all
	}
	done, failed, denied := apitoken.OutcomeDone, apitoken.OutcomeFailed, apitoken.OutcomeDenied
	if got := len(collect(t, tokens)); got != 5 {
		t.Fatalf("%d tokens, want 5", got)
	}
	if diff := cmp.Diff([]apitoken.Outcome{done, done, done}, outcomes()); diff != "" {
		t.Errorf("five tokens in pages of two (-want +got):\n%s", diff)
	}
	for range tokens {
		break
	}
	if diff := cmp.Diff([]apitoken.Outcome{done}, outcomes()); diff != "" {
		t.Errorf("a loop left after the first token (-want +got):\n%s", diff)
	}
	n := 0
	h.store.before = func(method string) error {
		if n++; n > 2 { // after the reads of the actor and of the first page
			return errors.New("down")
		}
		return nil
	}
	for range tokens {
	}
	h.store.before = nil
	if diff := cmp.Diff([]apitoken.Outcome{done, failed}, outcomes()); diff != "" {
		t.Errorf("the second page fails (-want +got):\n%s", diff)
	}
	for _, err := range h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Limit: 1}) {
		if err == nil {
			h.mustPutUser(ada, apitoken.RoleUser) // in the middle of reading
		}
	}
	want := []apitoken.Outcome{done, done, denied} // the page, the change of role, the page after it
	if diff := cmp.Diff(want, outcomes()); diff != "" {
		t.Errorf("a reader of events who is demoted during the loop (-want +got):\n%s", diff)
	}
}

func TestAnObservationComesAfterItsWrite(t *testing.T) {
	changes := []string{"Generate", "Offer", "Claim", "Withdraw", "Import", "UpdateToken", "Narrow", "Rotate", "Revoke", "RevokeText", "RevokeAll", "RevokeMany", "SetPolicy", "PutUser", "DisableUser", "SuspendUser"}
	for _, m := range observedMethods() {
		h := newObservedHost(t)
		events := len(h.events())
		h.observer.take()
		h.observer.then = func(ctx context.Context, _ apitoken.Observation) {
			all, err := h.store.Events(ctx, apitoken.EventQuery{Limit: 1000})
			if err != nil {
				t.Error(err)
			}
			events = len(all) - events
		}
		if err := m.do(h, m.permitted()[0]); err != nil {
			t.Fatal(err)
		}
		want := 0
		if slices.Contains(changes, m.method) {
			want = 1
		}
		if m.method == "ForgetUser" {
			want = 4 // disabling, and a piece each of tokens, events and the rest
		}
		if events != want {
			t.Errorf("%d events of %s are stored when it is observed, want %d", events, m.method, want)
		}
	}
}

func TestTheObserverReceivesTheCallersContext(t *testing.T) {
	h := newObservedHost(t)
	type key struct{}
	request := context.WithValue(ctx, key{}, "request 7")
	observed := 0
	h.observer.then = func(ctx context.Context, o apitoken.Observation) {
		observed++
		if ctx.Value(key{}) != "request 7" {
			t.Errorf("%s: another context, want the caller's", o.Action)
		}
	}
	_, err := h.Authenticate(request, h.text)
	h.must(err)
	h.must(h.Revoke(request, apitoken.As(bob), h.token.ID))
	if observed != 2 {
		t.Errorf("%d observations of two calls, want 2", observed)
	}
}

// An invalid user id could have any length and need not be text, so observations leave it out.
func TestAnObservationContainsNoInvalidUserID(t *testing.T) {
	h := newObservedHost(t)
	long := apitoken.UserID(strings.Repeat("x", 1<<20))
	_ = h.RevokeAll(ctx, apitoken.Actor{Kind: apitoken.ActorPerson, User: long}, "b\nb")
	_, _, _ = h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: long, Name: "x"})
	want := []summary{
		{Action: apitoken.ActionRevokeAll, Outcome: apitoken.OutcomeDenied, Reason: "denied", Actor: apitoken.Actor{Kind: apitoken.ActorPerson}},
		{Action: apitoken.ActionGenerate, Outcome: apitoken.OutcomeRefused, Reason: "invalid", Actor: apitoken.As(ada)},
	}
	var got []summary
	for _, o := range h.observer.take() {
		got = append(got, summaryOf(o))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observations (-want +got):\n%s", diff)
	}
}

func TestTheDurationIsMeasuredByTheManagersClock(t *testing.T) {
	for _, tt := range []struct {
		name string
		each time.Duration // that the clock advances in each call of the store
	}{
		{"a stopped clock", 0},
		{"a running clock", 3 * time.Millisecond},
		{"a clock that runs backwards", -3 * time.Millisecond},
	} {
		for _, m := range observedMethods() {
			h := newObservedHost(t)
			before := h.store.total()
			h.store.before = func(string) error {
				h.clock.Set(h.clock.Now().Add(tt.each))
				return nil
			}
			err := m.do(h, m.permitted()[0])
			h.must(err)
			want := max(0, time.Duration(h.store.total()-before)*tt.each)
			if got := one(t, h, err).Duration; got != want {
				t.Errorf("%s: %s took %s, want %s", tt.name, m.method, got, want)
			}
		}
	}
}

func TestAPanicOfTheObserverReachesTheCaller(t *testing.T) {
	h := newObservedHost(t)
	h.observer.then = func(context.Context, apitoken.Observation) { panic("a bug of the host") }
	func() {
		defer func() {
			if p := recover(); p != "a bug of the host" {
				t.Errorf("recovered %v, want the panic of the observer", p)
			}
		}()
		_ = h.Revoke(ctx, apitoken.As(bob), h.token.ID)
	}()
	h.observer.then = nil
	if _, err := h.Authenticate(ctx, h.text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the token after a Revoke whose observer panicked: %v, want ErrRevoked", err)
	}
}

func TestConcurrentCallsAreAllObserved(t *testing.T) {
	h := newObservedHost(t)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 100 {
				h.mustAuthenticate(h.text)
			}
		})
	}
	callers.Wait()
	if got := len(h.observer.take()); got != 800 {
		t.Errorf("%d observations of 800 calls, want 800", got)
	}
}

// A denied Generate names no token, also if the record of the denial is uncertain.
func TestADenialWithAnUncertainRecordNamesNoToken(t *testing.T) {
	h := newObservedHost(t)
	h.store.after = failOn("AppendEvents", fmt.Errorf("%w: connection lost at commit", apitoken.ErrUncertain))
	h.mustPutUser(carol, apitoken.RoleAdmin)
	m, err := apitoken.New(h.store, &apitoken.Options{
		Observer: h.observer, Roles: map[apitoken.Role]apitoken.Permission{"helper": apitoken.GenerateForOthers},
	})
	h.must(err)
	_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob, Role: "helper"})
	h.must(err)
	h.observer.take()
	token, _, err := m.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: carol, Name: "x"})
	if !errors.Is(err, apitoken.ErrDenied) || token != (apitoken.Token{}) {
		t.Errorf("Generate: token %s, %v, want no token and ErrDenied", token.ID, err)
	}
	if o := one(t, h, err); o.Outcome != apitoken.OutcomeDenied || !o.Token.IsZero() {
		t.Errorf("observation: %s of the token %s, want %s of none", o.Outcome, o.Token, apitoken.OutcomeDenied)
	}
}
