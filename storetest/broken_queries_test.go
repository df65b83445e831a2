package storetest_test

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenQueries returns stores that select, order or limit wrongly, or change times.
func brokenQueries() []broken {
	return []broken{{
		"expires at", "selects for ExpiresBefore the tokens that expire at that time: <= instead of <",
		[]string{"filters/expires before exactly at the expiry", "filters/expires before in 1970"},
		selecting(func(q apitoken.TokenQuery, t apitoken.Token) bool {
			if t.ExpiresAt.Equal(q.ExpiresBefore) {
				q.ExpiresBefore = time.Time{}
			}
			return soundly(q, t)
		}),
	}, {
		"expires never", "selects for ExpiresBefore also the tokens without expiration",
		[]string{"filters/expires before one microsecond after an expiry", "filters/expires before far ahead", "filters/all conditions together"},
		selecting(func(q apitoken.TokenQuery, t apitoken.Token) bool {
			if t.ExpiresAt.IsZero() {
				q.ExpiresBefore = time.Time{}
			}
			return soundly(q, t)
		}),
	}, {
		"names by pattern", "treats percent signs and underscores in NameContains as wildcards",
		[]string{"filters/name contains a percent sign", "filters/name contains an underscore", "filters/name contains a pattern"},
		selecting(func(q apitoken.TokenQuery, t apitoken.Token) bool {
			pattern := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(q.NameContains))
			q.NameContains = ""
			return soundly(q, t) && regexp.MustCompile("(?s)"+pattern).MatchString(t.Name)
		}),
	}, {
		"names in any case", "selects for NameContains ignoring case",
		[]string{"filters/name contains a capital", "filters/name contains a small letter"},
		selecting(func(q apitoken.TokenQuery, t apitoken.Token) bool {
			q.NameContains, t.Name = strings.ToLower(q.NameContains), strings.ToLower(t.Name)
			return soundly(q, t)
		}),
	}, {
		"skips a row", "begins a page one row too far",
		[]string{"paging/seven tokens by pages of 2", "paging/tokens by pages while others are inserted"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, tokens: func(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
				if q.After.IsZero() {
					return s.Tokens(ctx, q)
				}
				q.Limit++
				page, err := s.Tokens(ctx, q)
				return page[min(1, len(page)):], err
			}}
		},
	}, {
		"filters a page", "reads a page and then drops the tokens that the query does not select, so that the page is short",
		[]string{"paging/tokens by pages while a filter drops rows"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, tokens: func(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
				page, err := s.Tokens(ctx, apitoken.TokenQuery{Owner: q.Owner, AnyOwner: q.AnyOwner, After: q.After, Limit: q.Limit}.At(q.Now()))
				page = slices.DeleteFunc(page, func(t apitoken.Token) bool {
					return !soundly(q, t)
				})
				return page, err
			}}
		},
	}, {
		"users by letters", "sorts users ignoring case",
		[]string{"paging/users by pages of 1000"},
		func(s apitoken.Store) apitoken.Store {
			byLetters := func(a, b apitoken.User) int {
				return cmp.Or(strings.Compare(strings.ToLower(string(a.ID)), strings.ToLower(string(b.ID))), strings.Compare(string(a.ID), string(b.ID)))
			}
			return &otherwise{Store: s, users: func(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
				all, err := s.Users(ctx, apitoken.UserQuery{Limit: math.MaxInt32})
				all = slices.DeleteFunc(all, func(u apitoken.User) bool { return q.After != "" && byLetters(u, apitoken.User{ID: q.After}) <= 0 })
				slices.SortFunc(all, byLetters)
				return all[:min(q.Limit, len(all))], err
			}}
		},
	}, {
		"1970 is no time", "treats the start of 1970 as no time, because it stores no time as zero",
		[]string{
			"times/the start of 1970 in a token", "times/the start of 1970 in a user", "times/the start of 1970 in the policy",
			"times/the start of 1970 in an event", "touch/a first use in 1970 is a use", "epochs/an epoch may end in 1970",
		},
		func(s apitoken.Store) apitoken.Store {
			return changingTimes(s, func(t time.Time) time.Time {
				if t.Equal(time.Unix(0, 0)) {
					return time.Time{}
				}
				return t
			})
		},
	}, {
		"milliseconds", "truncates times to milliseconds",
		[]string{
			"times/a time to the microsecond in a token", "times/a time to the microsecond in a user",
			"times/a time to the microsecond in the policy", "times/a time to the microsecond in an event",
		},
		func(s apitoken.Store) apitoken.Store {
			return changingTimes(s, func(t time.Time) time.Time { return t.Truncate(time.Millisecond) })
		},
	}, {
		"another zone", "returns times in the zone of its server",
		[]string{"times/after 2038 in a token", "times/after 2038 in a user", "times/after 2038 in the policy", "times/after 2038 in an event"},
		func(s apitoken.Store) apitoken.Store {
			zone := time.FixedZone("", 3600)
			return changingTimes(s, func(t time.Time) time.Time {
				if t.IsZero() {
					return t
				}
				return t.In(zone)
			})
		},
	}}
}

// selecting replaces the condition of queries.
func selecting(selects func(q apitoken.TokenQuery, t apitoken.Token) bool) func(apitoken.Store) apitoken.Store {
	return func(s apitoken.Store) apitoken.Store { return &shown{Store: s, selects: selects} }
}

// changingTimes applies by to every time.
func changingTimes(s apitoken.Store, by func(time.Time) time.Time) apitoken.Store {
	change := func(times ...*time.Time) {
		for _, t := range times {
			*t = by(*t)
		}
	}
	return &shown{
		Store:  s,
		token:  func(t *apitoken.Token) { change(&t.CreatedAt, &t.ExpiresAt, &t.LastUsedAt, &t.RevokedAt) },
		user:   func(u *apitoken.User) { change(&u.CreatedAt, &u.DisabledAt) },
		policy: func(p *apitoken.MaxLifetimePolicy) { change(&p.UpdatedAt) },
		event: func(e *apitoken.Event) bool {
			change(&e.At)
			for _, state := range []*apitoken.State{&e.Before, &e.After} {
				change(&state.ExpiresAt, &state.RevokedAt, &state.DisabledAt)
			}
			return true
		},
	}
}
