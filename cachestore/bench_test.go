package cachestore_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// BenchmarkHit compares a request that is answered from memory with the least that it can cost: the digest of the text and one
// lookup in a map. 100,000 tokens are held, of which 1,024 are used in turn.
func BenchmarkHit(b *testing.B) {
	const tokens, hot = 100_000, 1024
	ctx := context.Background()
	store := must(cachestore.New(memstore.New(), nil))
	defer func() { _ = store.Close() }()
	m := must(apitoken.New(store, &apitoken.Options{LastUsedInterval: -1}))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada"}))
	texts := make([]string, tokens)
	for i := range texts {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "ada", Name: fmt.Sprint(i)})
		if err != nil {
			b.Fatal(err)
		}
		texts[i] = secret.Reveal()
	}
	use := func(text string) {
		if _, err := m.Authenticate(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
	for use(texts[0]); store.Stats().Age < 0; { // the first poll
		time.Sleep(time.Millisecond)
	}
	floor := make(map[[sha256.Size]byte]*apitoken.Record, tokens)
	for _, text := range texts {
		use(text)
		floor[sha256.Sum256([]byte(text))] = &apitoken.Record{}
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			use(texts[i%hot])
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			var text [64]byte // on the stack
			if floor[sha256.Sum256(text[:copy(text[:], texts[i%hot])])] == nil {
				b.Fatal("not found")
			}
		}
	})
}
