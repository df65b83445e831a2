package storetest_test

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenFacts returns stores that read what a decision depends on wrongly.
func brokenFacts() []broken {
	return []broken{{
		"facts with any token", "returns the actor of Facts with a token of another user",
		[]string{"facts/a token of another user is not the actor's"},
		factsBy(func(ctx context.Context, s apitoken.Store, q apitoken.FactsQuery) (apitoken.Facts, error) {
			f, err := s.Facts(ctx, q)
			if rec, tokenErr := s.Token(ctx, q.With); f.Actor == nil && tokenErr == nil {
				f.Actor = rec
			}
			return f, err
		}),
	}, {
		"facts before revocations", "returns the tokens of Facts as Lookup does, without a revocation with the epoch",
		[]string{"facts/tokens whose epoch has ended"},
		factsBy(func(ctx context.Context, s apitoken.Store, q apitoken.FactsQuery) (apitoken.Facts, error) {
			f, err := s.Facts(ctx, q)
			if err == nil && f.Token != nil {
				f.Token, err = s.Lookup(ctx, f.Token.Digest)
			}
			return f, err
		}),
	}, {
		"facts of two moments", "reads the owner of Facts after the actor",
		[]string{"facts/all rows are of one moment"},
		func(s apitoken.Store) apitoken.Store {
			between := hold{under: "facts/all rows are of one moment"}
			return &otherwise{Store: s, facts: func(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
				f, err := s.Facts(ctx, q)
				if between.wait("the first read") {
					var after apitoken.Facts
					after, err = s.Facts(ctx, q)
					f.Owner = after.Owner
				}
				return f, err
			}, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				defer between.releaser("the first read")()
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}}
}

func factsBy(read func(context.Context, apitoken.Store, apitoken.FactsQuery) (apitoken.Facts, error)) func(apitoken.Store) apitoken.Store {
	return func(s apitoken.Store) apitoken.Store {
		return &otherwise{Store: s, facts: func(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) { return read(ctx, s, q) }}
	}
}
