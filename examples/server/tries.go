package main

import (
	"hash/maphash"
	"sync"
	"time"
)

// pace limits tries by key: burst tries at once, then one each interval. It keeps the count in memory, of a fixed size
// whatever is tried: each replica of the host has its own.
//
// Keys share counters by a hash that an outsider cannot predict. A flood of keys therefore fills no counter of a given key.
type pace struct {
	burst int
	every time.Duration

	seed maphash.Seed
	mu   sync.Mutex
	next [1 << 14]time.Time // when the next try would be due if there were no burst
}

// turn is a try that counts.
type turn struct {
	of      *pace
	counter uint64
	wait    time.Duration // until it may be made
}

func newPace(burst int, every time.Duration) *pace {
	return &pace{burst: burst, every: every, seed: maphash.MakeSeed()}
}

// take counts a try that is willing to wait for so long. If it would have to wait longer, ok is false and the try does not
// count, so going on postpones nothing.
func (p *pace) take(key string, now time.Time, patience time.Duration) (t turn, ok bool) {
	t = turn{of: p, counter: maphash.String(p.seed, key) % uint64(len(p.next))}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.next[t.counter]
	if next.Before(now) {
		next = now
	}
	next = next.Add(p.every)
	t.wait = max(0, next.Sub(now)-time.Duration(p.burst)*p.every)
	if t.wait > patience {
		return t, false
	}
	p.next[t.counter] = next
	return t, true
}

// giveBack takes the try out of the count: the password was right, or the try was not made.
func (t turn) giveBack() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.next[t.counter] = t.of.next[t.counter].Add(-t.of.every)
}
