package cachestore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// Nobody joins a read that may have begun before a change of which they know.
func TestAReadThatIsTooOldIsNotJoined(t *testing.T) {
	for _, c := range []struct {
		name string
		here bool
		wait time.Duration
	}{
		{"the change was made here", true, 0},
		{"the change was made elsewhere, MaxStale ago", false, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, nil, func(s *site) {
				s.accepts() // starts the polls; what is read then is not kept yet
				synctest.Wait()
				silent := func() error { return errors.New("no poll tells") }
				s.behind.set(hooks{beforeEvents: silent, afterLookup: func() { time.Sleep(10 * time.Second) }})
				go s.accepts()
				synctest.Wait()
				s.behind.set(hooks{beforeEvents: silent})
				m := s.elsewhere
				if c.here {
					m = s.here
				}
				if err := m.Revoke(s.t.Context(), apitoken.System(), s.token.ID); err != nil {
					t.Fatal(err)
				}
				s.passes(c.wait)
				s.refuses()
				s.passes(time.Minute)
			})
		})
	}
}

func TestAHerdMakesOneQuery(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		must(s.elsewhere.PutUser(s.t.Context(), apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"}))
		s.passes(500 * time.Millisecond)
		s.behind.set(hooks{afterLookup: func() { time.Sleep(time.Millisecond) }})
		var herd sync.WaitGroup
		n := s.counted(func() {
			for range 256 {
				herd.Go(s.accepts)
			}
			herd.Wait()
		})
		if n != 1 {
			t.Errorf("256 requests made %d queries, want 1", n)
		}
	})
}

// The caller who reads for all gives up. The others get their answer nevertheless.
func TestACallerWhoGivesUpFailsNobodyElse(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.accepts() // starts the polls
		synctest.Wait()
		must(s.here.PutUser(s.t.Context(), apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"})) // drops the token
		ctx, cancel := context.WithCancel(s.t.Context())
		s.behind.set(hooks{afterLookup: func() { time.Sleep(time.Second) }})
		var herd sync.WaitGroup
		herd.Go(func() {
			if _, err := s.here.Authenticate(ctx, s.text); !errors.Is(err, context.Canceled) {
				t.Errorf("error of the caller who gives up is %v, want Canceled", err)
			}
		})
		synctest.Wait()
		for range 3 {
			herd.Go(s.accepts)
		}
		short, end := context.WithTimeout(s.t.Context(), time.Millisecond)
		defer end()
		herd.Go(func() {
			if _, err := s.here.Authenticate(short, s.text); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error of a caller whose deadline passes while they wait is %v, want DeadlineExceeded", err)
			}
		})
		synctest.Wait()
		cancel()
		herd.Wait()
	})
}

func TestNeitherUnknownTokensNorFailuresAreKept(t *testing.T) {
	inBubble(t, nil, func(s *site) {
		s.warm()
		ctx := s.t.Context()
		held := s.cache.Stats().Held
		other := must(apitoken.New(memstore.New(), nil))
		must(other.PutUser(ctx, apitoken.System(), apitoken.User{ID: "eve"}))
		_, unknown, err := other.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "eve", Name: "elsewhere"})
		if err != nil {
			t.Fatal(err)
		}
		n := s.counted(func() {
			for range 3 {
				if _, err := s.here.Authenticate(ctx, unknown.Reveal()); !errors.Is(err, apitoken.ErrUnknownToken) {
					t.Errorf("error is %v, want ErrUnknownToken", err)
				}
			}
		})
		if got := s.cache.Stats().Held; n != 3 || got != held {
			t.Errorf("%d of 3 lookups of an unknown token reached the store, and %d tokens are held, want 3 and %d", n, got, held)
		}
	})
}
