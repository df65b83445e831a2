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

	writing chan struct{} // holds one value while nobody writes
	stop    context.CancelFunc
	ctx     context.Context // of writes that nobody waits for; ends with close

	mu       sync.Mutex
	waiting  map[TokenID]time.Time
	dropped  uint64
	underway bool // a goroutine is going to write what waits
	closed   bool
}

func newLastUsed(store Store, interval, step time.Duration) *lastUsed {
	l := &lastUsed{
		store:    store,
		interval: interval,
		step:     step,
		tick:     bits.Len64(uint64(max(interval, 0) / 64)),
		writing:  make(chan struct{}, 1),
		waiting:  map[TokenID]time.Time{},
	}
	l.writing <- struct{}{}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
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
	if !l.underway {
		l.underway = true
		go l.writeSoon()
	}
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

// writeSoon writes what has gathered after an interval, and goes on while anything waits. The wait is real time: the
// Clock tells when a token was used, not when it is convenient to write that down.
func (l *lastUsed) writeSoon() {
	for {
		select {
		case <-time.After(l.interval):
		case <-l.ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(l.ctx, writeTimeout)
		_ = l.flush(ctx) // what was not written waits for the next turn
		cancel()
		if l.idle() {
			return
		}
	}
}

// idle reports whether nothing waits, and if so lets the next use start another goroutine.
func (l *lastUsed) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underway = len(l.waiting) > 0
	return !l.underway
}

// flush writes what waits. When it returns, what waited when it was called is written, also by somebody else.
func (l *lastUsed) flush(ctx context.Context) error {
	select {
	case <-l.writing:
		defer func() { l.writing <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
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

// close takes no more uses, ends the goroutine and writes what waits.
func (l *lastUsed) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop()
	return l.flush(ctx)
}
