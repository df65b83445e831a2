package integration_test

import (
	"context"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// gate is a Store that holds up the first insertion or touch after it was armed, until it is opened.
type gate struct {
	apitoken.Store
	armed   atomic.Bool
	reached chan struct{} // closed when somebody waits at the gate
	open    chan struct{} // closed to let him through
}

func (g *gate) wait() {
	if g.armed.CompareAndSwap(true, false) {
		close(g.reached)
		<-g.open
	}
}

func (g *gate) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	g.wait()
	return g.Store.CreateToken(ctx, t, policyRevision, e)
}

func (g *gate) Touch(ctx context.Context, touches []apitoken.Touch) error {
	g.wait()
	return g.Store.Touch(ctx, touches)
}
