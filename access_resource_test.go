package apitoken_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// Every result that contains a token contains its resource, byte for byte.
func TestTheResourceIsKeptByteForByte(t *testing.T) {
	for _, resource := range []string{
		"", "project:web", "PROJECT:web", "p", "a  b", "/srv/git/über.git", "e\u0301", "\u00e9", "=1+1", "<b>&amp;</b>",
		strings.Repeat("x", 255), strings.Repeat("\U0001F418", 63) + "abc",
	} {
		t.Run(resource, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci", Resource: resource})
			if token.Resource != resource {
				t.Errorf("Generate: resource %q, want %q", token.Resource, resource)
			}
			if got := h.mustAuthenticate(text).Token.Resource; got != resource {
				t.Errorf("Authenticate: resource %q, want %q", got, resource)
			}
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
			revoked, err := h.Token(ctx, apitoken.As(bob), token.ID)
			h.must(err)
			if revoked.Resource != resource {
				t.Errorf("after Revoke: resource %q, want %q", revoked.Resource, resource)
			}
			if diff := cmp.Diff([]apitoken.Token{revoked}, h.tokens()); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}

// An actor with a bound token generates only for its owner, and only for the same resource. The denial is recorded without the
// token that was asked for.
func TestABoundTokenGeneratesOnlyForItsResource(t *testing.T) {
	const web = "project:web"
	for _, tt := range []struct {
		name   string
		held   string // the resource of the token in use
		wanted string // the resource of the token to generate
		want   string // for the owner of the token in use
	}{
		{"the same resource", web, web, allowed},
		{"no resource", web, "", denied},
		{"another resource", web, "project:api", denied},
		{"another case", web, "project:Web", denied},
		{"a longer resource", web, web + "/docs", denied},
		{"a shorter resource", web, "project:", denied},
		{"a resource with an unbound token", "", web, allowed},
		{"no resource with an unbound token", "", "", allowed},
	} {
		for _, owner := range []apitoken.UserID{ada, bob} {
			t.Run(tt.name+" for "+string(owner), func(t *testing.T) {
				h := newHost(t, apitoken.Options{})
				actor := h.withToken(ada, "", tt.held)
				tokens, denials := h.tokens(), h.denials()
				token, secret, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: owner, Name: "new", Resource: tt.wanted})
				if tt.want == allowed && (owner == ada || tt.held == "") {
					h.must(err)
					if token.Resource != tt.wanted || secret.Reveal() == "" {
						t.Errorf("resource %q, want %q with a secret", token.Resource, tt.wanted)
					}
					return
				}
				if !errors.Is(err, apitoken.ErrDenied) || token != (apitoken.Token{}) || secret.Reveal() != "" {
					t.Errorf("Generate: %v, %v, want no token and ErrDenied", token, err)
				}
				if diff := cmp.Diff(tokens, h.tokens()); diff != "" {
					t.Errorf("tokens (-before +after):\n%s", diff)
				}
				if got := h.denials() - denials; got != 1 {
					t.Errorf("%d denials recorded, want 1", got)
				}
				last := h.events()[len(h.events())-1]
				if last.Action != apitoken.ActionGenerate || last.Actor != actor || last.Owner != owner || last.After != (apitoken.State{}) {
					t.Errorf("denial %+v, want %s by %+v for %s without a state", last, apitoken.ActionGenerate, actor, owner)
				}
			})
		}
	}
}

// Only the token in use binds: the same user as a signed-in person, and the host itself, generate for any resource. A wrong
// resource is ErrInvalid rather than ErrDenied.
func TestOnlyTheTokenInUseBinds(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	bound := h.withToken(bob, "", "project:web")
	h.mustGenerateOwn(bob, "as a person")
	h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "by the host", Resource: "project:api"})
	next, text := h.mustGenerate(bound, apitoken.GenerateParams{Owner: bob, Name: "next", Resource: "project:web"})
	_, _, err := h.Generate(ctx, h.mustAuthenticate(text).Actor(), apitoken.GenerateParams{Owner: bob, Name: "next but one"})
	if !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("generate without a resource, with the child of a bound token: %v, want ErrDenied", err)
	}
	if next.CreatedWith != bound.Token {
		t.Errorf("the child of a bound token: CreatedWith %s, want %s", next.CreatedWith, bound.Token)
	}
	_, _, err = h.Generate(ctx, bound, apitoken.GenerateParams{Owner: bob, Name: "wrong", Resource: "project:web "})
	if !errors.Is(err, apitoken.ErrInvalid) || errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("generate for a resource with outer space: %v, want ErrInvalid", err)
	}
}

// A bound token generates for its resource, and sees and revokes itself. It carries no other permission of this package, and
// does not act for its owner, whatever the owner may do.
func TestABoundTokenAdministersNothing(t *testing.T) {
	h := newKindHost(t)
	bobs, _ := h.mustGenerateOwn(bob, "bob's")
	adas, _ := h.mustGenerateOwn(ada, "ada's")
	bound := h.withToken(ada, apitoken.KindUser, "project:web")
	for _, rule := range accessRules {
		if got := verdict(operations(h, bobs)[rule.operation](bound)); got != rule.stranger {
			t.Errorf("%s about Bob with a bound token of an administrator is %s, want %s", rule.operation, got, rule.stranger)
		}
	}
	for _, row := range []struct {
		operation string
		err       error
		want      string
	}{
		{"read another token of the owner", second(h.Token(ctx, bound, adas.ID)), hidden},
		{"revoke another token of the owner", h.Revoke(ctx, bound, adas.ID), hidden},
		{"revoke all of the owner", h.RevokeAll(ctx, bound, ada), denied},
		{"list the owner's tokens", second(h.ListTokens(ctx, bound, apitoken.TokenQuery{Owner: ada})), denied},
		{"read the owner", second(h.User(ctx, bound, ada)), hidden},
		{"generate for the resource", third(h.Generate(ctx, bound, apitoken.GenerateParams{Owner: ada, Name: "child", Resource: "project:web"})), allowed},
		{"read itself", second(h.Token(ctx, bound, bound.Token)), allowed},
	} {
		if got := verdict(row.err); got != row.want {
			t.Errorf("%s with a bound token is %s, want %s", row.operation, got, row.want)
		}
	}
	want := apitoken.GenerateOwn | deploying
	if got, err := h.Permissions(ctx, bound); got != want || err != nil {
		t.Errorf("Permissions of a bound token: %s, %v, want %s", got, err, want)
	}
	h.must(h.Revoke(ctx, bound, bound.Token))
}
