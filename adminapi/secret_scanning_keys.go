package adminapi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	keyLifetime = time.Minute      // how long an answer about a key holds
	keyTimeout  = 10 * time.Second // for the host's function
	maxKeys     = 64               // ids that are remembered
)

var errTooManyKeys = errors.New("too many unknown keys in a minute")

// keyRing remembers what the host's function answers about keys, so that requests of strangers do not make it work: it is asked at
// most once a minute for an id. While maxKeys ids are remembered, it is asked about no further ones. An id that has signed a body
// keeps its place, so strangers do not keep a known scanner out.
type keyRing struct {
	ask func(ctx context.Context, id string) (*ecdsa.PublicKey, error)
	now func() time.Time

	mu      sync.Mutex
	answers map[string]*keyAnswer
}

// keyAnswer is an answer of the host's function, or one that is awaited.
type keyAnswer struct {
	asked  time.Time
	proven bool          // whether a body was signed with the key; guarded by the mutex of the ring
	done   chan struct{} // closed when key and err are set
	key    *ecdsa.PublicKey
	err    error
}

func newKeyRing(ask func(context.Context, string) (*ecdsa.PublicKey, error), now func() time.Time) *keyRing {
	return &keyRing{ask: ask, now: now, answers: map[string]*keyAnswer{}}
}

// key returns the key of an id. The error is apitoken.ErrNotFound if the id is not known.
func (k *keyRing) key(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	if len(id) > maxKeyID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, apitoken.ErrNotFound
	}
	a, isNew, err := k.answer(id)
	if err != nil {
		return nil, err
	}
	if isNew {
		k.fetch(ctx, id, a)
		return a.key, a.err
	}
	select {
	case <-a.done:
		return a.key, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answer returns the answer that holds, or a new one for the caller to fetch.
func (k *keyRing) answer(id string) (a *keyAnswer, isNew bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	old := k.answers[id]
	if old != nil && old.holds(now) {
		return old, false, nil
	}
	if old == nil && len(k.answers) >= maxKeys {
		maps.DeleteFunc(k.answers, func(_ string, a *keyAnswer) bool { return !a.proven && !a.holds(now) })
	}
	if old == nil && len(k.answers) >= maxKeys {
		return nil, false, errTooManyKeys
	}
	a = &keyAnswer{
		asked: now, proven: old != nil && old.proven, done: make(chan struct{}), err: errors.New("the function for keys did not return"),
	}
	k.answers[id] = a
	return a, true, nil
}

// holds reports whether the answer is recent enough. A clock may go backwards.
func (a *keyAnswer) holds(now time.Time) bool {
	age := now.Sub(a.asked)
	return 0 <= age && age < keyLifetime
}

// fetch asks the host's function. Its answer is remembered, so it does not depend on whether the client waits.
func (k *keyRing) fetch(ctx context.Context, id string, a *keyAnswer) {
	defer close(a.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyTimeout)
	defer cancel()
	a.key, a.err = k.ask(ctx, id)
	switch {
	case a.err != nil:
		a.key = nil
	case a.key == nil:
		a.err = apitoken.ErrNotFound
	case a.key.Curve != elliptic.P256():
		a.key, a.err = nil, fmt.Errorf("the key %q is not on P-256", id)
	}
}

// proven says that a body was signed with the key of the id.
func (k *keyRing) proven(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a := k.answers[id]; a != nil {
		a.proven = true
	}
}
