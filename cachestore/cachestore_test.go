package cachestore_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// One replica with a cache is like one without.
func TestOneReplicaKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		s := must(cachestore.New(memstore.New(), nil))
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		opts cachestore.Options
		says string // empty: no error
	}{
		{"defaults", cachestore.Options{}, ""},
		{"the least and the most", cachestore.Options{Entries: 1, MaxStale: 5 * time.Second}, ""},
		{"negative MaxStale", cachestore.Options{MaxStale: -time.Second}, "MaxStale is -1s, 10ms to 5s are allowed"},
		{"MaxStale too long", cachestore.Options{MaxStale: 5*time.Second + 1}, "MaxStale is 5.000000001s"},
		{"MaxStale too short", cachestore.Options{MaxStale: 1}, "MaxStale is 1ns"},
		{"negative Entries", cachestore.Options{Entries: -1}, "Entries is -1, at least 1 is needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := cachestore.New(memstore.New(), &c.opts)
			if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error is %v, want ErrInvalid with %q", err, c.says)
			}
		})
	}
	if _, err := cachestore.New(nil, nil); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("without a store the error is %v, want ErrInvalid", err)
	}
}

// changes end bob's token, or change what it may do.
var changes = map[string]func(ctx context.Context, m *apitoken.Manager, s *site) error{
	"revoke": func(ctx context.Context, m *apitoken.Manager, s *site) error {
		return m.Revoke(ctx, apitoken.System(), s.token.ID)
	},
	"report as leaked": func(ctx context.Context, m *apitoken.Manager, s *site) error {
		_, err := m.RevokeText(ctx, apitoken.System(), s.text, apitoken.Leak{})
		return err
	},
	"revoke many": func(ctx context.Context, m *apitoken.Manager, _ *site) error {
		_, err := m.RevokeMany(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}, apitoken.RevokeManyParams{AtMost: 1000})
		return err
	},
	"revoke all": func(ctx context.Context, m *apitoken.Manager, _ *site) error {
		return m.RevokeAll(ctx, apitoken.System(), "bob")
	},
	"disable": func(ctx context.Context, m *apitoken.Manager, _ *site) error {
		return m.DisableUser(ctx, apitoken.System(), "bob")
	},
	"first use of a successor": func(ctx context.Context, m *apitoken.Manager, s *site) error {
		_, secret, err := m.Rotate(ctx, apitoken.As("bob"), s.token.ID, apitoken.RotateParams{})
		if err != nil {
			return err
		}
		_, err = m.Authenticate(ctx, secret.Reveal())
		return err
	},
	"narrow": func(ctx context.Context, m *apitoken.Manager, s *site) error {
		_, err := m.Narrow(ctx, apitoken.System(), s.token.ID, apitoken.Narrowing{Keep: apitoken.GenerateOwn})
		return err
	},
	"another role": func(ctx context.Context, m *apitoken.Manager, _ *site) error {
		_, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Role: apitoken.RoleAdmin})
		return err
	},
}

// seen reports whether the change is in effect here.
func (s *site) seen(change string) bool {
	s.t.Helper()
	identity, err := s.use()
	switch change {
	case "another role":
		return err == nil && identity.User.Role == apitoken.RoleAdmin
	case "narrow":
		return err == nil && identity.Token.Permissions == apitoken.GenerateOwn
	}
	return errors.Is(err, apitoken.ErrUnauthenticated)
}

func TestAChangeElsewhereIsSeenWithinMaxStale(t *testing.T) {
	for name, change := range changes {
		for _, after := range []time.Duration{0, 1, 100 * time.Millisecond, 499 * time.Millisecond, 500 * time.Millisecond, 999 * time.Millisecond} {
			t.Run(name+" after "+after.String(), func(t *testing.T) {
				inBubble(t, nil, func(s *site) {
					s.warm()
					s.passes(after)
					s.accepts()
					if err := change(s.t.Context(), s.elsewhere, s); err != nil {
						t.Fatal(err)
					}
					s.passes(time.Second)
					if !s.seen(name) {
						t.Error("the change is not seen after MaxStale")
					}
				})
			})
		}
	}
}

func TestAChangeHereIsSeenAtOnce(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(s *site) {
				s.warm()
				if err := change(s.t.Context(), s.here, s); err != nil {
					t.Fatal(err)
				}
				if !s.seen(name) {
					t.Error("the change is not seen by the replica that made it")
				}
			})
		})
	}
}

