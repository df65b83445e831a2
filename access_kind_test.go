package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// deploying is a permission of the host's own.
const deploying apitoken.Permission = 1 << 32

// newKindHost returns a host with kinds of tokens that carry few permissions. Users may deploy, and administrators too.
func newKindHost(t *testing.T) host {
	return newHost(t, apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{
			apitoken.RoleUser: apitoken.GenerateOwn | deploying,
			"provisioner":     apitoken.GenerateForOthers | apitoken.ListAny,
		},
		Kinds: []apitoken.Kind{"plain"},
		KindRules: map[apitoken.Kind]apitoken.KindRule{
			"badge":     {},
			"deploy":    {Permissions: deploying},
			"ci":        {Permissions: apitoken.GenerateOwn | deploying},
			"provision": {Permissions: apitoken.GenerateOwn | apitoken.GenerateForOthers | deploying},
			"others":    {Permissions: apitoken.GenerateForOthers | apitoken.ListAny | deploying},
			"report":    {Permissions: apitoken.ListAny, OwnOnly: true},
		},
	})
}

// withToken returns the actor who uses a new token of the owner.
func (h host) withToken(owner apitoken.UserID, kind apitoken.Kind, resource string) apitoken.Actor {
	h.t.Helper()
	name := strings.TrimSpace(fmt.Sprintf("in use %s %s", kind, resource))
	_, text := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: owner, Name: name, Kind: kind, Resource: resource})
	return h.mustAuthenticate(text).Actor()
}

// A token carries those of its owner's permissions that its kind names.
func TestATokenCarriesWhatItsKindSays(t *testing.T) {
	all := apitoken.AdminPermissions | deploying
	for _, tt := range []struct {
		kind    apitoken.Kind
		carries apitoken.Permission
	}{
		{"", all},
		{"plain", all},
		{"deploy", deploying},
		{"ci", apitoken.GenerateOwn | deploying},
		{"report", apitoken.ListAny},
		{"badge", 0},
	} {
		t.Run("kind "+string(tt.kind), func(t *testing.T) {
			h := newKindHost(t)
			token, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "a token", Kind: tt.kind})
			other, _ := h.mustGenerateOwn(ada, "another")
			identity := h.mustAuthenticate(text)
			actor := identity.Actor()
			if got := h.PermissionsOf(identity); got != tt.carries {
				t.Errorf("PermissionsOf: %s, want %s", got, tt.carries)
			}
			if got, err := h.Permissions(ctx, actor); got != tt.carries || err != nil {
				t.Errorf("Permissions: %s, %v, want %s", got, err, tt.carries)
			}
			// Only a token that carries GenerateOwn manages the owner's other tokens. Other permissions work as for a person.
			manages := tt.carries.Has(apitoken.GenerateOwn)
			if !manages {
				if err := h.RevokeAll(ctx, actor, ada); !errors.Is(err, apitoken.ErrDenied) {
					t.Errorf("revoke all of the owner: %v, want ErrDenied", err)
				}
			}
			want := func(ok bool, otherwise string) string {
				if ok {
					return allowed
				}
				return otherwise
			}
			for _, row := range []struct {
				operation string
				err       error
				want      string
			}{
				{"read itself", second(h.Token(ctx, actor, token.ID)), allowed},
				{"read another token of the owner", second(h.Token(ctx, actor, other.ID)), want(manages || tt.carries.Has(apitoken.ListAny), hidden)},
				{"list the owner's tokens", second(h.ListTokens(ctx, actor, apitoken.TokenQuery{Owner: ada})), want(manages || tt.carries.Has(apitoken.ListAny), denied)},
				{"read the owner", second(h.User(ctx, actor, ada)), want(manages, hidden)},
				{"revoke all of another user", h.RevokeAll(ctx, actor, bob), want(tt.carries.Has(apitoken.RevokeAny), denied)},
				{"revoke another token of the owner", h.Revoke(ctx, actor, other.ID), want(manages, hidden)},
				{"revoke itself", h.Revoke(ctx, actor, token.ID), allowed},
			} {
				if got := verdict(row.err); got != row.want {
					t.Errorf("%s is %s, want %s", row.operation, got, row.want)
				}
			}
		})
	}
}

