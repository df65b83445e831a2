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

// A token carries those of its owner's permissions that its kind names. TestEveryActorTargetAndOperation shows what each
// operation makes of that.
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
			_, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "a token", Kind: tt.kind})
			identity := h.mustAuthenticate(text)
			if got := h.PermissionsOf(identity); got != tt.carries {
				t.Errorf("PermissionsOf: %s, want %s", got, tt.carries)
			}
			if got, err := h.Permissions(ctx, identity.Actor()); got != tt.carries || err != nil {
				t.Errorf("Permissions: %s, %v, want %s", got, err, tt.carries)
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

// An own-only kind for another user is a wrong request, whatever the actor's permissions.
func TestAnOwnOnlyKindIsForTheOwnerAlone(t *testing.T) {
	h := newKindHost(t)
	want := apitoken.InvalidError{Field: "kind", Problem: `"report" can be generated for oneself only`}
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

// A host may give KindUser a rule too.
func TestTheKindUserMayHaveARule(t *testing.T) {
	h := newHost(t, apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{apitoken.KindUser: {}}})
	err := third(h.Generate(ctx, h.withToken(bob, "", ""), apitoken.GenerateParams{Owner: bob, Name: "another"}))
	if !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("generate with a token that carries nothing: %v, want ErrDenied", err)
	}
}
