package apitoken_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// operations are all the things that an actor can ask for, about Bob and Bob's token.
func operations(h host, token apitoken.Token) map[string]func(apitoken.Actor) error {
	one := func(seq func(func(apitoken.Event, error) bool)) (err error) {
		for _, err = range seq {
			break
		}
		return err
	}
	return map[string]func(apitoken.Actor) error{
		"generate": func(a apitoken.Actor) error {
			_, _, err := h.Generate(ctx, a, apitoken.GenerateParams{Owner: bob, Name: "new"})
			return err
		},
		"revoke":     func(a apitoken.Actor) error { return h.Revoke(ctx, a, token.ID) },
		"revoke all": func(a apitoken.Actor) error { return h.RevokeAll(ctx, a, bob) },
		"token": func(a apitoken.Actor) error {
			_, err := h.Token(ctx, a, token.ID)
			return err
		},
		"list": func(a apitoken.Actor) error {
			_, err := h.ListTokens(ctx, a, apitoken.TokenQuery{Owner: bob})
			return err
		},
		"list any": func(a apitoken.Actor) error {
			_, err := h.ListTokens(ctx, a, apitoken.TokenQuery{AnyOwner: true})
			return err
		},
		"page": func(a apitoken.Actor) error {
			_, err := h.TokenPage(ctx, a, apitoken.TokenQuery{Owner: bob})
			return err
		},
		"count": func(a apitoken.Actor) error {
			_, err := h.CountTokens(ctx, a, apitoken.TokenQuery{Owner: bob})
			return err
		},
		"count any": func(a apitoken.Actor) error {
			_, err := h.CountTokens(ctx, a, apitoken.TokenQuery{AnyOwner: true})
			return err
		},
		"page of any": func(a apitoken.Actor) error {
			_, err := h.TokenPage(ctx, a, apitoken.TokenQuery{AnyOwner: true})
			return err
		},
		"set policy": func(a apitoken.Actor) error {
			_, err := h.SetPolicy(ctx, a, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})
			return err
		},
		"put user": func(a apitoken.Actor) error {
			_, err := h.PutUser(ctx, a, apitoken.User{ID: bob, Name: "Robert"})
			return err
		},
		"user": func(a apitoken.Actor) error {
			_, err := h.User(ctx, a, bob)
			return err
		},
		"list users": func(a apitoken.Actor) error {
			_, err := h.ListUsers(ctx, a, apitoken.UserQuery{})
			return err
		},
		"enable":  func(a apitoken.Actor) error { return h.EnableUser(ctx, a, bob) },
		"disable": func(a apitoken.Actor) error { return h.DisableUser(ctx, a, bob) },
		"events":  func(a apitoken.Actor) error { return one(h.Events(ctx, a, apitoken.EventQuery{})) },
	}
}

func verdict(err error) string {
	switch {
	case err == nil:
		return "may"
	case errors.Is(err, apitoken.ErrDenied):
		return "denied"
	case errors.Is(err, apitoken.ErrNotFound):
		return "not found"
	}
	return err.Error()
}