// What a token may generate depends on what both kinds carry, and not on the role that the owner has today: after a promotion
// of the owner, the child carries no more than its parent.
func TestAChildCarriesNoMoreThanItsParent(t *testing.T) {
	for _, tt := range []struct {
		user   apitoken.UserID // with a token
		parent apitoken.Kind   // of this kind
		owner  apitoken.UserID // generates for this user
		child  apitoken.Kind   // a token of this kind
		want   string
	}{
		{bob, apitoken.KindUser, bob, apitoken.KindUser, allowed},
		{bob, apitoken.KindUser, bob, "ci", allowed},
		{bob, "plain", bob, "plain", allowed},
		{bob, "plain", bob, "report", allowed},
		{bob, "ci", bob, "ci", allowed},
		{bob, "ci", bob, "deploy", allowed},
		{bob, "ci", bob, "badge", allowed},
		{bob, "ci", bob, "plain", denied},
		{bob, "ci", bob, apitoken.KindUser, denied}, // in Bob's present role it carries the same; after a promotion, more
		{bob, "ci", bob, "", denied},                // which is KindUser
		{bob, "ci", bob, "provision", denied},
		{bob, "deploy", bob, "deploy", denied}, // without GenerateOwn a token generates nothing
		{bob, "badge", bob, "badge", denied},
		{bob, "others", bob, "badge", denied},

		{ada, "plain", ada, "plain", allowed},
		{ada, "plain", bob, apitoken.KindUser, allowed},
		{ada, "provision", carol, "badge", allowed},
		{ada, "provision", carol, "provision", allowed},
		{ada, "provision", carol, "ci", allowed},
		{ada, "provision", carol, "others", denied},
		{ada, "provision", carol, apitoken.KindUser, denied},
		{ada, "ci", carol, "badge", denied}, // without GenerateForOthers
		{ada, "others", carol, "badge", denied},
		{ada, "others", carol, "others", denied},
		{ada, "others", carol, "ci", denied},
		{ada, "others", carol, "provision", denied},
		{ada, "others", carol, apitoken.KindUser, denied},
	} {
		t.Run(fmt.Sprintf("%s with %s generates %s for %s", tt.user, tt.parent, tt.child, tt.owner), func(t *testing.T) {
			h := newKindHost(t)
			actor := h.withToken(tt.user, tt.parent, "")
			before := h.denials()
			_, secret, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: tt.owner, Name: "child", Kind: tt.child})
			if got := verdict(err); got != tt.want {
				t.Fatalf("%s (%v), want %s", got, err, tt.want)
			}
			if recorded := h.denials() - before; (recorded == 1) != (tt.want == denied) {
				t.Errorf("%d denials recorded of a request that was %s", recorded, tt.want)
			}
			if err != nil {
				return
			}
			h.mustPutUser(tt.owner, apitoken.RoleAdmin)
			parent, err := h.Permissions(ctx, actor)
			h.must(err)
			if child := h.PermissionsOf(h.mustAuthenticate(secret.Reveal())); !parent.Has(child) {
				t.Errorf("after a promotion the child carries %s, want no more than its parent's %s", child, parent)
			}
		})
	}
}

