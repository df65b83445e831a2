package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

const deploying apitoken.Permission = 1 << 32

// hostWith gives a host with kinds of tokens that carry little, and a role for provisioning.
func hostWith(t *testing.T) host {
	return newHost(t, apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{
			apitoken.RoleAdmin: apitoken.AdminPermissions | deploying,
			apitoken.RoleUser:  apitoken.GenerateOwn | deploying,
			"provisioner":      apitoken.GenerateForOthers | apitoken.ListAny,
		},
		KindRules: map[apitoken.Kind]apitoken.KindRule{
			"badge":  {},
			"deploy": {Permissions: deploying},
			"ci":     {Permissions: apitoken.GenerateOwn | deploying},
			"robot":  {Permissions: apitoken.GenerateOwn | apitoken.GenerateForOthers | deploying},
			"idle":   {Permissions: apitoken.GenerateForOthers | apitoken.ListAny | deploying},
			"mine":   {Permissions: apitoken.ListAny, OwnOnly: true},
		},
	})
}

// with is the actor who uses a fresh token of the owner.
func (h host) with(owner apitoken.UserID, kind apitoken.Kind, resource string) apitoken.Actor {
	h.t.Helper()
	name := strings.TrimSpace(fmt.Sprintf("in use %s %s", kind, resource))
	_, text := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: owner, Name: name, Kind: kind, Resource: resource})
	return h.mustAuthenticate(text).Actor()
}

// What a token may generate depends on what the kinds carry, and not on the role that the owner has today.
func TestAChildCarriesNoMoreThanItsParent(t *testing.T) {
	const yes, no = true, false
	for _, tt := range []struct {
		parent, child apitoken.Kind
		may           bool
	}{
		{apitoken.KindUser, apitoken.KindUser, yes},
		{apitoken.KindUser, "ci", yes},
		{"ci", "ci", yes},
		{"ci", "deploy", yes},
		{"ci", "badge", yes},
		{"ci", apitoken.KindUser, no}, // for Bob in the present role it carries the same; once promoted, it would carry more
		{"ci", "robot", no},
		{"deploy", "deploy", no}, // no GenerateOwn: it generates nothing
		{"badge", "badge", no},
		{"idle", "badge", no},
	} {
		t.Run(fmt.Sprintf("%s by %s", tt.child, tt.parent), func(t *testing.T) {
			h := hostWith(t)
			actor := h.with(bob, tt.parent, "")
			_, secret, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: "child", Kind: tt.child})
			if tt.may != (err == nil) || !tt.may && !errors.Is(err, apitoken.ErrDenied) {
				t.Fatalf("Generate: %v, want permitted %t", err, tt.may)
			}
			if err != nil {
				return
			}
			h.mustPutUser(bob, apitoken.RoleAdmin)
			parent, err := h.Permissions(ctx, actor)
			h.must(err)
			if child := h.PermissionsOf(h.mustAuthenticate(secret.Reveal())); !parent.Has(child) {
				t.Errorf("after a promotion the child carries %s, its parent %s", child, parent)
			}
		})
	}
}

// The same rule for others: the token that an actor uses bounds what it generates for them.
func TestATokenGeneratesForOthersWhatItCarries(t *testing.T) {
	h := hostWith(t)
	robot, idle := h.with(ada, "robot", ""), h.with(ada, "idle", "")
	for kind, may := range map[apitoken.Kind]bool{"badge": true, "robot": true, "ci": true, "idle": false, apitoken.KindUser: false} {
		err := third(h.Generate(ctx, robot, apitoken.GenerateParams{Owner: carol, Name: string(kind), Kind: kind}))
		if may != (err == nil) || !may && !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("%s by a robot: %v, want permitted %t", kind, err, may)
		}
		err = third(h.Generate(ctx, idle, apitoken.GenerateParams{Owner: carol, Name: "idle " + string(kind), Kind: kind}))
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("%s by a token without GenerateOwn: %v, want ErrDenied", kind, err)
		}
	}
}

// On behalf of another user, the whole role of that user counts, however little the token would carry.
func TestANarrowKindDoesNotLowerTheBar(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{
			"lead": apitoken.GenerateOwn | apitoken.GenerateForOthers,
			"boss": apitoken.GenerateOwn | apitoken.RevokeAny,
		},
		KindRules: map[apitoken.Kind]apitoken.KindRule{"badge": {}},
	})
	h.mustPutUser("lee", "lead")
	h.mustPutUser("ruth", "boss")
	for _, kind := range []apitoken.Kind{apitoken.KindUser, "badge"} {
		_, _, err := h.Generate(ctx, apitoken.As("lee"), apitoken.GenerateParams{Owner: "ruth", Name: string(kind), Kind: kind})
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("%s for a user of more permissions: %v, want ErrDenied", kind, err)
		}
		_, _, err = h.Generate(ctx, apitoken.As("lee"), apitoken.GenerateParams{Owner: bob, Name: string(kind), Kind: kind})
		h.must(err)
	}
}

// Whose a token is decides what is one's own, not what the token in use carries.
func TestOwnIsWhoOwns(t *testing.T) {
	h := hostWith(t)
	h.mustPutUser("pat", "provisioner") // who may not generate for themselves
	for _, actor := range []apitoken.Actor{apitoken.As("pat"), h.with("pat", "idle", ""), h.with("pat", apitoken.KindUser, "")} {
		for _, kind := range []apitoken.Kind{apitoken.KindUser, "idle", "mine"} {
			_, _, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: "pat", Name: "x", Kind: kind})
			if !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("%s as %s for pat: %v, want ErrDenied", kind, actor.Kind, err)
			}
		}
	}
	// For others an own-only kind is a wrong request, whatever the permissions.
	_, _, err := h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "x", Kind: "mine"})
	if !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("an own-only kind for another user: %v, want ErrInvalid", err)
	}
}

