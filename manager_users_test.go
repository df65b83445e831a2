package apitoken_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestPutUserChangesOnlyWhatIsGiven(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	put := func(u apitoken.User) apitoken.User {
		t.Helper()
		got, err := h.PutUser(ctx, apitoken.As(ada), u)
		h.must(err)
		return got
	}
	want := apitoken.User{ID: "erin", Name: "Erin", Role: apitoken.RoleUser, CreatedAt: start, Revision: 1}
	got := put(apitoken.User{ID: "erin", Name: "Erin", Epoch: 9, DisabledAt: start, CreatedAt: time.Unix(1, 0)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a new user (-want +got):\n%s", diff)
	}
	h.clock.Add(time.Hour)
	writes := h.store.count("CreateUser") + h.store.count("ChangeUser")
	if diff := cmp.Diff(want, put(apitoken.User{ID: "erin", Name: "Erin"})); diff != "" {
		t.Errorf("unchanged (-want +got):\n%s", diff)
	}
	if h.store.count("CreateUser")+h.store.count("ChangeUser") != writes {
		t.Error("PutUser that changes nothing wrote to the store, want no write")
	}
	want.Role, want.Revision = apitoken.RoleAdmin, 2
	if diff := cmp.Diff(want, put(apitoken.User{ID: "erin", Name: "Erin", Role: apitoken.RoleAdmin})); diff != "" {
		t.Errorf("promoted (-want +got):\n%s", diff)
	}
	want.Name, want.Revision = "Erin E.", 3
	if diff := cmp.Diff(want, put(apitoken.User{ID: "erin", Name: "Erin E."})); diff != "" {
		t.Errorf("renamed, the role kept (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, put(apitoken.User{ID: "erin", Role: apitoken.RoleAdmin})); diff != "" {
		t.Errorf("without a name, the name kept (-want +got):\n%s", diff)
	}
	h.must(h.DisableUser(ctx, apitoken.As(ada), "erin"))
	want.DisabledAt, want.Epoch, want.Name, want.Revision = start.Add(time.Hour), 1, "Erin", 5
	if diff := cmp.Diff(want, put(apitoken.User{ID: "erin", Name: "Erin"})); diff != "" {
		t.Errorf("renamed, still disabled (-want +got):\n%s", diff)
	}
	stored, err := h.User(ctx, apitoken.As(ada), "erin")
	h.must(err)
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	for name, bad := range map[string]apitoken.User{
		"no id":              {},
		"an undeclared role": {ID: "x", Role: "root"},
	} {
		if _, err := h.PutUser(ctx, apitoken.As(ada), bad); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestPutUserAtAnotherRevisionIsErrConflict(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"helpdesk": apitoken.ManageUsers}})
	h.mustPutUser("erin", "helpdesk")
	h.mustPutUser("fay", "helpdesk")
	tests := []struct {
		name  string
		actor apitoken.Actor
		user  apitoken.User
		want  error
	}{
		{"the present revision", apitoken.As(ada), apitoken.User{ID: bob, Name: "Bob", Revision: 1}, nil},
		{"an earlier revision", apitoken.As(ada), apitoken.User{ID: bob, Name: "Robert", Revision: 1}, apitoken.ErrConflict},
		{"an earlier revision, no change", apitoken.As(ada), apitoken.User{ID: bob, Name: "Bob", Revision: 1}, apitoken.ErrConflict},
		{"a later revision", apitoken.As(ada), apitoken.User{ID: bob, Name: "Robert", Revision: 3}, apitoken.ErrConflict},
		{"a negative revision", apitoken.As(ada), apitoken.User{ID: bob, Name: "Robert", Revision: -1}, apitoken.ErrConflict},
		{"an unknown user", apitoken.As(ada), apitoken.User{ID: "fred", Name: "Fred", Revision: 1}, apitoken.ErrConflict},
		{"an earlier revision, without ManageUsers", apitoken.As(carol), apitoken.User{ID: bob, Name: "Bob", Revision: 1}, apitoken.ErrDenied},
		{"another revision, to a role beyond the actor", apitoken.As("erin"), apitoken.User{ID: "fay", Role: apitoken.RoleAdmin, Revision: 9}, apitoken.ErrDenied},
		{"another revision, of a user beyond the actor", apitoken.As("erin"), apitoken.User{ID: ada, Name: "A", Revision: 9}, apitoken.ErrDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := h.PutUser(ctx, tt.actor, tt.user); !errors.Is(err, tt.want) {
				t.Errorf("PutUser: %v, want %v", err, tt.want)
			}
			if u, err := h.User(ctx, apitoken.As(ada), bob); err != nil || u.Name != "Bob" || u.Revision != 2 {
				t.Errorf("bob is %+v, %v, want the name Bob at revision 2", u, err)
			}
		})
	}
}

