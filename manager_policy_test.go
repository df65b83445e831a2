package apitoken_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestTheMaximumAppliesToEveryActorAndOnlyToNewTokens(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "old", Lifetime: apitoken.NoExpiration})
	h.mustSetMax(apitoken.Days(30))

	for name, actor := range map[string]apitoken.Actor{
		"administrator": apitoken.As(ada), "the host itself": apitoken.System(), "owner": apitoken.As(bob),
	} {
		for _, lifetime := range []time.Duration{apitoken.Days(31), apitoken.NoExpiration} {
			_, _, err := h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: "new", Lifetime: lifetime})
			if !errors.Is(err, apitoken.ErrLifetime) {
				t.Errorf("%s generates a token for %s: %v, want ErrLifetime", name, lifetime, err)
			}
		}
	}
	h.clock.Add(apitoken.Days(1000))
	if diff := cmp.Diff(old, h.mustAuthenticate(text).Token); diff != "" {
		t.Errorf("the existing token (-before +after):\n%s", diff)
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
		t.Errorf("policy before the first (-want +got):\n%s", diff)
	}
	first, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(30) + 999, UpdatedBy: "mallory", UpdatedAt: time.Unix(1, 0),
	})
	h.must(err)
	want := apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), UpdatedAt: start, UpdatedBy: ada, Revision: 1}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("result of SetPolicy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, policy()); diff != "" {
		t.Errorf("stored policy (-want +got):\n%s", diff)
	}
	h.clock.Add(time.Hour)
	second, err := h.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration, Revision: first.Revision})
	h.must(err)
	want = apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration, UpdatedAt: start.Add(time.Hour), Revision: 2}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("result of the second SetPolicy (-want +got):\n%s", diff)
	}
	if _, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(1), Revision: first.Revision}); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("SetPolicy at an earlier revision: %v, want ErrConflict", err)
	}
	for _, bad := range []time.Duration{0, -1, 999, apitoken.Days(36501), -apitoken.NoExpiration} {
		if _, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: bad}); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("a maximum of %s: %v, want ErrInvalid", bad, err)
		}
	}
	if diff := cmp.Diff(want, policy()); diff != "" {
		t.Errorf("stored policy after refusals (-want +got):\n%s", diff)
	}
}

// The maximum depends on the role of the owner. A role that changes after it was read, and before the token is inserted, is
// judged anew, in both directions and on every attempt.
func TestARoleThatChangesBeforeTheInsertIsJudgedAnew(t *testing.T) {
	for _, c := range []struct {
		name     string
		was, is  apitoken.Role
		lifetime time.Duration
		want     time.Duration // 0: refused
	}{
		{"to a role with a limit", apitoken.RoleAdmin, apitoken.RoleUser, apitoken.Days(31), 0},
		{"to a role with a limit, without a lifetime", apitoken.RoleAdmin, apitoken.RoleUser, 0, apitoken.Days(30)},
		{"to a role without one", apitoken.RoleUser, apitoken.RoleAdmin, 0, apitoken.Days(365)},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.mustPutUser("eve", c.was)
			h.must(second(h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
				Max: apitoken.Days(365), Limits: []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Max: apitoken.Days(30)}},
			})))
			change := true
			h.store.before = func(method string) error {
				if method == "CreateToken" && change {
					change = false
					h.mustPutUser("eve", c.is)
				}
				return nil
			}
			before := h.store.counts()
			token, _, err := h.Generate(ctx, apitoken.As("eve"), apitoken.GenerateParams{Owner: "eve", Name: "ci", Lifetime: c.lifetime})
			if calls := h.store.since(before); calls["ChangeUser"] != 1 {
				t.Fatalf("the calls are %v, want the role to be changed in between", calls)
			}
			if c.want == 0 {
				if !errors.Is(err, apitoken.ErrLifetime) {
					t.Errorf("Generate: %v, want ErrLifetime", err)
				}
				return
			}
			h.must(err)
			if got := token.ExpiresAt.Sub(token.CreatedAt); got != c.want {
				t.Errorf("the token lives for %s, want %s", got, c.want)
			}
		})
	}
}
