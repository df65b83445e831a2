package apitoken_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// The rules of who may do what once more, as a specification that is written from the documentation and shares no code with
// access.go: every kind of actor asks for everything about every kind of user, and each answer is compared.

const (
	specSet   = apitoken.Permission(1<<7 - 1) // those of the library
	specOwn   = apitoken.GenerateOwn
	specBuild = apitoken.Permission(1) << 40 // one of the host's own
)

var specRoles = map[apitoken.Role]apitoken.Permission{
	"nothing": 0, "generate": specOwn, "others": specOwn | apitoken.GenerateForOthers, "others only": apitoken.GenerateForOthers,
	"list": specOwn | apitoken.ListAny, "revoke": specOwn | apitoken.RevokeAny, "policy": specOwn | apitoken.SetPolicy,
	"manage": specOwn | apitoken.ManageUsers, "manage only": apitoken.ManageUsers, "events": specOwn | apitoken.ReadEvents,
	"build": specOwn | specBuild, "lead": specOwn | specBuild | apitoken.GenerateForOthers | apitoken.ManageUsers,
	"desk": apitoken.ListAny | apitoken.RevokeAny | apitoken.ManageUsers | apitoken.GenerateForOthers, "all": specSet, "more": specSet | specBuild,
}

var specKinds = map[apitoken.Kind]apitoken.KindRule{
	"user": {Permissions: ^apitoken.Permission(0)}, "ci": {Permissions: specOwn | specBuild}, "badge": {},
	"robot": {Permissions: specOwn | apitoken.GenerateForOthers | apitoken.ManageUsers | apitoken.RevokeAny | specBuild},
	"idle":  {Permissions: apitoken.GenerateForOthers | apitoken.ListAny}, "mine": {Permissions: specOwn, OwnOnly: true},
}

// specActor is who asks: a person with a role, or the holder of a token of theirs.
type specActor struct {
	role     apitoken.Role
	form     string // person, token, disabled, revoked, expired, ended, stranger, host
	kind     apitoken.Kind
	resource string
}

func (a specActor) token() bool {
	return a.form == "token" || a.form == "revoked" || a.form == "expired" || a.form == "ended"
}

// carries is what a token lets through, and everything for a person.
func (a specActor) carries() apitoken.Permission {
	if !a.token() {
		return ^apitoken.Permission(0)
	}
	return specCarries(a.kind, a.resource)
}

func specCarries(kind apitoken.Kind, resource string) apitoken.Permission {
	carried := specKinds[kind].Permissions // an undeclared kind carries nothing
	if resource != "" {
		carried &= specOwn | ^apitoken.Permission(1<<32-1)
	}
	return carried
}

func (a specActor) may() apitoken.Permission {
	if a.form == "host" {
		return ^apitoken.Permission(0)
	}
	return specRoles[a.role] & a.carries()
}

func (a specActor) has(p apitoken.Permission) bool { return a.may()&p == p }

// stands reports whether the actor stands for the owner of the owner's tokens.
func (a specActor) stands() bool {
	return a.form == "person" || a.form == "token" && a.carries()&specOwn != 0 && a.resource == ""
}

// specTarget is the user that it is about: the actor, another user of a role, one who is disabled, or none.
type specTarget struct {
	who  string // self, other, disabled, none
	role apitoken.Role
}

func (t specTarget) shields() apitoken.Permission {
	if granted, declared := specRoles[t.role]; declared {
		return granted
	}
	return ^apitoken.Permission(0)
}

type specOperation struct {
	name string
	ask  func(w *specWorld) error
	want func(a specActor, t specTarget) string
}

