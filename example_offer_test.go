package apitoken_test

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Ada offers Bob a token. The secret is made when Bob claims it, and nobody else ever sees it.
func ExampleManager_Offer() {
	ctx, m, _ := exampleHost()
	pending, err := m.Offer(ctx, apitoken.As("ada"), apitoken.OfferParams{
		GenerateParams: apitoken.GenerateParams{Owner: "bob", Name: "build", Lifetime: apitoken.Days(30)},
		ClaimBy:        m.Now().Add(24 * time.Hour),
	})
	fmt.Println(pending.Owner, pending.Name, err)

	_, _, err = m.Claim(ctx, apitoken.As("ada"), pending.ID)
	fmt.Println(err)

	waiting, _ := m.Offers(ctx, apitoken.As("bob"), "bob")
	token, secret, err := m.Claim(ctx, apitoken.As("bob"), waiting[0].ID)
	fmt.Println(token.Name, "by", token.CreatedBy, err)
	identity, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Println(identity.User.ID, err)

	// Output:
	// bob build <nil>
	// apitoken: token.claim: not found: a token is claimed by its owner, or by the person who answers for a service account
	// build by ada <nil>
	// bob <nil>
}
