package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	tokensInMemory = 100_000
	hot            = 1_024 // the tokens that are presented, scattered over all
)

var errWrong = errors.New("the answer is another token, or none")

// inMemory measures all that needs no database.
func (b *bench) inMemory(ctx context.Context) error {
	begin := time.Now()
	for _, measure := range []func(context.Context) error{b.fewTokens, b.manyTokens} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	if err := b.compareAll(ctx, besidePasswords, generatingInMemory, calledDirectly, throughServer); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "All in memory took %.0f s.\n\n", time.Since(begin).Seconds())
	return nil
}

// fewTokens compares with as many tokens as the processor's caches hold in part, and with whatever else tells who is there.
func (b *bench) fewTokens(ctx context.Context) error {
	p, err := b.populate(ctx, min(tokensInMemory, b.rows))
	if err != nil {
		return err
	}
	err = b.compareAll(ctx, p.uniform,
		onProcessors(1, p.hot), onProcessors(1, p.besidePeers), onProcessors(2, p.hot), onProcessors(2, p.besideAimed))
	if err != nil {
		return err
	}
	for _, goroutines := range []int{1, 2, 4, 8, 64} {
		if err := b.compare(ctx, p.atOnce(goroutines)); err != nil {
			return err
		}
	}
	return nil
}

// manyTokens compares with as many as they hold nothing of.
func (b *bench) manyTokens(ctx context.Context) error {
	p, err := b.populate(ctx, b.rows)
	if err != nil {
		return err
	}
	return b.compareAll(ctx, p.hot, p.uniform)
}

func (b *bench) compareAll(ctx context.Context, builds ...func(context.Context) (group, error)) error {
	for _, build := range builds {
		if err := b.compare(ctx, build); err != nil {
			return err
		}
	}
	return nil
}

// hot compares Authenticate with its floor where a few tokens are presented again and again. 1.75 is what is promised.
func (p *population) hot(ctx context.Context) (group, error) {
	presented := p.hottest()
	byDefault, err := apitoken.New(p.store, nil)
	if err != nil {
		return group{}, err
	}
	background := context.Background()
	request, cancel := context.WithCancel(background)
	g := p.besideFloor(fmt.Sprintf("%d hot", len(presented)), presented)
	g.cases = append(g.cases,
		benchCase{name: "Authenticate, context that can be cancelled", run: inTurn(presented, authenticated(request, p.m))},
		benchCase{name: "Authenticate, last use recorded as by default", run: inTurn(presented, authenticated(background, byDefault))},
	)
	warm(g.cases)
	g.aims = []aim{{
		name: fmt.Sprintf("memory: Authenticate to its floor (promised: 1.75), %d tokens", len(p.all)),
		of:   1, most: 1.5,
	}}
	g.after = func() (string, error) {
		return fmt.Sprintf("In memory a token takes %.0f bytes, its name and the event that it was generated included.", p.bytesEach), nil
	}
	g.close = func() error {
		cancel()
		return errors.Join(byDefault.Close(ctx), checkUses(byDefault))
	}
	return g, nil
}

// uniform compares them where every token is as likely as any other. Then it is a matter of the processor's caches, which hold next to
// nothing of a million tokens.
func (p *population) uniform(context.Context) (group, error) {
	return p.besideFloor("each as likely as any other", p.mixed()), nil
}

// besideFloor compares Authenticate with the least that tells whose a token is: hash the text, look it up in a map that
// nobody locks, read the clock, copy the answer.
func (p *population) besideFloor(which string, presented []bearer) group {
	return group{
		title: fmt.Sprintf("Authenticate in memory, %d tokens, %s, real clock", len(p.all), which),
		times: 0.4, // so that on a busy machine some are not interrupted
		cases: []benchCase{
			{name: "floor: SHA-256, bare map, clock, copy", run: inTurn(presented, p.floor)},
			{name: "Authenticate, last use off", run: inTurn(presented, authenticated(context.Background(), p.m))},
		},
		close: func() error { return nil },
	}
}

func (p *population) floor(t *bearer) error {
	if id := floor(p.bare, t.text); id.Token.ID != t.id {
		return errWrong
	}
	return nil
}

//go:noinline
func floor(bare map[[32]byte]*apitoken.Identity, text string) apitoken.Identity {
	var block [64]byte
	id := bare[sha256.Sum256(block[:copy(block[:], text)])]
	if id == nil || !id.Token.ExpiresAt.IsZero() && !time.Now().Before(id.Token.ExpiresAt) {
		return apitoken.Identity{}
	}
	return *id
}

// authenticated authenticates and checks the answer.
func authenticated(ctx context.Context, m *apitoken.Manager) func(*bearer) error {
	return func(t *bearer) error {
		id, err := m.Authenticate(ctx, t.text)
		if err == nil && id.Token.ID != t.id {
			err = errWrong
		}
		return err
	}
}
