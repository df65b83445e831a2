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

// population is a set of tokens in memory.
type population struct {
	store *memstore.Store
	m     *apitoken.Manager // records no uses
	all   []bearer

	bytesEach float64 // memory that the store takes for a token
}

// bearer is a text to present, and what it identifies. Cases compare the id: to follow the pointer would read memory that the
// floor has just read, and that Authenticate has not.
type bearer struct {
	text     string
	id       apitoken.TokenID
	identity *apitoken.Identity
}

// users is the number of users who own the tokens.
const users = 100

func userID(n int) apitoken.UserID { return apitoken.UserID(fmt.Sprintf("user-%d", n)) }

// provision adds the users to a Manager.
func provision(ctx context.Context, m *apitoken.Manager) error {
	for u := range users {
		if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: userID(u), Name: "A user of the host"}); err != nil {
			return err
		}
	}
	return nil
}

// populate generates n tokens.
func populate(ctx context.Context, n int) (*population, error) {
	p := &population{store: memstore.New(), all: make([]bearer, n)}
	var err error
	if p.m, err = apitoken.New(p.store, &apitoken.Options{LastUsedInterval: -1}); err != nil {
		return nil, err
	}
	if err := provision(ctx, p.m); err != nil {
		return nil, err
	}
	const length = len("tok_") + 43 + 6
	texts := make([]byte, 0, n*length)
	before := heap()
	for i := range n {
		_, secret, err := p.m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: userID(i % users), Name: fmt.Sprintf("issued %d", i)})
		if err != nil {
			return nil, err
		}
		texts = append(texts, secret.Reveal()...)
	}
	p.bytesEach = float64(heap()-before) / float64(n)
	together := string(texts)
	for i := range p.all {
		text := together[i*length : (i+1)*length]
		id, err := p.m.Authenticate(ctx, text)
		if err != nil {
			return nil, err
		}
		p.all[i] = bearer{text, id.Token.ID, &id}
	}
	return p, nil
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return now.HeapAlloc
}

// hot is the number of tokens that are presented again and again.
const hot = 1_024

// hottest returns the hot tokens, taken at random. Their texts lie next to each other in memory: a text that has just
// arrived is in the processor's caches, so reading it should cost next to nothing.
func (p *population) hottest() []bearer {
	mixed := append([]bearer(nil), p.all...)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	mixed = append([]bearer(nil), mixed[:min(hot, len(mixed))]...)
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

// digests returns the tokens by digest.
func (p *population) digests() map[[32]byte]*apitoken.Identity {
	all := make(map[[32]byte]*apitoken.Identity)
	for _, t := range p.all {
		all[sha256.Sum256([]byte(t.text))] = t.identity
	}
	return all
}

// inTurn is a case that does something with one item after the other. It goes on where the last slice ended.
func inTurn[T any](items []T, once func(*T) error) func(n int) error {
	start := 0
	return func(n int) error {
		next := start
		for range n {
			if err := once(&items[next]); err != nil {
				return err
			}
			if next++; next == len(items) {
				next = 0
			}
		}
		start = next
		return nil
	}
}

// repeat is a case that does the same each time.
func repeat(once func() error) func(n int) error {
	return func(n int) error {
		for range n {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}
}

// authenticate is a case that presents the tokens and checks the results.
func authenticate(ctx context.Context, m *apitoken.Manager, presented []bearer) func(n int) error {
	return inTurn(presented, func(t *bearer) error {
		id, err := m.Authenticate(ctx, t.text)
		if err == nil && id.Token.ID != t.id {
			err = errWrong
		}
		return err
	})
}

// warm lets each case repeat its work, unmeasured, before a slice. Otherwise it would have to bring the hot tokens into the
// processor's caches again, unless the case before used the same memory.
func warm(cases []benchCase) {
	for i := range cases {
		run := cases[i].run
		cases[i].prepare = func(n int) error { return run(min(n, hot)) }
	}
}