// A user who was forgotten is named by no record that is held, not even by the token of another owner.
func TestAForgottenUserIsInNoHeldRecord(t *testing.T) {
	for name, replica := range map[string]func(*site) *apitoken.Manager{
		"here":      func(s *site) *apitoken.Manager { return s.here },
		"elsewhere": func(s *site) *apitoken.Manager { return s.elsewhere },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(s *site) {
				must(s.elsewhere.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin}))
				_, secret, err := s.elsewhere.Generate(s.t.Context(), apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "by ada"})
				if err != nil {
					t.Fatal(err)
				}
				s.text = secret.Reveal()
				s.warm()
				if err := replica(s).ForgetUser(s.t.Context(), apitoken.System(), "ada"); err != nil {
					t.Fatal(err)
				}
				if name == "elsewhere" {
					s.passes(time.Second)
				}
				if by := must(s.use()).Token.CreatedBy; by == "ada" || by == "" {
					t.Errorf("the token was generated by %q, want a pseudonym", by)
				}
			})
		})
	}
}

// While polls fail or stand still, nothing older than MaxStale is served, and no answer is wrong.
func TestWithoutPollsTheStoreIsAsked(t *testing.T) {
	for name, broken := range map[string]func(*site){
		"they fail": func(s *site) {
			s.behind.set(hooks{beforeEvents: func() error { return errors.New("no route to host") }})
		},
		"they fail after they have read": func(s *site) {
			s.behind.set(hooks{afterEvents: func() error { return errors.New("connection reset") }})
		},
		"they stand still": func(s *site) {
			s.behind.set(hooks{beforeEvents: func() error { time.Sleep(time.Hour); return nil }})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(s *site) {
				s.warm()
				broken(s)
				s.passes(time.Second)
				if n := s.counted(func() { s.accepts(); s.accepts() }); n != 2 {
					t.Errorf("%d of 2 lookups reached the store", n)
				}
				if err := s.elsewhere.Revoke(s.t.Context(), apitoken.System(), s.token.ID); err != nil {
					t.Fatal(err)
				}
				s.refuses()
				s.behind.set(hooks{})
				s.passes(time.Hour)
				s.refuses()
			})
		})
	}
}

func TestAFeedThatNeverWorksKeepsNothing(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		broken := errors.New("no such table")
		s.behind.set(hooks{beforeEvents: func() error { return broken }})
		for range 3 {
			if n := s.counted(s.accepts); n != 1 {
				t.Errorf("%d lookups reached the store, want 1", n)
			}
			s.passes(time.Second)
		}
		stats := s.cache.Stats()
		if !errors.Is(stats.Err, broken) || stats.Age >= 0 || stats.Held != 0 {
			t.Errorf("stats are %+v, want the error, no age and nothing held", stats)
		}
	})
}

// The poll reads before the revocation, and returns long after it. What it says is as old as its begin.
func TestALeaseCountsFromTheBeginOfThePoll(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		slow := 0
		s.behind.set(hooks{afterEvents: func() error {
			if slow++; slow == 1 {
				time.Sleep(900 * time.Millisecond)
				return nil
			}
			return errors.New("and then no more polls")
		}})
		s.passes(500 * time.Millisecond) // the slow poll begins and reads
		if err := s.elsewhere.Revoke(s.t.Context(), apitoken.System(), s.token.ID); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Second) // it returned 100 ms ago
		s.refuses()
	})
}

// A lookup reads before the revocation. The poll that brings the revocation comes while the lookup is on its way back.
func TestAReadThatBeganBeforeARevocationIsNotKept(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		must(s.elsewhere.PutUser(s.t.Context(), apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"})) // which drops the token
		s.passes(500 * time.Millisecond)
		s.behind.set(hooks{afterLookup: func() { time.Sleep(800 * time.Millisecond) }})
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.accepts() // it began before the revocation
		}()
		synctest.Wait()
		if err := s.elsewhere.Revoke(s.t.Context(), apitoken.System(), s.token.ID); err != nil {
			t.Fatal(err)
		}
		<-done
		s.behind.set(hooks{})
		s.passes(300 * time.Millisecond) // 1.1 s after the revocation
		s.refuses()
	})
}

// The same before the first poll: what was read earlier is older than the end of the feed that the poll finds.
func TestAReadThatBeganBeforeTheFirstPollIsNotKept(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.behind.set(hooks{
			beforeEvents: func() error { time.Sleep(100 * time.Millisecond); return nil },
			afterLookup:  func() { time.Sleep(300 * time.Millisecond) },
		})
		go s.accepts()
		s.passes(50 * time.Millisecond)
		if err := s.elsewhere.Revoke(s.t.Context(), apitoken.System(), s.token.ID); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Second)
		s.refuses()
	})
}

