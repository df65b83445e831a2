package apitoken_test

import (
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// A nightly job of the host has found a text in a build log. The event tells the owner and the administrators where it was.
func ExampleManager_RevokeText() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "build"})
	found := secret.Reveal()

	token, err := m.RevokeText(ctx, apitoken.System(), found, apitoken.Leak{URL: "https://ci.example.org/jobs/42?raw=1", Source: "log"})
	fmt.Println(token.Owner, token.Name, token.Status(m.Now()), err)
	_, err = m.Authenticate(ctx, found)
	fmt.Println(err)
	for e := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{Action: apitoken.ActionLeaked}) {
		fmt.Println(e.Action, e.Owner, e.Reason)
	}

	// Output:
	// bob build revoked <nil>
	// apitoken: authenticate: token revoked
	// token.leaked bob found in log at ci.example.org/jobs/42
}
