package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

const (
	tokensInMemory = 100_000
	hot            = 1_024 // the tokens that are presented, scattered over all
)

var errWrong = errors.New("the answer is another token, or none")

// inMemory compares Authenticate on memstore with the least that tells whose a token is: hash the text, look it up in a
// map that nobody locks, read the clock, copy the answer.
func inMemory(ctx context.Context) (group, error) {
	m, all, err := issue(ctx, tokensInMemory)
	if err != nil {
		return group{}, err
	}
	bare := make(map[[32]byte]*apitoken.Identity, len(all))
	for _, t := range all {
		id, err := m.Authenticate(ctx, t.text)
		if err != nil {
			return group{}, err
		}
		bare[sha256.Sum256([]byte(t.text))] = &id
	}
	presented := scattered(all)
	request, cancel := context.WithCancel(context.Background())
	return group{
		title: fmt.Sprintf("Authenticate in memory, %d tokens, %d hot, real clock", len(all), len(presented)),
		times: 0.4, // so that on a busy machine some are not interrupted
		cases: []benchCase{
			{name: "floor: SHA-256, bare map, clock, copy", run: inTurn(presented, func(t *issued) error {
				if id := floor(bare, t.text); id.Token.ID != t.token.ID {
					return errWrong
				}
				return nil
			})},
			{name: "Authenticate", run: authenticate(context.Background(), m, presented)},
			{name: "Authenticate, context that can be cancelled", run: authenticate(request, m, presented)},
		},
		aims: []aim{
			{name: "memory: Authenticate to its floor (the least that is promised is 1.75)", of: 1, most: 1.5},
		},
		close: func() error {
			cancel()
			return m.Close(ctx)
		},
	}, nil
}

//go:noinline
func floor(bare map[[32]byte]*apitoken.Identity, text string) apitoken.Identity {
	var block [64]byte
	id := bare[sha256.Sum256(block[:copy(block[:], text)])]
	if !id.Token.ExpiresAt.IsZero() && !time.Now().Before(id.Token.ExpiresAt) {
		return apitoken.Identity{}
	}
	return *id
}

// authenticate is a case that presents the tokens.
func authenticate(ctx context.Context, m *apitoken.Manager, presented []issued) func(n int) error {
	return inTurn(presented, func(t *issued) error { return present(ctx, m, t) })
}

// inTurn is a case that does something with one thing after the other, and goes on where the last slice ended.
func inTurn[T any](presented []T, once func(*T) error) func(n int) error {
	next := 0
	return func(n int) error {
		for range n {
			if err := once(&presented[next%len(presented)]); err != nil {
				return err
			}
			next++
		}
		return nil
	}
}

// present authenticates a token and checks the answer.
func present(ctx context.Context, m *apitoken.Manager, t *issued) error {
	id, err := m.Authenticate(ctx, t.text)
	if err == nil && id.Token.ID != t.token.ID {
		err = errWrong
	}
	return err
}

// issued is a token with its text.
type issued struct {
	text  string
	token apitoken.Token
}

// users is how many users own the tokens.
const users = 100

func userID(n int) apitoken.UserID { return apitoken.UserID(fmt.Sprintf("user-%d", n)) }

// issue generates tokens of the users in memory. The Manager records no uses.
func issue(ctx context.Context, n int) (m *apitoken.Manager, all []issued, err error) {
	m, err = apitoken.New(memstore.New(), &apitoken.Options{LastUsedInterval: -1})
	if err != nil {
		return nil, nil, err
	}
	if err := provision(ctx, m); err != nil {
		return nil, nil, err
	}
	for i := range n {
		token, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{
			Owner: userID(i % users), Name: fmt.Sprintf("issued %d", i),
		})
		if err != nil {
			return nil, nil, err
		}
		all = append(all, issued{secret.Reveal(), token})
	}
	return m, all, nil
}

// provision tells a Manager of the users.
func provision(ctx context.Context, m *apitoken.Manager) error {
	for u := range users {
		if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: userID(u), Name: "A user of the host"}); err != nil {
			return err
		}
	}
	return nil
}

// scattered are the tokens to present, from anywhere among all.
func scattered(all []issued) []issued {
	mixed := append([]issued(nil), all...)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed[:min(hot, len(mixed))]
}
