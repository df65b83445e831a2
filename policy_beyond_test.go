package apitoken_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// newBeyondHost returns a host with many tokens of all lifetimes, of users of three roles, of two kinds.
func newBeyondHost(t *testing.T, n int) host {
	t.Helper()
	h := newHost(t, apitoken.Options{
		Kinds: []apitoken.Kind{"machine"},
		Roles: map[apitoken.Role]apitoken.Permission{"support": apitoken.GenerateOwn},
	})
	h.mustPutUser(carol, "support")
	random := rand.New(rand.NewPCG(1, 2))
	lifetimes := []time.Duration{time.Hour, apitoken.Days(7), apitoken.Days(7) + time.Microsecond, apitoken.Days(30), apitoken.Days(90), apitoken.NoExpiration}
	for i := range n {
		p := apitoken.GenerateParams{
			Owner: []apitoken.UserID{ada, bob, carol}[random.IntN(3)], Name: fmt.Sprint("t", i),
			Kind: []apitoken.Kind{apitoken.KindUser, "machine"}[random.IntN(2)], Lifetime: lifetimes[random.IntN(len(lifetimes))],
		}
		token, _ := h.mustGenerate(apitoken.System(), p)
		if random.IntN(6) == 0 {
			h.must(h.Revoke(ctx, apitoken.System(), token.ID))
		}
	}
	h.clock.Add(2 * time.Hour) // the shortest have expired
	return h
}

// someLayers are policies of every form, for the clock of newBeyondHost.
func someLayers(now time.Time) map[string]apitoken.MaxLifetimePolicy {
	limits := []apitoken.LifetimeLimit{{Role: "support", Max: apitoken.Days(7)}, {Kind: "machine", Max: apitoken.Days(30)}}
	exemptions := []apitoken.Exemption{
		{User: bob, Kind: "machine", Max: apitoken.NoExpiration, Until: now.Add(time.Hour), Reason: "migration"},
		{User: carol, Max: apitoken.Days(90), Until: now.Add(2 * time.Hour), Reason: "on call"},
	}
	return map[string]apitoken.MaxLifetimePolicy{
		"no maximum":                        {Max: apitoken.NoExpiration},
		"a maximum":                         {Max: apitoken.Days(7)},
		"limits":                            {Max: apitoken.Days(90), Limits: limits},
		"limits without a maximum":          {Max: apitoken.NoExpiration, Limits: limits},
		"exemptions":                        {Max: apitoken.Days(7), Exemptions: exemptions},
		"an exemption that is stricter":     {Max: apitoken.NoExpiration, Exemptions: exemptions[1:]},
		"limits and exemptions":             {Max: apitoken.Days(30), Limits: limits, Exemptions: exemptions},
		"a maximum above every limit there": {Max: apitoken.Days(365), Limits: limits[:1], Exemptions: exemptions[:1]},
	}
}

// beyondByHand returns the tokens that live longer than p permits, by the words of its documentation.
func (h host) beyondByHand(p apitoken.MaxLifetimePolicy, tokens []apitoken.Token) (beyond []apitoken.Token) {
	h.t.Helper()
	now := h.clock.Now()
	for _, token := range tokens {
		owner, err := h.User(ctx, apitoken.System(), token.Owner)
		h.must(err)
		most := p.Max
		for _, l := range p.Limits {
			if (l.Role == "" || l.Role == owner.Role) && (l.Kind == "" || l.Kind == token.Kind) {
				most = min(most, l.Max)
			}
		}
		for _, e := range p.Exemptions {
			if e.User == owner.ID && (e.Kind == "" || e.Kind == token.Kind) && now.Before(e.Until) {
				most = e.Max
			}
		}
		endless := token.ExpiresAt.IsZero()
		if most != apitoken.NoExpiration && (endless || token.ExpiresAt.Sub(token.CreatedAt) > most) {
			beyond = append(beyond, token)
		}
	}
	return beyond
}

