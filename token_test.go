package apitoken_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestStatusChangesAtTheExpiryAndByRevocation(t *testing.T) {
	token := apitoken.Token{ExpiresAt: start}
	for d, want := range map[time.Duration]apitoken.Status{
		-time.Microsecond: apitoken.StatusActive, 0: apitoken.StatusExpired, time.Microsecond: apitoken.StatusExpired,
	} {
		if got := token.Status(start.Add(d)); got != want {
			t.Errorf("%s from its expiry a token is %s, want %s", d, got, want)
		}
	}
	if got := (apitoken.Token{}).Status(year2200); got != apitoken.StatusActive {
		t.Errorf("a token without expiration is %s in 2200, want %s", got, apitoken.StatusActive)
	}
	token.RevokedAt = start.Add(time.Hour)
	for _, now := range []time.Time{start.Add(-time.Hour), start, start.Add(2 * time.Hour)} {
		if got := token.Status(now); got != apitoken.StatusRevoked {
			t.Errorf("a revoked token at %s is %s, want %s", now, got, apitoken.StatusRevoked)
		}
	}
}

func TestATokenIDHasOneSpelling(t *testing.T) {
	const text = "01890a5d-ac96-774b-bcce-b302099a8057"
	id, err := apitoken.ParseTokenID(text)
	if err != nil || id.String() != text || id.IsZero() {
		t.Fatalf("ParseTokenID(%s): %s, %v, want the same text", text, id, err)
	}
	for _, bad := range []string{
		"", "x", text[1:], text + "0", "01890A5D-AC96-774B-BCCE-B302099A8057", "{" + text + "}", "urn:uuid:" + text, "01890a5dac96774bbcceb302099a8057",
	} {
		if _, err := apitoken.ParseTokenID(bad); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("ParseTokenID(%q): %v, want ErrInvalid", bad, err)
		}
	}
	for _, want := range []apitoken.TokenID{id, {}} {
		encoded, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := id
		if err := got.UnmarshalText(encoded); err != nil || got != want {
			t.Errorf("UnmarshalText of %q: %s, %v, want %s", encoded, got, err, want)
		}
	}
}
