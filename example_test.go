package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func Example() {
	ctx := context.Background()
	now := clock.NewMock()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Clock: now})
	if err != nil {
		panic(err)
	}

	// The host provisions its users.
	for _, u := range []apitoken.User{
		{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin},
		{ID: "bob", Name: "Bob"},
	} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			panic(err)
		}
	}

	// An administrator generates a token on behalf of a user.
	token, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
		Owner: "bob", Name: "nightly build", Lifetime: apitoken.Days(30),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(token.Owner, token.CreatedBy, token.ExpiresAt.Format(time.DateOnly), secret)

	// A request presents it.
	identity, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Println(identity.User.Name, err)

	// Thirty days later it has expired.
	now.Add(apitoken.Days(30))
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println(errors.Is(err, apitoken.ErrExpired), errors.Is(err, apitoken.ErrUnauthenticated))

	// Output:
	// bob ada 1970-01-31 REDACTED
	// Bob <nil>
	// true true
}
