package apitoken

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxWaiting   = 4096             // tokens that wait to be written
	writeTimeout = 30 * time.Second // for a write that nobody waits for
)

// lastUsed gathers the uses of tokens and writes the latest of each token, many at once, about every interval. It never
// makes a request wait for the store.
type lastUsed struct {
	store    Store
	interval time.Duration // negative: nothing is recorded
	step     time.Duration // the least by which a last use moves

	// recent remembers, for a slot of a token, that the token was noted in the present tick, a 64th of the interval. It
	// saves all but the first use in a tick the lock below. Two tokens that share 44 bits would hide each other's use.
	recent [maxWaiting]atomic.Uint64
	tick   int // nanoseconds, as a power of two

	// writing is held during a write. This and the timer below work across the bubbles of testing/synctest: no channel is
	// kept, because one that is made inside a bubble ends the process when it is used outside.
	writing sync.Mutex

	mu      sync.Mutex
	waiting map[TokenID]time.Time
	dropped uint64
	due     time.Time          // when a timer writes what waits; the zero time: no timer is set
	abort   context.CancelFunc // ends the write of a timer; nil: none is in progress
	closed  bool
}

func newLastUsed(store Store, interval, step time.Duration) *lastUsed {
	return &lastUsed{
		store:    store,
		interval: interval,
		step:     step,
		tick:     bits.Len64(uint64(max(interval, 0) / 64)),
		waiting:  map[TokenID]time.Time{},
	}
}

// spread lets every bit of the first half of an identifier, which is the time, count among the upper bits of a product. Two
// tokens that one request has generated, one after the other, have the second half in common.
const spread = 0x9e3779b97f4a7c15

// note records that a token was used, whose last use as recorded is given.
func (l *lastUsed) note(id TokenID, last, now time.Time) {
	if l.interval < 0 || l.step > 0 && now.Sub(last) < l.step {
		return
	}
	random := binary.BigEndian.Uint64(id[8:]) ^ binary.BigEndian.Uint64(id[:8])*spread
	slot := &l.recent[random%maxWaiting]
	mark := random&^(1<<32-1) | uint64(uint32(now.UnixNano()>>l.tick))
	if slot.Load() == mark {
		return
	}
	l.add(id, instant(now))
	slot.Store(mark)
}

func (l *lastUsed) add(id TokenID, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if !l.keep(id, at) {
		l.dropped++
	}
	l.schedule()
}

// keep keeps the later use of a token, and reports whether there was room. The lock is held.
func (l *lastUsed) keep(id TokenID, at time.Time) bool {
	last, ok := l.waiting[id]
	if !ok && len(l.waiting) >= maxWaiting {
		return false
	}
	if !ok || at.After(last) && at.Sub(last) >= l.step {
		l.waiting[id] = at
	}
	return true
}

// schedule sets a timer that writes what waits after an interval, unless one is set or writes already. The wait is real time:
// the Clock tells when a token was used, and the interval how long that may take to be written. The lock is held.
//
// A timer that was set inside a bubble of testing/synctest never fires once the bubble has ended. Its due time is then off by
// more than an interval, and another timer is set.
func (l *lastUsed) schedule() {
	now := time.Now()
	left := l.due.Sub(now)
	if l.closed || l.abort != nil || -l.interval <= left && left <= l.interval {
		return
	}
	l.due = now.Add(l.interval)
	time.AfterFunc(l.interval, l.writeDue)
}

// writeDue is what a timer does when it is due.
func (l *lastUsed) writeDue() {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if !l.begin(cancel) {
		return
	}
	_ = l.flush(ctx) // what was not written waits for the next timer
	l.mu.Lock()
	defer l.mu.Unlock()
	l.abort = nil
	if !l.due.After(time.Now()) {
		l.due = time.Time{}
	}
	if len(l.waiting) > 0 {
		l.schedule()
	}
}

// begin reports whether a timer may write. Another one that writes already goes on with what waits.
func (l *lastUsed) begin(abort context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.abort != nil {
		return false
	}
	l.abort = abort
	return true
}

// flush writes what waits. When it returns without an error, everything that waited when it was called is written.
func (l *lastUsed) flush(ctx context.Context) error {
	if err := l.awaitTurn(ctx); err != nil {
		return err
	}
	defer l.writing.Unlock()
	batch := l.take()
	if len(batch) == 0 {
		return nil
	}
	err := l.store.Touch(ctx, batch)
	if err != nil {
		l.putBack(batch)
	}
	return err
}

// awaitTurn locks writing, or gives up when the context ends.
func (l *lastUsed) awaitTurn(ctx context.Context) error {
	if l.writing.TryLock() {
		return nil
	}
	turn := make(chan struct{})
	go func() {
		l.writing.Lock()
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			l.writing.Unlock()
		}
	}()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take takes what waits, by token, so that two replicas that write the same tokens lock them in the same order.
func (l *lastUsed) take() []Touch {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := make([]Touch, 0, len(l.waiting))
	for id, at := range l.waiting {
		batch = append(batch, Touch{Token: id, At: at})
	}
	clear(l.waiting)
	slices.SortFunc(batch, func(a, b Touch) int { return bytes.Compare(a.Token[:], b.Token[:]) })
	return batch
}

func (l *lastUsed) putBack(batch []Touch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range batch {
		if !l.keep(t.Token, t.At) {
			l.dropped++
		}
	}
}

func (l *lastUsed) droppedUses() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// close takes no more uses, ends the write of a timer and writes what waits. A timer that is set fires and does nothing: it
// is not stopped, because stopping one that was set inside a bubble of testing/synctest ends the process.
func (l *lastUsed) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	abort := l.abort
	l.mu.Unlock()
	if abort != nil {
		abort()
	}
	return l.flush(ctx)
}
