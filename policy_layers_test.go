package apitoken_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// randomPolicy returns a policy of few roles, kinds and users, so that layers meet often.
func randomPolicy(rng *rand.Rand, now time.Time) apitoken.MaxLifetimePolicy {
	lifetime := func() time.Duration {
		if rng.IntN(8) == 0 {
			return apitoken.NoExpiration
		}
		return time.Duration(1+rng.IntN(6)) * time.Hour
	}
	p := apitoken.MaxLifetimePolicy{Max: lifetime()}
	for range rng.IntN(5) {
		l := apitoken.LifetimeLimit{Role: pick[apitoken.Role](rng, "", "user", "admin"), Kind: pick[apitoken.Kind](rng, "", "user", "ci"), Max: lifetime()}
		if l.Role == "" && l.Kind == "" {
			continue
		}
		p.Limits = append(p.Limits, l)
	}
	for range rng.IntN(5) {
		e := apitoken.Exemption{
			User: pick(rng, ada, bob), Kind: pick[apitoken.Kind](rng, "", "user", "ci"), Max: lifetime(),
			Until: now.Add(time.Duration(rng.IntN(3)-1) * time.Microsecond), Reason: fmt.Sprint(len(p.Exemptions)),
		}
		if !slices.ContainsFunc(p.Exemptions, func(o apitoken.Exemption) bool { return o.User == e.User && o.Kind == e.Kind }) {
			p.Exemptions = append(p.Exemptions, e)
		}
	}
	return p
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// bruteForce is the maximum as the documentation says it: every layer that matches, then the rules about which one counts.
func bruteForce(p apitoken.MaxLifetimePolicy, user apitoken.UserID, role apitoken.Role, kind apitoken.Kind, now time.Time) time.Duration {
	var forKind, forAny []time.Duration
	for _, e := range p.Exemptions {
		if e.User == user && e.Until.After(now) {
			switch e.Kind {
			case kind:
				forKind = append(forKind, e.Max)
			case "":
				forAny = append(forAny, e.Max)
			}
		}
	}
	if len(forKind) == 1 {
		return forKind[0]
	}
	if len(forAny) == 1 {
		return forAny[0]
	}
	all := []time.Duration{p.Max}
	for _, l := range p.Limits {
		for _, r := range []apitoken.Role{role, ""} {
			for _, k := range []apitoken.Kind{kind, ""} {
				if l.Role == r && l.Kind == k {
					all = append(all, l.Max)
				}
			}
		}
	}
	return slices.Min(all)
}

func TestTheResolverAgreesWithABruteForce(t *testing.T) {
	rounds := 1_000_000
	if testing.Short() {
		rounds = 50_000
	}
	rng, seen := rand.New(rand.NewPCG(1, 2)), map[apitoken.Layer]int{}
	for range rounds {
		p := randomPolicy(rng, start)
		u := apitoken.User{ID: pick(rng, ada, bob, carol), Role: pick[apitoken.Role](rng, "user", "admin", "other")}
		kind := pick[apitoken.Kind](rng, "user", "ci", "other")
		got, source := p.MaxFor(u, kind, start)
		if want := bruteForce(p, u.ID, u.Role, kind, start); got != want {
			t.Fatalf("%+v\n%s of role %s, kind %s: maximum %s, want %s", p, u.ID, u.Role, kind, got, want)
		}
		seen[source.Layer]++
		if least := p.Strictest(); got < least {
			t.Fatalf("%+v\nthe maximum %s is below the strictest, %s", p, got, least)
		}
	}
	for _, layer := range []apitoken.Layer{apitoken.LayerMax, apitoken.LayerLimit, apitoken.LayerExemption} {
		if seen[layer] < rounds/20 {
			t.Errorf("the layer %q decided %d times in %d, too rarely to show anything", layer, seen[layer], rounds)
		}
	}
}

func TestALimitMoreNeverRaisesAMaximum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	lowered := 0
	for range 20_000 {
		p := randomPolicy(rng, start)
		more := p
		more.Limits = slices.Insert(slices.Clone(p.Limits), rng.IntN(len(p.Limits)+1), apitoken.LifetimeLimit{
			Role: pick[apitoken.Role](rng, "", "user", "admin"), Kind: pick[apitoken.Kind](rng, "", "user", "ci"), Max: time.Duration(rng.Int64N(int64(8 * time.Hour))),
		})
		for _, id := range []apitoken.UserID{ada, bob, carol} {
			for _, role := range []apitoken.Role{"user", "admin"} {
				for _, kind := range []apitoken.Kind{"user", "ci"} {
					before, _ := p.MaxFor(apitoken.User{ID: id, Role: role}, kind, start)
					after, _ := more.MaxFor(apitoken.User{ID: id, Role: role}, kind, start)
					if after > before {
						t.Fatalf("%+v\nwith one limit more: %+v\n%s of role %s, kind %s: the maximum rises from %s to %s", p, more, id, role, kind, before, after)
					}
					if after < before {
						lowered++
					}
				}
			}
		}
	}
	if lowered == 0 {
		t.Error("no limit lowered anything, so the test shows nothing")
	}
}

