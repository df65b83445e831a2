package storetest_test

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenFound find users, look back and count otherwise than they should.
func brokenFound() []broken {
	usersBy := func(is func(u apitoken.User, contains string) bool) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, users: func(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
				all, err := s.Users(ctx, apitoken.UserQuery{After: q.After, Limit: math.MaxInt})
				all = slices.DeleteFunc(all, func(u apitoken.User) bool { return !is(u, q.Contains) })
				return all[:min(q.Limit, len(all)):min(q.Limit, len(all))], err
			}}
		}
	}
	back := func(change func(s apitoken.Store, q apitoken.EventQuery) apitoken.EventQuery) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, events: func(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
				if q.NewestFirst {
					q = change(s, q)
				}
				return s.Events(ctx, q)
			}}
		}
	}
	return []broken{{
		"finds users in any case", "selects users for Contains without regard to case",
		[]string{"users/users found by what is in ids and names", "users/users found by a capital"},
		usersBy(func(u apitoken.User, contains string) bool {
			contains = strings.ToLower(contains)
			return strings.Contains(strings.ToLower(string(u.ID)), contains) || strings.Contains(strings.ToLower(u.Name), contains)
		}),
	}, {
		"finds users by id alone", "does not look at the names for Contains",
		[]string{"users/users found by a backslash"},
		usersBy(func(u apitoken.User, contains string) bool { return strings.Contains(string(u.ID), contains) }),
	}, {
		"looks back to what was asked for", "gives for NewestFirst also the event that After names",
		[]string{"events/events backwards before one of them", "events/events backwards by pages of any size"},
		back(func(_ apitoken.Store, q apitoken.EventQuery) apitoken.EventQuery {
			if q.After > 0 {
				q.After++
			}
			return q
		}),
	}, {
		"does not look back", "knows no NewestFirst",
		[]string{"events/events backwards before nobody has read them", "events/events backwards about one user"},
		back(func(_ apitoken.Store, q apitoken.EventQuery) apitoken.EventQuery {
			q.NewestFirst = false
			return q
		}),
	}}
}