func specOperations() []specOperation {
	permission := func(p apitoken.Permission) func(specActor, specTarget) string {
		return func(a specActor, _ specTarget) string { return answer(a.has(p), "may", "denied") }
	}
	one := func(p apitoken.Permission, itself bool) func(specActor, specTarget) string {
		return func(a specActor, t specTarget) string {
			switch {
			case itself && a.form == "token":
				return "may"
			case t.who == "none" || itself:
				return "not found"
			}
			return answer(t.who == "self" && a.stands() || a.has(p), "may", "not found")
		}
	}
	manage := func(a specActor, t specTarget) string {
		switch {
		case !a.has(apitoken.ManageUsers):
			return "denied"
		case t.who == "none":
			return "not found"
		}
		return answer(a.has(t.shields()), "may", "denied")
	}
	ops := []specOperation{
		{"read a token", func(w *specWorld) error { return second(w.m.Token(ctx, w.actor, w.token)) }, one(apitoken.ListAny, false)},
		{"read itself", func(w *specWorld) error { return second(w.m.Token(ctx, w.actor, w.actor.Token)) }, one(apitoken.ListAny, true)},
		{"revoke a token", func(w *specWorld) error { return w.m.Revoke(ctx, w.actor, w.token) }, one(apitoken.RevokeAny, false)},
		{"revoke itself", func(w *specWorld) error { return w.m.Revoke(ctx, w.actor, w.actor.Token) }, one(apitoken.RevokeAny, true)},
		{"list", func(w *specWorld) error {
			return second(w.m.ListTokens(ctx, w.actor, apitoken.TokenQuery{Owner: w.target}))
		},
			func(a specActor, t specTarget) string {
				return answer(t.who == "self" && a.stands() || a.has(apitoken.ListAny), "may", "denied")
			}},
		{"list any", func(w *specWorld) error {
			return second(w.m.ListTokens(ctx, w.actor, apitoken.TokenQuery{AnyOwner: true}))
		},
			permission(apitoken.ListAny)},
		{"revoke all", func(w *specWorld) error { return w.m.RevokeAll(ctx, w.actor, w.target) },
			func(a specActor, t specTarget) string {
				may := t.who == "self" && a.stands() || a.has(apitoken.RevokeAny)
				return answer(may, answer(t.who == "none", "not found", "may"), "denied")
			}},
		{"set the policy", func(w *specWorld) error {
			return second(w.m.SetPolicy(ctx, w.actor, apitoken.MaxLifetimePolicy{Max: time.Hour}))
		}, permission(apitoken.SetPolicy)},
		{"list users", func(w *specWorld) error { return second(w.m.ListUsers(ctx, w.actor, apitoken.UserQuery{})) }, permission(apitoken.ManageUsers)},
		{"read events", func(w *specWorld) (err error) {
			for _, err = range w.m.Events(ctx, w.actor, apitoken.EventQuery{}) {
				break
			}
			return err
		}, permission(apitoken.ReadEvents)},
		{"read a user", func(w *specWorld) error { return second(w.m.User(ctx, w.actor, w.target)) },
			func(a specActor, t specTarget) string {
				may := t.who == "self" && a.stands() || a.has(apitoken.ManageUsers)
				return answer(may && t.who != "none", "may", "not found")
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
				return "denied"
			}
			return "may"
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
				switch {
				case !declared, rule.OwnOnly && !own:
					return "invalid"
				case a.carries()&specOwn == 0, !a.has(need), a.resource != "" && a.resource != resource:
					return "denied"
				case t.who == "none":
					return "not found"
				case specCarries(kind, resource)&^a.carries() != 0, !own && !a.has(t.shields()):
					return "denied"
				case t.who == "disabled":
					return "disabled"
				}
				return "may"
			}})
		}
	}
	return ops
}

func answer(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// specWorld is a host with the actor and the target.
type specWorld struct {
	m      *apitoken.Manager
	actor  apitoken.Actor
	target apitoken.UserID
	token  apitoken.TokenID // one of the target's, which the actor does not use
}

func newSpecWorld(t *testing.T, a specActor, target specTarget) *specWorld {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatalf("%+v and %+v: %v", a, target, err)
		}
	}
	clock, store := clock.NewMock(), memstore.New()
	clock.Set(start)
	manager := func(roles map[apitoken.Role]apitoken.Permission, kinds map[apitoken.Kind]apitoken.KindRule) *apitoken.Manager {
		m, err := apitoken.New(store, &apitoken.Options{Clock: clock, Roles: roles, KindRules: kinds, LastUsedInterval: -1})
		must(err)
		return m
	}
	undeclared := map[apitoken.Role]apitoken.Permission{"undeclared": specSet}
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
		w.actor = apitoken.Actor{Kind: apitoken.ActorToken, User: "ann", Token: token.ID}
		switch a.form {
		case "revoked":
			must(newer.Revoke(ctx, host, token.ID))
		case "expired":
			clock.Add(time.Hour)
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
		for _, form := range []string{"disabled", "revoked", "expired", "ended", "stranger"} {
			actors = append(actors, specActor{role: role, form: form, kind: "user"})
		}
	}
	actors = append(actors, specActor{form: "host", role: "nothing"})
	operations := specOperations()
	cases, wrong, step := 0, 0, 3
	if testing.Short() {
		step = 32 // make test-long asks for ten times as many
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
				if op.name == "read itself" || op.name == "revoke itself" {
					if !a.token() {
						continue
					}
				}
				if a.form != "person" && a.form != "token" && a.form != "host" {
					want = "denied"
				}
				got := specVerdict(op.ask(newSpecWorld(t, a, target)))
				cases++
				if got != want {
					if wrong++; wrong <= 20 {
						t.Errorf("%+v asks to %s about %+v: %s, want %s", a, op.name, target, got, want)
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
	case errors.Is(err, apitoken.ErrUserDisabled):
		return "disabled"
	}
	return verdict(err)
}
