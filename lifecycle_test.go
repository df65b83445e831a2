package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestThePolicyBindsEverybodyAndOnlyNewTokens(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "old", Lifetime: apitoken.NoExpiration})
	h.mustSetMax(apitoken.Days(30))

	for name, actor := range map[string]apitoken.Actor{
		"administrator": apitoken.As(ada), "the host itself": apitoken.System(), "owner": apitoken.As(bob),
	} {
		for _, lifetime := range []time.Duration{apitoken.Days(31), apitoken.NoExpiration} {
			_, _, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: "new", Lifetime: lifetime})
			if !errors.Is(err, apitoken.ErrLifetime) {
				t.Errorf("%s asks for %s: %v", name, lifetime, err)
			}
		}
	}
	h.clock.Add(apitoken.Days(1000))
	if diff := cmp.Diff(old, h.mustAuthenticate(text).Token); diff != "" {
		t.Errorf("the older token (-before +after):\n%s", diff)
	}
}

func TestSetPolicy(t *testing.T) {
	h := newHost(t, apitoken.Options{DefaultMaxLifetime: apitoken.Days(7)})
	policy := func() apitoken.MaxLifetimePolicy {
		p, err := h.Policy(ctx)
		h.must(err)
		return p
	}
	if diff := cmp.Diff(apitoken.MaxLifetimePolicy{Max: apitoken.Days(7)}, policy()); diff != "" {
		t.Errorf("before any (-want +got):\n%s", diff)
	}
	first, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(30) + 999, UpdatedBy: "mallory", UpdatedAt: time.Unix(1, 0),
	})
	h.must(err)
	want := apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), UpdatedAt: start, UpdatedBy: ada, Revision: 1}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, policy()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	h.clock.Add(time.Hour)
	second, err := h.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration, Revision: first.Revision})
	h.must(err)
	want = apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration, UpdatedAt: start.Add(time.Hour), Revision: 2}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("second (-want +got):\n%s", diff)
	}
	if _, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(1), Revision: first.Revision}); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("an outdated revision: %v", err)
	}
	for _, bad := range []time.Duration{0, -1, 999, apitoken.Days(36501), -apitoken.NoExpiration} {
		if _, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: bad}); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("a maximum of %s: %v", bad, err)
		}
	}
	if diff := cmp.Diff(want, policy()); diff != "" {
		t.Errorf("after refusals (-want +got):\n%s", diff)
	}
}

func TestANameIsHeldByOneLiveToken(t *testing.T) {
	tests := []struct {
		name string
		do   func(h host, holder apitoken.Token)
		want error
	}{
		{"while it lives", func(host, apitoken.Token) {}, apitoken.ErrExists},
		{"a microsecond before its end", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour - time.Microsecond) }, apitoken.ErrExists},
		{"at its end", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour) }, nil},
		{"once revoked", func(h host, holder apitoken.Token) { h.must(h.Revoke(ctx, apitoken.As(bob), holder.ID)) }, nil},
		{"once all are revoked", func(h host, _ apitoken.Token) { h.must(h.RevokeAll(ctx, apitoken.As(bob), bob)) }, nil},
		{"once its owner was disabled", func(h host, _ apitoken.Token) {
			h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
			h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			p := apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour}
			holder, _ := h.mustGenerate(apitoken.As(bob), p)
			tt.do(h, holder)
			if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
			p.Owner = carol
			h.mustGenerate(apitoken.As(carol), p)
			p.Owner, p.Name = bob, "CI"
			h.mustGenerate(apitoken.As(bob), p)
		})
	}
}

func TestRevoke(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	other, otherText := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "other"})
	h.clock.Add(time.Hour)
	h.must(h.Revoke(ctx, apitoken.As(ada), token.ID))
	want := token
	want.RevokedAt, want.RevokedBy = start.Add(time.Hour), ada
	events := len(h.events())

	h.clock.Add(time.Hour)
	h.must(h.Revoke(ctx, apitoken.As(bob), token.ID)) // changes nothing
	if diff := cmp.Diff([]apitoken.Token{want, other}, h.tokens()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if got := len(h.events()); got != events {
		t.Errorf("revoking again wrote %d events", got-events)
	}
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the revoked token: %v", err)
	}
	h.mustAuthenticate(otherText)

	// A token may revoke itself, and once.
	self := h.mustAuthenticate(otherText).Actor()
	h.must(h.Revoke(ctx, self, other.ID))
	if err := h.Revoke(ctx, self, other.ID); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a revoked token acts: %v", err)
	}
}

