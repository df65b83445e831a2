package apitoken

import (
	"context"
	"sync"
	"time"
)

const writeTimeout = 30 * time.Second // for a write that no caller waits for

// background writes what gathers in memory, about an interval after the first of it. Writes never overlap.
//
// It keeps a timer rather than a goroutine, and never stops the timer: a Manager may be made outside a bubble of
// testing/synctest and used inside, and neither may then wait for, or touch, what belongs to the other.
type background struct {
	interval time.Duration
	write    func(context.Context) error
	waiting  func() bool // whether there is something to write

	writing chan struct{}   // holds one value while no write is in flight
	ctx     context.Context // of the writes that no caller waits for; close cancels it
	cancel  context.CancelFunc

	mu     sync.Mutex
	due    time.Time // by when the timer has fired and its write has finished; zero: no timer
	closed bool
}

func newBackground(interval time.Duration, write func(context.Context) error, waiting func() bool) *background {
	b := &background{interval: interval, write: write, waiting: waiting, writing: make(chan struct{}, 1)}
	b.writing <- struct{}{}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.ctx.Done() // makes its channel here and not in the bubble that asks first
	return b
}

// wake starts the timer if there is none. The interval is real time: the Clock tells when something happened, not when it
// is convenient to write that down.
func (b *background) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now().Round(0)
	if b.closed || now.Before(b.due) {
		return
	}
	// A timer whose time is over has gone with its bubble.
	b.due = now.Add(b.interval + 2*writeTimeout)
	time.AfterFunc(b.interval, b.run)
}

func (b *background) run() {
	ctx, cancel := context.WithTimeout(b.ctx, writeTimeout)
	_ = b.flush(ctx) // what could not be written waits for the next turn
	cancel()
	b.mu.Lock()
	b.due = time.Time{}
	b.mu.Unlock()
	if b.waiting() {
		b.wake()
	}
}

// flush writes now. When it returns nil, everything that waited when it was called is written, perhaps by another call.
func (b *background) flush(ctx context.Context) error {
	select {
	case <-b.writing:
		defer func() { b.writing <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return b.write(ctx)
}

// close ends the writes that no caller waits for, and writes now.
func (b *background) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	return b.flush(ctx)
}
