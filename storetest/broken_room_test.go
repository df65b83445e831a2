package storetest_test

import (
	"context"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenRooms returns stores that count the active tokens of an owner wrongly.
func brokenRooms() []broken {
	// counting returns a store whose limit applies to the tokens that a query selects.
	counting := func(name, bug string, found []string, edit func(q *apitoken.TokenQuery)) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				most := n.MaxActive
				n.MaxActive = 0
				q := apitoken.TokenQuery{Owner: n.Owner, Status: apitoken.StatusActive, Limit: 1000}.At(n.CreatedAt)
				edit(&q)
				counted, err := s.Tokens(ctx, q)
				_, unknown := s.Token(ctx, n.ID)
				if err == nil && most > 0 && unknown != nil && len(counted) >= most {
					return apitoken.ErrTooMany
				}
				return s.CreateToken(ctx, n, rev, e)
			}}
		}}
	}
	return []broken{
		{
			"no limit", "inserts a token however many the owner has",
			[]string{
				"refusals/an owner with as many tokens as they may have", "refusals/a revoked token takes no room", "refusals/an expired token takes no room",
				"refusals/a token that never expires takes room", "refusals/the name of an expired token, and no room",
			},
			func(s apitoken.Store) apitoken.Store {
				return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
					n.MaxActive = 0
					return s.CreateToken(ctx, n, rev, e)
				}}
			},
		},
		{
			"one more", "inserts one token more than the owner may have", []string{"refusals/an owner with as many tokens as they may have"},
			func(s apitoken.Store) apitoken.Store {
				return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
					if n.MaxActive > 0 {
						n.MaxActive++
					}
					return s.CreateToken(ctx, n, rev, e)
				}}
			},
		},
		counting("counts the revoked", "counts revoked tokens", []string{"refusals/a revoked token takes no room", "refusals/a token of an earlier epoch takes no room"},
			func(q *apitoken.TokenQuery) { q.Status = "" }),
		counting("counts the expired", "counts tokens that have expired", []string{"refusals/an expired token takes no room"},
			func(q *apitoken.TokenQuery) { *q = q.At(time.Unix(0, 0)) }),
		counting("counts everybody's", "counts the tokens of all owners", []string{"refusals/the tokens of others take no room"},
			func(q *apitoken.TokenQuery) { q.Owner, q.AnyOwner = "", true }),
		{
			"no room for a repetition", "returns ErrTooMany for a repeated CreateToken", []string{"refusals/a token again, and no room"},
			func(s apitoken.Store) apitoken.Store {
				return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
					if n.MaxActive > 0 && len(liveTokens(ctx, s, n)) >= n.MaxActive && s.CreateToken(ctx, n, rev, e) == nil {
						return apitoken.ErrTooMany
					}
					return s.CreateToken(ctx, n, rev, e)
				}}
			},
		},
		{
			"room first", "returns ErrTooMany before the other errors",
			[]string{"refusals/a moved policy precedes no room", "refusals/a held name precedes no room", "refusals/a digest in use precedes no room"},
			func(s apitoken.Store) apitoken.Store {
				return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
					_, unknown := s.Token(ctx, n.ID)
					if n.MaxActive > 0 && unknown != nil && len(liveTokens(ctx, s, n)) >= n.MaxActive {
						return apitoken.ErrTooMany
					}
					return s.CreateToken(ctx, n, rev, e)
				}}
			},
		},
	}
}
