package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestUserChangeApplies(t *testing.T) {
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
		{"nothing", active, apitoken.UserChange{}, active, nil},
		{"a name", active, apitoken.UserChange{Name: "Robert"}, with(active, func(u *apitoken.User) { u.Name = "Robert" }), nil},
		{"the same name", active, apitoken.UserChange{Name: "Bob"}, active, nil},
		{"a role", active, apitoken.UserChange{Role: "lead"}, with(active, func(u *apitoken.User) { u.Role = "lead" }), nil},
		{"end the epoch", active, apitoken.UserChange{EndEpoch: true}, with(active, func(u *apitoken.User) { u.Epoch = 4 }), nil},
		{"end the epoch of a disabled user", disabled, apitoken.UserChange{EndEpoch: true}, with(disabled, func(u *apitoken.User) { u.Epoch = 4 }), nil},
		{"disable", active, apitoken.UserChange{Disable: true}, with(active, func(u *apitoken.User) { u.Epoch, u.DisabledAt = 4, start }), nil},
		{"disable a disabled user", disabled, apitoken.UserChange{Disable: true}, disabled, nil},
		{"enable", disabled, apitoken.UserChange{Enable: true}, with(disabled, func(u *apitoken.User) { u.DisabledAt = time.Time{} }), nil},
		{"enable an active user", active, apitoken.UserChange{Enable: true}, active, nil},
		{"at the revision", active, apitoken.UserChange{Name: "R", IfRevision: 7}, with(active, func(u *apitoken.User) { u.Name = "R" }), nil},
		{"at another revision", active, apitoken.UserChange{Name: "R", IfRevision: 6}, active, apitoken.ErrConflict},
		{"in one of the roles", active, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{"user", "desk"}},
			with(active, func(u *apitoken.User) { u.Epoch, u.DisabledAt = 4, start }), nil},
		{"in another role", active, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{"user"}}, active, apitoken.ErrConflict},
		{"in no role", active, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{}}, active, apitoken.ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is, e, err := tt.change.Apply(tt.was, apitoken.Event{At: start, Action: apitoken.ActionPutUser})
			if !errors.Is(err, tt.err) || err == nil && tt.err != nil {
				t.Fatalf("error %v, want %v", err, tt.err)
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

// A crowd on one user's row delays a revocation and never makes it fail: neither by the user's own requests, nor by those
// of administrators.
func TestACrowdKeepsNobodyFromRevoking(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"desk": apitoken.GenerateOwn | apitoken.ManageUsers}})
	h.mustPutUser("dee", "desk")
	stop := make(chan struct{})
	var wg, begun sync.WaitGroup
	begun.Add(64)
	for i := range 64 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				var err error
				if i%8 == 0 {
					_, err = h.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob, Name: fmt.Sprint(i, n)})
				} else {
					err = h.RevokeAll(ctx, apitoken.As(bob), bob)
				}
				if err != nil && !errors.Is(err, apitoken.ErrDenied) { // denied: bob is disabled for a moment
					t.Errorf("in the crowd: %v", err)
				}
				if n == 0 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	for range 20 {
		h.must(h.DisableUser(ctx, apitoken.As("dee"), bob))
		h.must(h.RevokeAll(ctx, apitoken.As(ada), bob))
		h.must(h.EnableUser(ctx, apitoken.As("dee"), bob))
		h.must(second(h.PutUser(ctx, apitoken.As("dee"), apitoken.User{ID: bob, Role: apitoken.RoleUser})))
	}
	close(stop)
	wg.Wait()
}

// A user who is made more powerful between the decision and the write is not disabled, and not demoted, by less.
func TestAPromotionComesBeforeADemotion(t *testing.T) {
	for name, act := range map[string]func(h host) error{
		"disable": func(h host) error { return h.DisableUser(ctx, apitoken.As("dee"), bob) },
		"demote": func(h host) error {
			return second(h.PutUser(ctx, apitoken.As("dee"), apitoken.User{ID: bob, Name: "B.", Role: apitoken.RoleUser}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"desk": apitoken.GenerateOwn | apitoken.ManageUsers}})
			h.mustPutUser("dee", "desk")
			h.store.before = func(method string) error {
				if method == "ChangeUser" {
					h.store.before = nil
					h.mustPutUser(bob, apitoken.RoleAdmin)
				}
				return nil
			}
			if err := act(h); !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("error %v, want ErrDenied", err)
			}
			u, err := h.User(ctx, apitoken.System(), bob)
			h.must(err)
			if u.Role != apitoken.RoleAdmin || u.Disabled() {
				t.Errorf("bob is now %+v", u)
			}
		})
	}
}

