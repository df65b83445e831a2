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

// spyStore counts the calls of each method and lets a test interfere before and after them.
type spyStore struct {
	apitoken.Store
	mu     sync.Mutex
	calls  map[string]int
	before func(method string) error // an error is returned in place of the call
	after  func(method string) error // an error is returned though the call was done
}

func newSpyStore(s apitoken.Store) *spyStore {
	return &spyStore{Store: s, calls: map[string]int{}}
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

func (s *spyStore) call(method string, do func() error) error {
	s.mu.Lock()
	s.calls[method]++
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(method); err != nil {
			return err
		}
	}
	err := do()
	if err == nil && after != nil {
		return after(method)
	}
	return err
}

func read[T any](s *spyStore, method string, do func() (T, error)) (result T, err error) {
	err = s.call(method, func() (err error) {
		result, err = do()
		return err
	})
	return result, err
}

func (s *spyStore) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	return read(s, "Lookup", func() (*apitoken.Record, error) { return s.Store.Lookup(ctx, d) })
}

func (s *spyStore) CreateToken(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
	return s.call("CreateToken", func() error { return s.Store.CreateToken(ctx, n, rev, e) })
}

func (s *spyStore) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	return read(s, "RevokeToken", func() (bool, error) { return s.Store.RevokeToken(ctx, id, r, e) })
}

func (s *spyStore) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	return read(s, "CreateUser", func() (apitoken.User, error) { return s.Store.CreateUser(ctx, u, e) })
}

func (s *spyStore) ChangeUser(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
	return read(s, "ChangeUser", func() (apitoken.User, error) { return s.Store.ChangeUser(ctx, id, c, e) })
}

func (s *spyStore) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, rev int64, e apitoken.Event) error {
	return s.call("PutPolicy", func() error { return s.Store.PutPolicy(ctx, p, rev, e) })
}

func (s *spyStore) Touch(ctx context.Context, touches []apitoken.Touch) error {
	return s.call("Touch", func() error { return s.Store.Touch(ctx, touches) })
}

func (s *spyStore) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	return s.call("AppendEvents", func() error { return s.Store.AppendEvents(ctx, events) })
}

func (s *spyStore) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	return read(s, "Policy", func() (apitoken.MaxLifetimePolicy, error) { return s.Store.Policy(ctx) })
}

func (s *spyStore) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	return read(s, "User", func() (apitoken.User, error) { return s.Store.User(ctx, id) })
}

func (s *spyStore) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return read(s, "Token", func() (*apitoken.Record, error) { return s.Store.Token(ctx, id) })
}

func (s *spyStore) Tokens(ctx context.Context, q apitoken.TokenQuery, now time.Time) ([]apitoken.Token, error) {
	return read(s, "Tokens", func() ([]apitoken.Token, error) { return s.Store.Tokens(ctx, q, now) })
}

func (s *spyStore) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	return read(s, "Users", func() ([]apitoken.User, error) { return s.Store.Users(ctx, q) })
}

func (s *spyStore) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	return read(s, "Events", func() ([]apitoken.Event, error) { return s.Store.Events(ctx, q) })
}
