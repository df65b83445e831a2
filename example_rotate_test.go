package apitoken_test

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Both tokens work until the successor is used for the first time.
func ExampleManager_Rotate() {
	ctx, m, _ := exampleHost()
	old, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "deploy"})
	next, nextSecret, err := m.Rotate(ctx, apitoken.As("bob"), old.ID, apitoken.RotateParams{Overlap: time.Hour})
	fmt.Println(next.Name, next.Replaces == old.ID, err)

	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println("old:", err)
	_, err = m.Authenticate(ctx, nextSecret.Reveal())
	fmt.Println("new:", err)
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println("old:", err)

	// Output:
	// deploy true <nil>
	// old: <nil>
	// new: <nil>
	// old: apitoken: authenticate: token replaced
}
