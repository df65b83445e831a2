package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// observedMethod is a method that decides, and what an observation says that it is about.
type observedMethod struct {
	method string
	action apitoken.Action
	owner  apitoken.UserID
	token  func(h *observedHost) apitoken.TokenID // nil: none
	do     func(h *observedHost, a apitoken.Actor) error
	wrong  map[string]func(h *observedHost) error // by the reason why it is refused
}

func observedMethods() []observedMethod {
	bobs := func(h *observedHost) apitoken.TokenID { return h.token.ID }
	operation := func(name string) func(*observedHost, apitoken.Actor) error {
		return func(h *observedHost, a apitoken.Actor) error { return operations(h.host, h.token)[name](a) }
	}
	generate := func(h *observedHost, p apitoken.GenerateParams) error {
		_, _, err := h.Generate(ctx, apitoken.As(ada), p)
		return err
	}
	authenticate := func(h *observedHost, text string) error {
		_, err := h.Authenticate(ctx, text)
		return err
	}
	policy := func(h *observedHost, p apitoken.MaxLifetimePolicy) error {
		_, err := h.SetPolicy(ctx, apitoken.As(ada), p)
		return err
	}
	tokens := func(h *observedHost, a apitoken.Actor, q apitoken.TokenQuery) (err error) {
		for _, err = range h.Tokens(ctx, a, q) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	users := func(h *observedHost, a apitoken.Actor, q apitoken.UserQuery) (err error) {
		for _, err = range h.Users(ctx, a, q) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	missing := apitoken.TokenID{1}
	return []observedMethod{
		{"Authenticate", apitoken.ActionAuthenticate, bob, bobs,
			func(h *observedHost, _ apitoken.Actor) error { return authenticate(h, h.text) },
			map[string]func(*observedHost) error{
				"malformed": func(h *observedHost) error { return authenticate(h, h.text+"x") },
				"unknown":   func(h *observedHost) error { return authenticate(h, withChecksum("tok_"+strings.Repeat("0", 43))) },
				"expired": func(h *observedHost) error {
					h.clock.Add(apitoken.Days(90))
					return authenticate(h, h.text)
				},
				"revoked": func(h *observedHost) error {
					h.must(h.RevokeAll(ctx, apitoken.System(), bob))
					h.observer.take()
					return authenticate(h, h.text)
				},
				"user_disabled": func(h *observedHost) error {
					h.must(h.DisableUser(ctx, apitoken.System(), bob))
					h.observer.take()
					return authenticate(h, h.text)
				},
			}},
		{"Generate", apitoken.ActionGenerate, bob, func(h *observedHost) apitoken.TokenID {
			if all := h.tokens(); len(all) == 2 {
				return all[1].ID
			}
			return apitoken.TokenID{}
		}, operation("Generate"),
			map[string]func(*observedHost) error{
				"invalid":       func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: "b\x00b"}) },
				"not_found":     func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: "erin", Name: "x"}) },
				"user_disabled": func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: dan, Name: "x"}) },
				"exists":        func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: bob, Name: "ci"}) },
				"lifetime_over_maximum": func(h *observedHost) error {
					h.mustSetMax(time.Hour)
					h.observer.take()
					return generate(h, apitoken.GenerateParams{Owner: bob, Name: "x", Lifetime: 2 * time.Hour})
				},
			}},
		{"Import", apitoken.ActionImport, bob, func(h *observedHost) apitoken.TokenID {
			if all := h.tokens(); len(all) == 2 {
				return all[1].ID
			}
			return apitoken.TokenID{}
		}, func(h *observedHost, a apitoken.Actor) error {
			_, err := h.Import(ctx, a, importOf("old-1"))
			return err
		}, map[string]func(*observedHost) error{
			"invalid":       func(h *observedHost) error { return importAs(h, dan, "") },
			"not_found":     func(h *observedHost) error { return importAs(h, "erin", "old-1") },
			"user_disabled": func(h *observedHost) error { return importAs(h, dan, "old-1") },
			"exists":        func(h *observedHost) error { return importAs(h, bob, "ci") },
		}},
		{"Revoke", apitoken.ActionRevoke, bob, bobs, operation("Revoke"), map[string]func(*observedHost) error{
			"not_found": func(h *observedHost) error { return h.Revoke(ctx, apitoken.As(ada), missing) },
		}},
		{"RevokeAll", apitoken.ActionRevokeAll, bob, nil, operation("RevokeAll"), map[string]func(*observedHost) error{
			"not_found": func(h *observedHost) error { return h.RevokeAll(ctx, apitoken.As(ada), "erin") },
			"invalid":   func(h *observedHost) error { return h.RevokeAll(ctx, apitoken.As(ada), "") },
		}},
		{"Token", apitoken.ActionReadToken, bob, bobs, operation("Token"), map[string]func(*observedHost) error{
			"not_found": func(h *observedHost) error {
				_, err := h.Token(ctx, apitoken.As(ada), missing)
				return err
			},
		}},
		{"ListTokens", apitoken.ActionListTokens, bob, nil, operation("ListTokens"), map[string]func(*observedHost) error{
			"invalid": func(h *observedHost) error {
				_, err := h.ListTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{})
				return err
			},
		}},
		{"TokenPage", apitoken.ActionListTokens, bob, nil,
			func(h *observedHost, a apitoken.Actor) error {
				_, err := h.TokenPage(ctx, a, apitoken.TokenQuery{Owner: bob})
				return err
			},
			map[string]func(*observedHost) error{
				"invalid": func(h *observedHost) error {
					_, err := h.TokenPage(ctx, apitoken.As(ada), apitoken.TokenQuery{})
					return err
				},
			}},
		{"CountTokens", apitoken.ActionListTokens, bob, nil,
			func(h *observedHost, a apitoken.Actor) error {
				_, err := h.CountTokens(ctx, a, apitoken.TokenQuery{Owner: bob})
				return err
			},
			map[string]func(*observedHost) error{
				"invalid": func(h *observedHost) error {
					_, err := h.CountTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{})
					return err
				},
			}},
		{"Tokens", apitoken.ActionListTokens, "", nil,
			func(h *observedHost, a apitoken.Actor) error {
				return tokens(h, a, apitoken.TokenQuery{AnyOwner: true})
			},
			map[string]func(*observedHost) error{
				"invalid": func(h *observedHost) error { return tokens(h, apitoken.As(ada), apitoken.TokenQuery{}) },
			}},
		{"SetPolicy", apitoken.ActionSetPolicy, "", nil, operation("SetPolicy"), map[string]func(*observedHost) error{
			"invalid":  func(h *observedHost) error { return policy(h, apitoken.MaxLifetimePolicy{}) },
			"conflict": func(h *observedHost) error { return policy(h, apitoken.MaxLifetimePolicy{Max: time.Hour, Revision: 7}) },
		}},
		{"PutUser", apitoken.ActionPutUser, bob, nil, operation("PutUser"), map[string]func(*observedHost) error{
			"invalid": func(h *observedHost) error {
				_, err := h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: bob, Role: "king"})
				return err
			},
		}},
		{"User", apitoken.ActionReadUser, bob, nil, operation("User"), map[string]func(*observedHost) error{
			"not_found": func(h *observedHost) error {
				_, err := h.User(ctx, apitoken.As(ada), "erin")
				return err
			},
		}},
		{"ListUsers", apitoken.ActionListUsers, "", nil, operation("ListUsers"), map[string]func(*observedHost) error{
			"invalid": func(h *observedHost) error {
				_, err := h.ListUsers(ctx, apitoken.As(ada), apitoken.UserQuery{Limit: -1})
				return err
			},
		}},
		{"Users", apitoken.ActionListUsers, "", nil,
			func(h *observedHost, a apitoken.Actor) error {
				return users(h, a, apitoken.UserQuery{})
			},
			map[string]func(*observedHost) error{
				"invalid": func(h *observedHost) error { return users(h, apitoken.As(ada), apitoken.UserQuery{Limit: -1}) },
			}},
		{"DisableUser", apitoken.ActionDisableUser, bob, nil, operation("DisableUser"), map[string]func(*observedHost) error{
			"not_found": func(h *observedHost) error { return h.DisableUser(ctx, apitoken.As(ada), "erin") },
		}},
		{"EnableUser", apitoken.ActionEnableUser, bob, nil, operation("EnableUser"), map[string]func(*observedHost) error{
			"invalid": func(h *observedHost) error {
				return h.EnableUser(ctx, apitoken.As(ada), apitoken.UserID(strings.Repeat("x", 1000)))
			},
		}},
		{"Events", apitoken.ActionReadEvents, "", nil, operation("Events"), map[string]func(*observedHost) error{
			"invalid": func(h *observedHost) error {
				for _, err := range h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: "\xff"}) {
					return err
				}
				return nil
			},
		}},
	}
}

