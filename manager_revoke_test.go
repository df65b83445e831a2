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

func TestRevoke(t *testing.T) {
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
		t.Errorf("revoking again wrote %d events", got-events)
	}
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the revoked token: %v", err)
	}
	h.mustAuthenticate(otherText)

	// A token may revoke itself, and once.
	self := h.mustAuthenticate(otherText).Actor()
	h.must(h.Revoke(ctx, self, other.ID))
	if err := h.Revoke(ctx, self, other.ID); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a revoked token acts: %v", err)
	}
}

func TestRevokeAllAndDisableEndEveryTokenInOneRow(t *testing.T) {
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
				t.Errorf("%d writes, want one", got)
			}
			for _, text := range texts {
				if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
					t.Fatalf("a token still answers %v", err)
				}
			}
			h.mustAuthenticate(carols)
			for i, token := range h.tokens()[:50] {
				at, by := start.Add(time.Hour), ada
				if i == 0 { // revoked before, by himself
					at, by = start, bob
				}
				if token.Status(start) != apitoken.StatusRevoked || !token.RevokedAt.Equal(at) || token.RevokedBy != by {
					t.Fatalf("token %d is revoked at %s by %q", i, token.RevokedAt, token.RevokedBy)
				}
			}
			h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
			if _, err := h.Authenticate(ctx, texts[1]); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("enabling revived a token: %v", err)
			}
			_, text := h.mustGenerateOwn(bob, "1")
			h.mustAuthenticate(text)
		})
	}
}

// All tokens are revoked between the moment at which Generate reads the owner and the moment at which it writes.
func TestATokenThatComesLateIsDead(t *testing.T) {
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
				t.Errorf("it answers %v", err)
			}
			stored, err := h.Token(ctx, apitoken.As(bob), token.ID)
			h.must(err)
			if stored.Status(start) != apitoken.StatusRevoked {
				t.Errorf("it is %s", stored.Status(start))
			}
		})
	}
}

// A crowd on one user's row delays a revocation and never makes it fail: neither by the user's own requests, nor by those
// of administrators.
func TestACrowdKeepsNobodyFromRevoking(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"desk": apitoken.GenerateOwn | apitoken.ManageUsers}})
	h.mustPutUser("dee", "desk")
	stop := make(chan struct{})
	var wg, begun sync.WaitGroup
	begun.Add(64)
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
				if err != nil && !errors.Is(err, apitoken.ErrDenied) { // denied: bob is disabled for a moment
					t.Errorf("in the crowd: %v", err)
				}
				if n == 0 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	for range 20 {
		h.must(h.DisableUser(ctx, apitoken.As("dee"), bob))
		h.must(h.RevokeAll(ctx, apitoken.As(ada), bob))
		h.must(h.EnableUser(ctx, apitoken.As("dee"), bob))
		h.must(second(h.PutUser(ctx, apitoken.As("dee"), apitoken.User{ID: bob, Role: apitoken.RoleUser})))
	}
	close(stop)
	wg.Wait()
}
