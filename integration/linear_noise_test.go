package integration_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// noisy is a Store that yields to other clients before and after every call, for a random time, so that other calls come between
// the steps of a Manager. With turns, clients switch only there. It also injects failures: a call that is not made, and a write
// whose answer is lost.
type noisy struct {
	apitoken.Store
	progress *atomic.Int64 // grows with every act of any client
	failures bool
	turns    *turns

	mu     sync.Mutex
	random *rand.Rand
}

var errInjected = errors.New("injected failure")

func newNoisy(store apitoken.Store, progress *atomic.Int64, seed uint64, failures bool, t *turns) *noisy {
	return &noisy{Store: store, progress: progress, failures: failures, turns: t, random: rand.New(rand.NewPCG(seed, 1))}
}

func (n *noisy) choose(of int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.random.IntN(of)
}

// pause yields: usually for a moment, sometimes until other clients have made several acts, sometimes not at all.
func (n *noisy) pause(often int) {
	switch c := n.choose(8); {
	case c < often:
		target := n.progress.Load() + int64(1+n.choose(8))
		for range 500 {
			if n.progress.Load() >= target {
				return
			}
			n.yield()
		}
	case c < 6:
		for range n.choose(4) {
			n.yield()
		}
	}
}

func (n *noisy) yield() {
	if n.turns == nil {
		runtime.Gosched()
		return
	}
	n.turns.yield()
}

// noisyRead makes a reading call between two pauses.
func noisyRead[T any](n *noisy, call func() (T, error)) (T, error) {
	n.pause(1)
	defer n.pause(1)
	if n.failures && n.choose(400) == 0 {
		var none T
		return none, errInjected
	}
	return call()
}

// write makes a changing call. The pause before it is longer, because there a decision may become outdated.
func (n *noisy) write(ctx context.Context, call func(context.Context) error) error {
	n.pause(4)
	defer n.pause(1)
	if n.failures {
		switch n.choose(50) {
		case 0:
			return errInjected
		case 1:
			return apitoken.ErrUncertain // not done
		case 2:
			if err := call(ctx); err != nil {
				return err
			}
			return apitoken.ErrUncertain // done
		case 3:
			return n.abandon(ctx, call)
		}
	}
	return call(ctx)
}

// abandon makes a call whose context ends during the call.
func (n *noisy) abandon(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range n.choose(40) {
			runtime.Gosched()
		}
		cancel()
	}()
	err := call(ctx)
	<-ended
	return err
}

func (n *noisy) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	return noisyRead(n, func() (*apitoken.Record, error) { return n.Store.Lookup(ctx, d) })
}

func (n *noisy) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	return noisyRead(n, func() (apitoken.Facts, error) { return n.Store.Facts(ctx, q) })
}

func (n *noisy) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	return noisyRead(n, func() (apitoken.MaxLifetimePolicy, error) { return n.Store.Policy(ctx) })
}

func (n *noisy) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	return noisyRead(n, func() (apitoken.User, error) { return n.Store.User(ctx, id) })
}

func (n *noisy) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return noisyRead(n, func() (*apitoken.Record, error) { return n.Store.Token(ctx, id) })
}

func (n *noisy) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	return noisyRead(n, func() ([]apitoken.Token, error) { return n.Store.Tokens(ctx, q) })
}

func (n *noisy) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	return n.write(ctx, func(ctx context.Context) error { return n.Store.CreateToken(ctx, t, policyRevision, e) })
}

func (n *noisy) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (changed bool, err error) {
	err = n.write(ctx, func(ctx context.Context) error {
		changed, err = n.Store.RevokeToken(ctx, id, r, e)
		return err
	})
	return changed, err
}

func (n *noisy) RevokeTokens(ctx context.Context, r apitoken.Revocation, events []apitoken.Event) (revoked int, err error) {
	err = n.write(ctx, func(ctx context.Context) error {
		revoked, err = n.Store.RevokeTokens(ctx, r, events)
		return err
	})
	return revoked, err
}

func (n *noisy) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	return n.write(ctx, func(ctx context.Context) error { return n.Store.ChangeToken(ctx, was, is, e) })
}

func (n *noisy) NarrowToken(
	ctx context.Context, id apitoken.TokenID, narrowing apitoken.TokenNarrowing, e apitoken.Event,
) (is apitoken.Token, err error) {
	err = n.write(ctx, func(ctx context.Context) error {
		is, err = n.Store.NarrowToken(ctx, id, narrowing, e)
		return err
	})
	return is, err
}

func (n *noisy) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (is apitoken.User, err error) {
	err = n.write(ctx, func(ctx context.Context) error {
		is, err = n.Store.CreateUser(ctx, u, e)
		return err
	})
	return is, err
}

func (n *noisy) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (is apitoken.User, err error) {
	err = n.write(ctx, func(ctx context.Context) error {
		is, err = n.Store.ChangeUser(ctx, id, c, e)
		return err
	})
	return is, err
}

func (n *noisy) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	return n.write(ctx, func(ctx context.Context) error { return n.Store.PutPolicy(ctx, p, ifRevision, e) })
}

func (n *noisy) Touch(ctx context.Context, touches []apitoken.Touch) error {
	return n.write(ctx, func(ctx context.Context) error { return n.Store.Touch(ctx, touches) })
}
