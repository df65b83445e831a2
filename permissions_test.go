package apitoken_test

import (
	"errors"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// newLimitHost is newKindHost with a role that grants nothing.
func newLimitHost(t *testing.T) host {
	return newHost(t, apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{
			apitoken.RoleUser: apitoken.GenerateOwn | deploying,
			"lead":            apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny | deploying,
			"guest":           0,
		},
		KindRules: map[apitoken.Kind]apitoken.KindRule{"ci": {Permissions: apitoken.GenerateOwn | deploying}},
	})
}

// A token carries what the role of its owner, its kind and its own limit have in common, at each use. A promotion of the owner
// adds nothing to a limit.
func TestATokenCarriesNoMoreThanItsLimit(t *testing.T) {
	const unlimited = apitoken.Unlimited
	for _, tt := range []struct {
		name            string
		p               apitoken.GenerateParams
		stored          apitoken.Permission
		carries         apitoken.Permission // as a user
		carriesPromoted apitoken.Permission // as a lead
	}{
		{"no limit", apitoken.GenerateParams{}, unlimited, apitoken.GenerateOwn | deploying,
			apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny | deploying},
		{"no limit, in words", apitoken.GenerateParams{Permissions: unlimited}, unlimited, apitoken.GenerateOwn | deploying,
			apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny | deploying},
		{"one permission", apitoken.GenerateParams{Permissions: deploying}, deploying, deploying, deploying},
		{"all of the role", apitoken.GenerateParams{Permissions: apitoken.GenerateOwn | deploying}, apitoken.GenerateOwn | deploying,
			apitoken.GenerateOwn | deploying, apitoken.GenerateOwn | deploying},
		{"of a kind", apitoken.GenerateParams{Kind: "ci", Permissions: deploying}, deploying, deploying, deploying},
		{"of a resource", apitoken.GenerateParams{Resource: "project:web", Permissions: deploying}, deploying, deploying, deploying},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newLimitHost(t)
			tt.p.Owner, tt.p.Name = bob, "limited"
			token, text := h.mustGenerate(apitoken.As(bob), tt.p)
			if token.Permissions != tt.stored {
				t.Errorf("Permissions %s, want %s", token.Permissions, tt.stored)
			}
			carries := func(when string, want apitoken.Permission) {
				t.Helper()
				identity := h.mustAuthenticate(text)
				if got := h.PermissionsOf(identity); got != want {
					t.Errorf("PermissionsOf %s: %s, want %s", when, got, want)
				}
				if got, err := h.Permissions(ctx, identity.Actor()); got != want || err != nil {
					t.Errorf("Permissions %s: %s, %v, want %s", when, got, err, want)
				}
			}
			carries("as a user", tt.carries)
			h.mustPutUser(bob, "lead")
			carries("as a lead", tt.carriesPromoted)
			h.mustPutUser(bob, "guest")
			carries("as a guest", 0)
		})
	}
}

// A limit beyond the role of the owner or the kind is a wrong request of every actor.
func TestALimitBeyondRoleAndKindIsInvalid(t *testing.T) {
	for _, tt := range []struct {
		name    string
		actor   apitoken.Actor
		p       apitoken.GenerateParams
		problem string // empty: permitted
	}{
		{"one's own", apitoken.As(bob), apitoken.GenerateParams{Permissions: deploying}, ""},
		{"beyond the role", apitoken.As(bob), apitoken.GenerateParams{Permissions: apitoken.ListAny | deploying},
			"ListAny: the role of the owner or the kind does not carry them"},
		{"beyond every role", apitoken.As(bob), apitoken.GenerateParams{Permissions: 1 << 63},
			"0x8000000000000000: the role of the owner or the kind does not carry them"},
		{"beyond the owner's role, on behalf", apitoken.As(ada), apitoken.GenerateParams{Permissions: apitoken.ListAny},
			"ListAny: the role of the owner or the kind does not carry them"},
		{"beyond the owner's role, by the host", apitoken.System(), apitoken.GenerateParams{Permissions: apitoken.ListAny},
			"ListAny: the role of the owner or the kind does not carry them"},
		{"on behalf", apitoken.As(ada), apitoken.GenerateParams{Permissions: deploying}, ""},
		{"beyond the kind", apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Kind: "ci", Permissions: apitoken.ListAny | deploying},
			"ListAny: the role of the owner or the kind does not carry them"},
		{"beyond a bound token", apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Resource: "project:web", Permissions: apitoken.ListAny},
			"ListAny: the role of the owner or the kind does not carry them"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newLimitHost(t)
			if tt.p.Owner == "" {
				tt.p.Owner = bob
			}
			tt.p.Name = "limited"
			err := third(h.Generate(ctx, tt.actor, tt.p))
			var got *apitoken.InvalidError
			switch {
			case tt.problem == "" && err != nil:
				t.Errorf("Generate: %v", err)
			case tt.problem != "" && (!errors.As(err, &got) || got.Field != "permissions" || got.Problem != tt.problem):
				t.Errorf("Generate: %v, want permissions %s", err, tt.problem)
			case tt.problem != "" && len(h.tokens()) != 0:
				t.Error("a token was stored")
			}
		})
	}
}

// A child inherits the limit of its parent, and may ask for less, not for more. What becomes of the parent later does not matter.
func TestAChildInheritsTheLimitOfItsParent(t *testing.T) {
	const parents = apitoken.GenerateOwn | deploying
	for _, tt := range []struct {
		name  string
		p     apitoken.GenerateParams
		limit apitoken.Permission
		want  string
	}{
		{"nothing asked", apitoken.GenerateParams{}, parents, allowed},
		{"nothing asked, of a kind", apitoken.GenerateParams{Kind: "ci"}, parents, allowed},
		{"less", apitoken.GenerateParams{Permissions: deploying}, deploying, allowed},
		{"the same", apitoken.GenerateParams{Permissions: parents}, parents, allowed},
		{"more", apitoken.GenerateParams{Permissions: parents | apitoken.ListAny}, 0, denied},
		{"another one", apitoken.GenerateParams{Permissions: apitoken.ListAny}, 0, denied},
		{"no limit", apitoken.GenerateParams{Permissions: apitoken.Unlimited}, 0, denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newLimitHost(t)
			h.mustPutUser(bob, "lead")
			_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "parent", Permissions: parents})
			tt.p.Owner, tt.p.Name = bob, "child"
			child, _, err := h.Generate(ctx, h.mustAuthenticate(text).Actor(), tt.p)
			if got := verdict(err); got != tt.want || child.Permissions != tt.limit {
				t.Errorf("%s (%v) with %s, want %s with %s", got, err, child.Permissions, tt.want, tt.limit)
			}
		})
	}
}

// A token that is limited to permissions without GenerateOwn manages nothing but itself.
func TestATokenWithoutGenerateOwnSeesAndRevokesItselfAlone(t *testing.T) {
	h := newLimitHost(t)
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "limited", Permissions: deploying})
	other, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "other"})
	actor := h.mustAuthenticate(text).Actor()
	for name, call := range map[string]struct {
		err  error
		want string
	}{
		"generate":     {third(h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: "child"})), denied},
		"list":         {second(h.ListTokens(ctx, actor, apitoken.TokenQuery{Owner: bob})), denied},
		"read another": {second(h.Token(ctx, actor, other.ID)), hidden},
		"read itself":  {second(h.Token(ctx, actor, token.ID)), allowed},
	} {
		if got := verdict(call.err); got != call.want {
			t.Errorf("%s: %s (%v), want %s", name, got, call.err, call.want)
		}
	}
	h.must(h.Revoke(ctx, actor, token.ID))
}
