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

// The users of newHost: Ada is an administrator, Bob and Carol are ordinary users, Dan is disabled.
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

// host is a Manager over a memory store, with a clock that the test moves and a store that the test makes fail.
type host struct {
	*apitoken.Manager
	t     *testing.T
	store *spyStore
	clock *clock.Mock
}

// newHost returns a host whose clock stands at start. It overwrites opts.Clock.
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

// denials counts the events of denials.
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

// spyStore counts the calls of each method and makes calls fail. Of the optional methods it has those of notices.
type spyStore struct {
	apitoken.Store // a storetest.Faulty over the store of newSpyStore
	mu             sync.Mutex
	calls          map[string]int
	before         func(method string) error // its error is returned instead of making the call
	after          func(method string) error // its error is returned although the call was made
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

func (s *spyStore) LeaseNotices(ctx context.Context, l apitoken.NoticeLease) ([]apitoken.Record, error) {
	return s.Store.(apitoken.NoticeStore).LeaseNotices(ctx, l)
}

func (s *spyStore) MarkNotice(ctx context.Context, token apitoken.TokenID, step time.Duration, at time.Time) error {
	return s.Store.(apitoken.NoticeStore).MarkNotice(ctx, token, step, at)
}

// failOn returns an error for the calls of one method, for before and after.
func failOn(method string, err error) func(string) error {
	return func(called string) error {
		if called == method {
			return err
		}
		return nil
	}
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

// counts returns how often each method was called.
func (s *spyStore) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// since returns how often each method was called since then.
func (s *spyStore) since(then map[string]int) map[string]int {
	calls := s.counts()
	for method, n := range then {
		if calls[method] -= n; calls[method] == 0 {
			delete(calls, method)
		}
	}
	return calls
}

// second returns the error of two results, third that of three.
func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

// must returns a value that cannot fail in an example or a test.
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

// newToken returns a Manager over a store with a token of Bob's, for benchmarks, fuzz tests and options that newHost does not
// set.
func newToken(tb testing.TB, store apitoken.Store, opts apitoken.Options) (*apitoken.Manager, apitoken.Token, string) {
	tb.Helper()
	m, err := apitoken.New(store, &opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close(ctx) })
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob}); err != nil {
		tb.Fatal(err)
	}
	token, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if err != nil {
		tb.Fatal(err)
	}
	return m, token, secret.Reveal()
}

// mustGenerateOwn generates a token of a name for its owner, who acts as a person.
func (h host) mustGenerateOwn(owner apitoken.UserID, name string) (apitoken.Token, string) {
	h.t.Helper()
	return h.mustGenerate(apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name})
}

// to returns a pointer to a value.
func to[T any](v T) *T { return &v }
