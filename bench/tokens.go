package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// authenticate is a case that presents the tokens.
func authenticate(ctx context.Context, m *apitoken.Manager, presented []issued) func(n int) error {
	return inTurn(presented, func(t *issued) error { return present(ctx, m, t) })
}

// inTurn is a case that does something with one thing after the other, and goes on where the last slice ended.
func inTurn[T any](presented []T, once func(*T) error) func(n int) error {
	return inTurnFrom(0, presented, once)
}

// inTurnFrom begins somewhere else than with the first.
func inTurnFrom[T any](start int, presented []T, once func(*T) error) func(n int) error {
	return func(n int) error {
		next := start // a variable of this goroutine alone
		for range n {
			if err := once(&presented[next]); err != nil {
				return err
			}
			if next++; next == len(presented) {
				next = 0
			}
		}
		start = next
		return nil
	}
}

// warm lets each case do before a slice, unmeasured, what it is going to do with the hot tokens. Otherwise it would have to bring
// them into the processor's caches again, unless the case before has used the same memory, and most of them are the library's.
func warm(cases []benchCase) {
	for i := range cases {
		run := cases[i].run
		cases[i].prepare = func(n int) error { return run(min(n, hot)) }
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
