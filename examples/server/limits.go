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

// limits bounds how many passwords a stranger can try, without locking the owner of the account out. It slows tries down, by
// their source.
//
//   - Tries under a name from one address: 10 at once, then 20 a minute. A client that waits its turn gets through, so
//     wrong passwords from the same address delay the right one by some seconds.
//   - Tries under a name from all addresses without an earlier sign-in under that name: 100 at once, then 100 a minute. This
//     bounds a stranger with many addresses, and never delays an address that the owner of the name has used.
//   - Tries from a browser with an earlier sign-in under the name: counted apart from all others.
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

// client is the source of a try.
type client struct {
	address string
	proof   string        // of an earlier sign-in from this browser, or empty
	maxWait time.Duration // how long the client waits for its turn
}

// tooManyError refuses a try that would have to wait longer than its client does.
type tooManyError struct{ retry time.Duration }

func (e *tooManyError) Error() string { return "too many wrong passwords under this name" }

// retryAfter is the value of the header Retry-After.
func (e *tooManyError) retryAfter() string { return strconv.Itoa(int(math.Ceil(e.retry.Seconds()))) }

// admission is a permitted try, with its turn in each limit.
type admission []turn

// admit waits for the turn of a try. proof is the value that makes the client's browser known under the name.
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
		t, ok := p.take(key, time.Now(), c.maxWait)
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

// succeeded uncounts a try with the right password, and remembers its address.
func (l *limits) succeeded(a admission, name string, c client) {
	a.giveBack()
	l.known.add(name + "\x00" + c.address)
}

func (a admission) giveBack() {
	for _, t := range a {
		t.giveBack()
	}
}

// addresses remembers the addresses of sign-ins in a table of fixed size. Of two keys that share a place it keeps the later one.
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
