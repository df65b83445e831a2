package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// stepRules cancel a write at each of its steps, one after the other. A step is a moment at which the store asks the context
// for anything, so a store that writes the change and its event in two transactions is cancelled between them.
func stepRules() []rule {
	var rules []rule
	for _, w := range recordedWrites() {
		rules = append(rules, rule{
			w.name + " cancelled at each step",
			"A cancelled write stores the change with its event if it returns nil, and neither of them if it returns another error than " +
				"ErrUncertain. Repeated with a live context, it stores both.",
			func(f *fixture) {
				for step := 1; step <= mostSteps; step++ {
					ctx := newStepContext(f.Context(), step)
					if f.bothOrNeither(ctx, w.prepare(f, step)); !ctx.reached() {
						return
					}
				}
			},
		})
	}
	return rules
}

// mostSteps is where the search ends in a store that asks its context again and again while it waits.
const mostSteps = 200

// stepContext is cancelled when it is asked for the n-th time.
type stepContext struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newStepContext(parent context.Context, n int) *stepContext {
	ctx, cancel := context.WithCancel(parent)
	c := &stepContext{Context: ctx, cancel: cancel}
	c.left.Store(int64(n))
	return c
}

func (c *stepContext) step() {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
}

// reached ends the context and reports whether it had been cancelled by a step.
func (c *stepContext) reached() bool {
	defer c.cancel()
	return c.left.Load() <= 0
}

func (c *stepContext) Done() <-chan struct{} {
	c.step()
	return c.Context.Done()
}

func (c *stepContext) Err() error {
	c.step()
	return c.Context.Err()
}

func (c *stepContext) Value(key any) any {
	c.step()
	return c.Context.Value(key)
}

// bothOrNeither holds that a write under the context leaves the change with its event or neither, and that it has written both
// when it is repeated.
func (f *fixture) bothOrNeither(ctx context.Context, a attempt) {
	f.Helper()
	err := a.write(ctx)
	if isRefusal(err) {
		f.broken("the error is %v, which says something about the rows; want ErrUncertain or an error that is no sentinel", err)
	}
	if !errors.Is(err, apitoken.ErrUncertain) { // after which the commit may still be on its way
		done, recorded := a.done(), f.timesRecorded(a.event)
		if done != (err == nil) || done != (recorded == 1) {
			f.broken("the change is written: %v, its event: %d times, the error: %v", done, recorded, err)
		}
	}
	err = a.write(f.Context())
	if done, recorded := a.done(), f.timesRecorded(a.event); err != nil || !done || recorded != 1 {
		f.broken("after the write was repeated, the change is written: %v, its event: %d times, the error: %v", done, recorded, err)
	}
}

func (f *fixture) timesRecorded(e apitoken.Event) (n int) {
	f.Helper()
	for _, id := range eventIDs(f.feed()) {
		if id == e.ID {
			n++
		}
	}
	return n
}
