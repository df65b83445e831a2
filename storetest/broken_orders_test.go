package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenOrders returns stores that read tokens in a wrong order, or count them wrongly by their state.
func brokenOrders() []broken {
	listing := func(change func(s apitoken.Store, ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error)) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, tokens: func(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) { return change(s, ctx, q) }}
		}
	}
	type tally = func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error)
	tallying := func(as func(sound tally) tally) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store { return counting{s, as(s.(apitoken.TokenCounter).TallyTokens)} }
	}
	return []broken{{
		"newest of each page first", "reads a page from the oldest on, and then reverses it",
		[]string{"orders/the order newest under each condition"},
		listing(func(s apitoken.Store, ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
			newest := q.Order == apitoken.OrderNewest
			if newest {
				q.Order = apitoken.OrderOldest
			}
			page, err := s.Tokens(ctx, q)
			if newest {
				page = slices.Clone(page)
				slices.Reverse(page)
			}
			return page, err
		}),
	}, {
		"one token at a time", "begins a page in the order of expiry with the next expiry, whatever else expires at that of After",
		[]string{"orders/the order expiry with several tokens at one time"},
		listing(func(s apitoken.Store, ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
			if q.Order == apitoken.OrderExpiry && !q.After.IsZero() {
				q.After, q.AfterExpiry = apitoken.TokenID{}, q.AfterExpiry.Add(time.Microsecond)
			}
			return s.Tokens(ctx, q)
		}),
	}, {
		"from the token on", "ignores AfterExpiry without After",
		[]string{"orders/the order expiry from a time on"},
		listing(func(s apitoken.Store, ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
			if q.After.IsZero() {
				q.AfterExpiry = time.Time{}
			}
			return s.Tokens(ctx, q)
		}),
	}, {
		"pages by expiry without expiry", "sets no NextExpiry",
		[]string{"orders/the order expiry with several tokens at one time"},
		func(s apitoken.Store) apitoken.Store {
			return scanning{s, func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
				page, err := s.(apitoken.TokenPager).ScanTokens(ctx, q, rows)
				page.NextExpiry = time.Time{}
				return page, err
			}}
		},
	}, {
		"never more", "does not say that a tally has not examined all tokens",
		[]string{"orders/tallies within a budget"},
		tallying(func(sound tally) tally {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
				t, err := sound(ctx, q, rows)
				t.More = false
				return t, err
			}
		}),
	}, {
		"tallies of all", "counts all tokens, whatever may be examined",
		[]string{"orders/tallies within a budget"},
		tallying(func(sound tally) tally {
			return func(ctx context.Context, q apitoken.TokenQuery, _ int) (apitoken.TokenTally, error) {
				return sound(ctx, q, 50_000)
			}
		}),
	}, {
		"tallies without a status", "counts tokens of every state, whatever q.Status is",
		[]string{"orders/tallies within a budget"},
		tallying(func(sound tally) tally {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
				q.Status = ""
				return sound(ctx, q, rows)
			}
		}),
	}, {
		"tallies from the first", "counts from the first token, whatever q.After is",
		[]string{"orders/tallies within a budget"},
		tallying(func(sound tally) tally {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
				q.After, q.AfterExpiry = apitoken.TokenID{}, time.Time{}
				return sound(ctx, q, rows)
			}
		}),
	}}
}

// counting is a sound store with another TallyTokens.
type counting struct {
	apitoken.Store
	tally func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error)
}

func (c counting) CountTokens(ctx context.Context, q apitoken.TokenQuery) (int, error) {
	return c.Store.(apitoken.TokenCounter).CountTokens(ctx, q)
}

func (c counting) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
	return c.tally(ctx, q, rows)
}
