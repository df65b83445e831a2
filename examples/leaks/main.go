// Command leaks shows what happens to a token that a secret scanner finds in public.
//
//	go run ./examples/leaks
//
// It keeps everything in memory: a host, and a scanner with a test key that reports one of its tokens. The parts to copy are in
// host.go and keys.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Prefix: "acme"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close(ctx)) }()
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		return err
	}
	_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "build"})
	if err != nil {
		return err
	}
	s, err := newScanner()
	if err != nil {
		return err
	}
	list := httptest.NewServer(s)
	defer list.Close()
	handler, err := newHost(m, publicKeys{list.URL, list.Client()})
	if err != nil {
		return err
	}
	host := httptest.NewServer(handler)
	defer host.Close()

	if err := hello(ctx, out, host.URL, secret.Reveal()); err != nil {
		return err
	}
	for _, text := range []string{secret.Reveal(), "acme_example"} {
		res, err := s.report(ctx, host.URL+"/secret-scanning", text, "https://github.com/bob/site/blob/main/.env")
		if err != nil {
			return err
		}
		labels, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		fmt.Fprintf(out, "the scanner reports a text: %s %s", res.Status, labels)
	}
	if err := hello(ctx, out, host.URL, secret.Reveal()); err != nil {
		return err
	}
	for e, err := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{Action: apitoken.ActionLeaked}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "tell %s: a token of yours is revoked: %s %s\n", e.Owner, e.Before.Name, e.Reason)
	}
	return nil
}

// hello uses the token.
func hello(ctx context.Context, out io.Writer, origin, token string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/hello", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "bob's program says hello: %s\n", res.Status)
	return res.Body.Close()
}
