package apitoken_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// Every event contains the origin that the host passed with the actor.
func TestEventsContainTheOriginOfTheRequest(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	origin := apitoken.Origin{Address: "2001:db8::7", UserAgent: "curl/8", RequestID: "r-1"}
	seen := len(h.events())
	token, text := h.mustGenerate(apitoken.As(bob).From(origin), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	bearer := h.mustAuthenticate(text).Actor().From(origin)
	h.deny(bearer, ada, 1)
	h.must(h.Revoke(ctx, bearer, token.ID))
	h.must(h.RevokeAll(ctx, apitoken.As(bob).From(origin), bob))
	h.must(h.DisableUser(ctx, apitoken.System().From(origin), bob))
	_, err := h.SetPolicy(ctx, apitoken.As(ada).From(origin), apitoken.MaxLifetimePolicy{Max: apitoken.Days(3)})
	h.must(err)
	events := h.events()[seen:]
	if len(events) != 6 {
		t.Fatalf("%d events, want 6", len(events))
	}
	for _, e := range events {
		if diff := cmp.Diff(origin, e.Actor.Origin); diff != "" {
			t.Errorf("origin of %s %s (-want +got):\n%s", e.Action, e.Outcome, diff)
		}
	}
}

// An origin that cannot be stored is changed rather than refused, so an odd header fails no request.
func TestAnOriginIsMadeFitToBeStored(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for name, tt := range map[string]struct{ given, want string }{
		"a valid text":         {"Mozilla/5.0 (é)", "Mozilla/5.0 (é)"},
		"255 bytes":            {strings.Repeat("x", 255), strings.Repeat("x", 255)},
		"256 bytes":            {strings.Repeat("x", 256), strings.Repeat("x", 255)},
		"cut inside a letter":  {strings.Repeat("x", 254) + "é", strings.Repeat("x", 254)},
		"a line break and NUL": {"a\nb\x00c", "a\ufffdb\ufffdc"},
		"broken UTF-8":         {"a\xffb", "a\ufffdb"},
		"all of it broken":     {strings.Repeat("\xff", 300), strings.Repeat("\ufffd", 85)},
	} {
		origin := apitoken.Origin{Address: tt.given, UserAgent: tt.given, RequestID: tt.given}
		h.must(h.RevokeAll(ctx, apitoken.As(bob).From(origin), bob))
		events := h.events()
		got := events[len(events)-1].Actor.Origin
		if diff := cmp.Diff(apitoken.Origin{Address: tt.want, UserAgent: tt.want, RequestID: tt.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !utf8.ValidString(got.Address) || len(got.Address) > 255 {
			t.Errorf("%s: %d bytes, valid UTF-8 %t, want at most 255 bytes of valid UTF-8", name, len(got.Address), utf8.ValidString(got.Address))
		}
	}
}
