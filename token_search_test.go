package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// A search compares the name of the token and of its owner in any case, and finds everything that it selects.
func TestASearchIgnoresCase(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: carol, Name: "Carla Ångström"})
	h.must(err)
	var straße apitoken.Token
	for i := range 2100 { // more than a page examines
		name := fmt.Sprint("t", i)
		if i == 3 {
			name = "STRASSE Größe"
		}
		token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: name, Lifetime: time.Hour})
		if i == 3 {
			straße = token
		}
	}
	carols, _ := h.mustGenerate(apitoken.As(carol), apitoken.GenerateParams{Owner: carol, Name: "x", Lifetime: time.Hour})
	for search, want := range map[string][]apitoken.Token{
		"strasse": {straße}, "GRÖSSE": nil, "größe": {straße}, "GRÖßE": {straße}, "CAROL": {carols}, "ångSTRÖM": {carols}, "nobody": nil, "%": nil,
	} {
		for _, order := range []apitoken.TokenOrder{apitoken.OrderOldest, apitoken.OrderNewest, apitoken.OrderExpiry} {
			q := apitoken.TokenQuery{AnyOwner: true, Search: search, Order: order, Limit: 1}
			if diff := cmp.Diff(want, collect(t, h.Tokens(ctx, apitoken.As(ada), q))); diff != "" {
				t.Errorf("%q, order %q (-want +got):\n%s", search, order, diff)
			}
			q.BeyondPolicy = true // there is no maximum
			if got := collect(t, h.Tokens(ctx, apitoken.As(ada), q)); len(got) != 0 {
				t.Errorf("%q beyond the policy: %d tokens, want none", search, len(got))
			}
		}
		n, err := h.CountTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Search: search})
		if n != len(want) || err != nil {
			t.Errorf("%q: %d tokens, %v, want %d", search, n, err, len(want))
		}
	}
	page, err := h.TokenPage(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Search: "strasse", Order: apitoken.OrderNewest, Limit: 1})
	if err != nil || len(page.Tokens) != 0 || page.Next.IsZero() || page.Examined != 1000 {
		t.Errorf("a page of a search: %+v, %v, want one that has examined 1000 tokens and goes on", page, err)
	}
	all := collect(t, h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Search: "T", Limit: 7}))
	if len(all) != 2101 {
		t.Errorf("a search for a common letter finds %d tokens in pages of 7, want 2101", len(all))
	}
}

func TestTokenOfTextTellsWhoseATextIs(t *testing.T) {
	h := newHost(t, apitoken.Options{Prefix: "new", FormerPrefixes: []string{"old"}})
	token, secret := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
	_, other := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "other", Lifetime: time.Hour})
	identity, err := h.Authenticate(ctx, other)
	h.must(err)
	h.must(h.Flush(ctx))
	for _, actor := range []apitoken.Actor{apitoken.As(ada), apitoken.As(bob), apitoken.System(), identity.Actor()} {
		got, err := h.TokenOfText(ctx, actor, secret)
		if diff := cmp.Diff(token, got); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", actor, err, diff)
		}
	}
	for _, text := range []string{secret + "x", "ci", "", strings.ToUpper(secret)} {
		if _, err := h.TokenOfText(ctx, apitoken.As(ada), text); !errors.Is(err, apitoken.ErrNotFound) {
			t.Errorf("%q: error %v, want ErrNotFound", text, err)
		}
	}
	if _, err := h.TokenOfText(ctx, apitoken.As(carol), secret); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("another user: error %v, want ErrNotFound", err)
	}
	h.must(h.RevokeAll(ctx, apitoken.As(ada), bob))
	got, err := h.TokenOfText(ctx, apitoken.As(ada), secret)
	if err != nil || got.RevokedBy != ada {
		t.Errorf("after RevokeAll: %+v, %v, want it revoked by ada", got, err)
	}
	last := secret[len(secret)-4:]
	if diff := cmp.Diff([]string{"new_..." + last, "old_..." + last}, h.HintsOf(last)); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
	if hints := h.HintsOf(last + "x"); hints != nil {
		t.Errorf("hints of five characters: %q, want none", hints)
	}
	q := apitoken.TokenQuery{AnyOwner: true, Hint: h.HintsOf(last)[0]}
	if found := collect(t, h.Tokens(ctx, apitoken.As(ada), q)); len(found) != 1 || found[0].ID != token.ID {
		t.Errorf("by its hint: %v, want the token", found)
	}
}