func TestWhoMay(t *testing.T) {
	admin := map[string]string{
		"generate": "may", "revoke": "may", "revoke all": "may", "token": "may", "list": "may", "list any": "may",
		"page": "may", "page of any": "may", "count": "may", "count any": "may",
		"set policy": "may", "put user": "may", "user": "may", "list users": "may", "disable": "may", "enable": "may", "events": "may",
	}
	owner := map[string]string{
		"generate": "may", "revoke": "may", "revoke all": "may", "token": "may", "list": "may", "list any": "denied",
		"page": "may", "page of any": "denied", "count": "may", "count any": "denied",
		"set policy": "denied", "put user": "denied", "user": "may", "list users": "denied", "disable": "denied", "enable": "denied", "events": "denied",
	}
	stranger := map[string]string{
		"generate": "denied", "revoke": "not found", "revoke all": "denied", "token": "not found", "list": "denied", "list any": "denied",
		"page": "denied", "page of any": "denied", "count": "denied", "count any": "denied",
		"set policy": "denied", "put user": "denied", "user": "not found", "list users": "denied", "disable": "denied", "enable": "denied", "events": "denied",
	}
	nobody := map[string]string{}
	for op := range admin {
		nobody[op] = "denied"
	}
	with := func(base map[string]string, changes ...string) map[string]string {
		changed := map[string]string{}
		for op, v := range base {
			changed[op] = v
		}
		for _, op := range changes {
			changed[op] = "may"
		}
		return changed
	}
	tests := []struct {
		name  string
		actor func(h host) apitoken.Actor
		want  map[string]string
	}{
		{"the host itself", func(host) apitoken.Actor { return apitoken.System() }, admin},
		{"an administrator", func(host) apitoken.Actor { return apitoken.As(ada) }, admin},
		{"an administrator's token", func(h host) apitoken.Actor { return holder(h, ada) }, admin},
		{"the owner", func(host) apitoken.Actor { return apitoken.As(bob) }, owner},
		{"the owner's token", func(h host) apitoken.Actor { return holder(h, bob) }, owner},
		{"another user", func(host) apitoken.Actor { return apitoken.As(carol) }, stranger},
		{"another user's token", func(h host) apitoken.Actor { return holder(h, carol) }, stranger},
		{"who generates for others", as("GenerateForOthers"), with(stranger, "generate")},
		{"who lists any", as("ListAny"), with(stranger, "token", "list", "list any", "page", "page of any", "count", "count any")},
		{"who revokes any", as("RevokeAny"), with(stranger, "revoke", "revoke all")},
		{"who sets the policy", as("SetPolicy"), with(stranger, "set policy")},
		{"who manages users", as("ManageUsers"), with(stranger, "put user", "user", "list users", "disable", "enable")},
		{"who reads events", as("ReadEvents"), with(stranger, "events")},
		{"the zero Actor", func(host) apitoken.Actor { return apitoken.Actor{} }, nobody},
		{"a user whom nobody knows", func(host) apitoken.Actor { return apitoken.As("eve") }, nobody},
		{"nobody by name", func(host) apitoken.Actor { return apitoken.As("") }, nobody},
		{"a disabled user", func(host) apitoken.Actor { return apitoken.As(dan) }, nobody},
		{"a user with the name of the host", func(host) apitoken.Actor { return apitoken.As("system") }, nobody},
		{"the host with a user's name", func(host) apitoken.Actor { return apitoken.Actor{Kind: apitoken.ActorSystem, User: ada} }, nobody},
		{"a kind that does not exist", func(host) apitoken.Actor { return apitoken.Actor{Kind: "root", User: ada} }, nobody},
		{"a person with a token", func(h host) apitoken.Actor {
			a := holder(h, ada)
			a.Kind = apitoken.ActorPerson
			return a
		}, nobody},
		{"a user with an administrator's token", func(h host) apitoken.Actor {
			a := holder(h, ada)
			a.User = bob
			return a
		}, nobody},
		{"a token that does not exist", func(host) apitoken.Actor { return apitoken.Actor{Kind: apitoken.ActorToken, User: ada} }, nobody},
		{"a revoked token", func(h host) apitoken.Actor {
			a := holder(h, ada)
			h.must(h.Revoke(ctx, apitoken.As(ada), a.Token))
			return a
		}, nobody},
		{"a token of an earlier epoch", func(h host) apitoken.Actor {
			a := holder(h, ada)
			h.must(h.RevokeAll(ctx, apitoken.As(ada), ada))
			return a
		}, nobody},
		{"an expired token", func(h host) apitoken.Actor {
			a := holder(h, ada)
			h.clock.Add(apitoken.Days(90))
			return a
		}, nobody},
		{"an administrator who is no longer one", func(h host) apitoken.Actor {
			h.mustPutUser(carol, apitoken.RoleAdmin)
			a := holder(h, carol)
			h.mustPutUser(carol, apitoken.RoleUser)
			return a
		}, stranger},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]string{}
			for op := range admin {
				h := newHost(t, apitoken.Options{Roles: oneEach})
				token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "bob's"})
				actor := tt.actor(h)
				before := h.denials()
				got[op] = verdict(operations(h, token)[op](actor))
				if recorded := h.denials() - before; recorded != map[bool]int{true: 0, false: 1}[got[op] == "may"] {
					t.Errorf("%s: %s, with %d denials on record", op, got[op], recorded)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// oneEach are roles of one permission each, which also have what an ordinary user has.
var oneEach = map[apitoken.Role]apitoken.Permission{
	"GenerateForOthers": apitoken.GenerateOwn | apitoken.GenerateForOthers,
	"ListAny":           apitoken.GenerateOwn | apitoken.ListAny,
	"RevokeAny":         apitoken.GenerateOwn | apitoken.RevokeAny,
	"SetPolicy":         apitoken.GenerateOwn | apitoken.SetPolicy,
	"ManageUsers":       apitoken.GenerateOwn | apitoken.ManageUsers,
	"ReadEvents":        apitoken.GenerateOwn | apitoken.ReadEvents,
}

func as(role apitoken.Role) func(host) apitoken.Actor {
	return func(h host) apitoken.Actor {
		h.mustPutUser("erin", role)
		return apitoken.As("erin")
	}
}

// holder is who holds a fresh token of the user.
func holder(h host, owner apitoken.UserID) apitoken.Actor {
	h.t.Helper()
	_, text := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: owner, Name: "in use"})
	return h.mustAuthenticate(text).Actor()
}

