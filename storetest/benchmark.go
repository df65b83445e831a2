package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	benchOwners = 10
	benchTokens = 1000 // of all owners together, stored before the timer starts
)

// Benchmark measures the calls of a Store that matter most to a host, each on a store with 1,000 tokens of 10 owners. newStore
// returns an empty store, and closes it with b.Cleanup. The names and sizes are stable, so that results of different stores
// and versions can be compared.
func Benchmark(b *testing.B, newStore func(b *testing.B) apitoken.Store) {
	for _, m := range []struct {
		name    string
		measure func(b *testing.B, s bench)
	}{
		{"Lookup hit", lookupHit},
		{"Lookup hit parallel", lookupHitParallel},
		{"Lookup hit parallel beside writes", lookupBesideWrites},
		{"Lookup miss", lookupMiss},
		{"CreateToken", createToken},
		{"RevokeToken", revokeToken},
		{"Tokens page of 100", tokensPage},
		{"Touch of 100", touchBatch},
	} {
		b.Run(m.name, func(b *testing.B) { m.measure(b, newBench(b, newStore(b))) })
	}
}

// bench is a store with the tokens.
type bench struct {
	apitoken.Store
	ctx    context.Context
	tokens []apitoken.NewToken
}

func newBench(b *testing.B, store apitoken.Store) bench {
	b.Helper()
	s := bench{Store: store, ctx: b.Context()}
	for i := range benchOwners {
		u := newUser(benchOwner(i))
		_, err := store.CreateUser(s.ctx, u, userCreated(u))
		mustDo(b, err)
	}
	for i := range benchTokens {
		n := draft(benchOwner(i), fmt.Sprint("token ", i))
		mustDo(b, store.CreateToken(s.ctx, n, 0, generated(n)))
		s.tokens = append(s.tokens, n)
	}
	return s
}

func benchOwner(i int) apitoken.UserID { return apitoken.UserID(fmt.Sprint("owner ", i%benchOwners)) }

func mustDo(b *testing.B, err error) {
	if err != nil {
		b.Helper() // takes ten times as long as the fastest measured call
		b.Fatal(err)
	}
}

func lookupHit(b *testing.B, s bench) {
	for i := 0; b.Loop(); i++ {
		_, err := s.Lookup(s.ctx, s.tokens[i%benchTokens].Digest)
		mustDo(b, err)
	}
}

func lookupHitParallel(b *testing.B, s bench) {
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := s.Lookup(s.ctx, s.tokens[i%benchTokens].Digest); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// lookupBesideWrites measures Lookup while one goroutine calls Touch and CreateToken without a pause.
func lookupBesideWrites(b *testing.B, s bench) {
	var over atomic.Bool
	ended := make(chan error)
	go func() {
		for i := 0; !over.Load(); i++ {
			n := draft(benchOwner(i), fmt.Sprint("beside ", i))
			if err := s.CreateToken(s.ctx, n, 0, generated(n)); err != nil {
				ended <- err
				return
			}
			if err := s.Touch(s.ctx, s.batch(i)); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	b.ResetTimer()
	lookupHitParallel(b, s)
	b.StopTimer()
	over.Store(true)
	mustDo(b, <-ended)
}

func lookupMiss(b *testing.B, s bench) {
	var unknown []apitoken.Digest
	for range benchTokens {
		unknown = append(unknown, draft("nobody", "").Digest)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := s.Lookup(s.ctx, unknown[i%benchTokens]); !errors.Is(err, apitoken.ErrNotFound) {
			b.Fatalf("Lookup of an unknown digest: error %v, want %v", err, apitoken.ErrNotFound)
		}
	}
}

// generation is a new token with its event.
type generation struct {
	token apitoken.NewToken
	event apitoken.Event
}

// generations returns the next hundred, made while the timer is stopped.
func generations(b *testing.B, from int) []generation {
	b.StopTimer()
	defer b.StartTimer()
	some := make([]generation, 100)
	for i := range some {
		n := draft(benchOwner(from+i), fmt.Sprint("new ", from+i))
		some[i] = generation{n, generated(n)}
	}
	return some
}

func createToken(b *testing.B, s bench) {
	var next []generation
	for i := 0; b.Loop(); i++ {
		if len(next) == 0 {
			next = generations(b, i)
		}
		mustDo(b, s.CreateToken(s.ctx, next[0].token, 0, next[0].event))
		next = next[1:]
	}
}

func revokeToken(b *testing.B, s bench) {
	by := later(time.Minute, "ada")
	var active []generation
	for i := 0; b.Loop(); i++ {
		if len(active) == 0 {
			active = generations(b, i)
			b.StopTimer()
			for j, g := range active {
				mustDo(b, s.CreateToken(s.ctx, g.token, 0, g.event))
				active[j].event = revoked(g.token, by)
			}
			b.StartTimer()
		}
		changed, err := s.RevokeToken(s.ctx, active[0].token.ID, by, active[0].event)
		mustDo(b, err)
		if !changed {
			b.Fatal("RevokeToken reports no change of an active token")
		}
		active = active[1:]
	}
}

func tokensPage(b *testing.B, s bench) {
	q := apitoken.TokenQuery{AnyOwner: true, Limit: 100}
	for b.Loop() {
		page, err := s.Tokens(s.ctx, q.At(base))
		mustDo(b, err)
		if len(page) == 0 {
			b.Fatal("a page is empty")
		}
		q.After = page[len(page)-1].ID
		if q.After == s.tokens[benchTokens-1].ID {
			q.After = apitoken.TokenID{}
		}
	}
}

func touchBatch(b *testing.B, s bench) {
	for i := 0; b.Loop(); i++ {
		mustDo(b, s.Touch(s.ctx, s.batch(i)))
	}
}

// batch touches a hundred tokens at a later time in each call.
func (s bench) batch(i int) []apitoken.Touch {
	touches := make([]apitoken.Touch, 100)
	for k := range touches {
		touches[k] = apitoken.Touch{Token: s.tokens[(i*len(touches)+k)%benchTokens].ID, At: base.Add(time.Duration(i+1) * microsecond)}
	}
	return touches
}