func TestAnExemptionEndsExactlyAtUntil(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	until := start.Add(time.Hour)
	h.must(second(h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{{User: bob, Max: apitoken.Days(90), Until: until, Reason: "migration"}},
	})))
	for _, c := range []struct {
		at   time.Duration
		want time.Duration
	}{{-time.Microsecond, apitoken.Days(90)}, {0, apitoken.Days(30)}, {time.Microsecond, apitoken.Days(30)}} {
		h.clock.Set(until.Add(c.at))
		token, _ := h.mustGenerateOwn(bob, c.at.String())
		if got := token.ExpiresAt.Sub(token.CreatedAt); got != c.want {
			t.Errorf("%s after Until the maximum is %s, want %s", c.at, got, c.want)
		}
	}
}

// A policy of three layers, as the tests of refusals and texts use it.
func layeredPolicy() apitoken.MaxLifetimePolicy {
	return apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(365),
		Limits: []apitoken.LifetimeLimit{
			{Role: apitoken.RoleUser, Max: apitoken.Days(30)},
			{Role: apitoken.RoleUser, Kind: "ci", Max: apitoken.Days(7)},
			{Kind: "badge", Max: apitoken.Days(1)},
		},
		Exemptions: []apitoken.Exemption{{
			User: bob, Kind: "ci", Max: apitoken.NoExpiration, Until: time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC), Reason: "migration",
		}},
	}
}

var layerKinds = apitoken.Options{Kinds: []apitoken.Kind{"ci", "badge"}}

func TestALifetimeErrorNamesTheLayer(t *testing.T) {
	h := newHost(t, layerKinds)
	h.must(second(h.SetPolicy(ctx, apitoken.As(ada), layeredPolicy())))
	_, parent := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "parent", Lifetime: apitoken.Days(2)})
	limited := layeredPolicy()
	limited.Exemptions[0].Max = apitoken.Days(60)
	tests := []struct {
		name   string
		policy apitoken.MaxLifetimePolicy
		actor  apitoken.Actor
		owner  apitoken.UserID
		kind   apitoken.Kind
		max    time.Duration
		want   string
	}{
		{"the policy", layeredPolicy(), apitoken.As(ada), ada, "user", apitoken.Days(365), "at most 365 days allowed"},
		{"a role", layeredPolicy(), apitoken.As(carol), carol, "user", apitoken.Days(30), "at most 30 days allowed (limit of role user)"},
		{"a role and a kind", layeredPolicy(), apitoken.System(), carol, "ci", apitoken.Days(7), "at most 7 days allowed (limit of role user and kind ci)"},
		{"a kind", layeredPolicy(), apitoken.As(ada), ada, "badge", apitoken.Days(1), "at most 1 day allowed (limit of kind badge)"},
		{"an exemption", limited, apitoken.As(bob), bob, "ci", apitoken.Days(60), "at most 60 days allowed (exemption until 1 March 2027: migration)"},
		{"the token in use", layeredPolicy(), h.mustAuthenticate(parent).Actor(), ada, "user", apitoken.Days(2), "at most 2 days allowed (expiry of the token in use)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.must(second(h.SetPolicy(ctx, apitoken.As(ada), tt.policy)))
			_, _, err := h.Generate(ctx, tt.actor, apitoken.GenerateParams{Owner: tt.owner, Name: tt.name, Kind: tt.kind, Lifetime: tt.max + time.Microsecond})
			var limit *apitoken.LifetimeError
			if !errors.As(err, &limit) || limit.Max != tt.max || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("a microsecond too long: %v, want %q", err, tt.want)
			}
			h.mustGenerate(tt.actor, apitoken.GenerateParams{Owner: tt.owner, Name: tt.name, Kind: tt.kind, Lifetime: tt.max})
		})
	}
}

