package apitoken_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// deploy is a permission of the host.
const deploy apitoken.Permission = 1 << 32

// kinds are some that a host may declare, and what becomes of the tokens of each.
var kinds = apitoken.Options{
	Roles: map[apitoken.Role]apitoken.Permission{
		apitoken.RoleUser:  apitoken.GenerateOwn | deploy,
		apitoken.RoleAdmin: apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny | apitoken.RevokeAny | apitoken.ManageUsers | deploy,
	},
	Kinds: []apitoken.Kind{"plain"},
	KindRules: map[apitoken.Kind]apitoken.KindRule{
		"deploy": {OwnOnly: true, Permissions: deploy},
		"breed":  {Permissions: apitoken.GenerateOwn},
		"report": {Permissions: apitoken.ListAny},
		"badge":  {},
	},
}

// Of the permissions of its owner, a token carries those of its kind.
func TestATokenCarriesWhatItsKindSays(t *testing.T) {
	h := newHost(t, kinds)
	all := kinds.Roles[apitoken.RoleAdmin]
	for _, tt := range []struct {
		kind  apitoken.Kind
		carry apitoken.Permission
		own   bool // it reaches the owner's tokens
	}{
		{"", all, true},
		{"plain", all, true},
		{"deploy", deploy, false},
		{"breed", apitoken.GenerateOwn, true},
		{"report", apitoken.ListAny, true}, // by its permission
		{"badge", 0, false},
	} {
		t.Run("kind "+string(tt.kind), func(t *testing.T) {
			h := h
			h.t = t
			token, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "a token", Kind: tt.kind})
			other, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "another"})
			identity := h.mustAuthenticate(text)
			actor := identity.Actor()
			if may := h.PermissionsOf(identity); may != tt.carry {
				t.Errorf("it carries %s, want %s", may, tt.carry)
			}
			may, err := h.Permissions(ctx, actor)
			if diff := cmp.Diff(tt.carry.String(), may.String()); diff != "" || may != tt.carry || err != nil {
				t.Errorf("err = %v (-want +got):\n%s", err, diff)
			}
			if got, err := h.Token(ctx, actor, token.ID); err != nil || got.ID != token.ID {
				t.Errorf("Token of itself: %v", err)
			}
			if _, err := h.Token(ctx, actor, other.ID); tt.own != (err == nil) || !tt.own && !errors.Is(err, apitoken.ErrNotFound) {
				t.Errorf("another Token of the owner: %v", err)
			}
			reaches := tt.carry.Has(apitoken.GenerateOwn)
			if _, err := h.User(ctx, actor, ada); reaches != (err == nil) || !reaches && !errors.Is(err, apitoken.ErrNotFound) {
				t.Errorf("User, the owner: %v", err)
			}
			if !reaches {
				if err := h.RevokeAll(ctx, actor, ada); !errors.Is(err, apitoken.ErrDenied) {
					t.Errorf("RevokeAll of the owner: %v", err)
				}
			}
			if _, err := h.ListTokens(ctx, actor, apitoken.TokenQuery{Owner: ada}); tt.own != (err == nil) || !tt.own && !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("ListTokens of the owner: %v", err)
			}
			if err := h.RevokeAll(ctx, actor, bob); errors.Is(err, apitoken.ErrDenied) == tt.carry.Has(apitoken.RevokeAny) {
				t.Errorf("RevokeAll of another: %v", err)
			}
			if err := h.Revoke(ctx, actor, other.ID); reaches != (err == nil) || !reaches && !errors.Is(err, apitoken.ErrNotFound) {
				t.Errorf("Revoke of another of the owner: %v", err)
			}
			h.must(h.Revoke(ctx, actor, token.ID)) // every token may revoke itself
			h.must(h.Revoke(ctx, apitoken.As(ada), other.ID))
		})
	}
}

