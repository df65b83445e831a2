package apitoken

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const maxWaiting = 4096 // tokens whose use is to be written

// lastUsed collects token uses and writes the most recent use of each token in batches, about once per interval. It never
// makes a request wait for the store.
type lastUsed struct {
	*background
	store Store
	clock Clock
	step  time.Duration // the least by which a last use moves; a negative interval records nothing

	// recent marks the tokens that were noted in the present tick, a 64th of the interval, so that only the first use in a tick
	// takes the lock below. The mark of a token is in one of the slots of its set. With one slot for a token, a quarter of a
	// thousand busy tokens would share theirs with another and take the lock each time. Two tokens whose set and mark agree, 43
	// bits, would hide each other's use.
	recent [2048][4]atomic.Uint64
	tick   int // nanoseconds, as a power of two

	mu      sync.Mutex
	uses    map[TokenID]time.Time // to be written
	dropped uint64
	closed  bool
}

func newLastUsed(store Store, clock Clock, interval, step time.Duration) *lastUsed {
	l := &lastUsed{
		store: store,
		clock: clock,
		step:  step,
		tick:  bits.Len64(uint64(max(interval, 0) / 64)),
		uses:  map[TokenID]time.Time{},
	}
	l.background = newBackground(interval, l.writeUses, l.hasUses)
	return l
}

// spread mixes the first half of an identifier, the time, into its set and mark: in a product with spread, every bit changes
// the upper bits. The second half alone would not do, because the tokens of a repeated request have it in common.
const spread = 0x9e3779b97f4a7c15

// note records a use of a token. last is its recorded last use. The marks come first, because most calls end there.
func (l *lastUsed) note(id TokenID, last, now time.Time) {
	if l.interval < 0 {
		return
	}
	random := binary.BigEndian.Uint64(id[8:]) ^ binary.BigEndian.Uint64(id[:8])*spread
	set := &l.recent[random%uint64(len(l.recent))]
	tick := uint32(now.UnixNano() >> l.tick)
	mark := random&^(1<<32-1) | uint64(tick)
	var free *atomic.Uint64
	for i := range set {
		switch noted := set[i].Load(); {
		case noted == mark:
			return
		case uint32(noted) != tick:
			free = &set[i]
		}
	}
	if !l.moves(last, now) {
		return
	}
	if free == nil {
		free = &set[rand.IntN(len(set))]
	}
	l.add(id, instant(now))
	free.Store(mark)
}

func (l *lastUsed) add(id TokenID, at time.Time) {
	l.mu.Lock()
	closed := l.closed
	if !closed && !l.keep(id, at) {
		l.dropped++
	}
	l.mu.Unlock()
	if !closed {
		l.wake()
	}
}

// keep stores the later of two uses of a token, and reports whether there was room. The caller holds the lock.
func (l *lastUsed) keep(id TokenID, at time.Time) bool {
	last, ok := l.uses[id]
	if !ok && len(l.uses) >= maxWaiting {
		return false
	}
	if !ok || l.moves(last, at) {
		l.uses[id] = at
	}
	return true
}

// moves reports whether a use should be recorded after the last one that is known.
func (l *lastUsed) moves(last, at time.Time) bool {
	since := at.Sub(last)
	return since >= l.step || since < -clockAhead
}

// isWaiting reports whether a use of the token waits to be written.
func (l *lastUsed) isWaiting(id TokenID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, waiting := l.uses[id]
	return waiting
}

func (l *lastUsed) hasUses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.uses) > 0
}

// writeUses writes the collected uses. If the write fails, they stay collected.
func (l *lastUsed) writeUses(ctx context.Context) error {
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

// take removes and returns the collected uses, ordered by token, so that all replicas lock tokens in the same order.
func (l *lastUsed) take() []Touch {
	now := instant(l.clock.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := make([]Touch, 0, len(l.uses))
	for id, at := range l.uses {
		batch = append(batch, Touch{Token: id, At: at, Now: now})
	}
	clear(l.uses)
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

// close writes the collected uses. Later ones are not recorded.
func (l *lastUsed) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	return l.background.close(ctx)
}
