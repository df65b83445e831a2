package apitoken_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// A host with an administrator, Ada, two users, Bob and Carol, and a user who is disabled, Dan.
const (
	ada   = apitoken.UserID("ada")
	bob   = apitoken.UserID("bob")
	carol = apitoken.UserID("carol")
	dan   = apitoken.UserID("dan")
)

var (
	ctx   = context.Background()
	start = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
)

type host struct {
	*apitoken.Manager
	t     *testing.T
	store *spyStore
	clock *clock.Mock
}

// newHost gives a host whose clock stands at start. The options' Clock is set.
func newHost(t *testing.T, opts apitoken.Options) host {
	t.Helper()
	h := host{t: t, store: newSpyStore(memstore.New()), clock: clock.NewMock()}
	h.clock.Set(start)
	opts.Clock = h.clock
	m, err := apitoken.New(h.store, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	h.Manager = m
	h.mustPutUser(ada, apitoken.RoleAdmin)
	h.mustPutUser(bob, "")
	h.mustPutUser(carol, "")
	h.mustPutUser(dan, "")
	h.must(m.DisableUser(ctx, apitoken.System(), dan))
	return h
}

func (h host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h host) mustPutUser(id apitoken.UserID, role apitoken.Role) {
	h.t.Helper()
	_, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Role: role})
	h.must(err)
}

func (h host) mustGenerate(actor apitoken.Actor, p apitoken.GenerateParams) (apitoken.Token, string) {
	h.t.Helper()
	token, secret, err := h.Generate(ctx, actor, p)
	h.must(err)
	return token, secret.Reveal()
}

func (h host) mustAuthenticate(text string) apitoken.Identity {
	h.t.Helper()
	identity, err := h.Authenticate(ctx, text)
	h.must(err)
	return identity
}

func (h host) mustSetMax(d time.Duration) {
	h.t.Helper()
	_, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: d})
	h.must(err)
}

func (h host) events() []apitoken.Event {
	h.t.Helper()
	return collect(h.t, h.Events(ctx, apitoken.System(), apitoken.EventQuery{}))
}

// denials is how many events say that something was denied.
func (h host) denials() (n int) {
	h.t.Helper()
	for _, e := range h.events() {
		if e.Outcome == apitoken.OutcomeDenied {
			n++
		}
	}
	return n
}

func (h host) tokens() []apitoken.Token {
	h.t.Helper()
	return collect(h.t, h.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}))
}

func collect[T any](t *testing.T, rows func(func(T, error) bool)) (all []T) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// spyStore counts the calls of each method and lets a test interfere before and after them. It has no optional methods.
type spyStore struct {
	apitoken.Store // a storetest.Faulty
	mu             sync.Mutex
	calls          map[string]int
	before         func(method string) error // an error is returned instead of the call
	after          func(method string) error // an error is returned although the call was made
}

func newSpyStore(s apitoken.Store) *spyStore {
	spy := &spyStore{calls: map[string]int{}}
	spy.Store = storetest.Faulty{
		Store: s,
		Before: func(_ context.Context, method string) error {
			spy.mu.Lock()
			spy.calls[method]++
			before := spy.before
			spy.mu.Unlock()
			if before == nil {
				return nil
			}
			return before(method)
		},
		After: func(_ context.Context, method string) error {
			spy.mu.Lock()
			after := spy.after
			spy.mu.Unlock()
			if after == nil {
				return nil
			}
			return after(method)
		},
	}
	return spy
}

func (s *spyStore) count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

func (s *spyStore) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		n += c
	}
	return n
}

// counts is how often each method was called.
func (s *spyStore) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// since is how often each method was called since then.
func (s *spyStore) since(then map[string]int) map[string]int {
	calls := s.counts()
	for method, n := range then {
		if calls[method] -= n; calls[method] == 0 {
			delete(calls, method)
		}
	}
	return calls
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// firstError returns the error that a loop over the rows meets first: nil if there are no rows, or if the first is one.
func firstError[T any](rows func(func(T, error) bool)) (err error) {
	for _, err = range rows {
		break
	}
	return err
}
