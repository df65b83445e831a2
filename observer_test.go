package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// observer keeps what it is told.
type observer struct {
	mu   sync.Mutex
	seen []apitoken.Observation
	then func(context.Context, apitoken.Observation)
}

func (o *observer) Observe(ctx context.Context, seen apitoken.Observation) {
	o.mu.Lock()
	o.seen = append(o.seen, seen)
	o.mu.Unlock()
	if o.then != nil {
		o.then(ctx, seen)
	}
}

// take gives what was seen since it was called last.
func (o *observer) take() []apitoken.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen
	o.seen = nil
	return seen
}

// observedHost has an observer, and a token of Bob's.
type observedHost struct {
	host
	observer *observer
	token    apitoken.Token
	text     string
}

func newObservedHost(t *testing.T) *observedHost {
	t.Helper()
	o := &observer{}
	h := &observedHost{host: newHost(t, apitoken.Options{Observer: o, Foreign: []apitoken.ForeignFormat{oldKeys}}), observer: o}
	h.token, h.text = h.mustGenerateOwn(bob, "ci")
	o.take()
	return h
}

func TestIteratorsAreObservedPageByPage(t *testing.T) {
	h := newObservedHost(t)
	for i := range 4 {
		h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
	}
	h.observer.take()
	tokens := h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Limit: 2})
	if got := len(h.observer.take()); got != 0 {
		t.Errorf("%d observations before anything was read", got)
	}
	outcomes := func() (all []apitoken.Outcome) {
		for _, o := range h.observer.take() {
			all = append(all, o.Outcome)
		}
		return all
	}
	done, failed, denied := apitoken.OutcomeDone, apitoken.OutcomeFailed, apitoken.OutcomeDenied
	if got := len(collect(t, tokens)); got != 5 {
		t.Fatalf("%d tokens", got)
	}
	if diff := cmp.Diff([]apitoken.Outcome{done, done, done}, outcomes()); diff != "" {
		t.Errorf("five tokens in pages of two (-want +got):\n%s", diff)
	}
	for range tokens {
		break
	}
	if diff := cmp.Diff([]apitoken.Outcome{done}, outcomes()); diff != "" {
		t.Errorf("left after the first token (-want +got):\n%s", diff)
	}
	n := 0
	h.store.before = func(method string) error {
		if n++; n > 2 { // the user and the tokens of the first page
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
		t.Errorf("who reads events may not any longer (-want +got):\n%s", diff)
	}
}

func TestTheObserverIsToldWhenTheWriteIsDone(t *testing.T) {
	changes := []string{"Generate", "Import", "Revoke", "RevokeAll", "SetPolicy", "PutUser", "DisableUser"}
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
		for _, c := range changes {
			if c == m.method {
				want = 1
			}
		}
		if events != want {
			t.Errorf("when %s is observed, there are %d events of it, want %d", m.method, events, want)
		}
	}
}

func TestTheObserverIsGivenTheCallersContext(t *testing.T) {
	h := newObservedHost(t)
	type key struct{}
	request := context.WithValue(ctx, key{}, "request 7")
	told := 0
	h.observer.then = func(ctx context.Context, o apitoken.Observation) {
		told++
		if ctx.Value(key{}) != "request 7" {
			t.Errorf("%s: a context that is not the caller's", o.Action)
		}
	}
	_, err := h.Authenticate(request, h.text)
	h.must(err)
	h.must(h.Revoke(request, apitoken.As(bob), h.token.ID))
	if told != 2 {
		t.Errorf("told %d times", told)
	}
}

// What is no user id at all could be of any length, and not even text.
func TestAnObservationHoldsNoForgedID(t *testing.T) {
	h := newObservedHost(t)
	long := apitoken.UserID(strings.Repeat("x", 1<<20))
	_ = h.RevokeAll(ctx, apitoken.Actor{Kind: apitoken.ActorPerson, User: long}, "b\nb")
	_, _, _ = h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: long, Name: "x"})
	want := []said{
		{Action: apitoken.ActionRevokeAll, Outcome: apitoken.OutcomeDenied, Reason: "denied", Actor: apitoken.Actor{Kind: apitoken.ActorPerson}},
		{Action: apitoken.ActionGenerate, Outcome: apitoken.OutcomeRefused, Reason: "invalid", Actor: apitoken.As(ada)},
	}
	var got []said
	for _, o := range h.observer.take() {
		got = append(got, saying(o))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observations (-want +got):\n%s", diff)
	}
}

func TestDurationIsByTheManagersClock(t *testing.T) {
	for _, tt := range []struct {
		name string
		each time.Duration // that a call to the store takes
	}{
		{"a clock that stands", 0},
		{"a clock that goes", 3 * time.Millisecond},
		{"a clock that goes backwards", -3 * time.Millisecond},
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
	h.observer.then = func(context.Context, apitoken.Observation) { panic("my mistake") }
	func() {
		defer func() {
			if p := recover(); p != "my mistake" {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = h.Revoke(ctx, apitoken.As(bob), h.token.ID)
	}()
	h.observer.then = nil
	if _, err := h.Authenticate(ctx, h.text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the revocation was not done: %v", err)
	}
}

func TestManyAreObservedAtOnce(t *testing.T) {
	h := newObservedHost(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				h.mustAuthenticate(h.text)
			}
		})
	}
	all.Wait()
	if got := len(h.observer.take()); got != 800 {
		t.Errorf("%d observations of 800 calls", got)
	}
}

// A denial whose record is in doubt made no token, and so names none.
func TestADenialInDoubtNamesNoToken(t *testing.T) {
	h := newObservedHost(t)
	h.store.after = func(method string) error {
		if method == "AppendEvents" {
			return fmt.Errorf("%w: connection lost at commit", apitoken.ErrUncertain)
		}
		return nil
	}
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
		t.Errorf("the token %s with the error %v", token.ID, err)
	}
	if o := one(t, h, err); o.Outcome != apitoken.OutcomeDenied || !o.Token.IsZero() {
		t.Errorf("observed %s of the token %s", o.Outcome, o.Token)
	}
}
