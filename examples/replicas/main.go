// Command replicas runs three replicas of a host on one PostgreSQL, each with a cache of its own, and shows how long they accept
// a token that one of them has revoked.
//
//	go run ./examples/replicas -db postgres://user@127.0.0.1:5432/database
//
// The part to copy is in replica.go. Each replica is what a process of the host would be: it has its own connections, cache,
// Manager and server, and shares only the database with the others.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func main() {
	db := flag.String("db", "", "`URL` of a PostgreSQL database")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *db, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, db string, out io.Writer) (err error) {
	var replicas []*replica
	for range 3 {
		r, err := newReplica(ctx, db)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.close(context.WithoutCancel(ctx))) }()
		replicas = append(replicas, r)
	}
	first := replicas[0]
	if _, err := first.manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		return err
	}
	token, secret, err := first.manager.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{
		Owner: "bob", Name: "deploy " + time.Now().Format(time.RFC3339Nano), Lifetime: apitoken.Days(1),
	})
	if err != nil {
		return err
	}

	for i, r := range replicas {
		if err := r.warm(ctx, secret.Reveal()); err != nil {
			return err
		}
		fmt.Fprintf(out, "replica %d answers from its cache: %d hits\n", i+1, r.cache.Stats().Hits)
	}

	if err := first.manager.Revoke(ctx, apitoken.As("bob"), token.ID); err != nil {
		return err
	}
	revoked := time.Now()
	for i, r := range replicas {
		if err := r.await(ctx, secret.Reveal(), http.StatusUnauthorized); err != nil {
			return err
		}
		fmt.Fprintf(out, "replica %d refuses the token, at most %s after it was revoked\n", i+1, time.Since(revoked).Round(time.Millisecond))
	}
	return nil
}

// warm sends requests until the replica answers one from its cache, which is after its first poll.
func (r *replica) warm(ctx context.Context, text string) error {
	for before := r.cache.Stats().Hits; r.cache.Stats().Hits == before; {
		if err := r.await(ctx, text, http.StatusOK); err != nil {
			return err
		}
	}
	return nil
}

// await sends requests with a token until the answer is the wanted status.
func (r *replica) await(ctx context.Context, text string, status int) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+text)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode == status {
			return err
		}
	}
}
