package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// heldTries is how many tries of a change of the policy a host holds up at least. Another call that waited for the host would not
// return before its deadline.
const heldTries = 3

// longestHold is how long a host may hold up the calls of others that generate tokens, by holding a transaction that does.
const longestHold = 500 * time.Millisecond

// A host holds a transaction in which it has generated a token. A change of the policy waits for it, but other calls do not wait
// for the change: they generate tokens meanwhile. When the host is done, the change is made.
func TestAHostThatHoldsThePolicyHoldsUpOnlyItsChange(t *testing.T) {
	var held time.Duration
	if given := os.Getenv("APITOKEN_HOLD"); given != "" {
		var err error
		held, err = time.ParseDuration(given)
		must(t, err)
	}
	for _, b := range []backend{onPostgreSQL, onMySQL} {
		t.Run(b.name, func(t *testing.T) {
			var locks spy
			h := newHostWithRows(t, hostOverSQL(b).spied(&locks), 8)
			var longest time.Duration
			for try := range 20 { // a busy machine makes a call slow, too
				if longest = h.longestWaitBesideAChange(&locks, try, held); longest <= longestHold {
					return
				}
			}
			t.Errorf("another call took %s, want at most %s", longest, longestHold)
		})
	}
}

// spied returns the host with a spy on its connections.
func (h hostKind) spied(s *spy) hostKind {
	h.connect = func(t testing.TB, dsn string, connections int) (*sql.DB, beginner) {
		t.Helper()
		db := s.openPool(t, h.driver, dsn)
		db.SetMaxOpenConns(connections)
		return db, beginSQL(db)
	}
	return h
}

// locksPolicy reports whether a statement is a try of a change to lock the policy.
func locksPolicy(text string) bool {
	return strings.Contains(text, "LOCK TABLE apitoken_policy") || strings.Contains(text, "FROM apitoken_policy FOR UPDATE")
}

// longestWaitBesideAChange generates tokens while a transaction of the host's is held and a change of the policy waits for it.
func (h hostWithRows) longestWaitBesideAChange(locks *spy, try int, held time.Duration) (longest time.Duration) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute+held) // a call that waits for the transaction would wait for ever
	defer cancel()
	tx, m := h.begin(1)                  // any row: it is rolled back
	defer func() { _ = tx.rollback() }() // or the database could not be dropped
	h.mustGenerate(ctx, m, "bob", fmt.Sprint("held ", try))
	var tries atomic.Int64
	locks.interfere(func(text string) error {
		if locksPolicy(text) {
			tries.Add(1)
		}
		return nil
	}, nil)
	changed := make(chan error, 1)
	go func() {
		_, err := h.m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: time.Hour + time.Duration(try)*time.Minute})
		changed <- err
	}()
	calls := 0
	for begun := time.Now(); tries.Load() <= heldTries || time.Since(begun) < held; calls++ {
		start := time.Now()
		h.mustGenerate(ctx, h.m, "ada", fmt.Sprint("try ", try, " beside ", calls))
		longest = max(longest, time.Since(start))
	}
	h.t.Logf("%d calls beside %d tries of the change; the longest took %s", calls, tries.Load(), longest)
	select {
	case err := <-changed:
		h.t.Fatalf("the change of the policy returned %v while the host held it", err)
	default:
	}
	must(h.t, tx.rollback())
	if err := <-changed; err != nil {
		h.t.Errorf("after the host has rolled back: %v", err)
	}
	return longest
}

func (h hostWithRows) mustGenerate(ctx context.Context, m *apitoken.Manager, owner apitoken.UserID, name string) {
	h.t.Helper()
	p := apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: time.Minute}
	_, _, err := m.Generate(ctx, apitoken.As(owner), p)
	must(h.t, err)
}

// If the host never ends, the change of the policy fails, and says what it waited for.
func TestAChangeOfThePolicySaysWhatItWaitedFor(t *testing.T) {
	long(t)
	for _, kind := range []hostKind{hostOverSQL(onPostgreSQL), hostOverSQL(onMySQL)} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			h := newHostWithRows(t, kind, 3)
			tx, m := h.begin(1)
			defer func() { _ = tx.rollback() }() // or the database could not be dropped
			h.mustGenerate(t.Context(), m, "bob", "held")
			start := time.Now()
			_, err := h.m.SetPolicy(t.Context(), apitoken.System(), apitoken.MaxLifetimePolicy{Max: time.Hour})
			t.Logf("after %s: %v", time.Since(start), err)
			if !errors.Is(err, apitoken.ErrUnavailable) || !strings.Contains(err.Error(), "it waited for a transaction that generates a token: ") {
				t.Errorf("error is %v, want ErrUnavailable that says what it waited for", err)
			}
		})
	}
}

// A stream of calls that generate tokens, which are never all done at once, does not keep the policy from being changed.
func TestGeneratorsDoNotStarveAChangeOfThePolicy(t *testing.T) {
	for _, kind := range []hostKind{hostOverSQL(onPostgreSQL), hostOverSQL(onMySQL)} {
		t.Run(kind.name, func(t *testing.T) {
			h := newHostWithRows(t, kind, 10)
			ctx := t.Context()
			done := make(chan struct{})
			var generators sync.WaitGroup
			var generated atomic.Int64
			for g := range 8 {
				owner := apitoken.UserID(fmt.Sprint("generator ", g))
				putUser(t, h.m, apitoken.User{ID: owner})
				generators.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-done:
							return
						default:
						}
						p := apitoken.GenerateParams{Owner: owner, Name: fmt.Sprint(i), Lifetime: time.Minute}
						if _, _, err := h.m.Generate(ctx, apitoken.As(owner), p); err != nil {
							t.Error(err)
							return
						}
						generated.Add(1)
					}
				})
			}
			var took []time.Duration
			for i := 0; generated.Load() < 200; i++ {
				start := time.Now()
				if _, err := h.m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: time.Hour + time.Duration(i%60)*time.Minute}); err != nil {
					t.Error(err)
					break
				}
				took = append(took, time.Since(start))
			}
			close(done)
			generators.Wait()
			if len(took) == 0 {
				t.Fatal("no change of the policy was made")
			}
			slices.Sort(took)
			t.Logf("%d changes beside %d tokens of 8 owners: median %s, longest %s",
				len(took), generated.Load(), took[len(took)/2], took[len(took)-1])
		})
	}
}
