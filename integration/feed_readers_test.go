package integration_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// delivery records the events that a reader received.
type delivery struct {
	mu      sync.Mutex
	order   []apitoken.EventID
	times   map[apitoken.EventID]int
	waiting map[apitoken.EventID]chan struct{}
	stopped chan struct{} // closed when the reader stops
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

// given returns a channel that is closed when the reader has received an event.
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

// wants compares the received events with the acknowledged ones.
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
		t.Errorf("%s: of %d events, %d were missed, %d were received more than once, and %d unknown events were received",
			name, len(r.committed), missed, repeated, invented)
	}
}

// follower reads the feed as a host does. Over a restart it keeps only the cursor.
type follower struct {
	*delivery
	cursor   apitoken.EventSeq
	restarts int

	mu  sync.Mutex
	end context.CancelFunc // of the present run
}

func newFollower() *follower { return &follower{delivery: newDelivery(), end: func() {}} }

// interrupt ends the present run at any point.
func (f *follower) interrupt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end()
}

func (f *follower) begin() context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ctx context.Context
	ctx, f.end = context.WithCancel(context.Background())
	return ctx
}

// follow reads until it has all events that were written before ended was closed. After an interruption it restarts on another
// replica.
func (f *follower) follow(t *testing.T, ended <-chan struct{}, replicas []apitoken.Store) {
	defer close(f.stopped)
	for {
		ctx := f.begin()
		m, err := apitoken.New(replicas[f.restarts%len(replicas)], nil)
		if err != nil {
			t.Error(err)
			return
		}
		err = f.read(ctx, m, ended)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			t.Errorf("follow the events after %d: %v", f.cursor, err)
			return
		}
		f.restarts++
	}
}

// read is one run of the follower.
func (f *follower) read(ctx context.Context, m *apitoken.Manager, ended <-chan struct{}) error {
	for {
		last := isClosed(ended) // then this round reads all that is left
		for e, err := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{After: f.cursor}) {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil: // in the middle of a page
				return ctx.Err()
			case e.Seq != f.cursor+1:
				return fmt.Errorf("event %d comes after event %d", e.Seq, f.cursor)
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