// To generate for another user, the actor needs every permission of that user, even if the token would carry none of them.
func TestGeneratingForAUserWhoHoldsMoreIsDeniedForEveryKind(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{
			"lead": apitoken.GenerateOwn | apitoken.GenerateForOthers,
			"boss": apitoken.GenerateOwn | apitoken.RevokeAny,
		},
		KindRules: map[apitoken.Kind]apitoken.KindRule{"badge": {}},
	})
	h.mustPutUser("lena", "lead")
	h.mustPutUser("ruth", "boss")
	for _, kind := range []apitoken.Kind{apitoken.KindUser, "badge"} {
		err := third(h.Generate(ctx, apitoken.As("lena"), apitoken.GenerateParams{Owner: "ruth", Name: string(kind), Kind: kind}))
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("%s for a user who holds more: %v, want ErrDenied", kind, err)
		}
		h.mustGenerate(apitoken.As("lena"), apitoken.GenerateParams{Owner: bob, Name: string(kind), Kind: kind})
	}
}

// GenerateForOthers does not include generating for oneself, whatever token is in use.
func TestGeneratingForOneselfNeedsGenerateOwn(t *testing.T) {
	h := newKindHost(t)
	h.mustPutUser("pat", "provisioner")
	for _, actor := range []apitoken.Actor{apitoken.As("pat"), h.withToken("pat", "others", ""), h.withToken("pat", apitoken.KindUser, "")} {
		for _, kind := range []apitoken.Kind{apitoken.KindUser, "others", "report"} {
			err := third(h.Generate(ctx, actor, apitoken.GenerateParams{Owner: "pat", Name: "x", Kind: kind}))
			if !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("%s generates %s without GenerateOwn: %v, want ErrDenied", actor.Kind, kind, err)
			}
		}
	}
}

// An own-only kind for another user is a wrong request, whatever the actor's permissions.
func TestAnOwnOnlyKindIsForTheOwnerAlone(t *testing.T) {
	h := newKindHost(t)
	want := apitoken.InvalidError{Field: "kind", Problem: `"report" is for oneself only`}
	for _, actor := range []apitoken.Actor{apitoken.As(ada), apitoken.System(), apitoken.As(carol)} {
		err := third(h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "report"}))
		var got *apitoken.InvalidError
		if !errors.As(err, &got) {
			t.Fatalf("%s %s: %v, want an InvalidError", actor.Kind, actor.User, err)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", actor.Kind, actor.User, diff)
		}
	}
	if n := len(h.tokens()); n != 0 {
		t.Errorf("%d tokens after refusals, want none", n)
	}
	h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "report"})
}

// A person's own token is not denied because a promotion commits between the decision and the insert.
func TestAPersonIsNotDeniedForARoleThatChangesMeanwhile(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	promoted := false
	h.store.before = func(method string) error {
		if method == "CreateToken" && !promoted {
			promoted = true
			h.mustPutUser(bob, apitoken.RoleAdmin)
		}
		return nil
	}
	if _, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"}); err != nil || !promoted {
		t.Errorf("Generate: %v, promoted meanwhile: %t, want nil and true", err, promoted)
	}
}

// A Manager that does not declare a kind authenticates its tokens, and they carry nothing.
func TestATokenOfAnUndeclaredKindCarriesNothing(t *testing.T) {
	h := newKindHost(t)
	_, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "ci", Kind: "plain"})
	without, err := apitoken.New(h.store, &apitoken.Options{Clock: h.clock})
	h.must(err)
	identity, err := without.Authenticate(ctx, text)
	h.must(err)
	if got, err := without.Permissions(ctx, identity.Actor()); got != 0 || err != nil {
		t.Errorf("Permissions: %s, %v, want none", got, err)
	}
	if _, err := without.ListTokens(ctx, identity.Actor(), apitoken.TokenQuery{Owner: ada}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("list the owner's tokens: %v, want ErrDenied", err)
	}
}

// A host may give KindUser a rule too.
func TestTheKindUserMayHaveARule(t *testing.T) {
	h := newHost(t, apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{apitoken.KindUser: {}}})
	err := third(h.Generate(ctx, h.withToken(bob, "", ""), apitoken.GenerateParams{Owner: bob, Name: "another"}))
	if !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("generate with a token that carries nothing: %v, want ErrDenied", err)
	}
}
