package apitoken_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// A clock that shows a time which cannot be stored lets nobody in, and stops no revocation.
func TestABrokenClock(t *testing.T) {
	for name, broken := range map[string]time.Time{
		"before 1970":    time.Date(1969, time.December, 31, 23, 59, 59, 0, time.UTC),
		"after 2199":     time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC),
		"the zero time":  {},
		"the year 20000": time.Date(20000, time.January, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
			_, endless := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "endless", Lifetime: apitoken.NoExpiration})
			mortal, immortal := h.mustAuthenticate(text).Actor(), h.mustAuthenticate(endless).Actor()
			h.clock.Set(broken)

			for _, presented := range []string{text, endless} {
				if _, err := h.Authenticate(ctx, presented); !errors.Is(err, apitoken.ErrUnavailable) || errors.Is(err, apitoken.ErrUnauthenticated) {
					t.Errorf("Authenticate: %v, want ErrUnavailable", err)
				}
			}
			for name, op := range operations(h, token) {
				switch name {
				case "revoke", "revoke all", "disable", "enable":
					continue
				}
				if err := op(apitoken.As(ada)); !errors.Is(err, apitoken.ErrUnavailable) {
					t.Errorf("%s: %v, want ErrUnavailable", name, err)
				}
			}
			if err := h.Revoke(ctx, mortal, token.ID); !errors.Is(err, apitoken.ErrUnavailable) {
				t.Errorf("Revoke with a token that may have expired: %v, want ErrUnavailable", err)
			}
			h.must(h.Revoke(ctx, immortal, immortal.Token))
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
			h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
			h.must(h.DisableUser(ctx, apitoken.As(ada), bob))

			h.clock.Set(start.Add(time.Hour))
			for _, presented := range []string{text, endless} {
				if _, err := h.Authenticate(ctx, presented); !errors.Is(err, apitoken.ErrRevoked) {
					t.Errorf("Authenticate after the revocation: %v, want ErrRevoked", err)
				}
			}
			revoked, err := h.Token(ctx, apitoken.As(ada), token.ID)
			h.must(err)
			if at := revoked.RevokedAt; at.Before(time.Unix(0, 0)) || !at.Before(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)) || at.IsZero() {
				t.Errorf("revoked at %s, want a time that can be stored", at)
			}
		})
	}
}

// The clock is read after the token was looked up, so that a token that expired during a slow read is refused.
func TestATokenThatExpiresDuringTheLookupIsRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Minute})
	h.store.after = func(method string) error {
		if method == "Lookup" {
			h.clock.Add(time.Minute)
		}
		return nil
	}
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrExpired) {
		t.Errorf("Authenticate: %v, want ErrExpired", err)
	}
}

// A clock that was ahead once does not spoil the time of the last use for as long as it was ahead.
func TestALastUseInTheFutureIsReplaced(t *testing.T) {
	for name, tt := range map[string]struct {
		ahead time.Duration
		step  time.Duration
		want  time.Duration // of the last use after one by a right clock
	}{
		"an hour ahead":                 {time.Hour, 0, time.Hour},
		"a day ahead":                   {24 * time.Hour, 0, 24 * time.Hour},
		"more than a day ahead":         {24*time.Hour + time.Microsecond, 0, 0},
		"years ahead":                   {5 * 365 * 24 * time.Hour, 0, 0},
		"years ahead, with a last step": {5 * 365 * 24 * time.Hour, time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{LastUsedStep: tt.step})
			token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.NoExpiration})
			h.clock.Set(start.Add(tt.ahead))
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			h.clock.Set(start)
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			if got, want := h.lastUsed(token.ID), start.Add(tt.want); !got.Equal(want) {
				t.Errorf("last used at %s, want %s", got, want)
			}
			if tt.step > 0 {
				return
			}
			// The same where both uses wait to be written.
			h.clock.Set(start.Add(tt.ahead))
			h.mustAuthenticate(text)
			h.clock.Set(start)
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			if got, want := h.lastUsed(token.ID), start.Add(tt.want); !got.Equal(want) {
				t.Errorf("of two that waited: last used at %s, want %s", got, want)
			}
		})
	}
}
