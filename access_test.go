package apitoken_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// The rules of access.go as a table. Every operation is about Bob, an ordinary user, or about a token of Bob's.
//
// The host itself and administrators may do everything. Import, Sweep and ForgetUser are for the host alone: see
// TestOnlyTheHostImports and TestOnlyTheHostSweepsAndForgets. What a token in use adds to these rules is in access_kind_test.go and access_resource_test.go. All rules once more, for all
// combinations, are in specification_test.go.
type accessRule struct {
	operation string              // a method of Manager
	needs     apitoken.Permission // with it, and without any other, another user may do it
	bob       string              // the verdict for Bob
	stranger  string              // the verdict for another user without the permission
	seeing    string              // the verdict for another user who only has ListAny; empty: that of a stranger
}

// The verdicts.
const (
	allowed = "allowed"
	denied  = "denied"    // ErrDenied
	hidden  = "not found" // ErrNotFound: the actor may not learn whether the object exists
)

var accessRules = []accessRule{
	{"Generate", apitoken.GenerateForOthers, allowed, denied, ""},
	{"Offer", apitoken.GenerateForOthers, allowed, denied, ""},
	{"Offers", apitoken.ListAny, allowed, denied, ""},
	{"Token", apitoken.ListAny, allowed, hidden, ""},
	{"ListTokens", apitoken.ListAny, allowed, denied, ""},
	{"TokenPage", apitoken.ListAny, allowed, denied, ""},
	{"CountTokens", apitoken.ListAny, allowed, denied, ""},
	{"TallyTokens", apitoken.ListAny, allowed, denied, ""},
	{"ListTokens of all", apitoken.ListAny, denied, denied, ""},
	{"TokenPage of all", apitoken.ListAny, denied, denied, ""},
	{"CountTokens of all", apitoken.ListAny, denied, denied, ""},
	{"UpdateToken", apitoken.ListAny | apitoken.GenerateForOthers, allowed, hidden, denied},
	{"Narrow", apitoken.RevokeAny, allowed, hidden, ""},
	{"Revoke", apitoken.RevokeAny, allowed, hidden, ""},
	{"RevokeAll", apitoken.RevokeAny, allowed, denied, ""},
	{"SetPolicy", apitoken.SetPolicy, denied, denied, ""},
	{"User", apitoken.ManageUsers, allowed, hidden, ""},
	{"ListUsers", apitoken.ManageUsers, denied, denied, ""},
	{"PutUser", apitoken.ManageUsers, denied, denied, ""},
	{"DisableUser", apitoken.ManageUsers, denied, denied, ""},
	{"EnableUser", apitoken.ManageUsers, denied, denied, ""},
	{"SuspendUser", apitoken.ManageUsers, denied, denied, ""},
	{"ResumeUser", apitoken.ManageUsers, denied, denied, ""},
	{"Events", apitoken.ReadEvents, denied, denied, ""},
}

// operations are the calls of the rules, about Bob and a token of Bob's.
func operations(h host, token apitoken.Token) map[string]func(apitoken.Actor) error {
	bobs, all := apitoken.TokenQuery{Owner: bob}, apitoken.TokenQuery{AnyOwner: true}
	return map[string]func(apitoken.Actor) error{
		"Generate": func(a apitoken.Actor) error {
			return third(h.Generate(ctx, a, apitoken.GenerateParams{Owner: bob, Name: "new"}))
		},
		"Offer":              func(a apitoken.Actor) error { return second(h.Offer(ctx, a, toBob("new"))) },
		"Offers":             func(a apitoken.Actor) error { return second(h.Offers(ctx, a, bob)) },
		"Token":              func(a apitoken.Actor) error { return second(h.Token(ctx, a, token.ID)) },
		"ListTokens":         func(a apitoken.Actor) error { return second(h.ListTokens(ctx, a, bobs)) },
		"TokenPage":          func(a apitoken.Actor) error { return second(h.TokenPage(ctx, a, bobs)) },
		"CountTokens":        func(a apitoken.Actor) error { return second(h.CountTokens(ctx, a, bobs)) },
		"TallyTokens":        func(a apitoken.Actor) error { return second(h.TallyTokens(ctx, a, bobs, 10)) },
		"ListTokens of all":  func(a apitoken.Actor) error { return second(h.ListTokens(ctx, a, all)) },
		"TokenPage of all":   func(a apitoken.Actor) error { return second(h.TokenPage(ctx, a, all)) },
		"CountTokens of all": func(a apitoken.Actor) error { return second(h.CountTokens(ctx, a, all)) },
		"UpdateToken": func(a apitoken.Actor) error {
			return second(h.UpdateToken(ctx, a, token.ID, apitoken.TokenChange{Description: to("for releases")}))
		},
		"Narrow": func(a apitoken.Actor) error {
			return second(h.Narrow(ctx, a, token.ID, apitoken.Narrowing{Keep: apitoken.GenerateOwn}))
		},
		"Revoke":       func(a apitoken.Actor) error { return h.Revoke(ctx, a, token.ID) },
		"RevokeAll":    func(a apitoken.Actor) error { return h.RevokeAll(ctx, a, bob) },
		"MaxLifetimes": func(a apitoken.Actor) error { return second(h.MaxLifetimes(ctx, a, bob)) },
		"SetPolicy": func(a apitoken.Actor) error {
			return second(h.SetPolicy(ctx, a, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}))
		},
		"User":      func(a apitoken.Actor) error { return second(h.User(ctx, a, bob)) },
		"ListUsers": func(a apitoken.Actor) error { return second(h.ListUsers(ctx, a, apitoken.UserQuery{})) },
		"PutUser": func(a apitoken.Actor) error {
			return second(h.PutUser(ctx, a, apitoken.User{ID: bob, Name: "Robert"}))
		},
		"DisableUser": func(a apitoken.Actor) error { return h.DisableUser(ctx, a, bob) },
		"EnableUser":  func(a apitoken.Actor) error { return h.EnableUser(ctx, a, bob) },
		"SuspendUser": func(a apitoken.Actor) error { return h.SuspendUser(ctx, a, bob) },
		"ResumeUser":  func(a apitoken.Actor) error { return h.ResumeUser(ctx, a, bob) },
		"Events":      func(a apitoken.Actor) error { return firstError(h.Events(ctx, a, apitoken.EventQuery{})) },
	}
}

