package apitoken_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestRevokeIsFinalAndIdempotent(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	other, otherText := h.mustGenerateOwn(bob, "other")
	h.clock.Add(time.Hour)
	h.must(h.Revoke(ctx, apitoken.As(ada), token.ID))
	want := token
	want.RevokedAt, want.RevokedBy = start.Add(time.Hour), ada
	events := len(h.events())

	h.clock.Add(time.Hour)
	h.must(h.Revoke(ctx, apitoken.As(bob), token.ID)) // changes nothing
	if diff := cmp.Diff([]apitoken.Token{want, other}, h.tokens()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if got := len(h.events()); got != events {
		t.Errorf("%d events of revoking again, want none", got-events)
	}
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the revoked token: %v, want ErrRevoked", err)
	}
	h.mustAuthenticate(otherText)

	// A token may revoke itself. After that it may do nothing.
	self := h.mustAuthenticate(otherText).Actor()
	h.must(h.Revoke(ctx, self, other.ID))
	if err := h.Revoke(ctx, self, other.ID); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("Revoke with a revoked token: %v, want ErrDenied", err)
	}
}

func TestRevokeAllAndDisableUserRevokeEveryTokenInOneWrite(t *testing.T) {
	for name, end := range map[string]func(h host) error{
		"revoke all": func(h host) error { return h.RevokeAll(ctx, apitoken.As(ada), bob) },
		"disable":    func(h host) error { return h.DisableUser(ctx, apitoken.As(ada), bob) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			var texts []string
			for i := range 50 {
				_, text := h.mustGenerateOwn(bob, fmt.Sprint(i))
				texts = append(texts, text)
			}
			_, carols := h.mustGenerateOwn(carol, "ci")
			first, err := h.ListTokens(ctx, apitoken.As(bob), apitoken.TokenQuery{Owner: bob, Limit: 1})
			h.must(err)
			h.must(h.Revoke(ctx, apitoken.As(bob), first[0].ID))
			h.clock.Add(time.Hour)
			writes := h.store.count("ChangeUser") + h.store.count("RevokeToken")
			h.must(end(h))
			if got := h.store.count("ChangeUser") + h.store.count("RevokeToken") - writes; got != 1 {
				t.Errorf("%d writes, want 1", got)
			}
			for _, text := range texts {
				if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
					t.Fatalf("a token of the user: %v, want ErrRevoked", err)
				}
			}
			h.mustAuthenticate(carols)
			for i, token := range h.tokens()[:50] {
				at, by := start.Add(time.Hour), ada
				if i == 0 { // revoked before, by its owner
					at, by = start, bob
				}
				if token.Status(start) != apitoken.StatusRevoked || !token.RevokedAt.Equal(at) || token.RevokedBy != by {
					t.Fatalf("token %d is %s since %s by %q, want revoked since %s by %q",
						i, token.Status(start), token.RevokedAt, token.RevokedBy, at, by)
				}
			}
			h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
			if _, err := h.Authenticate(ctx, texts[1]); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("a token after EnableUser: %v, want ErrRevoked", err)
			}
			_, text := h.mustGenerateOwn(bob, "1")
			h.mustAuthenticate(text)
		})
	}
}

// All tokens of the owner are revoked after Generate has read the owner and before it inserts the token.
func TestATokenInsertedAfterItsEpochEndedIsRevoked(t *testing.T) {
	for name, end := range map[string]func(h host) error{
		"revoke all": func(h host) error { return h.RevokeAll(ctx, apitoken.As(ada), bob) },
		"disable": func(h host) error {
			return errors.Join(h.DisableUser(ctx, apitoken.As(ada), bob), h.EnableUser(ctx, apitoken.As(ada), bob))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.store.before = func(method string) error {
				if method == "CreateToken" {
					return end(h)
				}
				return nil
			}
			token, text := h.mustGenerateOwn(bob, "ci")
			if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("Authenticate: %v, want ErrRevoked", err)
			}
			stored, err := h.Token(ctx, apitoken.As(bob), token.ID)
			h.must(err)
			if stored.Status(start) != apitoken.StatusRevoked {
				t.Errorf("Status: %s, want %s", stored.Status(start), apitoken.StatusRevoked)
			}
		})
	}
}

// RevokeAll commits before any one of the store calls of a Generate that uses one of the revoked tokens.
func TestATokenRevokedWhileItGeneratesLeavesNoActiveToken(t *testing.T) {
	for call, done := 1, false; !done; call++ {
		t.Run(fmt.Sprintf("before call %d", call), func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			_, stolen := h.mustGenerateOwn(bob, "ci")
			thief := h.mustAuthenticate(stolen).Actor()
			calls := 0
			h.store.before = func(string) error {
				if calls++; calls != call {
					return nil
				}
				h.store.before = nil
				return h.RevokeAll(ctx, apitoken.As(bob), bob)
			}
			_, secret, err := h.Generate(ctx, thief, apitoken.GenerateParams{Owner: bob, Name: "child"})
			done = calls < call
			if done || errors.Is(err, apitoken.ErrDenied) {
				return
			}
			h.must(err)
			if _, err := h.Authenticate(ctx, secret.Reveal()); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("a token generated with a token that RevokeAll revoked: %v, want ErrRevoked", err)
			}
		})
	}
}

// Contention for a user's row, by their own requests and by administrators, delays a revocation and never makes it fail.
func TestContentionFailsNoRevocation(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"desk": apitoken.GenerateOwn | apitoken.ManageUsers}})
	h.mustPutUser("dee", "desk")
	stop := make(chan struct{})
	var wg, started sync.WaitGroup
	started.Add(64)
	for i := range 64 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				var err error
				if i%8 == 0 {
					_, err = h.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob, Name: fmt.Sprint(i, n)})
				} else {
					err = h.RevokeAll(ctx, apitoken.As(bob), bob)
				}
				if err != nil && !errors.Is(err, apitoken.ErrDenied) { // bob is disabled for a moment, and then denied
					t.Errorf("a concurrent change: %v, want nil", err)
				}
				if n == 0 {
					started.Done()
				}
			}
		})
	}
	started.Wait()
	for range 20 {
		h.must(h.DisableUser(ctx, apitoken.As("dee"), bob))
		h.must(h.RevokeAll(ctx, apitoken.As(ada), bob))
		h.must(h.EnableUser(ctx, apitoken.As("dee"), bob))
		h.must(second(h.PutUser(ctx, apitoken.As("dee"), apitoken.User{ID: bob, Role: apitoken.RoleUser})))
	}
	close(stop)
	wg.Wait()
}