func TestRevokeAllAndDisableEndEveryTokenInOneRow(t *testing.T) {
	for name, end := range map[string]func(h host) error{
		"revoke all": func(h host) error { return h.RevokeAll(ctx, apitoken.As(ada), bob) },
		"disable":    func(h host) error { return h.DisableUser(ctx, apitoken.As(ada), bob) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			var texts []string
			for i := range 50 {
				_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
				texts = append(texts, text)
			}
			_, carols := h.mustGenerate(apitoken.As(carol), apitoken.GenerateParams{Owner: carol, Name: "ci"})
			first, err := h.ListTokens(ctx, apitoken.As(bob), apitoken.TokenQuery{Owner: bob, Limit: 1})
			h.must(err)
			h.must(h.Revoke(ctx, apitoken.As(bob), first[0].ID))
			h.clock.Add(time.Hour)
			writes := h.store.count("ChangeUser") + h.store.count("RevokeToken")
			h.must(end(h))
			if got := h.store.count("ChangeUser") + h.store.count("RevokeToken") - writes; got != 1 {
				t.Errorf("%d writes, want one", got)
			}
			for _, text := range texts {
				if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
					t.Fatalf("a token still answers %v", err)
				}
			}
			h.mustAuthenticate(carols)
			for i, token := range h.tokens()[:50] {
				at, by := start.Add(time.Hour), ada
				if i == 0 { // revoked before, by himself
					at, by = start, bob
				}
				if token.Status(start) != apitoken.StatusRevoked || !token.RevokedAt.Equal(at) || token.RevokedBy != by {
					t.Fatalf("token %d is revoked at %s by %q", i, token.RevokedAt, token.RevokedBy)
				}
			}
			h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
			if _, err := h.Authenticate(ctx, texts[1]); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("enabling revived a token: %v", err)
			}
			_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "1"})
			h.mustAuthenticate(text)
		})
	}
}

func TestPutUser(t *testing.T) {
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
		t.Errorf("new (-want +got):\n%s", diff)
	}
	h.clock.Add(time.Hour)
	writes := h.store.count("CreateUser") + h.store.count("ChangeUser")
	if diff := cmp.Diff(want, put(apitoken.User{ID: "erin", Name: "Erin"})); diff != "" {
		t.Errorf("unchanged (-want +got):\n%s", diff)
	}
	if h.store.count("CreateUser")+h.store.count("ChangeUser") != writes {
		t.Error("changing nothing wrote something")
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
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPutUserAtARevision(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"helpdesk": apitoken.ManageUsers}})
	h.mustPutUser("erin", "helpdesk")
	h.mustPutUser("fay", "helpdesk")
	tests := []struct {
		name  string
		actor apitoken.Actor
		user  apitoken.User
		want  error
	}{
		{"the present one", apitoken.As(ada), apitoken.User{ID: bob, Name: "Bob", Revision: 1}, nil},
		{"an outdated one", apitoken.As(ada), apitoken.User{ID: bob, Name: "Robert", Revision: 1}, apitoken.ErrConflict},
		{"an outdated one that changes nothing", apitoken.As(ada), apitoken.User{ID: bob, Name: "Bob", Revision: 1}, apitoken.ErrConflict},
		{"one to come", apitoken.As(ada), apitoken.User{ID: bob, Name: "Robert", Revision: 3}, apitoken.ErrConflict},
		{"a negative one", apitoken.As(ada), apitoken.User{ID: bob, Name: "Robert", Revision: -1}, apitoken.ErrConflict},
		{"of nobody", apitoken.As(ada), apitoken.User{ID: "fred", Name: "Fred", Revision: 1}, apitoken.ErrConflict},
		{"outdated, by somebody who may not", apitoken.As(carol), apitoken.User{ID: bob, Name: "Bob", Revision: 1}, apitoken.ErrDenied},
		{"outdated, to a role that may more", apitoken.As("erin"), apitoken.User{ID: "fay", Role: apitoken.RoleAdmin, Revision: 9}, apitoken.ErrDenied},
		{"outdated, of somebody who may more", apitoken.As("erin"), apitoken.User{ID: ada, Name: "A", Revision: 9}, apitoken.ErrDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := h.PutUser(ctx, tt.actor, tt.user); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if u, err := h.User(ctx, apitoken.As(ada), bob); err != nil || u.Name != "Bob" || u.Revision != 2 {
				t.Errorf("%v: %v", err, u)
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
		t.Errorf("disabled again: %+v, %d events more", u, len(h.events())-events)
	}
	h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
	events = len(h.events())
	h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
	if got := len(h.events()); got != events {
		t.Errorf("enabled again: %d events more", got-events)
	}
	for _, err := range []error{h.DisableUser(ctx, apitoken.As(ada), "nobody"), h.EnableUser(ctx, apitoken.As(ada), "nobody")} {
		if !errors.Is(err, apitoken.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, opts := range map[string]apitoken.Options{
		"prefix of 6 characters":        {Prefix: "abcdef"},
		"prefix that begins with digit": {Prefix: "1ab"},
		"prefix in upper case":          {Prefix: "Tok"},
		"prefix with an underscore":     {Prefix: "a_b"},
		"negative maximum":              {DefaultMaxLifetime: -1},
		"negative default lifetime":     {DefaultLifetime: -1},
		"default lifetime of centuries": {DefaultLifetime: apitoken.Days(100000)},
		"negative last used step":       {LastUsedStep: -1},
		"role without name":             {Roles: map[apitoken.Role]apitoken.Permission{"": 1}},
		"kind without name":             {Kinds: []apitoken.Kind{""}},
	} {
		if _, err := apitoken.New(newSpyStore(nil), &opts); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := apitoken.New(nil, nil); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("no store: %v", err)
	}
}

func TestHostsDeclareRolesAndKinds(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Kinds: []apitoken.Kind{"deploy"},
		Roles: map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ReadEvents, apitoken.RoleUser: 0},
	})
	token, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci", Kind: "deploy"})
	if token.Kind != "deploy" {
		t.Errorf("kind is %q", token.Kind)
	}
	if _, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "x"}); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("a built-in role put in its place: %v", err)
	}
	h.mustPutUser(carol, "auditor")
	for _, err := range h.Events(ctx, apitoken.As(carol), apitoken.EventQuery{}) {
		h.must(err)
	}
	// Another replica that does not declare the role grants it nothing.
	m, err := apitoken.New(h.store, nil)
	h.must(err)
	for _, err := range m.Events(ctx, apitoken.As(carol), apitoken.EventQuery{}) {
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("an undeclared role: %v", err)
		}
	}
}