func TestListsSelectWhatIsBeyondThePolicy(t *testing.T) {
	h := newBeyondHost(t, 150)
	for name, p := range someLayers(h.clock.Now()) {
		_, err := h.SetPolicy(ctx, apitoken.System(), p)
		h.must(err)
		for _, q := range []apitoken.TokenQuery{
			{AnyOwner: true}, {AnyOwner: true, Status: apitoken.StatusActive}, {Owner: carol}, {AnyOwner: true, Kind: "machine"},
			{AnyOwner: true, LivesLongerThan: apitoken.Days(30)}, {AnyOwner: true, LivesLongerThan: apitoken.NoExpiration}, {AnyOwner: true, ExpiresBefore: start.Add(apitoken.Days(8))},
		} {
			want := h.beyondByHand(p, collect(t, h.Tokens(ctx, apitoken.As(ada), q)))
			q.BeyondPolicy = true
			for _, limit := range []int{0, 3, 1000} {
				q.Limit = limit
				got := collect(t, h.Tokens(ctx, apitoken.As(ada), q))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, %+v (-want +got):\n%s", name, q, diff)
				}
				n, err := h.CountTokens(ctx, apitoken.As(ada), q)
				if err != nil || n != len(want) {
					t.Errorf("%s, %+v: counted %d, error %v, want %d", name, q, n, err, len(want))
				}
				var paged []apitoken.Token
				for page := (apitoken.TokenPage{Next: apitoken.TokenID{}}); ; q.After = page.Next {
					page, err = h.TokenPage(ctx, apitoken.As(ada), q)
					h.must(err)
					if paged = append(paged, page.Tokens...); page.Next.IsZero() {
						break
					}
				}
				q.After = apitoken.TokenID{}
				if diff := cmp.Diff(want, paged); diff != "" {
					t.Errorf("%s, %+v by TokenPage (-want +got):\n%s", name, q, diff)
				}
			}
		}
	}
}

// Roles and exemptions count as they are now.
func TestWhatIsBeyondFollowsRolesAndExemptions(t *testing.T) {
	h := newBeyondHost(t, 0)
	h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "month", Lifetime: apitoken.Days(30)})
	beyond := func() int {
		t.Helper()
		n, err := h.CountTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true})
		h.must(err)
		return n
	}
	var got []int
	got = append(got, beyond())
	_, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90), Limits: []apitoken.LifetimeLimit{{Role: "support", Max: apitoken.Days(7)}}})
	h.must(err)
	got = append(got, beyond())
	h.mustPutUser(bob, "support")
	got = append(got, beyond())
	until := h.clock.Now().Add(time.Hour)
	_, err = h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(7), Exemptions: []apitoken.Exemption{{User: bob, Max: apitoken.Days(30), Until: until, Reason: "migration"}},
	})
	h.must(err)
	got = append(got, beyond())
	h.clock.Set(until.Add(-time.Microsecond))
	got = append(got, beyond())
	h.clock.Set(until)
	got = append(got, beyond())
	if diff := cmp.Diff([]int{0, 0, 1, 0, 0, 1}, got); diff != "" {
		t.Errorf("the tokens beyond: at first, with a limit, with its role, exempt, just before the end, at the end (-want +got):\n%s", diff)
	}
}

func TestOwnersOfAPageAreReadInOneCall(t *testing.T) {
	h := newBeyondHost(t, 200)
	_, err := h.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90), Limits: []apitoken.LifetimeLimit{{Role: "support", Max: apitoken.Days(7)}}})
	h.must(err)
	before := h.store.counts()
	_, err = h.TokenPage(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true})
	h.must(err)
	if diff := cmp.Diff(map[string]int{"Facts": 1, "Tokens": 1, "Users": 1}, h.store.since(before)); diff != "" {
		t.Errorf("the calls (-want +got):\n%s", diff)
	}
}

// A token that was judged is revoked; every other one stays.
func TestRevokeManyEndsWhenNothingIsBeyond(t *testing.T) {
	h := newBeyondHost(t, 900)
	p := someLayers(h.clock.Now())["limits and exemptions"]
	_, err := h.SetPolicy(ctx, apitoken.System(), p)
	h.must(err)
	q := apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}
	want := h.beyondByHand(p, collect(t, h.Tokens(ctx, apitoken.As(ada), q)))
	before := h.revocations()
	q.BeyondPolicy = true
	if _, err := h.RevokeMany(ctx, apitoken.As(ada), q, apitoken.RevokeManyParams{AtMost: len(want) - 1}); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("one too few: error %v, want %v", err, apitoken.ErrConflict)
	}
	for left := len(want); left > 0; {
		r, err := h.RevokeMany(ctx, apitoken.As(ada), q, apitoken.RevokeManyParams{AtMost: left})
		h.must(err)
		left = r.Remaining
	}
	var got []apitoken.TokenID
	for id := range h.revocations() {
		if before[id] == 0 {
			got = append(got, id)
		}
	}
	var ids []apitoken.TokenID
	for _, token := range want {
		ids = append(ids, token.ID)
	}
	byText := func(a, b apitoken.TokenID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(got, byText)
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("the tokens that were revoked (-want +got):\n%s", diff)
	}
	if n, err := h.CountTokens(ctx, apitoken.As(ada), q); n != 0 || err != nil {
		t.Errorf("%d tokens are beyond the policy, error %v, want 0", n, err)
	}
}