// importAs imports a key as the owner's token of a name.
func importAs(h *observedHost, owner apitoken.UserID, name string) error {
	p := importOf("old-1")
	p.Owner, p.Name = owner, name
	_, err := h.Import(ctx, apitoken.System(), p)
	return err
}

// permitted are actors who may do it.
func (m observedMethod) permitted() []apitoken.Actor {
	if m.method == "Import" {
		return []apitoken.Actor{apitoken.System()}
	}
	return []apitoken.Actor{apitoken.As(ada), apitoken.System()}
}

// one is the only observation of a call. It says the same as the call's error.
func one(t *testing.T, h *observedHost, err error) apitoken.Observation {
	t.Helper()
	seen := h.observer.take()
	if len(seen) != 1 {
		t.Fatalf("%d observations of one call, which answered %v: %+v", len(seen), err, seen)
	}
	o := seen[0]
	if (err == nil) != (o.Err == nil) || err != nil && (!errors.Is(err, o.Err) || !strings.HasSuffix(err.Error(), ": "+o.Err.Error())) {
		t.Errorf("the call answered %v, the observation says %v", err, o.Err)
	}
	if (o.Err == nil) != (o.Outcome == apitoken.OutcomeDone) {
		t.Errorf("outcome %q with error %v", o.Outcome, o.Err)
	}
	return o
}

