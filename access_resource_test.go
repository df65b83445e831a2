package apitoken_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// What a token is bound to is kept byte for byte, and is there wherever the token is.
func TestATokenIsBoundToAResource(t *testing.T) {
	for _, resource := range []string{
		"", "project:web", "PROJECT:web", "p", "a  b", "/srv/git/über.git", "e\u0301", "\u00e9", "=1+1", "<b>&amp;</b>",
		strings.Repeat("x", 255), strings.Repeat("\U0001F418", 63) + "abc",
	} {
		t.Run(resource, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci", Resource: resource})
			if token.Resource != resource {
				t.Errorf("Generate gives a token of %q, want %q", token.Resource, resource)
			}
			if got := h.mustAuthenticate(text).Token.Resource; got != resource {
				t.Errorf("Authenticate gives a token of %q, want %q", got, resource)
			}
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
			revoked, err := h.Token(ctx, apitoken.As(bob), token.ID)
			h.must(err)
			if revoked.Resource != resource {
				t.Errorf("revoked, it is a token of %q, want %q", revoked.Resource, resource)
			}
			if diff := cmp.Diff([]apitoken.Token{revoked}, h.tokens()); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}

// An actor with a bound token generates for its owner what is bound to the same resource, and nothing for others. A denial is
// recorded, and says nothing of the token that was asked for.
func TestABoundTokenGeneratesOnlyForItsResource(t *testing.T) {
	const web = "project:web"
	for _, tt := range []struct {
		name   string
		held   string // what the token in use is bound to
		wanted string
		may    bool
	}{
		{"the same", web, web, true},
		{"nothing", web, "", false},
		{"another", web, "project:api", false},
		{"another case", web, "project:Web", false},
		{"what begins with it", web, web + "/docs", false},
		{"what it begins with", web, "project:", false},
		{"from nothing to something", "", web, true},
		{"from nothing to nothing", "", "", true},
	} {
		for _, owner := range []apitoken.UserID{ada, bob} {
			t.Run(tt.name+" for "+string(owner), func(t *testing.T) {
				h := newHost(t, apitoken.Options{})
				_, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "held", Resource: tt.held})
				actor := h.mustAuthenticate(text).Actor()
				tokens, denials := h.tokens(), h.denials()
				token, secret, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: owner, Name: "new", Resource: tt.wanted})
				if tt.may && (owner == ada || tt.held == "") {
					h.must(err)
					if token.Resource != tt.wanted || secret.Reveal() == "" {
						t.Errorf("the token is of %q, want %q", token.Resource, tt.wanted)
					}
					return
				}
				if !errors.Is(err, apitoken.ErrDenied) || token != (apitoken.Token{}) || secret.Reveal() != "" {
					t.Errorf("%v, %v, want %v", token, err, apitoken.ErrDenied)
				}
				if diff := cmp.Diff(tokens, h.tokens()); diff != "" {
					t.Errorf("tokens (-before +after):\n%s", diff)
				}
				if got := h.denials() - denials; got != 1 {
					t.Errorf("%d denials are recorded, want one", got)
				}
				last := h.events()[len(h.events())-1]
				if last.Action != apitoken.ActionGenerate || last.Actor != actor || last.Owner != owner || last.After != (apitoken.State{}) {
					t.Errorf("the denial is %+v", last)
				}
			})
		}
	}
}

// The rule is about the token in use. The same user as a signed-in person, and the host itself, are bound by nothing, and what is
// wrong is wrong before it is denied.
func TestOnlyTheTokenInUseBinds(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "held", Resource: "project:web"})
	bound := h.mustAuthenticate(text).Actor()
	h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "as a person"})
	h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "by the host", Resource: "project:api"})
	next, text := h.mustGenerate(bound, apitoken.GenerateParams{Owner: bob, Name: "next", Resource: "project:web"})
	_, _, err := h.Generate(ctx, h.mustAuthenticate(text).Actor(), apitoken.GenerateParams{Owner: bob, Name: "next but one"})
	if !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("the token of a bound token: %v, want %v", err, apitoken.ErrDenied)
	}
	if next.CreatedWith != bound.Token {
		t.Errorf("it is generated with %s, want %s", next.CreatedWith, bound.Token)
	}
	_, _, err = h.Generate(ctx, bound, apitoken.GenerateParams{Owner: bob, Name: "wrong", Resource: "project:web "})
	if !errors.Is(err, apitoken.ErrInvalid) || errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("what is no resource: %v, want %v", err, apitoken.ErrInvalid)
	}
}

// A repeated request is the same only for the same resource, and keeps what it is bound to.
func TestARepeatedRequestKeepsItsResource(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	wanted := nightly
	wanted.Resource = "project:web"
	_, lost := h.mustGenerate(apitoken.As(bob), wanted)
	fresh, _ := h.mustGenerate(apitoken.As(bob), wanted)
	if _, err := h.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrRevoked) || fresh.Resource != "project:web" {
		t.Errorf("the lost token: %v, the fresh one is of %q", err, fresh.Resource)
	}
	for name, change := range map[string]func(p *apitoken.GenerateParams){
		"another resource": func(p *apitoken.GenerateParams) { p.Resource = "project:api" },
		"no resource":      func(p *apitoken.GenerateParams) { p.Resource = "" },
		"a resource that reads like the end of the request": func(p *apitoken.GenerateParams) {
			p.Resource, p.ExpiresAt, p.Lifetime = `0" "project:web`, time.Time{}, time.Hour
		},
	} {
		p := wanted
		change(&p)
		if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrExists) {
			t.Errorf("%s: %v, want %v", name, err, apitoken.ErrExists)
		}
	}
}