func TestDisablingAndEnablingTwiceChangesNothing(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
	h.clock.Add(time.Hour)
	events := len(h.events())
	h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
	u, err := h.User(ctx, apitoken.As(ada), bob)
	h.must(err)
	if !u.DisabledAt.Equal(start) || u.Epoch != 1 || len(h.events()) != events {
		t.Errorf("DisableUser again: %+v and %d events, want no change", u, len(h.events())-events)
	}
	h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
	events = len(h.events())
	h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
	if got := len(h.events()); got != events {
		t.Errorf("EnableUser again: %d events, want none", got-events)
	}
	for _, err := range []error{h.DisableUser(ctx, apitoken.As(ada), "eve"), h.EnableUser(ctx, apitoken.As(ada), "eve")} {
		if !errors.Is(err, apitoken.ErrNotFound) {
			t.Errorf("an unknown user: %v, want ErrNotFound", err)
		}
	}
}

// A user who is promoted beyond the actor between the decision and the write is neither disabled nor demoted.
func TestAPromotionMeanwhileProtectsTheUser(t *testing.T) {
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
				t.Errorf("%s a user who was promoted meanwhile: %v, want ErrDenied", name, err)
			}
			u, err := h.User(ctx, apitoken.System(), bob)
			h.must(err)
			if u.Role != apitoken.RoleAdmin || u.Disabled() {
				t.Errorf("bob is %+v, want an active administrator", u)
			}
		})
	}
}

// Disabling a user under an id in another case is an error that names the user, rather than a success without effect.
func TestDisablingUnderAnotherCaseIsErrInvalid(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustPutUser("Erin", "")
	_, text := h.mustGenerateOwn("Erin", "ci")
	for name, err := range map[string]error{
		"disable":    h.DisableUser(ctx, apitoken.System(), "erin"),
		"revoke all": h.RevokeAll(ctx, apitoken.As(ada), "ERIN"),
	} {
		var invalid *apitoken.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), `"Erin"`) {
			t.Errorf("%s: %v, want ErrInvalid that names Erin", name, err)
		}
	}
	if err := h.DisableUser(ctx, apitoken.System(), "eve"); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("disable an unknown user: %v, want ErrNotFound", err)
	}
	h.mustAuthenticate(text)
}

// With Options.CanonicalUserID, every method takes every spelling of a user id.
func TestEveryMethodCanonicalizesUserIDs(t *testing.T) {
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
			t.Errorf("tokens %s: %d, %v, want 1", name, n, err)
		}
	}
	for name, q := range map[string]apitoken.EventQuery{"by owner": {Owner: BOB}, "by actor": {Actor: BOB}} {
		if events := collect(t, h.Events(ctx, apitoken.As(ADA), q)); len(events) == 0 {
			t.Errorf("events %s: none, want some", name)
		}
	}
	h.must(second(h.User(ctx, apitoken.As(ADA), "BOB")))
	h.must(h.DisableUser(ctx, apitoken.As(ADA), "BOB"))
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUserDisabled) {
		t.Errorf("Authenticate after DisableUser: %v, want ErrUserDisabled", err)
	}
	h.must(h.EnableUser(ctx, apitoken.As(ADA), "bOb"))
	h.must(h.RevokeAll(ctx, apitoken.As("BOB"), "bob"))
}

// A function that returns nothing for an id widens no query: the id stays as it is.
func TestAnIDWithoutACanonicalFormStays(t *testing.T) {
	h := newHost(t, apitoken.Options{CanonicalUserID: func(id apitoken.UserID) apitoken.UserID {
		return apitoken.UserID(strings.Trim(string(id), " -"))
	}})
	h.mustGenerateOwn(bob, "ci")
	if n, err := h.CountTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, CreatedBy: "--"}); n != 0 || err != nil {
		t.Errorf("tokens generated by a user who does not exist: %d, %v, want none", n, err)
	}
	if events := collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: "--"})); len(events) != 0 {
		t.Errorf("events about a user who does not exist: %d, want none", len(events))
	}
}

