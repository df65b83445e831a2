package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

var errWrong = errors.New("the result is another token, or none")

const (
	tokensInMemory = 100_000
	million        = 1_000_000
	mostBytes      = 1_170 // for each of a million tokens; the index doubles now and then, so other numbers take others
)

// inMemory measures everything that needs no database.
func (b *bench) inMemory(ctx context.Context) error {
	b.chapter("In memory")
	p, err := populate(ctx, min(tokensInMemory, b.Rows))
	if err != nil {
		return err
	}
	for _, build := range []func(context.Context) (group, error){p.besideFloor, p.fromCache, p.besidePeers, middleware} {
		if err := b.compare(ctx, build); err != nil {
			return err
		}
	}
	if p, err = populate(ctx, b.Rows); err != nil {
		return err
	}
	if len(p.all) == million {
		b.Aims = append(b.Aims, judgement{
			Met: p.bytesEach <= mostBytes, Group: "In memory", Case: "bytes for each of a million tokens, with its name and its event",
			Is: fmt.Sprintf("%.0f", p.bytesEach), P10: "", AtMost: fmt.Sprint(mostBytes),
		})
	}
	return b.compare(ctx, p.besideFloor)
}

// besideFloor compares Authenticate with the least that finds the owner of a token: hash the text, look it up in a map
// without a lock, read the clock, copy the result. The promise is 1.75.
func (p *population) besideFloor(ctx context.Context) (group, error) {
	presented, bare := p.hottest(), p.digests()
	recording, err := apitoken.New(p.store, nil)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	where := fmt.Sprintf("Authenticate, %d in memory", len(p.all))
	g := group{
		title: fmt.Sprintf("Authenticate in memory, %d hot of %d tokens", len(presented), len(p.all)),
		scale: 0.4, // so that some slices run without an interruption on a busy machine
		cases: []benchCase{
			{name: "floor: SHA-256, bare map, clock, copy", run: inTurn(presented, func(t *bearer) error {
				if id := floor(bare, t.text); id.Token.ID != t.id {
					return errWrong
				}
				return nil
			})},
			{name: "Authenticate, last use off", run: authenticate(background, p.m, presented), aims: atMost(1.5), cost: where + ", last use off"},
			{name: "Authenticate, last use as by default", run: authenticate(background, recording, presented), cost: where},
		},
		close: func() error { return errors.Join(recording.Close(ctx), allRecorded(recording)) },
	}
	warm(g.cases)
	return g, nil
}

// fromCache compares Authenticate, with a cachestore that holds the token, with the least that finds anything by a text: hash it, and
// look it up in a map without a lock. A hit has to do more: it reads two clocks, the cache's for the age of its lease and the
// Manager's for the expiry, and it returns a copy of what it found.
func (p *population) fromCache(ctx context.Context) (group, error) {
	presented, bare := p.hottest(), p.digests()
	cache, err := warmCache(ctx, p.store, presented)
	if err != nil {
		return group{}, err
	}
	m, err := apitoken.New(cache, &apitoken.Options{LastUsedInterval: -1})
	if err != nil {
		return group{}, err
	}
	begun := time.Now()
	g := group{
		title: fmt.Sprintf("Authenticate from a cachestore, %d tokens", len(presented)),
		scale: 0.4,
		cases: []benchCase{
			{name: "floor: SHA-256, bare map", run: inTurn(presented, func(t *bearer) error {
				if found(bare, t.text) == nil {
					return errWrong
				}
				return nil
			})},
			{name: "SHA-256, bare map, two clocks, copy", run: inTurn(presented, func(t *bearer) error {
				if id := floor(bare, t.text); id.Token.ID != t.id || time.Since(begun) < 0 {
					return errWrong
				}
				return nil
			})},
			{name: "Authenticate", run: authenticate(context.Background(), m, presented), aims: append(atMost(2), aim{1, 1.25}), cost: "Authenticate, from a cachestore"},
		},
		close: cache.Close,
	}
	warm(g.cases)
	return g, nil
}

func found(bare map[[32]byte]*apitoken.Identity, text string) *apitoken.Identity {
	var block [64]byte
	return bare[sha256.Sum256(block[:copy(block[:], text)])]
}

//go:noinline
func floor(bare map[[32]byte]*apitoken.Identity, text string) apitoken.Identity {
	id := found(bare, text)
	if id == nil || !id.Token.ExpiresAt.IsZero() && !time.Now().Before(id.Token.ExpiresAt) {
		return apitoken.Identity{}
	}
	return *id
}

// allRecorded returns an error if a measured Manager dropped uses: it would have done less than it has to.
func allRecorded(m *apitoken.Manager) error {
	if n := m.UsesDropped(); n > 0 {
		return fmt.Errorf("%d uses were not recorded", n)
	}
	return nil
}
