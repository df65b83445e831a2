package apitoken_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A second implementation of the access rules, written from the documentation. It shares no code with access.go. For every
// combination of an actor, a user and an operation, the test below compares what the rules here say with what a Manager
// answers.

const (
	specAll   = apitoken.Permission(1<<7 - 1) // all of the library
	specOwn   = apitoken.GenerateOwn
	specBuild = apitoken.Permission(1) << 40 // one of the host's own
)

var specRoles = map[apitoken.Role]apitoken.Permission{
	"nothing": 0, "generate": specOwn, "others": specOwn | apitoken.GenerateForOthers, "others only": apitoken.GenerateForOthers,
	"list": specOwn | apitoken.ListAny, "revoke": specOwn | apitoken.RevokeAny, "policy": specOwn | apitoken.SetPolicy,
	"manage": specOwn | apitoken.ManageUsers, "manage only": apitoken.ManageUsers, "events": specOwn | apitoken.ReadEvents,
	"build": specOwn | specBuild, "lead": specOwn | specBuild | apitoken.GenerateForOthers | apitoken.ManageUsers,
	"desk": apitoken.ListAny | apitoken.RevokeAny | apitoken.ManageUsers | apitoken.GenerateForOthers, "all": specAll, "more": specAll | specBuild,
}

var specKinds = map[apitoken.Kind]apitoken.KindRule{
	"user": {Permissions: ^apitoken.Permission(0)}, "ci": {Permissions: specOwn | specBuild}, "badge": {},
	"robot": {Permissions: specOwn | apitoken.GenerateForOthers | apitoken.ManageUsers | apitoken.RevokeAny | specBuild},
	"idle":  {Permissions: apitoken.GenerateForOthers | apitoken.ListAny}, "mine": {Permissions: specOwn, OwnOnly: true},
}

// specActor is the user ann with a role, as a person or with a token; or, by form, another actor.
type specActor struct {
	role     apitoken.Role
	form     string // person, disabled; with a token: token, revoked, expired, ended (by RevokeAll); stranger (an unknown user), host
	kind     apitoken.Kind
	resource string
	limit    apitoken.Permission // of the token in use; 0: none
}

func (a specActor) token() bool {
	return a.form == "token" || a.form == "revoked" || a.form == "expired" || a.form == "ended"
}

// carries returns the permissions that the token in use lets through; without a token, all.
func (a specActor) carries() apitoken.Permission {
	if !a.token() {
		return ^apitoken.Permission(0)
	}
	carried := specCarries(a.kind, a.resource)
	if a.limit != 0 {
		carried &= a.limit
	}
	return carried
}

func specCarries(kind apitoken.Kind, resource string) apitoken.Permission {
	carried := specKinds[kind].Permissions // an undeclared kind carries nothing
	if resource != "" {
		carried &= specOwn | ^apitoken.Permission(1<<32-1)
	}
	return carried
}

func (a specActor) holds() apitoken.Permission {
	if a.form == "host" {
		return ^apitoken.Permission(0)
	}
	return specRoles[a.role] & a.carries()
}

func (a specActor) has(p apitoken.Permission) bool { return a.holds()&p == p }

// managesOwn reports whether the actor acts as the owner of all tokens of their user.
func (a specActor) managesOwn() bool {
	return a.form == "person" || a.form == "token" && a.carries()&specOwn != 0 && a.resource == ""
}

// specTarget is the user that the operation is about.
type specTarget struct {
	who  string // self: the actor's user; other: an active user; disabled: a disabled user; none: an unknown user
	role apitoken.Role
}

// shields returns the permissions that an actor needs to act on the user. An undeclared role counts as every permission.
func (t specTarget) shields() apitoken.Permission {
	if granted, declared := specRoles[t.role]; declared {
		return granted
	}
	return ^apitoken.Permission(0)
}

// specOperation is one call of a Manager, and the verdict that the rules give for it.
type specOperation struct {
	name string
	call func(w *specWorld) error
	want func(a specActor, t specTarget) string
}

