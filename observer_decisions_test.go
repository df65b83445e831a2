package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// one returns the only observation of a call. It checks that the observation contains the error of the call.
func one(t *testing.T, h *observedHost, err error) apitoken.Observation {
	t.Helper()
	seen := h.observer.take()
	if len(seen) != 1 {
		t.Fatalf("%d observations of a call that returned %v, want 1: %+v", len(seen), err, seen)
	}
	o := seen[0]
	if (err == nil) != (o.Err == nil) || err != nil && (!errors.Is(err, o.Err) || !strings.HasSuffix(err.Error(), ": "+o.Err.Error())) {
		t.Errorf("the observation contains the error %v, want that of the call: %v", o.Err, err)
	}
	if (o.Err == nil) != (o.Outcome == apitoken.OutcomeDone) {
		t.Errorf("outcome %q with the error %v, want %q without an error only", o.Outcome, o.Err, apitoken.OutcomeDone)
	}
	return o
}

// summary is an observation without its duration, and with its error as a Reason.
type summary struct {
	Action  apitoken.Action
	Outcome apitoken.Outcome
	Reason  string
	Actor   apitoken.Actor
	Owner   apitoken.UserID
	Token   apitoken.TokenID
}

func summaryOf(o apitoken.Observation) summary {
	return summary{o.Action, o.Outcome, apitoken.Reason(o.Err), o.Actor, o.Owner, o.Token}
}

// Every call of every method that decides is observed once, whatever its outcome: done, denied, refused or failed.
func TestEveryDecisionIsObservedOnce(t *testing.T) {
	for _, m := range observedMethods() {
		withoutActor := m.method == "Authenticate"
		about := func(h *observedHost, a apitoken.Actor, outcome apitoken.Outcome, reason string) summary {
			s := summary{Action: m.action, Outcome: outcome, Reason: reason, Actor: a, Owner: m.owner}
			if withoutActor {
				s.Actor = apitoken.Actor{}
			}
			if m.token != nil {
				s.Token = m.token(h)
			}
			return s
		}
		check := func(t *testing.T, want summary, got apitoken.Observation) {
			t.Helper()
			if diff := cmp.Diff(want, summaryOf(got)); diff != "" {
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
			if withoutActor {
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
				case "Generate", "Import", "Offer":
					want.Token = apitoken.TokenID{}
				case "Revoke", "Token", "RevokeText", "TokenOfText", "UpdateToken", "Narrow", "Rotate", "Withdraw", "Claim": // the owner is read only if the actor is known and active
					if a != apitoken.As(carol) {
						want.Owner = ""
					}
					if a != apitoken.As(carol) && slices.Contains([]string{"RevokeText", "TokenOfText"}, m.method) { // and so is the token
						want.Token = apitoken.TokenID{}
					}
				}
				check(t, want, o)
				if got := h.denials() - before; got != 1 {
					t.Errorf("%d denials recorded, want 1", got)
				}
			}
		})
		for reason, do := range m.wrong {
			t.Run(m.method+" refused as "+reason, func(t *testing.T) {
				h := newObservedHost(t)
				before := h.denials()
				h.observer.take()
				o := one(t, h, do(h))
				if o.Action != m.action || o.Outcome != apitoken.OutcomeRefused || apitoken.Reason(o.Err) != reason {
					t.Errorf("observed %s, %s as %q, want %s, %s as %q", o.Action, o.Outcome, apitoken.Reason(o.Err), m.action, apitoken.OutcomeRefused, reason)
				}
				known := errors.Is(o.Err, apitoken.ErrUnauthenticated) && !errors.Is(o.Err, apitoken.ErrUnknownToken) && !errors.Is(o.Err, apitoken.ErrMalformed)
				if withoutActor && (o.Token == h.token.ID && o.Owner == bob) != known {
					t.Errorf("refused as %s: observed the token %s of %q, want them if the token is known: %t", reason, o.Token, o.Owner, known)
				}
				if got := h.denials() - before; got != 0 {
					t.Errorf("%d denials recorded of a refusal, want none", got)
				}
			})
		}
		t.Run(m.method+" failed", func(t *testing.T) {
			failures := map[string]error{
				"unavailable":     errors.New("connection reset"),
				"canceled":        fmt.Errorf("read: %w", context.Canceled),
				"outcome_unknown": fmt.Errorf("%w: connection lost at commit", apitoken.ErrUncertain),
			}
			for reason, err := range failures {
				for _, a := range []apitoken.Actor{m.permitted()[0], apitoken.As(carol)} {
					failEachCall(t, m, a, reason, err)
				}
			}
		})
	}
}

// failEachCall makes the calls of the store that the method makes fail, one at a time.
func failEachCall(t *testing.T, m observedMethod, a apitoken.Actor, reason string, err error) {
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
		returned := m.do(h, a)
		h.store.before, h.store.after = nil, nil
		if failed == "" {
			return
		}
		o := one(t, h, returned)
		wantOutcome, wantReason := apitoken.OutcomeFailed, reason
		switch {
		case reason != "outcome_unknown":
		case failed == "AppendEvents": // the denial holds; only its record is uncertain
			wantOutcome, wantReason = apitoken.OutcomeDenied, apitoken.Reason(returned)
		case errors.Is(returned, apitoken.ErrUnavailable): // a read is never uncertain
			wantReason = "unavailable"
		}
		if o.Outcome != wantOutcome || apitoken.Reason(o.Err) != wantReason || o.Action != m.action {
			t.Errorf("%s of %s fails with %v: observed %s, %s as %q, want %s as %q",
				failed, m.method, err, o.Action, o.Outcome, apitoken.Reason(o.Err), wantOutcome, wantReason)
		}
		if m.method == "Generate" && failed == "CreateToken" && reason == "outcome_unknown" && o.Token != h.tokens()[1].ID {
			t.Errorf("observed the token %s, want the one that may exist: %s", o.Token, h.tokens()[1].ID)
		}
	}
}

// Every method with an Actor is in the table of observed methods.
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
	got := map[string]bool{"Permissions": true, "Caller": true} // TestPermissionsOfAnActor: they need no permission
	for _, m := range observedMethods() {
		got[m.method] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
}
