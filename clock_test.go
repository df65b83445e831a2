package apitoken_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// While the clock reads a time that cannot be stored, every operation fails except a revocation.
func TestABrokenClockAuthenticatesNoTokenAndStopsNoRevocation(t *testing.T) {
	for name, broken := range map[string]time.Time{
		"before 1970":    time.Date(1969, time.December, 31, 23, 59, 59, 0, time.UTC),
		"after 2199":     time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC),
		"the zero time":  {},
		"the year 20000": time.Date(20000, time.January, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, text := h.mustGenerateOwn(bob, "ci")
			_, endless := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "endless", Lifetime: apitoken.NoExpiration})
			other, _ := h.mustGenerateOwn(bob, "revoked with all")
			expiring, neverExpiring := h.mustAuthenticate(text).Actor(), h.mustAuthenticate(endless).Actor()
			h.clock.Set(broken)

			for _, presented := range []string{text, endless} {
				if _, err := h.Authenticate(ctx, presented); !errors.Is(err, apitoken.ErrUnavailable) || errors.Is(err, apitoken.ErrUnauthenticated) {
					t.Errorf("Authenticate: %v, want ErrUnavailable", err)
				}
			}
			for name, op := range operations(h, token) {
				switch name {
				case "Revoke", "RevokeAll", "DisableUser", "SuspendUser": // tried below
					continue
				}
				if err := op(apitoken.As(ada)); !errors.Is(err, apitoken.ErrUnavailable) {
					t.Errorf("%s with a broken clock: %v, want ErrUnavailable", name, err)
				}
			}
			if err := h.Revoke(ctx, expiring, token.ID); !errors.Is(err, apitoken.ErrUnavailable) {
				t.Errorf("Revoke with a token that may have expired: %v, want ErrUnavailable", err)
			}
			h.must(h.Revoke(ctx, neverExpiring, neverExpiring.Token))
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
			h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
			h.must(h.SuspendUser(ctx, apitoken.As(ada), bob))
			h.must(h.DisableUser(ctx, apitoken.As(ada), bob))

			h.clock.Set(start.Add(time.Hour))
			for _, presented := range []string{text, endless} {
				if _, err := h.Authenticate(ctx, presented); !errors.Is(err, apitoken.ErrRevoked) {
					t.Errorf("Authenticate after the revocation: %v, want ErrRevoked", err)
				}
			}
			owner, err := h.User(ctx, apitoken.As(ada), bob)
			h.must(err)
			if !owner.Disabled() || !owner.Suspended() {
				t.Error("the owner is active, want them disabled and suspended")
			}
			for _, id := range []apitoken.TokenID{token.ID, other.ID} {
				revoked, err := h.Token(ctx, apitoken.As(ada), id)
				h.must(err)
				if want := time.Unix(0, 0); !revoked.RevokedAt.Equal(want) {
					t.Errorf("token %q: RevokedAt %s, want %s", revoked.Name, revoked.RevokedAt, want)
				}
			}
		})
	}
}
