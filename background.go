package apitoken

import (
	"context"
	"sync"
	"time"
)

const writeTimeout = 30 * time.Second // for a write that no caller waits for

// background writes what collects in memory, about an interval after the first of it. Writes never overlap.
//
// A Manager may be made, used and closed on either side of a bubble of testing/synctest. The runtime ends the process if a
// channel that was made inside a bubble is used outside. So background keeps no channel: a write holds a mutex, the wait is a
// timer, and close does not stop the timer.
type background struct {
	interval time.Duration
	write    func(context.Context) error
	waiting  func() bool // whether there is something to write

	writing sync.Mutex // held during a write

	mu     sync.Mutex
	due    time.Time          // when the timer fires; zero: no timer
	abort  context.CancelFunc // ends the write of a timer; nil: none is in flight
	closed bool
}

func newBackground(interval time.Duration, write func(context.Context) error, waiting func() bool) *background {
	return &background{interval: interval, write: write, waiting: waiting}
}

// wake sets a timer that writes after an interval, unless one is set or its write is in flight. The interval is real time, not
// time of the Clock, which tests stop and move.
//
// A timer that was set inside a bubble never fires once the bubble has ended. Its due time is then off by more than an
// interval, and another timer is set.
func (b *background) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	left := b.due.Sub(now)
	if b.closed || b.abort != nil || -b.interval <= left && left <= b.interval {
		return
	}
	b.due = now.Add(b.interval)
	time.AfterFunc(b.interval, b.run)
}

// run is what the timer does.
func (b *background) run() {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if !b.begin(cancel) {
		return
	}
	_ = b.flush(ctx) // what could not be written waits for the next timer
	b.done()
	if b.waiting() {
		b.wake()
	}
}

// begin reports whether a timer may write. If the write of another timer is in flight, that timer writes the rest or sets the
// next one.
func (b *background) begin(abort context.CancelFunc) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.abort != nil {
		return false
	}
	b.abort = abort
	return true
}

func (b *background) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.abort = nil
	if !b.due.After(time.Now()) {
		b.due = time.Time{}
	}
}

// flush writes now. When it returns nil, everything that waited when it was called is written, perhaps by another call.
func (b *background) flush(ctx context.Context) error {
	if err := b.awaitTurn(ctx); err != nil {
		return err
	}
	defer b.writing.Unlock()
	return b.write(ctx)
}

// awaitTurn locks writing, or gives up when the context ends.
func (b *background) awaitTurn(ctx context.Context) error {
	if b.writing.TryLock() {
		return nil
	}
	turn := make(chan struct{})
	go func() {
		b.writing.Lock()
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			b.writing.Unlock()
		}
	}()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the write of a timer, and writes now. A timer that is set fires later and does nothing.
func (b *background) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	abort := b.abort
	b.mu.Unlock()
	if abort != nil {
		abort()
	}
	return b.flush(ctx)
}