func TestAPlanCountsWhatIsBeyond(t *testing.T) {
	h := newBeyondHost(t, 150)
	active := collect(t, h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}))
	now, err := h.Policy(ctx)
	h.must(err)
	events := len(h.events())
	before := h.store.counts()
	for name, p := range someLayers(h.clock.Now()) {
		got, err := h.PlanPolicy(ctx, apitoken.As(ada), p)
		h.must(err)
		beyond := h.beyondByHand(p, active)
		bare := p
		bare.Exemptions = nil
		exempt := slices.DeleteFunc(h.beyondByHand(bare, active), func(token apitoken.Token) bool { return slices.Contains(beyond, token) })
		want := apitoken.PolicyPlan{Policy: got.Policy, Beyond: len(beyond), Exempt: len(exempt), Sample: beyond[:min(10, len(beyond))]}
		owners := map[apitoken.UserID]bool{}
		for _, token := range beyond {
			owners[token.Owner] = true
			if token.ExpiresAt.IsZero() {
				want.WithoutExpiration++
			}
		}
		want.Owners = len(owners)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got.Policy.Max != p.Max || got.Policy.Revision != apitoken.NoPolicyYet || len(got.Policy.Limits) != len(p.Limits) || len(got.Policy.Exemptions) != len(p.Exemptions) {
			t.Errorf("%s: the policy to set is %+v, want %+v for the policy before the first", name, got.Policy, p)
		}
	}
	for method, n := range h.store.since(before) {
		if !slices.Contains([]string{"Facts", "Tokens", "User", "Users"}, method) {
			t.Errorf("plans have called %s %d times, want reads only", method, n)
		}
	}
	after, err := h.Policy(ctx)
	h.must(err)
	if diff := cmp.Diff(now, after); diff != "" || len(h.events()) != events {
		t.Errorf("%d events, want none; the policy (-want +got):\n%s", len(h.events())-events, diff)
	}
}

func TestAPlanIsStaleOnceThePolicyHasMoved(t *testing.T) {
	h := newBeyondHost(t, 0)
	first, err := h.PlanPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})
	h.must(err)
	late, err := h.PlanPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(7)})
	h.must(err)
	set, err := h.SetPolicy(ctx, apitoken.As(ada), first.Policy)
	if err != nil || set.Max != apitoken.Days(30) || set.Revision != 1 {
		t.Errorf("the plan sets %+v, error %v, want a maximum of 30 days at revision 1", set, err)
	}
	if _, err := h.SetPolicy(ctx, apitoken.As(ada), late.Policy); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("a plan from before the first policy: error %v, want %v", err, apitoken.ErrConflict)
	}
	late, err = h.PlanPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(7), Revision: 1})
	h.must(err)
	h.mustSetMax(apitoken.Days(60))
	if _, err := h.SetPolicy(ctx, apitoken.As(ada), late.Policy); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("a plan from before another policy: error %v, want %v", err, apitoken.ErrConflict)
	}
	if _, err := h.PlanPolicy(ctx, apitoken.As(ada), late.Policy); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("a plan for a policy that has moved: error %v, want %v", err, apitoken.ErrConflict)
	}
}

func TestAPlanIsRefusedLikeItsPolicy(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		"setter": apitoken.SetPolicy, "lister": apitoken.ListAny, "planner": apitoken.SetPolicy | apitoken.ListAny,
	}})
	for id, role := range map[apitoken.UserID]apitoken.Role{"sue": "setter", "lee": "lister", "pam": "planner"} {
		h.mustPutUser(id, role)
	}
	ok := apitoken.MaxLifetimePolicy{Max: apitoken.Days(7)}
	exempt := func(u apitoken.UserID) apitoken.MaxLifetimePolicy {
		p := ok
		p.Exemptions = []apitoken.Exemption{{User: u, Max: apitoken.Days(30), Until: start.Add(time.Hour), Reason: "migration"}}
		return p
	}
	for _, tt := range []struct {
		name  string
		actor apitoken.Actor
		p     apitoken.MaxLifetimePolicy
		want  error
	}{
		{"the host", apitoken.System(), ok, nil},
		{"an administrator", apitoken.As(ada), ok, nil},
		{"both permissions", apitoken.As("pam"), ok, nil},
		{"SetPolicy only", apitoken.As("sue"), ok, apitoken.ErrDenied},
		{"ListAny only", apitoken.As("lee"), ok, apitoken.ErrDenied},
		{"neither", apitoken.As(bob), ok, apitoken.ErrDenied},
		{"no maximum given", apitoken.As(ada), apitoken.MaxLifetimePolicy{}, apitoken.ErrInvalid},
		{"an exemption of an ordinary user", apitoken.As(ada), exempt(bob), nil},
		{"an exemption of oneself", apitoken.As(ada), exempt(ada), apitoken.ErrDenied},
	} {
		if _, err := h.PlanPolicy(ctx, tt.actor, tt.p); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}
