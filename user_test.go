package apitoken_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestUserChangeApplyReturnsTheNewRowAndEvent(t *testing.T) {
	active := apitoken.User{ID: bob, Name: "Bob", Role: "desk", CreatedAt: start, Epoch: 3, Revision: 7}
	disabled := active
	disabled.DisabledAt = start.Add(-time.Hour)
	with := func(u apitoken.User, change func(*apitoken.User)) apitoken.User {
		change(&u)
		return u
	}
	for _, tt := range []struct {
		name   string
		was    apitoken.User
		change apitoken.UserChange
		want   apitoken.User // Revision aside
		err    error
	}{
		{"no change", active, apitoken.UserChange{}, active, nil},
		{"a name", active, apitoken.UserChange{Name: "Robert"}, with(active, func(u *apitoken.User) { u.Name = "Robert" }), nil},
		{"the same name", active, apitoken.UserChange{Name: "Bob"}, active, nil},
		{"a role", active, apitoken.UserChange{Role: "lead"}, with(active, func(u *apitoken.User) { u.Role = "lead" }), nil},
		{"end the epoch", active, apitoken.UserChange{EndEpoch: true}, with(active, func(u *apitoken.User) { u.Epoch = 4 }), nil},
		{"end the epoch of a disabled user", disabled, apitoken.UserChange{EndEpoch: true}, with(disabled, func(u *apitoken.User) { u.Epoch = 4 }), nil},
		{"disable", active, apitoken.UserChange{Disable: true}, with(active, func(u *apitoken.User) { u.Epoch, u.DisabledAt = 4, start }), nil},
		{"disable a disabled user", disabled, apitoken.UserChange{Disable: true}, disabled, nil},
		{"enable", disabled, apitoken.UserChange{Enable: true}, with(disabled, func(u *apitoken.User) { u.DisabledAt = time.Time{} }), nil},
		{"enable an active user", active, apitoken.UserChange{Enable: true}, active, nil},
		{"if at the revision", active, apitoken.UserChange{Name: "R", IfRevision: 7}, with(active, func(u *apitoken.User) { u.Name = "R" }), nil},
		{"if at another revision", active, apitoken.UserChange{Name: "R", IfRevision: 6}, active, apitoken.ErrConflict},
		{"if in one of the roles", active, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{"user", "desk"}},
			with(active, func(u *apitoken.User) { u.Epoch, u.DisabledAt = 4, start }), nil},
		{"if in another role", active, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{"user"}}, active, apitoken.ErrConflict},
		{"if in no role", active, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{}}, active, apitoken.ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is, e, err := tt.change.Apply(tt.was, apitoken.Event{At: start, Action: apitoken.ActionPutUser})
			if !errors.Is(err, tt.err) || err == nil && tt.err != nil {
				t.Fatalf("Apply: %v, want %v", err, tt.err)
			}
			want := tt.want
			if want != tt.was {
				want.Revision++
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			wantEvent := apitoken.Event{At: start, Action: apitoken.ActionPutUser, Before: tt.was.State(), After: want.State()}
			if diff := cmp.Diff(wantEvent, e); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

// A user id may be as long as a subject of OpenID Connect: 255 bytes.
func TestAUserIDMayHave255Bytes(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	id := apitoken.UserID(strings.Repeat("s", 255))
	h.mustPutUser(id, "")
	_, text := h.mustGenerateOwn(id, "ci")
	if got := h.mustAuthenticate(text).User.ID; got != id {
		t.Errorf("authenticates %q, want %q", got, id)
	}
	if _, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: id + "s"}); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("an id of 256 bytes: %v, want ErrInvalid", err)
	}
}