func verdict(err error) string {
	switch {
	case err == nil:
		return allowed
	case errors.Is(err, apitoken.ErrDenied):
		return denied
	case errors.Is(err, apitoken.ErrNotFound):
		return hidden
	}
	return err.Error()
}

func TestAccessRules(t *testing.T) {
	// How an actor is judged.
	var (
		asAdministrator = func(accessRule) string { return allowed }
		asBob           = func(r accessRule) string { return r.bob }
		asStranger      = func(r accessRule) string { return r.stranger }
		asNobody        = func(accessRule) string { return denied }
	)
	person := func(id apitoken.UserID) func(host) apitoken.Actor {
		return func(host) apitoken.Actor { return apitoken.As(id) }
	}
	token := func(owner apitoken.UserID) func(host) apitoken.Actor {
		return func(h host) apitoken.Actor { return h.withToken(owner, "", "") }
	}
	exactly := func(a apitoken.Actor) func(host) apitoken.Actor {
		return func(host) apitoken.Actor { return a }
	}
	// adasToken is the actor with a token of Ada's, an administrator, after a change.
	adasToken := func(change func(h host, a *apitoken.Actor)) func(host) apitoken.Actor {
		return func(h host) apitoken.Actor {
			a := h.withToken(ada, "", "")
			change(h, &a)
			return a
		}
	}
	tests := []struct {
		name   string
		actor  func(h host) apitoken.Actor
		judged func(accessRule) string
	}{
		{"the host itself", exactly(apitoken.System()), asAdministrator},
		{"an administrator", person(ada), asAdministrator},
		{"an administrator's token", token(ada), asAdministrator},
		{"Bob", person(bob), asBob},
		{"Bob's token", token(bob), asBob},
		{"another user", person(carol), asStranger},
		{"another user's token", token(carol), asStranger},
		{"a former administrator's token", func(h host) apitoken.Actor {
			h.mustPutUser(carol, apitoken.RoleAdmin)
			a := h.withToken(carol, "", "")
			h.mustPutUser(carol, apitoken.RoleUser)
			return a
		}, asStranger},
		{"the zero Actor", exactly(apitoken.Actor{}), asNobody},
		{"an unknown user", person("eve"), asNobody},
		{"the empty user", person(""), asNobody},
		{"a disabled user", person(dan), asNobody},
		{"a user called system", person("system"), asNobody},
		{"the host with the id of an administrator", exactly(apitoken.Actor{Kind: apitoken.ActorSystem, User: ada}), asNobody},
		{"an undeclared kind of actor", exactly(apitoken.Actor{Kind: "root", User: ada}), asNobody},
		{"a person with a token", adasToken(func(_ host, a *apitoken.Actor) { a.Kind = apitoken.ActorPerson }), asNobody},
		{"a user with another user's token", adasToken(func(_ host, a *apitoken.Actor) { a.User = bob }), asNobody},
		{"an unknown token", exactly(apitoken.Actor{Kind: apitoken.ActorToken, User: ada}), asNobody},
		{"a revoked token", adasToken(func(h host, a *apitoken.Actor) { h.must(h.Revoke(ctx, apitoken.As(ada), a.Token)) }), asNobody},
		{"a token of an earlier epoch", adasToken(func(h host, _ *apitoken.Actor) { h.must(h.RevokeAll(ctx, apitoken.As(ada), ada)) }), asNobody},
		{"an expired token", adasToken(func(h host, _ *apitoken.Actor) { h.clock.Add(apitoken.Days(90)) }), asNobody},
	}
	// Another user with one permission more than an ordinary user.
	roles := map[apitoken.Role]apitoken.Permission{}
	for p := apitoken.GenerateForOthers; p <= apitoken.ReadEvents; p <<= 1 {
		roles[apitoken.Role(p.String())] = apitoken.GenerateOwn | p
		tests = append(tests, struct {
			name   string
			actor  func(h host) apitoken.Actor
			judged func(accessRule) string
		}{"another user with " + p.String(), func(h host) apitoken.Actor {
			h.mustPutUser("erin", apitoken.Role(p.String()))
			return apitoken.As("erin")
		}, func(r accessRule) string {
			switch {
			case r.needs == p:
				return allowed
			case r.seeing != "" && p == apitoken.ListAny:
				return r.seeing
			}
			return r.stranger
		}})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, got := map[string]string{}, map[string]string{}
			for _, rule := range accessRules {
				h := newHost(t, apitoken.Options{Roles: roles})
				token, _ := h.mustGenerateOwn(bob, "bob's")
				actor := tt.actor(h)
				before := h.denials()
				want[rule.operation] = tt.judged(rule)
				got[rule.operation] = verdict(operations(h, token)[rule.operation](actor))
				wantDenials := 1
				if got[rule.operation] == allowed {
					wantDenials = 0
				}
				if recorded := h.denials() - before; recorded != wantDenials {
					t.Errorf("%s is %s: %d denials recorded, want %d", rule.operation, got[rule.operation], recorded, wantDenials)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
}

// For all pairs of sets of the seven permissions: an actor generates a token for, grants a role to, renames, demotes or
// enables a user only if the actor holds every permission of that user and of that role.
func TestNoActorActsOnAUserWhoHoldsMore(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
	const sets = 1 << 7
	roles := map[apitoken.Role]apitoken.Permission{}
	role := func(p int) apitoken.Role { return apitoken.Role(fmt.Sprintf("role %d", p)) }
	for p := range sets {
		roles[role(p)] = apitoken.Permission(p)
	}
	h := newHost(t, apitoken.Options{Roles: roles, LastUsedInterval: -1})
	actor := func(p int) apitoken.UserID { return apitoken.UserID(fmt.Sprintf("actor %d", p)) }
	target := func(p int) apitoken.UserID { return apitoken.UserID(fmt.Sprintf("target %d", p)) }
	for p := range sets {
		h.mustPutUser(actor(p), role(p))
		h.mustPutUser(target(p), role(p))
	}
	for a := range sets {
		for b := range sets {
			put := func(u apitoken.User) error { return second(h.PutUser(ctx, apitoken.As(actor(a)), u)) }
			holdsAll := b&^a == 0
			generates := holdsAll && apitoken.Permission(a).Has(apitoken.GenerateForOthers)
			manages := holdsAll && apitoken.Permission(a).Has(apitoken.ManageUsers)
			for _, tt := range []struct {
				operation string
				err       error
				allowed   bool
			}{
				{"generate for", third(h.Generate(ctx, apitoken.As(actor(a)), apitoken.GenerateParams{Owner: target(b), Name: fmt.Sprint(a)})), generates},
				{"enable", h.EnableUser(ctx, apitoken.As(actor(a)), target(b)), manages},
				{"rename", put(apitoken.User{ID: target(b)}), manages},
				{"create", put(apitoken.User{ID: apitoken.UserID(fmt.Sprintf("new %d %d", a, b)), Role: role(b)}), manages},
				{"demote", put(apitoken.User{ID: target(b), Role: role(b & a)}), manages},
				{"promote to", put(apitoken.User{ID: target(a & b), Role: role(b)}), manages},
			} {
				if got := !errors.Is(tt.err, apitoken.ErrDenied); got != tt.allowed {
					t.Errorf("an actor with %s may %s a user with %s: %t (%v), want %t",
						apitoken.Permission(a), tt.operation, apitoken.Permission(b), got, tt.err, tt.allowed)
				}
			}
			h.mustPutUser(target(a&b), role(a&b))
			h.mustPutUser(target(b), role(b))
		}
	}
}

// Permissions and Caller answer every actor who authenticates, and deny all others.
func TestPermissionsOfAnActor(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ListAny | apitoken.ReadEvents}})
	h.mustPutUser("erin", "auditor")
	tests := []struct {
		name  string
		actor apitoken.Actor
		want  apitoken.Permission
		role  apitoken.Role
		err   error
	}{
		{"administrator", apitoken.As(ada), 1<<7 - 1, apitoken.RoleAdmin, nil},
		{"user", apitoken.As(bob), apitoken.GenerateOwn, apitoken.RoleUser, nil},
		{"a user's token", h.withToken(bob, "", ""), apitoken.GenerateOwn, apitoken.RoleUser, nil},
		{"a bound token of an administrator", h.withToken(ada, "", "project:web"), apitoken.GenerateOwn, apitoken.RoleAdmin, nil},
		{"a role of the host", apitoken.As("erin"), apitoken.ListAny | apitoken.ReadEvents, "auditor", nil},
		{"the host itself", apitoken.System(), ^apitoken.Permission(0), "", nil},
		{"disabled", apitoken.As(dan), 0, "", apitoken.ErrDenied},
		{"unknown", apitoken.As("eve"), 0, "", apitoken.ErrDenied},
		{"the zero Actor", apitoken.Actor{}, 0, "", apitoken.ErrDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := h.denials()
			got, err := h.Permissions(ctx, tt.actor)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s, %v, want %s, %v", got, err, tt.want, tt.err)
			}
			if denials := h.denials() - before; (denials == 1) != (tt.err != nil) || denials > 1 {
				t.Errorf("%d denials recorded of a call that returned %v, want one for a denial", denials, err)
			}
			caller, err := h.Caller(ctx, tt.actor)
			want := apitoken.Caller{Actor: tt.actor, Role: tt.role, Permissions: tt.want}
			if tt.err != nil {
				want = apitoken.Caller{}
			}
			if diff := cmp.Diff(want, caller); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("Caller returns %v, want %v; (-want +got):\n%s", err, tt.err, diff)
			}
		})
	}
}

