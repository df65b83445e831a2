package main

import (
	"context"
	"crypto/hmac"
	"hash/maphash"
	"math"
	"strconv"
	"sync"
	"time"
)

// limits bound how many passwords strangers may try, and lock nobody out: what is tried too often is slowed down, and only
// where it comes from.
//
//   - Tries under a name from one address: 10 at once, then 20 a minute. A client that waits its turn gets through, so
//     wrong passwords from the same address delay the right one by some seconds.
//   - Tries under a name from all addresses where nobody has signed in under it before: 100 at once, then 100 a minute.
//     This bounds somebody who has many addresses. It never holds up an address that the owner of the name has used.
//   - Tries from a browser in which somebody has signed in under the name before: apart from all others.
type limits struct {
	byAddress, byName, byBrowser *pace
	known                        addresses
}

func newLimits() *limits {
	return &limits{
		byAddress: newPace(10, 3*time.Second),
		byName:    newPace(100, 600*time.Millisecond),
		byBrowser: newPace(10, 3*time.Second),
		known:     addresses{seed: maphash.MakeSeed()},
	}
}

// client is where a try comes from.
type client struct {
	address  string
	proof    string        // that somebody has signed in from this browser before, or nothing
	patience time.Duration // how long the client waits for its turn
}

// tooManyError refuses a try that would have to wait for too long.
type tooManyError struct{ retry time.Duration }

func (e *tooManyError) Error() string { return "too many wrong passwords under this name" }

// retryAfter is the value of the header of that name.
func (e *tooManyError) retryAfter() string { return strconv.Itoa(int(math.Ceil(e.retry.Seconds()))) }

// admission is a try that may be made.
type admission []turn

// admit waits for the turn of a try. proof is what the client's browser has to show to count as known under the name.
func (l *limits) admit(ctx context.Context, name, proof string, c client) (admission, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // select below would choose at random between a client that is gone and no wait
	}
	paces := []*pace{l.byAddress}
	key := name + "\x00" + c.address
	switch {
	case proof != "" && hmac.Equal([]byte(c.proof), []byte(proof)):
		paces[0], key = l.byBrowser, name
	case !l.known.has(key):
		paces = append(paces, l.byName)
	}
	var a admission
	var wait time.Duration
	for _, p := range paces {
		if p == l.byName {
			key = name
		}
		t, ok := p.take(key, time.Now(), c.patience)
		if !ok {
			a.giveBack()
			return nil, &tooManyError{t.wait}
		}
		a, wait = append(a, t), max(wait, t.wait)
	}
	if wait == 0 {
		return a, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(wait):
		return a, nil
	}
}

// succeeded takes a try with the right password out of the count, and remembers its address.
func (l *limits) succeeded(a admission, name string, c client) {
	a.giveBack()
	l.known.add(name + "\x00" + c.address)
}

func (a admission) giveBack() {
	for _, t := range a {
		t.giveBack()
	}
}

// addresses remembers from where people have signed in, as far as there is room: the later of two keys that share a place.
type addresses struct {
	seed maphash.Seed
	mu   sync.Mutex
	of   [1 << 14]uint64
}

func (a *addresses) add(key string) {
	hash := maphash.String(a.seed, key)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[hash%uint64(len(a.of))] = hash
}

func (a *addresses) has(key string) bool {
	hash := maphash.String(a.seed, key)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[hash%uint64(len(a.of))] == hash
}
