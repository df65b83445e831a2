package integration_test

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// gate blocks the first call after it was armed, until it is opened.
type gate struct{ armed atomic.Pointer[barrier] }

// barrier is one blocked call.
type barrier struct {
	before  string        // the beginning of the statement to block
	reached chan struct{} // closed when the call is blocked
	open    chan struct{} // closed to let it continue
}

func (g *gate) arm(before string) *barrier {
	b := &barrier{before: before, reached: make(chan struct{}), open: make(chan struct{})}
	g.armed.Store(b)
	return b
}

// pass blocks a statement for which the gate is armed. Its error is always nil, for [spy.interfere].
func (g *gate) pass(statement string) error {
	b := g.armed.Load()
	if b != nil && strings.HasPrefix(statement, b.before) && g.armed.CompareAndSwap(b, nil) {
		close(b.reached)
		<-b.open
	}
	return nil
}

// gated is a Store with a gate before CreateToken and Touch.
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
