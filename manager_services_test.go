package apitoken_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestPutUserMakesServiceAccounts(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	put := func(u apitoken.User) apitoken.User {
		t.Helper()
		u.ID = "ci"
		u, err := h.PutUser(ctx, apitoken.As(ada), u)
		h.must(err)
		return u
	}
	want := func(got apitoken.User, service bool, responsible apitoken.UserID) {
		t.Helper()
		if stored := must(h.User(ctx, apitoken.As(ada), "ci")); got != stored || got.Service != service || got.Responsible != responsible {
			t.Errorf("PutUser: %+v, stored %+v, want Service %t and Responsible %q", got, stored, service, responsible)
		}
	}
	want(put(apitoken.User{Service: true, Responsible: bob}), true, bob)
	want(put(apitoken.User{Name: "Builds"}), true, bob) // as at a sign-in
	want(put(apitoken.User{Responsible: carol}), true, carol)
	u := put(apitoken.User{})
	u.Responsible = ""
	want(put(u), true, "")
	u = put(apitoken.User{})
	u.Service = false
	want(put(u), false, "")

	last := h.events()[len(h.events())-1]
	if !last.Before.Service || last.After.Service || last.Before.Name != "Builds" {
		t.Errorf("the event of making a person is %+v", last)
	}
}

func TestPutUserRefusesTheWrongResponsible(t *testing.T) {
	for _, tt := range []struct {
		name string
		u    apitoken.User
		says string
	}{
		{"nobody known", apitoken.User{ID: "ci", Service: true, Responsible: "eve"}, "responsible: is not a known user"},
		{"itself", apitoken.User{ID: "ci", Service: true, Responsible: "ci"}, "responsible: is the account itself"},
		{"of a new person", apitoken.User{ID: "ci", Responsible: bob}, "responsible: is given for a person; only a service account has one"},
		{"of a person", apitoken.User{ID: carol, Responsible: bob}, "responsible: is given for a person; only a service account has one"},
		{"another service", apitoken.User{ID: "ci", Service: true, Responsible: "robot"}, "responsible: is a service account; a person has to answer for it"},
		{"no text", apitoken.User{ID: "ci", Service: true, Responsible: "a\x00"}, "responsible: contains the invisible character U+0000"},
		{"a long text", apitoken.User{ID: "ci", Service: true, Responsible: apitoken.UserID(strings.Repeat("x", 256))}, "responsible: is 256 bytes long, at most 255 are allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.must(second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: "robot", Service: true})))
			events := len(h.events())
			_, err := h.PutUser(ctx, apitoken.As(ada), tt.u)
			if !errors.Is(err, apitoken.ErrInvalid) || !strings.HasSuffix(err.Error(), tt.says) {
				t.Errorf("PutUser: %v, want ErrInvalid with %q", err, tt.says)
			}
			if got := len(h.events()); got != events {
				t.Errorf("%d events of a refusal, want none", got-events)
			}
		})
	}
}

// An administrator who disables somebody finds the accounts for which that person answered.
func TestServicesOfAUserAreListed(t *testing.T) {
	h := newHost(t, apitoken.Options{CanonicalUserID: func(id apitoken.UserID) apitoken.UserID { return apitoken.UserID(strings.ToLower(string(id))) }})
	for id, by := range map[apitoken.UserID]apitoken.UserID{"ci": "BOB", "mirror": bob, "backup": carol} {
		h.must(second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: id, Service: true, Responsible: by})))
	}
	h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
	var left []apitoken.UserID
	for _, u := range collect(t, h.Users(ctx, apitoken.As(ada), apitoken.UserQuery{Responsible: "Bob"})) {
		left = append(left, u.ID)
	}
	if diff := cmp.Diff([]apitoken.UserID{"ci", "mirror"}, left); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if _, err := h.ListUsers(ctx, apitoken.As(carol), apitoken.UserQuery{Responsible: carol}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a list of users by a user: %v, want ErrDenied", err)
	}
	if _, err := h.ListUsers(ctx, apitoken.As(ada), apitoken.UserQuery{Responsible: "a\x00"}); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("an invalid id: %v, want ErrInvalid", err)
	}
}
