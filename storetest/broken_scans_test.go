package storetest_test

import (
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// paging is a sound store with another ScanTokens.
type scanning struct {
	apitoken.Store
	scan func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error)
}

func (s scanning) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	return s.scan(ctx, q, rows)
}

// brokenScans returns stores whose ScanTokens loses tokens between two pages, or does not end.
func brokenScans() []broken {
	type scan = func(context.Context, apitoken.TokenQuery, int) (apitoken.TokenPage, error)
	scanning := func(as func(s apitoken.Store, sound scan) scan) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store { return scanning{s, as(s, s.(apitoken.TokenPager).ScanTokens)} }
	}
	return []broken{{
		"Next too far", "sets Next to the token after the last examined one",
		[]string{"scans/tokens by 2 rows", "scans/tokens are inserted and revoked during a scan"},
		scanning(func(s apitoken.Store, sound scan) scan {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
				page, err := sound(ctx, q, rows)
				if page.Next.IsZero() {
					return page, err
				}
				following, _ := s.Tokens(ctx, apitoken.TokenQuery{Owner: q.Owner, AnyOwner: q.AnyOwner, After: page.Next, Limit: 1}.At(q.Now()))
				if len(following) > 0 {
					page.Next = following[0].ID
				}
				return page, err
			}
		}),
	}, {
		"ends with an empty page", "treats a page without tokens as the last",
		[]string{"scans/tokens by 1 rows", "filters/name contains four bytes"},
		scanning(func(_ apitoken.Store, sound scan) scan {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
				page, err := sound(ctx, q, rows)
				if len(page.Tokens) == 0 {
					page.Next = apitoken.TokenID{}
				}
				return page, err
			}
		}),
	}, {
		"always one page more", "sets Next for every page with a token",
		[]string{"scans/the last page has no next"},
		scanning(func(_ apitoken.Store, sound scan) scan {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
				page, err := sound(ctx, q, rows)
				if n := len(page.Tokens); n > 0 && page.Next.IsZero() {
					page.Next = page.Tokens[n-1].ID
				}
				return page, err
			}
		}),
	}, {
		"last first", "sorts the tokens of a page in reverse",
		[]string{"scans/tokens by 7 rows"},
		scanning(func(_ apitoken.Store, sound scan) scan {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
				page, err := sound(ctx, q, rows)
				page.Tokens = slices.Clone(page.Tokens)
				slices.Reverse(page.Tokens)
				return page, err
			}
		}),
	}, {
		"no conditions", "selects every token if the budget is large",
		[]string{"scans/tokens by 24 rows"},
		scanning(func(s apitoken.Store, sound scan) scan {
			return func(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
				if rows < 10 {
					return sound(ctx, q, rows)
				}
				return sound(ctx, apitoken.TokenQuery{Owner: q.Owner, AnyOwner: q.AnyOwner, After: q.After, Limit: q.Limit}.At(q.Now()), rows)
			}
		}),
	}}
}