// Over all pairs of sets of the seven permissions: nobody generates a token for, grants a role to, renames, demotes,
// disables or enables a user who may do what he may not.
func TestNobodyActsBeyondHisOwnPermissions(t *testing.T) {
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
	pairs := 0
	for a := range sets {
		for b := range sets {
			has := func(p apitoken.Permission) bool { return apitoken.Permission(a).Has(p) }
			within := b&^a == 0
			may := func(err error) bool { return !errors.Is(err, apitoken.ErrDenied) }

			_, _, err := h.Generate(ctx, apitoken.As(actor(a)), apitoken.GenerateParams{Owner: target(b), Name: fmt.Sprint(a)})
			if want := within && has(apitoken.GenerateForOthers); may(err) != want {
				t.Errorf("%s generates for %s: %v", apitoken.Permission(a), apitoken.Permission(b), err)
			}
			manages := within && has(apitoken.ManageUsers)
			for what, err := range map[string]error{
				"enable": h.EnableUser(ctx, apitoken.As(actor(a)), target(b)),
				"rename": put(h, actor(a), apitoken.User{ID: target(b)}),
				"create": put(h, actor(a), apitoken.User{ID: apitoken.UserID(fmt.Sprintf("new %d %d", a, b)), Role: role(b)}),
				"demote": put(h, actor(a), apitoken.User{ID: target(b), Role: role(b & a)}),
			} {
				if may(err) != manages {
					t.Errorf("%s: %s acts on %s: %v", what, apitoken.Permission(a), apitoken.Permission(b), err)
				}
			}
			if err := put(h, actor(a), apitoken.User{ID: target(a & b), Role: role(b)}); may(err) != manages {
				t.Errorf("%s grants %s: %v", apitoken.Permission(a), apitoken.Permission(b), err)
			}
			h.mustPutUser(target(a&b), role(a&b))
			h.mustPutUser(target(b), role(b))
			pairs++
		}
	}
	t.Logf("%d pairs", pairs)
}

func put(h host, actor apitoken.UserID, u apitoken.User) error {
	_, err := h.PutUser(ctx, apitoken.As(actor), u)
	return err
}

func TestPermissionString(t *testing.T) {
	for p, want := range map[apitoken.Permission]string{
		0: "none", apitoken.GenerateOwn: "GenerateOwn", apitoken.ListAny | apitoken.RevokeAny: "ListAny|RevokeAny",
		apitoken.ReadEvents | 1<<40: "ReadEvents|...",
	} {
		if got := p.String(); got != want {
			t.Errorf("%d is %q, want %q", uint64(p), got, want)
		}
	}
}

// What an actor may is told to himself, and to nobody who is nobody.
func TestPermissionsOfAnActor(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ListAny | apitoken.ReadEvents}})
	h.mustPutUser("erin", "auditor")
	tests := []struct {
		name  string
		actor apitoken.Actor
		want  apitoken.Permission
		err   error
	}{
		{"administrator", apitoken.As(ada), apitoken.GenerateOwn | apitoken.GenerateForOthers | apitoken.ListAny |
			apitoken.RevokeAny | apitoken.SetPolicy | apitoken.ManageUsers | apitoken.ReadEvents, nil},
		{"user", apitoken.As(bob), apitoken.GenerateOwn, nil},
		{"a user's token", holder(h, bob), apitoken.GenerateOwn, nil},
		{"a role of the host", apitoken.As("erin"), apitoken.ListAny | apitoken.ReadEvents, nil},
		{"the host itself", apitoken.System(), ^apitoken.Permission(0), nil},
		{"disabled", apitoken.As(dan), 0, apitoken.ErrDenied},
		{"unknown", apitoken.As("eve"), 0, apitoken.ErrDenied},
		{"the zero Actor", apitoken.Actor{}, 0, apitoken.ErrDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := h.denials()
			got, err := h.Permissions(ctx, tt.actor)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s, %v, want %s, %v", got, err, tt.want, tt.err)
			}
			if denials := h.denials() - before; denials > 1 || (denials == 1) != (tt.err != nil) {
				t.Errorf("%d denials on record", denials)
			}
		})
	}
}