// What a token does not carry, no token that it generates carries either.
func TestATokenGeneratesNoneThatCarriesMore(t *testing.T) {
	h := newHost(t, kinds)
	for _, tt := range []struct {
		parent, child apitoken.Kind
		owner         apitoken.UserID
		want          error
	}{
		{"plain", "plain", ada, nil},
		{"plain", apitoken.KindUser, bob, nil},
		{"plain", "deploy", ada, nil},
		{"breed", "breed", ada, nil},
		{"breed", "badge", ada, nil},
		{"breed", "plain", ada, apitoken.ErrDenied},
		{"breed", "", ada, apitoken.ErrDenied},
		{"breed", "deploy", ada, apitoken.ErrDenied},
		{"breed", "badge", bob, apitoken.ErrDenied},
		{"deploy", "deploy", ada, apitoken.ErrDenied},
		{"badge", "badge", ada, apitoken.ErrDenied},
	} {
		t.Run(string(tt.parent+" generates "+tt.child+" for ")+string(tt.owner), func(t *testing.T) {
			h := h
			h.t = t
			parent, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "parent", Kind: tt.parent})
			defer func() { h.must(h.Revoke(ctx, apitoken.As(ada), parent.ID)) }()
			before := h.denials()
			child, _, err := h.Generate(ctx, h.mustAuthenticate(text).Actor(), apitoken.GenerateParams{Owner: tt.owner, Name: "child", Kind: tt.child})
			if !errors.Is(err, tt.want) {
				t.Fatalf("err = %v, want %v", err, tt.want)
			}
			if got := h.denials() - before; (got == 1) != errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("%d denials are on record", got)
			}
			if err == nil {
				h.must(h.Revoke(ctx, apitoken.As(ada), child.ID))
			}
		})
	}
}

// The user's role may have changed since he was asked who he is; that is no denial of what he may before and after.
func TestAPersonIsNotDeniedForARoleThatChangesMeanwhile(t *testing.T) {
	h := newHost(t, kinds)
	asked, raised := 0, false
	h.store.before = func(method string) error {
		if method != "User" || raised {
			return nil
		}
		if asked++; asked == 2 { // the first says who he is, the second whose the token is to be
			raised = true
			h.mustPutUser(bob, apitoken.RoleAdmin)
		}
		return nil
	}
	if _, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"}); err != nil || !raised {
		t.Errorf("err = %v, raised: %v", err, raised)
	}
}

func TestAKindForOneselfIsGeneratedForNobodyElse(t *testing.T) {
	h := newHost(t, kinds)
	for _, actor := range []apitoken.Actor{apitoken.As(ada), apitoken.System(), apitoken.As(carol)} {
		_, _, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "deploy"})
		var invalid *apitoken.InvalidError
		if !errors.As(err, &invalid) {
			t.Fatalf("%s: %v", actor.User, err)
		}
		if diff := cmp.Diff(apitoken.InvalidError{Field: "kind", Problem: `"deploy" is for oneself only`}, *invalid); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", actor.User, diff)
		}
	}
	if n := len(h.tokens()); n != 0 {
		t.Errorf("%d tokens were generated", n)
	}
	h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "deploy"})
}

// A host that has dropped a kind, or not declared it on one of its replicas, still knows whose the token is.
func TestATokenOfAKindThatIsNotDeclaredCarriesNothing(t *testing.T) {
	h := newHost(t, kinds)
	_, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "ci", Kind: "plain"})
	without, err := apitoken.New(h.store, &apitoken.Options{Clock: h.clock})
	h.must(err)
	identity, err := without.Authenticate(ctx, text)
	h.must(err)
	if may, err := without.Permissions(ctx, identity.Actor()); may != 0 || err != nil {
		t.Errorf("it carries %s, err = %v", may, err)
	}
	if _, err := without.ListTokens(ctx, identity.Actor(), apitoken.TokenQuery{Owner: ada}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("err = %v", err)
	}
}

// A host may take from all tokens what is left to people.
func TestTheKindUserMayHaveARule(t *testing.T) {
	h := newHost(t, apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{apitoken.KindUser: {}}})
	_, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if _, _, err := h.Generate(ctx, h.mustAuthenticate(text).Actor(), apitoken.GenerateParams{Owner: bob, Name: "another"}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a token generates a token: %v", err)
	}
}

func TestARuleOfAKindWithoutANameIsRefused(t *testing.T) {
	for _, kind := range []apitoken.Kind{"", " x", "zero\u200bwidth"} {
		_, err := apitoken.New(memstore.New(), &apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{kind: {}}})
		var invalid *apitoken.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "kind" {
			t.Errorf("%q: %v", kind, err)
		}
	}
}