func TestPermissionString(t *testing.T) {
	for p, want := range map[apitoken.Permission]string{
		0: "none", apitoken.GenerateOwn: "GenerateOwn", apitoken.ListAny | apitoken.RevokeAny: "ListAny|RevokeAny",
		apitoken.ReadEvents | 1<<40: "ReadEvents|0x10000000000",
	} {
		if got := p.String(); got != want {
			t.Errorf("%d is %q, want %q", uint64(p), got, want)
		}
	}
}

// On a replica that does not declare a role, only the host acts on its holders, and the role grants nothing.
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
				t.Errorf("%s a user of an undeclared role, by %s: %v, want ErrDenied", name, actor, err)
			}
		}
	}
	if _, _, err := old.Generate(ctx, apitoken.As("ruth"), apitoken.GenerateParams{Owner: "ruth", Name: "x"}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("generate by a user of an undeclared role: %v, want ErrDenied", err)
	}
	if err := old.DisableUser(ctx, apitoken.System(), "ruth"); err != nil {
		t.Errorf("disable a user of an undeclared role, by the host: %v, want nil", err)
	}
}

// The built-in administrator holds every permission that a declared role grants, so they can act on its holders.
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
	want := apitoken.AdminPermissions | deploying | deploying<<1
	if got, err := h.Permissions(ctx, apitoken.As(ada)); err != nil || got != want {
		t.Errorf("the administrator holds %s, %v, want %s", got, err, want)
	}
	// A host that replaces the role states everything that it grants.
	h = newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		apitoken.RoleAdmin: apitoken.AdminPermissions, apitoken.RoleUser: apitoken.GenerateOwn | deploying,
	}})
	if err := h.DisableUser(ctx, apitoken.As(ada), bob); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("disable a user who holds more, by a replaced administrator role: %v, want ErrDenied", err)
	}
}

// A refusal has the same error, the same record and the same calls of the store, whether or not the user or token exists.
func TestRefusalsDoNotRevealWhetherTheObjectExists(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
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
	missing := ask("eve", unknown)
	for name, existing := range ask(bob, token.ID) {
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
			existingError, existingCalls := calls(existing)
			missingError, missingCalls := calls(missing[name])
			if diff := cmp.Diff(missingError, existingError); diff != "" {
				t.Errorf("%s, while writes %s: error (-missing +existing):\n%s", name, writes, diff)
			}
			if diff := cmp.Diff(missingCalls, existingCalls); diff != "" {
				t.Errorf("%s, while writes %s: calls of the store (-missing +existing):\n%s", name, writes, diff)
			}
		}
	}
}
