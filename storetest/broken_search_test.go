package storetest_test

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenFound returns stores that find users or read the newest events wrongly.
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
	byIDs := func(change func(q *apitoken.UserQuery)) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, users: func(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
				change(&q)
				return s.Users(ctx, q)
			}}
		}
	}
	return []broken{{
		"ignores the IDs", "returns all users for IDs",
		[]string{"users/users found by their IDs", "users/no IDs are the IDs of no user"},
		byIDs(func(q *apitoken.UserQuery) { q.IDs = nil }),
	}, {
		"finds the first 256 IDs", "looks for no more IDs than one statement names",
		[]string{"users/users found by their IDs"},
		byIDs(func(q *apitoken.UserQuery) {
			if q.IDs != nil {
				q.IDs = q.IDs[:min(len(q.IDs), 256)]
			}
		}),
	}, {
		"takes no IDs for any", "returns all users for an empty list of IDs",
		[]string{"users/no IDs are the IDs of no user"},
		byIDs(func(q *apitoken.UserQuery) {
			if len(q.IDs) == 0 {
				q.IDs = nil
			}
		}),
	}, {
		"ignores Contains beside IDs", "returns the users of the IDs whatever Contains is",
		[]string{"users/users found by their IDs"},
		byIDs(func(q *apitoken.UserQuery) {
			if q.IDs != nil {
				q.Contains = ""
			}
		}),
	}, {
		"finds users in any case", "selects users for Contains ignoring case",
		[]string{"users/users found by a text in IDs and names", "users/users found by a capital"},
		usersBy(func(u apitoken.User, contains string) bool {
			contains = strings.ToLower(contains)
			return strings.Contains(strings.ToLower(string(u.ID)), contains) || strings.Contains(strings.ToLower(u.Name), contains)
		}),
	}, {
		"finds users by ID only", "ignores the names for Contains",
		[]string{"users/users found by a backslash"},
		usersBy(func(u apitoken.User, contains string) bool { return strings.Contains(string(u.ID), contains) }),
	}, {
		"includes After", "returns for NewestFirst the event of After as well",
		[]string{"events/events backwards before one of them", "events/events backwards by pages of any size"},
		back(func(_ apitoken.Store, q apitoken.EventQuery) apitoken.EventQuery {
			if q.After > 0 {
				q.After++
			}
			return q
		}),
	}, {
		"oldest first", "ignores NewestFirst",
		[]string{"events/events backwards before they were read", "events/events backwards about one user"},
		back(func(_ apitoken.Store, q apitoken.EventQuery) apitoken.EventQuery {
			q.NewestFirst = false
			return q
		}),
	}}
}
