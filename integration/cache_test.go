package integration_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

const maxStale = time.Second

func TestPostgreSQLRevokesBehindACache(t *testing.T) { onPostgreSQL.revokesBehindACache(t, 10_000) }
func TestMySQLRevokesBehindACache(t *testing.T)      { onMySQL.revokesBehindACache(t, 1_000) }

// cachedReplicas are two replicas of a host: one with a cache, which accepts tokens, and one without, which revokes them.
type cachedReplicas struct {
	t       *testing.T
	cache   *cachestore.Store
	cached  *apitoken.Manager
	revoker *apitoken.Manager
}

func newCachedReplicas(t *testing.T, behindCache, other apitoken.Store) cachedReplicas {
	t.Helper()
	cache, err := cachestore.New(behindCache, &cachestore.Options{MaxStale: maxStale})
	must(t, err)
	r := cachedReplicas{t: t, cache: cache}
	for m, store := range map[**apitoken.Manager]apitoken.Store{&r.cached: cache, &r.revoker: other} {
		if *m, err = apitoken.New(store, &apitoken.Options{LastUsedInterval: -1}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// cachedToken is a token that the cache holds.
type cachedToken struct {
	id    apitoken.TokenID
	owner apitoken.UserID
	text  string
}

// hold generates a token and has the cache hold it. The owner has no other token.
func (r cachedReplicas) hold(owner apitoken.UserID, name string) (cachedToken, error) {
	ctx := context.Background()
	token, secret, err := r.revoker.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: owner, Name: name})
	if err != nil {
		return cachedToken{}, err
	}
	h := cachedToken{token.ID, owner, secret.Reveal()}
	for range 2 {
		if _, err := r.cached.Authenticate(ctx, h.text); err != nil {
			return h, err
		}
	}
	return h, nil
}

// end ends a token, by one way of three, and returns when the call has returned.
func (r cachedReplicas) end(h cachedToken, way int) (time.Time, error) {
	ctx, system := context.Background(), apitoken.System()
	switch way % 3 {
	case 0:
		err := r.revoker.Revoke(ctx, system, h.id)
		return time.Now(), err
	case 1:
		err := r.revoker.RevokeAll(ctx, system, h.owner)
		return time.Now(), err
	}
	err := r.revoker.DisableUser(ctx, system, h.owner)
	ended := time.Now()
	return ended, errors.Join(err, r.revoker.EnableUser(ctx, system, h.owner))
}

// refuses reports whether the replica with the cache refuses a token. A failing store is not an answer.
func (r cachedReplicas) refuses(h cachedToken) bool {
	_, err := r.cached.Authenticate(context.Background(), h.text)
	return errors.Is(err, apitoken.ErrRevoked)
}

// Tokens are revoked on one replica while the other serves them from its cache. MaxStale after each revocation has returned,
// the other refuses the token.
func (b backend) revokesBehindACache(t *testing.T, tokens int64) {
	long(t)
	d := b.database(t)
	r := newCachedReplicas(t, d.newMigrated(t, d.open(t, 1), nil), d.newMigrated(t, d.open(t, 0), nil))
	var left, refused, served atomic.Int64
	left.Store(tokens)
	var clients, checks sync.WaitGroup
	for i := range 8 {
		owner := apitoken.UserID(fmt.Sprint("owner ", i))
		if _, err := r.revoker.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: owner}); err != nil {
			t.Fatal(err)
		}
		clients.Go(func() {
			for round := 0; left.Add(-1) >= 0; round++ {
				h, err := r.hold(owner, fmt.Sprint("token ", round))
				if err != nil {
					t.Errorf("%s, token %d: %v", owner, round, err)
					return
				}
				ended, err := r.end(h, round)
				if err != nil {
					t.Errorf("%s, token %d: %v", owner, round, err)
					return
				}
				if !r.refuses(h) {
					served.Add(1)
				}
				checks.Add(1)
				time.AfterFunc(time.Until(ended.Add(maxStale)), func() { // the bound is real time
					defer checks.Done()
					if r.refuses(h) {
						refused.Add(1)
					}
				})
			}
		})
	}
	clients.Wait()
	checks.Wait()
	t.Logf("%d tokens; %d were still served right after their revocation; %d refused after %s; %+v",
		tokens, served.Load(), refused.Load(), maxStale, r.cache.Stats())
	if refused.Load() != tokens {
		t.Errorf("%d of %d tokens are refused after MaxStale", refused.Load(), tokens)
	}
	if served.Load() == 0 {
		t.Error("no token was served after its revocation, so the cache was not tried")
	}
}

