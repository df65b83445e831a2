package integration_test

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// gate holds up the first who comes to it after it was armed, until it is opened.
type gate struct{ armed atomic.Pointer[barrier] }

// barrier is what one who is held up waits for.
type barrier struct {
	before  string        // is how the statement begins that he is held up before
	reached chan struct{} // closed when he waits
	open    chan struct{} // closed to let him through
}

func (g *gate) arm(before string) *barrier {
	b := &barrier{before: before, reached: make(chan struct{}), open: make(chan struct{})}
	g.armed.Store(b)
	return b
}

// pass holds up a statement for which the gate is armed. It never fails, so it fits [spy.interfere].
func (g *gate) pass(statement string) error {
	b := g.armed.Load()
	if b != nil && strings.HasPrefix(statement, b.before) && g.armed.CompareAndSwap(b, nil) {
		close(b.reached)
		<-b.open
	}
	return nil
}

// gated is a Store with a gate before every insertion and touch.
type gated struct {
	apitoken.Store
	gate *gate
}

func (g gated) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	_ = g.gate.pass("")
	return g.Store.CreateToken(ctx, t, policyRevision, e)
}

func (g gated) Touch(ctx context.Context, touches []apitoken.Touch) error {
	_ = g.gate.pass("")
	return g.Store.Touch(ctx, touches)
}
