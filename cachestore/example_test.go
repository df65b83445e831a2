package cachestore_test

import (
	"context"
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A host puts the cache between the Manager and its store. Here the store is in memory; with package sqlstore, a hit saves a
// query.
func Example() {
	ctx := context.Background()
	store, err := cachestore.New(memstore.New(), &cachestore.Options{Entries: 10_000})
	if err != nil {
		panic(err)
	}
	defer func() { _ = store.Close() }()
	m, err := apitoken.New(store, nil)
	if err != nil {
		panic(err)
	}

	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada"}); err != nil {
		panic(err)
	}
	token, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "laptop"})
	if err != nil {
		panic(err)
	}
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println("generated:", err)
	if err := m.Revoke(ctx, apitoken.As("ada"), token.ID); err != nil {
		panic(err)
	}
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println("revoked:", err)
	// Output:
	// generated: <nil>
	// revoked: apitoken: authenticate: token revoked
}
