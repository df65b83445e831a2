package integration_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Three replicas narrow the same tokens at the same time, each in an order of its own and some of them twice. Every token ends
// at what all narrowings keep, and its events lead there step by step.
func TestNarrowingsInSQLEndAtTheMeet(t *testing.T) {
	const tokens, perToken = 4, 9
	onEach(t, everywhere, func(t *testing.T, d database) {
		ctx := t.Context()
		roles := map[apitoken.Role]apitoken.Permission{apitoken.RoleUser: apitoken.GenerateOwn | 0xffff<<40}
		var replicas []*apitoken.Manager
		for i := range 3 {
			m, err := apitoken.New(d.newMigrated(t, d.open(t, i), nil), &apitoken.Options{Roles: roles, LastUsedInterval: -1})
			must(t, err)
			replicas = append(replicas, m)
		}
		host := apitoken.System()
		_, err := replicas[0].PutUser(ctx, host, apitoken.User{ID: "bob"})
		must(t, err)
		var made []apitoken.Token
		var narrowings [][]apitoken.Narrowing
		var want []apitoken.Token
		for i := range tokens {
			token, _, err := replicas[0].Generate(ctx, host, apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: apitoken.NoExpiration})
			must(t, err)
			made = append(made, token)
			var all []apitoken.Narrowing
			for range perToken {
				n := apitoken.Narrowing{Keep: roles[apitoken.RoleUser] &^ (1 << (40 + rand.IntN(16)))}
				if rand.IntN(2) == 0 {
					n.ExpiresAt = token.CreatedAt.Add(time.Duration(1+rand.IntN(1000)) * time.Hour)
				}
				token.Permissions &= n.Keep
				if !n.ExpiresAt.IsZero() && (token.ExpiresAt.IsZero() || n.ExpiresAt.Before(token.ExpiresAt)) {
					token.ExpiresAt = n.ExpiresAt
				}
				all = append(all, n)
			}
			narrowings, want = append(narrowings, all), append(want, token)
		}
		var working sync.WaitGroup
		for _, m := range replicas {
			order := rand.Perm(tokens * perToken * 4 / 3) // a third of them twice
			working.Go(func() {
				for _, at := range order {
					i := at % tokens
					if _, err := m.Narrow(ctx, host, made[i].ID, narrowings[i][at/tokens%perToken]); err != nil {
						t.Errorf("Narrow: %v", err)
					}
				}
			})
		}
		working.Wait()
		last := map[apitoken.TokenID]apitoken.State{}
		for e, err := range replicas[0].Events(ctx, host, apitoken.EventQuery{Owner: "bob"}) {
			must(t, err)
			if e.Token.IsZero() {
				continue
			}
			was, narrowed := last[e.Token]
			if narrowed && (e.Before.Permissions != was.Permissions || !e.Before.ExpiresAt.Equal(was.ExpiresAt)) {
				t.Errorf("an event begins with %+v, the one before ends with %+v", e.Before, was)
			}
			last[e.Token] = e.After
		}
		for i, token := range want {
			for _, m := range replicas {
				got, err := m.Token(ctx, host, token.ID)
				if err != nil || got != token {
					t.Errorf("token %d is %+v, %v, want %+v", i, got, err, token)
				}
			}
			if end := last[token.ID]; !end.ExpiresAt.Equal(token.ExpiresAt) {
				t.Errorf("the events of token %d end at %s, want %s", i, end.ExpiresAt, token.ExpiresAt)
			}
		}
	})
}
