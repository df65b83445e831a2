package main

import (
	"hash/maphash"
	"sync"
	"time"
)

// pace limits tries by key: burst tries at once, then one each interval. The counters are in memory, so each replica of the host
// has its own. Their number is fixed. Keys share counters by a hash that an attacker cannot predict, so a flood of other keys
// cannot aim at the counter of a given key.
type pace struct {
	burst int
	every time.Duration

	seed maphash.Seed
	mu   sync.Mutex
	next [1 << 14]time.Time // when the next try would be due without a burst
}

// turn is a try that was counted.
type turn struct {
	of      *pace
	counter uint64
	wait    time.Duration // until the try is permitted
}

func newPace(burst int, every time.Duration) *pace {
	return &pace{burst: burst, every: every, seed: maphash.MakeSeed()}
}

// take counts a try that waits for at most maxWait. If it would have to wait longer, ok is false and the try does not count.
// So refused tries do not delay later ones.
func (p *pace) take(key string, now time.Time, maxWait time.Duration) (t turn, ok bool) {
	t = turn{of: p, counter: p.counter(key)}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.next[t.counter]
	if next.Before(now) {
		next = now
	}
	next = next.Add(p.every)
	t.wait = max(0, next.Sub(now)-time.Duration(p.burst)*p.every)
	if t.wait > maxWait {
		return t, false
	}
	p.next[t.counter] = next
	return t, true
}

func (p *pace) counter(key string) uint64 { return maphash.String(p.seed, key) % uint64(len(p.next)) }

// giveBack uncounts the try: the password was right, or the try was not made.
func (t turn) giveBack() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.next[t.counter] = t.of.next[t.counter].Add(-t.of.every)
}