// said is what an observation says, with its error as the reason.
type said struct {
	Action  apitoken.Action
	Outcome apitoken.Outcome
	Reason  string
	Actor   apitoken.Actor
	Owner   apitoken.UserID
	Token   apitoken.TokenID
}

func saying(o apitoken.Observation) said {
	return said{o.Action, o.Outcome, apitoken.Reason(o.Err), o.Actor, o.Owner, o.Token}
}

// Every method that decides, with every way in which it can end: each call is observed once, and as what it was.
func TestEveryDecisionIsObservedOnce(t *testing.T) {
	cells := 0
	for _, m := range observedMethods() {
		byNobody := m.method == "Authenticate"
		about := func(h *observedHost, a apitoken.Actor, outcome apitoken.Outcome, reason string) said {
			s := said{Action: m.action, Outcome: outcome, Reason: reason, Actor: a, Owner: m.owner}
			if byNobody {
				s.Actor = apitoken.Actor{}
			}
			if m.token != nil {
				s.Token = m.token(h)
			}
			return s
		}
		check := func(t *testing.T, want said, got apitoken.Observation) {
			t.Helper()
			cells++
			if diff := cmp.Diff(want, saying(got)); diff != "" {
				t.Errorf("observation (-want +got):\n%s", diff)
			}
		}

		t.Run(m.method+" done", func(t *testing.T) {
			for _, a := range m.permitted() {
				h := newObservedHost(t)
				o := one(t, h, m.do(h, a))
				check(t, about(h, a, apitoken.OutcomeDone, ""), o)
			}
		})
		t.Run(m.method+" denied", func(t *testing.T) {
			if byNobody {
				return
			}
			for _, a := range []apitoken.Actor{apitoken.As(carol), apitoken.As(dan), apitoken.As("erin"), {}, {Kind: "system", User: bob}} {
				h := newObservedHost(t)
				before := h.denials()
				h.observer.take()
				err := m.do(h, a)
				o := one(t, h, err)
				want := about(h, a, apitoken.OutcomeDenied, apitoken.Reason(err))
				switch m.method {
				case "Generate", "Import":
					want.Token = apitoken.TokenID{}
				case "Revoke", "Token": // whose it is was not looked up for somebody who is nobody
					if a != apitoken.As(carol) {
						want.Owner = ""
					}
				}
				check(t, want, o)
				if got := h.denials() - before; got != 1 {
					t.Errorf("%d denials on record", got)
				}
			}
		})
		for reason, do := range m.wrong {
			t.Run(m.method+" refused as "+reason, func(t *testing.T) {
				h := newObservedHost(t)
				before := h.denials()
				h.observer.take()
				o := one(t, h, do(h))
				cells++
				if o.Action != m.action || o.Outcome != apitoken.OutcomeRefused || apitoken.Reason(o.Err) != reason {
					t.Errorf("%s %s as %q", o.Action, o.Outcome, apitoken.Reason(o.Err))
				}
				if known := errors.Is(o.Err, apitoken.ErrRevoked) || errors.Is(o.Err, apitoken.ErrExpired); byNobody && (o.Token == h.token.ID && o.Owner == bob) != known {
					t.Errorf("the token %s of %q, refused as %s", o.Token, o.Owner, reason)
				}
				if got := h.denials() - before; got != 0 {
					t.Errorf("%d denials on record", got)
				}
			})
		}
		t.Run(m.method+" failed", func(t *testing.T) {
			trouble := map[string]error{
				"unavailable":     errors.New("connection reset"),
				"canceled":        fmt.Errorf("read: %w", context.Canceled),
				"outcome_unknown": fmt.Errorf("%w: connection lost at commit", apitoken.ErrUncertain),
			}
			for reason, err := range trouble {
				for _, a := range []apitoken.Actor{m.permitted()[0], apitoken.As(carol)} {
					cells += failEachCall(t, m, a, reason, err)
				}
			}
		})
	}
	t.Logf("%d cells", cells)
}