// A replica that was cut off for long has many events to catch up with. There is no lease before it has.
func TestALongFeedIsReadToItsEnd(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		ctx := s.t.Context()
		must(s.elsewhere.PutUser(ctx, apitoken.System(), apitoken.User{ID: "eve"}))
		for range 4_000 {
			if err := s.elsewhere.RevokeAll(ctx, apitoken.System(), "eve"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.elsewhere.Revoke(ctx, apitoken.System(), s.token.ID); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Second)
		s.refuses()
	})
}

// The event of a revocation is removed before this replica has read it. The cache then holds nothing any more.
func TestRemovedEventsEmptyTheCache(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		s.behind.set(hooks{beforeEvents: func() error { return errors.New("connection reset") }})
		if err := s.elsewhere.Revoke(t.Context(), apitoken.System(), s.token.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		swept := must(s.elsewhere.Sweep(t.Context(), apitoken.System(), apitoken.SweepParams{Events: 24 * time.Hour}))
		if swept.Events != 3 {
			t.Fatalf("%d events were removed, want 3", swept.Events)
		}
		s.behind.set(hooks{})
		time.Sleep(2 * time.Second)
		if _, err := s.here.Authenticate(t.Context(), s.text); !errors.Is(err, apitoken.ErrRevoked) {
			t.Errorf("the token after its revocation was missed: %v, want ErrRevoked", err)
		}
		if stats := s.cache.Stats(); stats.Err != nil || stats.Age > time.Second {
			t.Errorf("the cache does not go on: %+v", stats)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	inBubble(t, &cachestore.Options{Entries: 9}, func(s *site) {
		s.warm()
		ctx := s.t.Context()
		for i := range 200 {
			_, secret, err := s.elsewhere.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: "t" + strconv.Itoa(i)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.here.Authenticate(ctx, secret.Reveal()); err != nil {
				t.Fatal(err)
			}
			if held := s.cache.Stats().Held; held > 12 {
				t.Fatalf("%d tokens are held, at most 9, rounded up to 12, are allowed", held)
			}
		}
		if held := s.cache.Stats().Held; held != 12 {
			t.Errorf("%d tokens are held, want 12", held)
		}
	})
}

func TestCloseEmptiesTheCacheAndEndsThePolls(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		for range 2 {
			if err := s.cache.Close(); err != nil {
				t.Fatal(err)
			}
		}
		polls := 0
		s.behind.set(hooks{beforeEvents: func() error { polls++; return nil }})
		if n := s.counted(func() { s.accepts(); s.accepts() }); n != 2 || s.cache.Stats().Held != 0 {
			t.Errorf("after Close %d of 2 lookups reached the store, and %d tokens are held", n, s.cache.Stats().Held)
		}
		s.passes(time.Minute)
		if polls != 0 {
			t.Errorf("%d polls after Close", polls)
		}
	})
	unused := must(cachestore.New(memstore.New(), nil))
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
}

func TestStats(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		want := s.cache.Stats()
		s.accepts()
		s.passes(250 * time.Millisecond)
		want.Hits, want.Held, want.Age = want.Hits+1, 1, 250*time.Millisecond
		if diff := cmp.Diff(want, s.cache.Stats()); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
	})
}

func TestAHitAllocatesNothing(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		ctx := s.t.Context()
		allocations := testing.AllocsPerRun(1000, func() { _, _ = s.here.Authenticate(ctx, s.text) })
		if hits := s.cache.Stats().Hits; allocations != 0 || hits < 1000 {
			t.Errorf("%v allocations a request, %d hits; want 0, and more than 1,000", allocations, hits)
		}
	})
}

// plain hides the optional interfaces of a Store.
type plain struct{ apitoken.Store }

func TestAStoreWithoutOptionalInterfaces(t *testing.T) {
	ctx := t.Context()
	s := must(cachestore.New(plain{memstore.New()}, nil))
	m := must(apitoken.New(s, nil))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}))
	for _, name := range []string{"one", "two"} {
		if _, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	q := apitoken.TokenQuery{Owner: "bob", Limit: 1}
	if n := must(m.CountTokens(ctx, apitoken.System(), q)); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
	if page := must(m.TokenPage(ctx, apitoken.System(), q)); len(page.Tokens) != 1 || page.Next.IsZero() {
		t.Errorf("a page of %d tokens, next %s; want one token and a next", len(page.Tokens), page.Next)
	}
}