// A replica that does not know a role yet lets nobody but the host act on its holders.
func TestAnUndeclaredRoleShieldsItsHolders(t *testing.T) {
	store := memstore.New()
	manager := func(roles map[apitoken.Role]apitoken.Permission) *apitoken.Manager {
		roles["desk"] = apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ManageUsers
		m, err := apitoken.New(store, &apitoken.Options{Roles: roles})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	newer := manager(map[apitoken.Role]apitoken.Permission{"root": ^apitoken.Permission(0)})
	old := manager(map[apitoken.Role]apitoken.Permission{})
	for id, role := range map[apitoken.UserID]apitoken.Role{"ruth": "root", "dee": "desk", "ada": apitoken.RoleAdmin} {
		if _, err := newer.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Role: role}); err != nil {
			t.Fatal(err)
		}
	}
	for _, actor := range []apitoken.UserID{"dee", "ada"} {
		for name, err := range map[string]error{
			"generate": third(old.Generate(ctx, apitoken.As(actor), apitoken.GenerateParams{Owner: "ruth", Name: "x"})),
			"disable":  old.DisableUser(ctx, apitoken.As(actor), "ruth"),
			"enable":   old.EnableUser(ctx, apitoken.As(actor), "ruth"),
			"demote":   second(old.PutUser(ctx, apitoken.As(actor), apitoken.User{ID: "ruth", Role: apitoken.RoleUser})),
			"rename":   second(old.PutUser(ctx, apitoken.As(actor), apitoken.User{ID: "ruth", Name: "R."})),
		} {
			if !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("%s by %s: %v, want ErrDenied", name, actor, err)
			}
		}
	}
	if _, _, err := old.Generate(ctx, apitoken.As("ruth"), apitoken.GenerateParams{Owner: "ruth", Name: "x"}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("ruth herself, whose role grants nothing there: %v, want ErrDenied", err)
	}
	if err := old.DisableUser(ctx, apitoken.System(), "ruth"); err != nil {
		t.Errorf("the host: %v", err)
	}
}

// What an ordinary user asks about others costs the same and is recorded the same, whether or not there is such a thing.
func TestExistenceIsNotTold(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	unknown, err := apitoken.ParseTokenID("01890a5d-ac96-774b-bcce-b302099a8057")
	h.must(err)
	ask := func(u apitoken.UserID, id apitoken.TokenID) map[string]func() error {
		return map[string]func() error{
			"token":  func() error { return second(h.Token(ctx, apitoken.As(carol), id)) },
			"revoke": func() error { return h.Revoke(ctx, apitoken.As(carol), id) },
			"user":   func() error { return second(h.User(ctx, apitoken.As(carol), u)) },
			"list":   func() error { return second(h.ListTokens(ctx, apitoken.As(carol), apitoken.TokenQuery{Owner: u})) },
			"generate": func() error {
				return third(h.Generate(ctx, apitoken.As(carol), apitoken.GenerateParams{Owner: u, Name: "x"}))
			},
			"revoke all": func() error { return h.RevokeAll(ctx, apitoken.As(carol), u) },
			"disable":    func() error { return h.DisableUser(ctx, apitoken.As(carol), u) },
			"put":        func() error { return second(h.PutUser(ctx, apitoken.As(carol), apitoken.User{ID: u})) },
		}
	}
	misses := ask("eve", unknown)
	for name, hit := range ask(bob, token.ID) {
		for _, writes := range []string{"work", "fail"} {
			h.store.before = func(method string) error {
				if method == "AppendEvents" && writes == "fail" {
					return errors.New("disk full")
				}
				return nil
			}
			h.clock.Add(time.Minute)
			calls := func(ask func() error) (string, map[string]int) {
				before := h.store.counts()
				err := ask()
				return err.Error(), h.store.since(before)
			}
			hitError, hitCalls := calls(hit)
			missError, missCalls := calls(misses[name])
			if diff := cmp.Diff(missError, hitError); diff != "" {
				t.Errorf("%s, where writes %s: the answer (-miss +hit):\n%s", name, writes, diff)
			}
			if diff := cmp.Diff(missCalls, hitCalls); diff != "" {
				t.Errorf("%s, where writes %s: the calls of the store (-miss +hit):\n%s", name, writes, diff)
			}
		}
	}
}

// A host that gives users a permission of its own does not take them out of the built-in administrator's reach.
func TestTheBuiltInAdministratorReachesEveryDeclaredRole(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		apitoken.RoleUser: apitoken.GenerateOwn | deploying,
		"release":         apitoken.GenerateOwn | deploying<<1,
	}})
	h.mustPutUser(carol, "release")
	for _, u := range []apitoken.UserID{bob, carol} {
		h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: u, Name: "on behalf"})
		h.must(second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: u, Name: "Renamed"})))
		h.must(h.DisableUser(ctx, apitoken.As(ada), u))
	}
	if may, err := h.Permissions(ctx, apitoken.As(ada)); err != nil || may != apitoken.AdminPermissions|deploying|deploying<<1 {
		t.Errorf("the administrator holds %s, %v", may, err)
	}
	// A host that replaces the role says itself what it grants.
	h = newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		apitoken.RoleAdmin: apitoken.AdminPermissions, apitoken.RoleUser: apitoken.GenerateOwn | deploying,
	}})
	if err := h.DisableUser(ctx, apitoken.As(ada), bob); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a replaced administrator: %v, want ErrDenied", err)
	}
}