func specOperations() []specOperation {
	requires := func(p apitoken.Permission) func(specActor, specTarget) string {
		return func(a specActor, _ specTarget) string { return choose(a.has(p), allowed, denied) }
	}
	// The token of the operation is one of the target's that the actor does not use, or itself: the one that they use.
	oneToken := func(p apitoken.Permission, itself bool) func(specActor, specTarget) string {
		return func(a specActor, t specTarget) string {
			switch {
			case itself && a.form == "token":
				return allowed
			case t.who == "none" || itself:
				return hidden
			}
			return choose(t.who == "self" && a.managesOwn() || a.has(p), allowed, hidden)
		}
	}
	// Renaming takes a token that the actor may read, and the rights of its owner or of somebody who generates for the owner.
	rename := func(itself bool) func(specActor, specTarget) string {
		return func(a specActor, t specTarget) string {
			own := itself || t.who == "self"
			if itself {
				t = specTarget{"self", a.role}
			}
			switch {
			case oneToken(apitoken.ListAny, itself)(a, t) == hidden:
				return hidden
			case own && a.managesOwn():
				return allowed
			case !a.has(apitoken.GenerateForOthers), !a.has(t.shields()):
				return denied
			}
			return choose(t.who == "disabled", "disabled", allowed)
		}
	}
	// Narrowing takes what revoking takes, and an active token.
	ifActive := func(may func(specActor, specTarget) string) func(specActor, specTarget) string {
		return func(a specActor, t specTarget) string {
			if may(a, t) == allowed && t.who == "disabled" {
				return "disabled"
			}
			return may(a, t)
		}
	}
	manage := func(a specActor, t specTarget) string {
		switch {
		case !a.has(apitoken.ManageUsers):
			return denied
		case t.who == "none":
			return hidden
		}
		return choose(a.has(t.shields()), allowed, denied)
	}
	ops := []specOperation{
		{"read a token", func(w *specWorld) error { return second(w.m.Token(ctx, w.actor, w.token)) }, oneToken(apitoken.ListAny, false)},
		{"read itself", func(w *specWorld) error { return second(w.m.Token(ctx, w.actor, w.actor.Token)) }, oneToken(apitoken.ListAny, true)},
		{"rename a token", func(w *specWorld) error { return w.rename(w.token) }, rename(false)},
		{"rename itself", func(w *specWorld) error { return w.rename(w.actor.Token) }, rename(true)},
		{"narrow a token", func(w *specWorld) error { return w.narrow(w.token) }, ifActive(oneToken(apitoken.RevokeAny, false))},
		{"narrow itself", func(w *specWorld) error { return w.narrow(w.actor.Token) }, oneToken(apitoken.RevokeAny, true)},
		{"revoke a token", func(w *specWorld) error { return w.m.Revoke(ctx, w.actor, w.token) }, oneToken(apitoken.RevokeAny, false)},
		{"revoke itself", func(w *specWorld) error { return w.m.Revoke(ctx, w.actor, w.actor.Token) }, oneToken(apitoken.RevokeAny, true)},
		{"list", func(w *specWorld) error {
			return second(w.m.ListTokens(ctx, w.actor, apitoken.TokenQuery{Owner: w.target}))
		},
			func(a specActor, t specTarget) string {
				return choose(t.who == "self" && a.managesOwn() || a.has(apitoken.ListAny), allowed, denied)
			}},
		{"list any", func(w *specWorld) error {
			return second(w.m.ListTokens(ctx, w.actor, apitoken.TokenQuery{AnyOwner: true}))
		},
			requires(apitoken.ListAny)},
		{"revoke all", func(w *specWorld) error { return w.m.RevokeAll(ctx, w.actor, w.target) },
			func(a specActor, t specTarget) string {
				may := t.who == "self" && a.managesOwn() || a.has(apitoken.RevokeAny)
				return choose(may, choose(t.who == "none", hidden, allowed), denied)
			}},
		{"set the policy", func(w *specWorld) error {
			return second(w.m.SetPolicy(ctx, w.actor, apitoken.MaxLifetimePolicy{Max: time.Hour}))
		}, requires(apitoken.SetPolicy)},
		{"list users", func(w *specWorld) error { return second(w.m.ListUsers(ctx, w.actor, apitoken.UserQuery{})) }, requires(apitoken.ManageUsers)},
		{"read events", func(w *specWorld) (err error) {
			for _, err = range w.m.Events(ctx, w.actor, apitoken.EventQuery{}) {
				break
			}
			return err
		}, requires(apitoken.ReadEvents)},
		{"read a user", func(w *specWorld) error { return second(w.m.User(ctx, w.actor, w.target)) },
			func(a specActor, t specTarget) string {
				may := t.who == "self" && a.managesOwn() || a.has(apitoken.ManageUsers)
				return choose(may && t.who != "none", allowed, hidden)
			}},
		{"disable", func(w *specWorld) error { return w.m.DisableUser(ctx, w.actor, w.target) }, manage},
		{"enable", func(w *specWorld) error { return w.m.EnableUser(ctx, w.actor, w.target) }, manage},
	}
	for _, role := range []apitoken.Role{"", "nothing", "generate", "build", "lead", "all", "more", "undeclared"} {
		ops = append(ops, specOperation{"make " + string(role), func(w *specWorld) error {
			return second(w.m.PutUser(ctx, w.actor, apitoken.User{ID: w.target, Name: "N", Role: role}))
		}, func(a specActor, t specTarget) string {
			becomes := role
			if role == "" && t.who == "none" {
				becomes = "user"
			}
			granted := specRoles[becomes]
			if becomes == "user" {
				granted = specOwn
			}
			switch {
			case role == "undeclared":
				return "invalid"
			case !a.has(apitoken.ManageUsers), !a.has(granted), t.who != "none" && !a.has(t.shields()):
				return denied
			}
			return allowed
		}})
	}
	for _, kind := range []apitoken.Kind{"user", "ci", "badge", "robot", "idle", "mine", "undeclared"} {
		for _, resource := range []string{"", "web", "api"} {
			ops = append(ops, specOperation{fmt.Sprintf("generate %s %s", kind, resource), func(w *specWorld) error {
				return third(w.m.Generate(ctx, w.actor, apitoken.GenerateParams{Owner: w.target, Name: "new", Kind: kind, Resource: resource}))
			}, func(a specActor, t specTarget) string {
				own, need := t.who == "self" && a.form != "host", apitoken.GenerateForOthers
				if own {
					need = specOwn
				}
				rule, declared := specKinds[kind]
				limit := ^apitoken.Permission(0) // which the new token inherits
				if a.token() && a.limit != 0 {
					limit = a.limit
				}
				switch {
				case !declared, rule.OwnOnly && !own:
					return "invalid"
				case a.carries()&specOwn == 0, !a.has(need), a.resource != "" && a.resource != resource:
					return denied
				case t.who == "none":
					return hidden
				case specCarries(kind, resource)&limit&^a.carries() != 0, !own && !a.has(t.shields()):
					return denied
				case t.who == "disabled":
					return "disabled"
				}
				return allowed
			}})
		}
	}
	return ops
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// handClock is a clock that the test moves. Setting a clock.Mock takes a millisecond, which is longer than a case takes.
type handClock time.Time

func (c *handClock) Now() time.Time { return time.Time(*c) }

func (c *handClock) advance(d time.Duration) { *c = handClock(c.Now().Add(d)) }

// specWorld is a Manager with the actor and the target in its store.
type specWorld struct {
	m      *apitoken.Manager
	actor  apitoken.Actor
	target apitoken.UserID
	token  apitoken.TokenID // one of the target's that the actor does not use
}

func (w *specWorld) rename(id apitoken.TokenID) error {
	return second(w.m.UpdateToken(ctx, w.actor, id, apitoken.TokenChange{Name: to("renamed")}))
}

func (w *specWorld) narrow(id apitoken.TokenID) error {
	return second(w.m.Narrow(ctx, w.actor, id, apitoken.Narrowing{Keep: specBuild}))
}

func newSpecWorld(t *testing.T, a specActor, target specTarget) *specWorld {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatalf("%+v and %+v: %v", a, target, err)
		}
	}
	clock, store := handClock(start), memstore.New()
	manager := func(roles map[apitoken.Role]apitoken.Permission, kinds map[apitoken.Kind]apitoken.KindRule) *apitoken.Manager {
		m, err := apitoken.New(store, &apitoken.Options{Clock: &clock, Roles: roles, KindRules: kinds, LastUsedInterval: -1})
		must(err)
		return m
	}
	undeclared := map[apitoken.Role]apitoken.Permission{"undeclared": specAll}
	for r, p := range specRoles {
		undeclared[r] = p
	}
	newer := manager(undeclared, map[apitoken.Kind]apitoken.KindRule{"undeclared": {Permissions: ^apitoken.Permission(0)}, "ci": {}, "badge": {}, "robot": {}, "idle": {}, "mine": {}})
	host := apitoken.System()
	w := &specWorld{m: manager(specRoles, specKinds), actor: apitoken.As("ann"), target: "tom"}
	must(second(newer.PutUser(ctx, host, apitoken.User{ID: "ann", Role: a.role})))
	switch a.form {
	case "host":
		w.actor = host
	case "stranger":
		w.actor = apitoken.As("eve")
	case "disabled":
		must(newer.DisableUser(ctx, host, "ann"))
	}
	if a.token() {
		token, _, err := newer.Generate(ctx, host, apitoken.GenerateParams{Owner: "ann", Name: "used", Kind: a.kind, Resource: a.resource, Lifetime: time.Hour})
		must(err)
		if a.limit != 0 {
			must(second(newer.Narrow(ctx, host, token.ID, apitoken.Narrowing{Keep: a.limit})))
		}
		w.actor = apitoken.Actor{Kind: apitoken.ActorToken, User: "ann", Token: token.ID}
		switch a.form {
		case "revoked":
			must(newer.Revoke(ctx, host, token.ID))
		case "expired":
			clock.advance(time.Hour)
		case "ended":
			must(newer.RevokeAll(ctx, host, "ann"))
		}
	}
	switch target.who {
	case "self":
		w.target = "ann"
	case "none":
		return w
	default:
		must(second(newer.PutUser(ctx, host, apitoken.User{ID: "tom", Role: target.role})))
	}
	if target.who != "self" || a.form != "disabled" {
		token, _, err := newer.Generate(ctx, host, apitoken.GenerateParams{Owner: w.target, Name: "other", Lifetime: time.Hour})
		must(err)
		w.token = token.ID
	}
	if target.who == "disabled" {
		must(newer.DisableUser(ctx, host, "tom"))
	}
	return w
}

