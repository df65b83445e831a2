package storetest_test

import (
	"context"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenNames returns stores that confuse two names, or give one name to two tokens.
func brokenNames() []broken {
	return []broken{{
		"names without case", "treats names that differ in case as equal",
		[]string{"names/different names, upper and lower case", "names/different names, upper and lower case with an accent"},
		func(s apitoken.Store) apitoken.Store {
			return comparingNames(s, strings.ToLower)
		},
	}, {
		"names without trailing spaces", "treats names that differ in trailing spaces as equal",
		[]string{"names/different names, a trailing space"},
		func(s apitoken.Store) apitoken.Store {
			return comparingNames(s, func(name string) string { return strings.TrimRight(name, " ") })
		},
	}, {
		"names of all owners", "holds a name against the tokens of other owners",
		[]string{"names/two owners may use one name"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				q := apitoken.TokenQuery{AnyOwner: true, NameContains: n.Name, Limit: 1}
				if others, _ := s.Tokens(ctx, q.At(n.CreatedAt)); len(others) > 0 && others[0].Owner != n.Owner && others[0].Name == n.Name {
					return apitoken.ErrExists
				}
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"name free too early", "releases a name one microsecond before its holder expires",
		[]string{"names/a name is held one microsecond before the expiry"},
		func(s apitoken.Store) apitoken.Store {
			back := func(t *apitoken.Token) { t.CreatedAt = t.CreatedAt.Add(-time.Microsecond) }
			outside := &shown{Store: s, token: back}
			return &otherwise{Store: outside, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.CreatedAt = n.CreatedAt.Add(time.Microsecond)
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"name free too late", "releases a name one microsecond after its holder has expired",
		[]string{"names/a name is free exactly at the expiry", "names/a name is free at an expiry far ahead", "names/a name is free at an expiry in 1970"},
		func(s apitoken.Store) apitoken.Store {
			forth := func(t *apitoken.Token) { t.CreatedAt = t.CreatedAt.Add(time.Microsecond) }
			outside := &shown{Store: s, token: forth}
			return &otherwise{Store: outside, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.CreatedAt = n.CreatedAt.Add(-time.Microsecond)
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"check then insert", "checks whether a name is free and then inserts, so that two find it free",
		[]string{"one winner/a free name"},
		checkThenInsert,
	}}
}

// comparingNames refuses a name whose key is that of an active token.
func comparingNames(s apitoken.Store, key func(name string) string) apitoken.Store {
	return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
		for _, t := range liveTokens(ctx, s, n) {
			if t.Name != n.Name && key(t.Name) == key(n.Name) {
				return apitoken.ErrExists
			}
		}
		return s.CreateToken(ctx, n, rev, e)
	}}
}

func liveTokens(ctx context.Context, s apitoken.Store, n apitoken.NewToken) []apitoken.Token {
	tokens, _ := s.Tokens(ctx, apitoken.TokenQuery{Owner: n.Owner, Status: apitoken.StatusActive, Limit: 1000}.At(n.CreatedAt))
	return tokens
}

// checkThenInsert stores every token with a unique name, so that the store below refuses none, and checks the names itself.
func checkThenInsert(s apitoken.Store) apitoken.Store {
	const mark = "\x00"
	both := meeting{under: "one winner/a free name"}
	named := &shown{Store: s, token: func(t *apitoken.Token) { t.Name, _, _ = strings.Cut(t.Name, mark) }}
	return &otherwise{Store: named, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
		for _, t := range liveTokens(ctx, named, n) {
			if t.Name == n.Name && t.ID != n.ID {
				return apitoken.ErrExists
			}
		}
		both.attend(n.Name)
		n.Name += mark + n.ID.String()
		return s.CreateToken(ctx, n, rev, e)
	}}
}
