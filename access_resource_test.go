package apitoken_test

import (
	"errors"
	"strings"
	"testing"

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

// A bound token generates for its resource, and sees and revokes itself. It administers nothing, whatever its owner may do.
func TestABoundTokenAdministersNothing(t *testing.T) {
	h := hostWith(t)
	bobs, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "bob's"})
	adas, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "ada's"})
	bound := h.with(ada, apitoken.KindUser, "project:web")
	want := map[string]string{}
	for name := range operations(h, bobs) {
		want[name] = "denied"
	}
	for _, name := range []string{"token", "revoke", "user"} {
		want[name] = "not found"
	}
	got := map[string]string{}
	for name, op := range operations(h, bobs) {
		got[name] = verdict(op(bound))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("about bob (-want +got):\n%s", diff)
	}
	// Neither does it stand for its owner.
	own := map[string]error{
		"read another token of the owner": second(h.Token(ctx, bound, adas.ID)),
		"revoke another":                  h.Revoke(ctx, bound, adas.ID),
		"revoke all":                      h.RevokeAll(ctx, bound, ada),
		"list":                            second(h.ListTokens(ctx, bound, apitoken.TokenQuery{Owner: ada})),
		"read the owner":                  second(h.User(ctx, bound, ada)),
	}
	for name, err := range own {
		if !errors.Is(err, apitoken.ErrDenied) && !errors.Is(err, apitoken.ErrNotFound) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	may, err := h.Permissions(ctx, bound)
	h.must(err)
	if want := apitoken.GenerateOwn | deploying; may != want {
		t.Errorf("it may %s, want %s", may, want)
	}
	_, _, err = h.Generate(ctx, bound, apitoken.GenerateParams{Owner: ada, Name: "child", Resource: "project:web"})
	h.must(err)
	h.must(second(h.Token(ctx, bound, bound.Token)))
	h.must(h.Revoke(ctx, bound, bound.Token))
}