// Sixteen callers at once change one user and one policy. Nobody's change is lost.
func TestConcurrentChangesAreAllDone(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := h.RevokeAll(ctx, apitoken.As(ada), bob); err != nil {
				t.Error(err)
			}
			if _, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	u, err := h.User(ctx, apitoken.As(ada), bob)
	h.must(err)
	p, err := h.Policy(ctx)
	h.must(err)
	if u.Epoch != 16 || p.Revision != 16 {
		t.Errorf("epoch %d and revision %d after 16 changes of each", u.Epoch, p.Revision)
	}
}

// The policy falls between the moment at which Generate reads it and the moment at which it writes.
func TestGenerateDecidesAnewWhenThePolicyMoves(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.store.before = func(method string) error {
		if method == "CreateToken" && h.store.count("PutPolicy") == 0 {
			h.mustSetMax(apitoken.Days(1))
		}
		return nil
	}
	token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if want := start.Add(apitoken.Days(1)); !token.ExpiresAt.Equal(want) {
		t.Errorf("ends %s, want %s", token.ExpiresAt, want)
	}
	if got := h.store.count("CreateToken"); got != 2 {
		t.Errorf("%d tries, want 2", got)
	}
}

// All tokens are revoked between the moment at which Generate reads the owner and the moment at which it writes.
func TestATokenThatComesLateIsDead(t *testing.T) {
	for name, end := range map[string]func(h host) error{
		"revoke all": func(h host) error { return h.RevokeAll(ctx, apitoken.As(ada), bob) },
		"disable": func(h host) error {
			return errors.Join(h.DisableUser(ctx, apitoken.As(ada), bob), h.EnableUser(ctx, apitoken.As(ada), bob))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.store.before = func(method string) error {
				if method == "CreateToken" {
					return end(h)
				}
				return nil
			}
			token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
			if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("it answers %v", err)
			}
			stored, err := h.Token(ctx, apitoken.As(bob), token.ID)
			h.must(err)
			if stored.Status(start) != apitoken.StatusRevoked {
				t.Errorf("it is %s", stored.Status(start))
			}
		})
	}
}

func TestTheClockMustBeSane(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, now := range []time.Time{{}, time.Unix(-1, 0), year2200} {
		h.clock.Set(now)
		_, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
		if !errors.Is(err, apitoken.ErrUnavailable) {
			t.Errorf("at %s: %v", now, err)
		}
	}
	h.clock.Set(time.Unix(0, 0))
	h.must(h.DisableUser(context.Background(), apitoken.As(ada), bob))
	u, err := h.User(ctx, apitoken.As(ada), bob)
	h.must(err)
	if !u.Disabled() {
		t.Error("disabled in 1970, the user is active")
	}
}
