package apitoken_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// An administrator looks at what a lower maximum would mean, sets it, and revokes what is beyond it.
func ExampleManager_PlanPolicy() {
	ctx := context.Background()
	m := must(apitoken.New(memstore.New(), nil))
	ada := apitoken.As("ada")
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin}))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}))
	for _, days := range []int{7, 90, 365} {
		_, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{
			Owner: "bob", Name: fmt.Sprint(days, " days"), Lifetime: apitoken.Days(days),
		})
		if err != nil {
			panic(err)
		}
	}

	plan := must(m.PlanPolicy(ctx, ada, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}))
	fmt.Println("beyond:", plan.Beyond, "tokens of", plan.Owners, "user, the first is", plan.Sample[0].Name)
	must(m.SetPolicy(ctx, ada, plan.Policy))
	_, err := m.SetPolicy(ctx, ada, plan.Policy)
	fmt.Println("the same plan again:", errors.Is(err, apitoken.ErrConflict))

	q := apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true}
	for left := plan.Beyond; left > 0; {
		r := must(m.RevokeMany(ctx, ada, q, apitoken.RevokeManyParams{AtMost: left, Reason: "beyond the policy"}))
		fmt.Println("revoked", r.Revoked, "and", r.Remaining, "left")
		left = r.Remaining
	}
	// Output:
	// beyond: 2 tokens of 1 user, the first is 90 days
	// the same plan again: true
	// revoked 2 and 0 left
}

// Everything that a stolen build server held is revoked, but no more than an administrator has seen.
func ExampleManager_RevokeMany() {
	ctx := context.Background()
	m := must(apitoken.New(memstore.New(), &apitoken.Options{Kinds: []apitoken.Kind{"build"}}))
	host := apitoken.System()
	must(m.PutUser(ctx, host, apitoken.User{ID: "ada", Role: apitoken.RoleAdmin}))
	for i := range 3 {
		_, _, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: fmt.Sprint("agent ", i), Kind: "build"})
		if err != nil {
			panic(err)
		}
	}

	q := apitoken.TokenQuery{AnyOwner: true, Kind: "build"}
	seen := must(m.RevokeMany(ctx, apitoken.As("ada"), q, apitoken.RevokeManyParams{DryRun: true}))
	fmt.Println("to revoke:", seen.Remaining)
	_, err := m.RevokeMany(ctx, apitoken.As("ada"), q, apitoken.RevokeManyParams{AtMost: 2})
	fmt.Println(err)
	for left := seen.Remaining; left > 0; {
		r := must(m.RevokeMany(ctx, apitoken.As("ada"), q, apitoken.RevokeManyParams{AtMost: left, Reason: "stolen"}))
		left = r.Remaining
	}
	for e, err := range m.Events(ctx, host, apitoken.EventQuery{Action: apitoken.ActionRevoke}) {
		fmt.Println(e.Before.Name, e.Reason, err)
	}
	// Output:
	// to revoke: 3
	// apitoken: token.revoke_many: changed in the meantime: 3 tokens match, at most 2 were expected
	// agent 0 stolen <nil>
	// agent 1 stolen <nil>
	// agent 2 stolen <nil>
}