func TestEveryActorTargetAndOperation(t *testing.T) {
	var actors []specActor
	roles := append(slices.Sorted(maps.Keys(specRoles)), "undeclared")
	for _, role := range roles {
		actors = append(actors, specActor{role: role, form: "person"})
		for _, kind := range []apitoken.Kind{"user", "ci", "badge", "robot", "idle", "mine", "undeclared"} {
			actors = append(actors, specActor{role: role, form: "token", kind: kind}, specActor{role: role, form: "token", kind: kind, resource: "web"})
		}
		for _, limit := range []apitoken.Permission{specOwn, specOwn | specBuild | apitoken.ManageUsers, specAll &^ specOwn} {
			actors = append(actors, specActor{role: role, form: "token", kind: "user", limit: limit}, specActor{role: role, form: "token", kind: "robot", limit: limit})
		}
		for _, form := range []string{"disabled", "revoked", "expired", "ended", "stranger"} {
			actors = append(actors, specActor{role: role, form: form, kind: "user"})
		}
	}
	actors = append(actors, specActor{form: "host", role: "nothing"})
	operations := specOperations()
	cases, wrong, step := 0, 0, 6
	if testing.Short() {
		step = 120 // make test-long tries twenty times as many
	}
	for i, a := range actors {
		if i%step != 0 {
			continue
		}
		targets := []specTarget{{"self", a.role}, {who: "none"}}
		for _, role := range roles {
			targets = append(targets, specTarget{"other", role}, specTarget{"disabled", role})
		}
		for _, target := range targets {
			for _, op := range operations {
				want := op.want(a, target)
				if strings.HasSuffix(op.name, " itself") {
					if !a.token() {
						continue
					}
				}
				if a.form != "person" && a.form != "token" && a.form != "host" {
					want = denied
				}
				got := specVerdict(op.call(newSpecWorld(t, a, target)))
				cases++
				if got != want {
					if wrong++; wrong <= 20 {
						t.Errorf("%s by %+v about %+v is %s, want %s", op.name, a, target, got, want)
					}
				}
			}
		}
	}
	t.Logf("%d cases, %d deviations", cases, wrong)
}

func specVerdict(err error) string {
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		return "invalid"
	case errors.Is(err, apitoken.ErrRevoked): // as all tokens of a disabled user are
		return "disabled"
	}
	return verdict(err)
}