func TestUsersAreFoundByIDAndByName(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, u := range []apitoken.User{{ID: "u1", Name: "Ada Lovelace"}, {ID: "u2", Name: "Grace"}, {ID: "100%"}} {
		if _, err := h.PutUser(ctx, apitoken.System(), u); err != nil {
			t.Fatal(err)
		}
	}
	for contains, want := range map[string][]apitoken.UserID{
		"": {"100%", ada, bob, carol, dan, "u1", "u2"}, "a": {ada, carol, dan, "u1", "u2"}, "ada": {ada}, "Ada": {"u1"}, "%": {"100%"}, "zz": nil, "u": {"u1", "u2"},
	} {
		for _, limit := range []int{0, 1, 2} {
			var got []apitoken.UserID
			for _, u := range collect(t, h.Users(ctx, apitoken.As(ada), apitoken.UserQuery{Contains: contains, Limit: limit})) {
				got = append(got, u.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("users that contain %q, %d a page (-want +got):\n%s", contains, limit, diff)
			}
		}
	}
	if err := firstError(h.Users(ctx, apitoken.As(bob), apitoken.UserQuery{})); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("Users without ManageUsers: %v, want ErrDenied", err)
	}
}

// A new user without a role gets RoleUser, whose holders may be out of the actor's reach like any others.
func TestANewUserOfTheDefaultRoleIsNotBeyondTheActor(t *testing.T) {
	const deploy = apitoken.Permission(1 << 32)
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		apitoken.RoleUser: apitoken.GenerateOwn | deploy,
		"support":         apitoken.GenerateOwn | apitoken.ManageUsers,
	}})
	h.mustPutUser(carol, "support")
	if _, err := h.PutUser(ctx, apitoken.As(carol), apitoken.User{ID: "new"}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("provisioning a user who holds a permission that the actor lacks: error is %v, want ErrDenied", err)
	}
	if _, err := h.User(ctx, apitoken.System(), "new"); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("the user exists nevertheless: error is %v, want ErrNotFound", err)
	}
	if _, err := h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: "new"}); err != nil {
		t.Errorf("provisioning by an administrator: %v", err)
	}
}

// Suspending refuses every token and changes none; disabling stays for good, whatever is resumed.
func TestTheTokensOfASuspendedUserAreRefusedUntilTheUserIsResumed(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	revoked, revokedText := h.mustGenerateOwn(bob, "revoked")
	actor := h.mustAuthenticate(text).Actor()
	tokens := h.tokens()
	h.must(h.SuspendUser(ctx, apitoken.As(ada), bob))
	suspended, err := h.User(ctx, apitoken.As(ada), bob)
	h.must(err)
	h.clock.Add(time.Minute)
	h.must(h.SuspendUser(ctx, apitoken.As(ada), bob)) // again
	if again, err := h.User(ctx, apitoken.As(ada), bob); err != nil || again != suspended || !again.SuspendedAt.Equal(start) {
		t.Errorf("SuspendUser again: %+v, %v, want %+v", again, err, suspended)
	}

	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrSuspended) || !errors.Is(err, apitoken.ErrUnauthenticated) || errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("Authenticate: %v, want ErrSuspended and not ErrRevoked", err)
	}
	for name, err := range map[string]error{
		"for themselves": second(h.Token(ctx, apitoken.As(bob), revoked.ID)),
		"with a token":   second(h.Token(ctx, actor, revoked.ID)),
	} {
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("a suspended user acts %s: %v, want ErrDenied", name, err)
		}
	}
	_, _, err = h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "new"})
	if !errors.Is(err, apitoken.ErrSuspended) {
		t.Errorf("Generate: %v, want ErrSuspended", err)
	}
	if diff := cmp.Diff(tokens, h.tokens()); diff != "" {
		t.Errorf("the tokens (-before +after):\n%s", diff)
	}

	h.must(h.Revoke(ctx, apitoken.As(ada), revoked.ID))
	h.must(h.ResumeUser(ctx, apitoken.As(ada), bob))
	h.mustAuthenticate(text)
	if _, err := h.Authenticate(ctx, revokedText); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("Authenticate after a revocation meanwhile: %v, want ErrRevoked", err)
	}

	h.must(h.SuspendUser(ctx, apitoken.As(ada), bob))
	h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
	h.must(h.ResumeUser(ctx, apitoken.As(ada), bob))
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUserDisabled) {
		t.Errorf("Authenticate after disabling and resuming: %v, want ErrUserDisabled", err)
	}
	h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("Authenticate after enabling: %v, want ErrRevoked", err)
	}
}
