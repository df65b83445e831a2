package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// population is many tokens in memory.
type population struct {
	store *memstore.Store
	m     *apitoken.Manager               // records no uses
	bare  map[[32]byte]*apitoken.Identity // of the same tokens, for who does without the library
	all   []bearer

	bytesEach float64 // in the store
}

// bearer is a text to present, and whose it is.
type bearer struct {
	text string
	id   apitoken.TokenID
}

// With a million tokens, what each takes in memory is held to an aim. The index doubles now and then, so with another number they
// take another.
const (
	million   = 1_000_000
	mostBytes = 1_170 // 5 % above what it was
)

// populate generates tokens of the users, and measures what the store takes for each: for the token with its name, for its place in
// the lists and in the index, and for the event that it was generated.
func (b *bench) populate(ctx context.Context, n int) (*population, error) {
	const length = len("tok_") + 43 + 6
	texts := make([]byte, 0, n*length)
	p := &population{store: memstore.New(), bare: make(map[[32]byte]*apitoken.Identity), all: make([]bearer, n)}
	var err error
	if p.m, err = apitoken.New(p.store, &apitoken.Options{LastUsedInterval: -1}); err != nil {
		return nil, err
	}
	if err := provision(ctx, p.m); err != nil {
		return nil, err
	}
	before := heap()
	for i := range p.all {
		token, secret, err := p.m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{
			Owner: userID(i % users), Name: fmt.Sprintf("issued %d", i),
		})
		if err != nil {
			return nil, err
		}
		p.all[i].id = token.ID
		texts = append(texts, secret.Reveal()...)
	}
	p.bytesEach = float64(heap()-before) / float64(n)
	if n == million {
		is, most := fmt.Sprintf("%.0f", p.bytesEach), fmt.Sprint(mostBytes)
		b.verdicts = append(b.verdicts, verdict("memory: bytes for each of a million tokens", is, most, p.bytesEach <= mostBytes))
	}
	together := string(texts)
	for i := range p.all {
		t := &p.all[i]
		t.text = together[i*length : (i+1)*length]
		id, err := p.m.Authenticate(ctx, t.text)
		if err != nil {
			return nil, err
		}
		p.bare[sha256.Sum256([]byte(t.text))] = &id
	}
	return p, nil
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return now.HeapAlloc
}

// mixed are all tokens in random order, their texts one behind the other in memory: a text that has just arrived is in the
// processor's caches, so to read it should cost next to nothing.
func (p *population) mixed() []bearer {
	mixed := append([]bearer(nil), p.all...)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	var texts strings.Builder
	for _, t := range mixed {
		texts.WriteString(t.text)
	}
	rest := texts.String()
	for i := range mixed {
		length := len(mixed[i].text)
		mixed[i].text, rest = rest[:length], rest[length:]
	}
	return mixed
}

// hottest are a few tokens from anywhere among all.
func (p *population) hottest() []bearer {
	return append([]bearer(nil), p.mixed()[:min(hot, len(p.all))]...)
}

// identity is what is known of a token.
func (p *population) identity(t bearer) *apitoken.Identity {
	return p.bare[sha256.Sum256([]byte(t.text))]
}
