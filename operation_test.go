package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// Each call of the store that an operation makes fails once, before or after it took effect. The operation then returns
// ErrUnavailable and no error that blames the caller. If nothing took effect, nothing is stored.
func TestEveryStoreFailureIsErrUnavailable(t *testing.T) {
	down := errors.New("connection reset")
	ops := func(h host, token apitoken.Token, text string) map[string]func() error {
		ops := map[string]func() error{
			"Authenticate": func() error { return second(h.Authenticate(ctx, text)) },
			"Policy":       func() error { return second(h.Policy(ctx)) },
		}
		for name, actor := range map[string]apitoken.Actor{"person": apitoken.As(ada), "token": h.mustAuthenticate(text).Actor(), "stranger": apitoken.As(carol)} {
			for operation, op := range operations(h, token) {
				ops[operation+" by a "+name] = func() error { return op(actor) }
			}
		}
		return ops
	}
	setUp := func() (host, map[string]func() error) {
		h := newHost(t, apitoken.Options{})
		token, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci"})
		return h, ops(h, token, text)
	}
	_, names := setUp()
	cases := 0
	for name := range names {
		for _, moment := range []string{"before", "after"} {
			for k := 1; ; k++ {
				h, ops := setUp()
				tokens, events := h.tokens(), h.events()
				calls, failed := 0, ""
				fail := func(method string) error {
					if calls++; calls == k {
						failed = method
						return down
					}
					return nil
				}
				if moment == "before" {
					h.store.before = fail
				} else {
					h.store.after = fail
				}
				err := ops[name]()
				h.store.before, h.store.after = nil, nil
				if failed == "" {
					break // the operation makes fewer than k calls
				}
				cases++
				failure := fmt.Sprintf("%s, call %d (%s) fails %s its effect", name, k, failed, moment)
				if !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, down) {
					t.Errorf("%s: %v, want ErrUnavailable with the cause", failure, err)
				}
				for _, blame := range []error{apitoken.ErrUnauthenticated, apitoken.ErrInvalid, apitoken.ErrExists, apitoken.ErrConflict} {
					if errors.Is(err, blame) {
						t.Errorf("%s: %v is %v, want ErrUnavailable only", failure, err, blame)
					}
				}
				if moment == "before" {
					if diff := cmp.Diff(tokens, h.tokens()); diff != "" {
						t.Errorf("%s: tokens (-before +after):\n%s", failure, diff)
					}
					if diff := cmp.Diff(events, h.events()); diff != "" {
						t.Errorf("%s: events (-before +after):\n%s", failure, diff)
					}
				}
			}
		}
	}
	t.Logf("%d failures of %d operations", cases, len(names))
}

// On ErrUncertain the result contains the ID of the token, so that the caller can revoke it, and no secret.
func TestAnUncertainOutcomeNamesTheToken(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.store.after = failOn("CreateToken", fmt.Errorf("%w: connection lost at commit", apitoken.ErrUncertain))
	token, secret, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if !errors.Is(err, apitoken.ErrUncertain) || !strings.Contains(err.Error(), token.ID.String()) {
		t.Fatalf("Generate: %v, want ErrUncertain with the ID %s", err, token.ID)
	}
	if secret.Reveal() != "" {
		t.Error("ErrUncertain with a secret, want none")
	}
	h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
	h.store.after = nil
	h.mustGenerateOwn(bob, "ci")
}

// An operation whose every write conflicts gives up with ErrConflict.
func TestConflictsAreNotRetriedForever(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
	h.store.before = func(method string) error {
		if method == "CreateToken" || strings.HasPrefix(method, "Put") {
			return apitoken.ErrConflict
		}
		return nil
	}
	for _, name := range []string{"Generate", "SetPolicy"} {
		if err := operations(h, token)[name](apitoken.As(ada)); !errors.Is(err, apitoken.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", name, err)
		}
	}
}

func TestACancelledContextIsErrUnavailable(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err := h.Authenticate(cancelled, text)
	if !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) || errors.Is(err, apitoken.ErrUnauthenticated) {
		t.Errorf("Authenticate: %v, want ErrUnavailable and context.Canceled", err)
	}
	if err := h.RevokeAll(cancelled, apitoken.As(ada), bob); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("RevokeAll: %v, want ErrUnavailable and context.Canceled", err)
	}
	h.mustAuthenticate(text)
}

// Sixteen callers at once change one user and the policy. No change is lost.
func TestConcurrentChangesAreAllWritten(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := h.RevokeAll(ctx, apitoken.As(ada), bob); err != nil {
				t.Error(err)
			}
			if _, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	u, err := h.User(ctx, apitoken.As(ada), bob)
	h.must(err)
	p, err := h.Policy(ctx)
	h.must(err)
	if u.Epoch != 16 || p.Revision != 16 {
		t.Errorf("epoch %d and revision %d after 16 changes of each, want 16 and 16", u.Epoch, p.Revision)
	}
}
