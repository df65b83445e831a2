package apitoken_test

import (
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// A page of an administrator: how many tokens there are, and those that expire soonest.
func ExampleManager_TallyTokens() {
	ctx, m, _ := exampleHost()
	for i, name := range []string{"build", "deploy", "backup"} {
		p := apitoken.GenerateParams{Owner: "bob", Name: name, Lifetime: apitoken.Days(3 - i)}
		_, _, _ = m.Generate(ctx, apitoken.As("bob"), p)
	}
	q := apitoken.TokenQuery{AnyOwner: true, Order: apitoken.OrderExpiry}
	tally, err := m.TallyTokens(ctx, apitoken.System(), q, 1000)
	fmt.Println(tally.Active, "active,", tally.Expired, "expired, more:", tally.More, err)
	for t := range m.Tokens(ctx, apitoken.System(), q) {
		fmt.Println(t.Name)
	}

	// Output:
	// 3 active, 0 expired, more: false <nil>
	// backup
	// deploy
	// build
}

// Somebody sends a text that they have found. Whose is it?
func ExampleManager_TokenOfText() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "build"})

	token, err := m.TokenOfText(ctx, apitoken.System(), secret.Reveal())
	fmt.Println(token.Owner, token.Name, token.LastUsedAt.IsZero(), err)

	// Only its last four characters are known.
	text := secret.Reveal()
	for _, hint := range m.HintsOf(text[len(text)-4:]) {
		for t := range m.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Hint: hint}) {
			fmt.Println(t.Owner, t.Name)
		}
	}

	// Output:
	// bob build true <nil>
	// bob build
}