// failEachCall lets one after the other of the calls that the method makes to the store fail, and gives how many these were.
func failEachCall(t *testing.T, m observedMethod, a apitoken.Actor, reason string, err error) (failures int) {
	t.Helper()
	for k := 1; ; k++ {
		h := newObservedHost(t)
		calls, failed := 0, ""
		fail := func(method string) error {
			if calls++; calls == k {
				failed = method
				return err
			}
			return nil
		}
		if reason == "outcome_unknown" {
			h.store.after = fail
		} else {
			h.store.before = fail
		}
		answer := m.do(h, a)
		h.store.before, h.store.after = nil, nil
		if failed == "" {
			return failures
		}
		o := one(t, h, answer)
		failures++
		wantOutcome, wantReason := apitoken.OutcomeFailed, reason
		switch {
		case reason != "outcome_unknown":
		case failed == "AppendEvents": // the verdict stands, and only its record is in doubt
			wantOutcome, wantReason = apitoken.OutcomeDenied, apitoken.Reason(answer)
		case errors.Is(answer, apitoken.ErrUnavailable): // a read cannot be in doubt
			wantReason = "unavailable"
		}
		if o.Outcome != wantOutcome || apitoken.Reason(o.Err) != wantReason || o.Action != m.action {
			t.Errorf("%s of %s fails with %v: %s %s as %q, want %s as %q",
				failed, m.method, err, o.Action, o.Outcome, apitoken.Reason(o.Err), wantOutcome, wantReason)
		}
		if m.method == "Generate" && failed == "CreateToken" && reason == "outcome_unknown" && o.Token != h.tokens()[1].ID {
			t.Errorf("the observation names the token %s", o.Token)
		}
	}
}

// A method that is added has to be in the table.
func TestTheTableOfObservedMethodsIsComplete(t *testing.T) {
	want := map[string]bool{"Authenticate": true}
	manager := reflect.TypeFor[*apitoken.Manager]()
	for n := range manager.NumMethod() {
		m := manager.Method(n)
		for i := range m.Type.NumIn() {
			if m.Type.In(i) == reflect.TypeFor[apitoken.Actor]() {
				want[m.Name] = true
			}
		}
	}
	got := map[string]bool{"Permissions": true} // which is denied to nobody but those who are nobody
	for _, m := range observedMethods() {
		got[m.method] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
}