func TestTheEventOfATokenNamesTheLayer(t *testing.T) {
	h := newHost(t, layerKinds)
	h.must(second(h.SetPolicy(ctx, apitoken.As(ada), layeredPolicy())))
	for _, p := range []apitoken.GenerateParams{
		{Owner: ada, Name: "of the policy"}, {Owner: bob, Name: "of a limit"},
		{Owner: bob, Name: "of an exemption", Kind: "ci", Lifetime: apitoken.NoExpiration},
	} {
		h.mustGenerate(apitoken.As(ada), p)
	}
	var got []apitoken.State
	for _, e := range h.events() {
		if e.Action == apitoken.ActionGenerate {
			got = append(got, apitoken.State{Name: e.After.Name, MaxLifetime: e.After.MaxLifetime, Policy: e.After.Policy})
		}
	}
	want := []apitoken.State{
		{Name: "of the policy", MaxLifetime: apitoken.Days(365)},
		{Name: "of a limit", MaxLifetime: apitoken.Days(30), Policy: "limit of role user"},
		{Name: "of an exemption", MaxLifetime: apitoken.NoExpiration, Policy: "exemption until 1 March 2027"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestTheEventOfAPolicySaysWhatHasChanged(t *testing.T) {
	h := newHost(t, layerKinds)
	edit := func(change func(*apitoken.MaxLifetimePolicy)) apitoken.MaxLifetimePolicy {
		p := layeredPolicy()
		change(&p)
		return p
	}
	tests := []struct {
		name   string
		policy apitoken.MaxLifetimePolicy
		want   string
	}{
		{"the first layers", layeredPolicy(), `limit of role user: 30 days; limit of role user and kind ci: 7 days; limit of kind badge: 1 day; ` +
			`exemption of bob for kind ci until 2027-03-01 added: no expiration, "migration"`},
		{"nothing", layeredPolicy(), ""},
		{"another order", edit(func(p *apitoken.MaxLifetimePolicy) { slices.Reverse(p.Limits) }), ""},
		{"changes", edit(func(p *apitoken.MaxLifetimePolicy) {
			p.Limits[0].Max, p.Exemptions[0].Until = time.Hour, time.Date(2026, time.April, 1, 6, 0, 0, 0, time.UTC)
		}), `limit of role user: 1h0m0s; exemption of bob for kind ci until 2026-04-01 06:00:00 UTC changed: no expiration, "migration"`},
		{"fewer", apitoken.MaxLifetimePolicy{Max: apitoken.Days(365)}, `limit of role user removed; limit of role user and kind ci removed; ` +
			`limit of kind badge removed; exemption of bob for kind ci until 2026-04-01 06:00:00 UTC removed`},
	}
	for _, tt := range tests {
		h.must(second(h.SetPolicy(ctx, apitoken.As(ada), tt.policy)))
		events := h.events()
		if diff := cmp.Diff(tt.want, events[len(events)-1].After.Policy); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A column of 64 KiB has to hold the text as JSON, which writes six bytes for some characters.
func TestTheTextOfManyChangesStaysShort(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}
	for i := range 100 {
		p.Exemptions = append(p.Exemptions, apitoken.Exemption{
			User: apitoken.UserID(fmt.Sprintf("%03d%s", i, strings.Repeat("<", 252))), Max: time.Hour, Until: start.AddDate(1, 0, 0), Reason: strings.Repeat("&", 255),
		})
	}
	h.must(second(h.SetPolicy(ctx, apitoken.System(), p)))
	events := h.events()
	text := events[len(events)-1].After.Policy
	if len(text) > 8300 || !strings.Contains(text, "; and ") || !strings.HasSuffix(text, " more changes") {
		t.Errorf("the text has %d bytes and ends with %.40q, want about 8 KiB and a number of further changes", len(text), text[len(text)-40:])
	}
}
