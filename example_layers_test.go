package apitoken_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// Everybody gets 365 days, people get 90, tokens of kind ci 30, and the migration runs with one token of 180 days.
func ExampleMaxLifetimePolicy() {
	now := clock.NewMock()
	now.Set(time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC))
	m := must(apitoken.New(memstore.New(), &apitoken.Options{Clock: now, Kinds: []apitoken.Kind{"ci"}}))
	defer m.Close(ctx)
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "alice"}, {ID: "bob"}} {
		must(m.PutUser(ctx, apitoken.System(), u))
	}

	policy := must(m.Policy(ctx))
	policy.Max = apitoken.Days(365)
	policy.Limits = []apitoken.LifetimeLimit{
		{Role: apitoken.RoleUser, Max: apitoken.Days(90)},
		{Kind: "ci", Max: apitoken.Days(30)},
	}
	policy.Exemptions = []apitoken.Exemption{{
		User: "alice", Kind: "ci", Max: apitoken.Days(180),
		Until: time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC), Reason: "migration",
	}}
	must(m.SetPolicy(ctx, apitoken.As("ada"), policy))

	for _, owner := range []apitoken.UserID{"alice", "bob"} {
		_, _, err := m.Generate(ctx, apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: "import", Kind: "ci", Lifetime: apitoken.Days(180)})
		var over *apitoken.LifetimeError
		if errors.As(err, &over) {
			fmt.Printf("%s: at most %.0f days: %s\n", owner, over.Max.Hours()/24, over.Source)
			continue
		}
		fmt.Println(owner, err)
	}
	// Output:
	// alice <nil>
	// bob: at most 30 days: limit of kind ci
}

// A form offers what the owner's tokens may have, and says why that is all.
func ExampleManager_MaxLifetimes() {
	m := must(apitoken.New(memstore.New(), &apitoken.Options{Kinds: []apitoken.Kind{"ci"}}))
	defer m.Close(ctx)
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}))
	must(m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{
		Max:    apitoken.Days(365),
		Limits: []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Kind: "ci", Max: apitoken.Days(45)}},
	}))

	for _, l := range must(m.MaxLifetimes(ctx, apitoken.As("bob"), "bob")) {
		fmt.Printf("%s (%s):", l.Kind, l.Source)
		for _, choice := range l.Choices() {
			fmt.Printf(" %.0f", choice.Hours()/24)
		}
		fmt.Println(" days")
	}
	// Output:
	// ci (limit of role user and kind ci): 30 45 days
	// user (maximum of the policy): 30 90 365 days
}
