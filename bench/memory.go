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
	tokens = 100_000
	hot    = 1_024 // the tokens that are presented, scattered over all
)

var sink apitoken.Identity // what the last case answered, so that the compiler leaves no work out

// inMemory compares Authenticate on memstore with the least that tells whose a token is: hash the text, look it up in a
// map that nobody locks, read the clock, copy the answer.
func inMemory(ctx context.Context) (group, error) {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		return group{}, err
	}
	texts, err := fill(ctx, m, tokens)
	if err != nil {
		return group{}, err
	}
	bare := make(map[[32]byte]*apitoken.Identity, tokens)
	for _, text := range texts {
		id, err := m.Authenticate(ctx, text)
		if err != nil {
			return group{}, err
		}
		bare[sha256.Sum256([]byte(text))] = &id
	}
	rand.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	presented := texts[:hot]
	request, cancel := context.WithCancel(ctx)

	return group{
		title: fmt.Sprintf("Authenticate in memory, %d tokens, %d hot, real clock", tokens, hot),
		cases: []benchCase{
			{"floor: SHA-256, bare map, clock, copy", func(n int) {
				for i := range n {
					sink = floor(bare, presented[i%hot])
				}
			}},
			{"Authenticate", func(n int) {
				for i := range n {
					sink, _ = m.Authenticate(ctx, presented[i%hot])
				}
			}},
			{"Authenticate, context that can be cancelled", func(n int) {
				for i := range n {
					sink, _ = m.Authenticate(request, presented[i%hot])
				}
			}},
		},
		close: func() error {
			cancel()
			if sink == (apitoken.Identity{}) {
				return errors.New("the last Authenticate refused")
			}
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

// fill generates tokens of 100 users.
func fill(ctx context.Context, m *apitoken.Manager, n int) (texts []string, err error) {
	const users = 100
	for u := range users {
		if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: userID(u)}); err != nil {
			return nil, err
		}
	}
	for i := range n {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{
			Owner: userID(i % users), Name: fmt.Sprintf("token %d", i),
		})
		if err != nil {
			return nil, err
		}
		texts = append(texts, secret.Reveal())
	}
	return texts, nil
}

func userID(n int) apitoken.UserID { return apitoken.UserID(fmt.Sprintf("user-%d", n)) }
