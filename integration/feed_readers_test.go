package integration_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// delivery is what a reader was given.
type delivery struct {
	mu      sync.Mutex
	order   []apitoken.EventID
	times   map[apitoken.EventID]int
	waiting map[apitoken.EventID]chan struct{}
	stopped chan struct{} // closed when he reads no more
}

func newDelivery() *delivery {
	return &delivery{
		times: map[apitoken.EventID]int{}, waiting: map[apitoken.EventID]chan struct{}{}, stopped: make(chan struct{}),
	}
}

func (d *delivery) add(id apitoken.EventID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.order = append(d.order, id)
	d.times[id]++
	if given, ok := d.waiting[id]; ok && d.times[id] == 1 {
		close(given)
	}
}

// given is closed when the reader is given an event.
func (d *delivery) given(id apitoken.EventID) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	given := make(chan struct{})
	d.waiting[id] = given
	if d.times[id] > 0 {
		close(given)
	}
	return given
}

// wants compares what was given with what was acknowledged.
func (d *delivery) wants(t *testing.T, name string, r *feedRecord) {
	t.Helper()
	var missed, repeated, invented int
	for id := range r.committed {
		if d.times[id] == 0 {
			missed++
		}
	}
	for id, n := range d.times {
		if n > 1 {
			repeated++
		}
		if !r.committed[id] {
			invented++
		}
	}
	if missed+repeated+invented > 0 {
		t.Errorf("%s: of %d events %d were missed, %d were given more than once, and %d that nobody has written were given",
			name, len(r.committed), missed, repeated, invented)
	}
}

// follower reads the feed as a host does. All that it keeps from one life to the next is the cursor.
type follower struct {
	*delivery
	cursor apitoken.EventSeq
	deaths int

	mu  sync.Mutex
	end context.CancelFunc // of the present life
}

func newFollower() *follower { return &follower{delivery: newDelivery(), end: func() {}} }

// kill ends the present life, wherever it is.
func (f *follower) kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end()
}

func (f *follower) born() context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ctx context.Context
	ctx, f.end = context.WithCancel(context.Background())
	return ctx
}

// follow reads until nothing is left of what was written before the end, life after life, each on another replica.
func (f *follower) follow(t *testing.T, ended <-chan struct{}, replicas []apitoken.Store) {
	defer close(f.stopped)
	for {
		ctx := f.born()
		m, err := apitoken.New(replicas[f.deaths%len(replicas)], nil)
		if err != nil {
			t.Error(err)
			return
		}
		err = f.live(ctx, m, ended)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			t.Errorf("follow the events behind %d: %v", f.cursor, err)
			return
		}
		f.deaths++
	}
}

// live is one life of the follower.
func (f *follower) live(ctx context.Context, m *apitoken.Manager, ended <-chan struct{}) error {
	for {
		last := isClosed(ended) // then there is nothing that this round would not be given
		for e, err := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{After: f.cursor}) {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil: // in the middle of a page
				return ctx.Err()
			case e.Seq != f.cursor+1:
				return fmt.Errorf("event %d is followed by %d", f.cursor, e.Seq)
			}
			f.cursor = e.Seq
			f.add(e.ID)
		}
		if last {
			return nil
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