// Offboarding under another spelling of the id is not silently nothing.
func TestOffboardingUnderAnotherCase(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustPutUser("Erin", "")
	_, text := h.mustGenerate(apitoken.As("Erin"), apitoken.GenerateParams{Owner: "Erin", Name: "ci"})
	for name, err := range map[string]error{
		"disable":    h.DisableUser(ctx, apitoken.System(), "erin"),
		"revoke all": h.RevokeAll(ctx, apitoken.As(ada), "ERIN"),
	} {
		var invalid *apitoken.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), `"Erin"`) {
			t.Errorf("%s: %v, want ErrInvalid that names the user there is", name, err)
		}
	}
	if err := h.DisableUser(ctx, apitoken.System(), "eve"); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("an id that no other resembles: %v, want ErrNotFound", err)
	}
	h.mustAuthenticate(text)
}

// A host whose directory takes several spellings for the same says so once, and every entry knows the user by each.
func TestCanonicalUserIDs(t *testing.T) {
	h := newHost(t, apitoken.Options{CanonicalUserID: func(id apitoken.UserID) apitoken.UserID {
		return apitoken.UserID(strings.ToLower(string(id)))
	}})
	const BOB, ADA = "BOB", "Ada"
	u, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: "Erin"})
	h.must(err)
	if u.ID != "erin" {
		t.Errorf("provisioned as %q, want erin", u.ID)
	}
	token, text := h.mustGenerate(apitoken.As(BOB), apitoken.GenerateParams{Owner: "boB", Name: "ci"})
	if token.Owner != bob || token.CreatedBy != bob {
		t.Errorf("owner %q, creator %q, want %q", token.Owner, token.CreatedBy, bob)
	}
	actor := h.mustAuthenticate(text).Actor()
	actor.User = BOB
	h.must(second(h.Token(ctx, actor, token.ID)))
	for name, q := range map[string]apitoken.TokenQuery{
		"by owner":   {Owner: BOB},
		"by creator": {AnyOwner: true, CreatedBy: BOB},
	} {
		if n, err := h.CountTokens(ctx, apitoken.As(ADA), q); n != 1 || err != nil {
			t.Errorf("%s: %d tokens, %v, want 1", name, n, err)
		}
	}
	for name, q := range map[string]apitoken.EventQuery{"by owner": {Owner: BOB}, "by actor": {Actor: BOB}} {
		if events := collect(t, h.Events(ctx, apitoken.As(ADA), q)); len(events) == 0 {
			t.Errorf("events %s: none", name)
		}
	}
	h.must(second(h.User(ctx, apitoken.As(ADA), "BOB")))
	h.must(h.DisableUser(ctx, apitoken.As(ADA), "BOB"))
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUserDisabled) {
		t.Errorf("Authenticate: %v, want ErrUserDisabled", err)
	}
	h.must(h.EnableUser(ctx, apitoken.As(ADA), "bOb"))
	h.must(h.RevokeAll(ctx, apitoken.As("BOB"), "bob"))
}

// A user id may be as long as a subject of OpenID Connect.
func TestAUserIDOf255Bytes(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	id := apitoken.UserID(strings.Repeat("s", 255))
	h.mustPutUser(id, "")
	_, text := h.mustGenerate(apitoken.As(id), apitoken.GenerateParams{Owner: id, Name: "ci"})
	if got := h.mustAuthenticate(text).User.ID; got != id {
		t.Errorf("it is %q", got)
	}
	if _, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: id + "s"}); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("256 bytes: %v, want ErrInvalid", err)
	}
}
