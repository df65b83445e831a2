package cachestore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// hooked is a Store with functions that run before and after its reads.
type hooked struct {
	apitoken.Store
	mu    sync.Mutex
	hooks hooks
}

// hooks do nothing where they are nil.
type hooks struct {
	beforeLookup, afterLookup func()
	beforeEvents, afterEvents func() error
}

func (h *hooked) set(hooks hooks) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hooks = hooks
}

func (h *hooked) now() hooks {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hooks
}

func (h *hooked) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	hooks := h.now()
	if hooks.beforeLookup != nil {
		hooks.beforeLookup()
	}
	rec, err := h.Store.Lookup(ctx, d)
	if hooks.afterLookup != nil {
		hooks.afterLookup()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return rec, err
}

func (h *hooked) Events(ctx context.Context, q apitoken.EventQuery) (events []apitoken.Event, err error) {
	hooks := h.now()
	if hooks.beforeEvents != nil {
		err = hooks.beforeEvents()
	}
	if err == nil {
		events, err = h.Store.Events(ctx, q)
	}
	if hooks.afterEvents != nil {
		err = errors.Join(err, hooks.afterEvents())
	}
	return events, err
}

// site is two replicas of a host on one store: here has a cache, elsewhere has none. It lives in a bubble, so its time stands
// still unless a test sleeps, which takes no time.
type site struct {
	t         *testing.T
	behind    *hooked
	cache     *cachestore.Store
	here      *apitoken.Manager
	elsewhere *apitoken.Manager
	token     apitoken.Token
	text      string
}

// inBubble runs a test on a site with a user bob, who has a token.
func inBubble(t *testing.T, opts *cachestore.Options, test func(*site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		s := &site{t: t, behind: &hooked{Store: shared}}
		s.cache = must(cachestore.New(s.behind, opts))
		defer func() {
			if err := s.cache.Close(); err != nil {
				t.Error(err)
			}
		}()
		quiet := &apitoken.Options{LastUsedInterval: -1}
		s.here, s.elsewhere = must(apitoken.New(s.cache, quiet)), must(apitoken.New(shared, quiet))
		must(s.elsewhere.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "bob", Role: apitoken.RoleUser}))
		token, secret, err := s.elsewhere.Generate(t.Context(), apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: "ci"})
		if err != nil {
			t.Fatal(err)
		}
		s.token, s.text = token, secret.Reveal()
		test(s)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// use presents the token here.
func (s *site) use() (apitoken.Identity, error) {
	s.t.Helper()
	return s.here.Authenticate(s.t.Context(), s.text)
}

func (s *site) accepts() {
	s.t.Helper()
	if _, err := s.use(); err != nil {
		s.t.Errorf("the token is refused: %v", err)
	}
}

func (s *site) refuses() {
	s.t.Helper()
	if _, err := s.use(); !errors.Is(err, apitoken.ErrUnauthenticated) {
		s.t.Errorf("error is %v, want ErrUnauthenticated", err)
	}
}

// warm has the cache hold the token.
func (s *site) warm() {
	s.t.Helper()
	s.accepts() // which starts the polls
	synctest.Wait()
	s.accepts() // which is kept
	before := s.cache.Stats().Hits
	s.accepts()
	if hits := s.cache.Stats().Hits - before; hits != 1 {
		s.t.Fatalf("%d hits after the token was read, want 1", hits)
	}
}

// passes lets time go by, and the polls that fall due.
func (s *site) passes(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// counted returns how many lookups reach the store behind the cache during a function.
func (s *site) counted(during func()) int {
	var count atomic.Int64
	hooks := s.behind.now()
	counting := hooks
	counting.beforeLookup = func() { count.Add(1) }
	s.behind.set(counting)
	during()
	s.behind.set(hooks)
	return int(count.Load())
}