// The same where the replica with the cache loses touch. It may say that the store is unavailable. It never accepts a token
// for longer.
func TestCacheOfAReplicaThatLosesTouch(t *testing.T) {
	long(t)
	const tokens = 100
	for _, c := range []struct {
		name string
		make func(t *testing.T) (r cachedReplicas, lose func())
	}{
		{"its polls fail", func(t *testing.T) (cachedReplicas, func()) {
			d := onPostgreSQL.database(t)
			var failing atomic.Bool
			store := storetest.Faulty{Store: d.newMigrated(t, d.open(t, 1), nil), Before: func(_ context.Context, method string) error {
				if method == "Events" && failing.Load() {
					return errors.New("no poll")
				}
				return nil
			}}
			return newCachedReplicas(t, store, d.newStore(t, d.open(t, 0), nil)), func() { failing.Store(true) }
		}},
		{"its connections are cut", func(t *testing.T) (cachedReplicas, func()) {
			d := onPostgreSQL.database(t)
			behindProxy, p := d.through(t)
			store := behindProxy.newMigrated(t, behindProxy.open(t, 0), nil)
			return newCachedReplicas(t, store, d.newStore(t, d.open(t, 0), nil)), func() { p.refuse(true) }
		}},
		{"the server fails over", func(t *testing.T) (cachedReplicas, func()) {
			primary := startPrimary(t)
			standby := startStandby(t, primary)
			d := database{onPostgreSQL, []string{engine.ReadWriteDSN(primary, standby)}}
			r := newCachedReplicas(t, d.newMigrated(t, d.open(t, 0), nil), d.newStore(t, d.open(t, 0), nil))
			return r, func() {
				if err := killPostgreSQL(t, primary); err != nil {
					t.Error(err)
				}
				if err := standby.Promote(); err != nil {
					t.Error(err)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, lose := c.make(t)
			var held []cachedToken
			for i := range tokens {
				owner := apitoken.UserID(fmt.Sprint("owner ", i))
				if _, err := r.revoker.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: owner}); err != nil {
					t.Fatal(err)
				}
				h, err := r.hold(owner, "token")
				must(t, err)
				held = append(held, h)
			}
			for deadline := time.Now().Add(time.Minute); r.cache.Stats().Held < tokens; { // a poll drops them once, for they are new
				if time.Now().After(deadline) {
					t.Fatalf("the cache holds %d of %d tokens", r.cache.Stats().Held, tokens)
				}
				for _, h := range held {
					if _, err := r.cached.Authenticate(t.Context(), h.text); err != nil {
						t.Fatal(err)
					}
				}
			}
			lose()
			var ended time.Time
			for i, h := range held {
				at, err := r.end(h, i)
				for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); { // until the standby serves
					at, err = r.end(h, i)
				}
				must(t, err)
				ended = at
			}
			accepted := make(chan int)
			time.AfterFunc(time.Until(ended.Add(maxStale)), func() { // the bound is real time
				n := 0
				for _, h := range held {
					if _, err := r.cached.Authenticate(context.Background(), h.text); err == nil {
						n++
					}
				}
				accepted <- n
			})
			if n := <-accepted; n != 0 {
				t.Errorf("%d of %d revoked tokens are accepted", n, tokens)
			}
			t.Logf("%+v", r.cache.Stats())
		})
	}
}
