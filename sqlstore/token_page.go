package sqlstore

import (
	"context"
	"math"

	"github.com/seed-d6cf0a46/apitoken"
)

// ScanTokens implements [apitoken.TokenPager]. It examines the first rows tokens, in the order of their IDs, of those that an
// index gives for one of the conditions, or of all tokens, with two small queries. If the query limits only the expiry, and at
// most rows tokens expire in that range, it examines these instead.
func (o operations) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (page apitoken.TokenPage, err error) {
	err = o.read(ctx, "list tokens", func(ctx context.Context, db session) (err error) {
		page, err = db.tokenPage(ctx, q, rows)
		return err
	})
	return page, err
}

func (s session) tokenPage(
	ctx context.Context, q apitoken.TokenQuery, rows int,
) (page apitoken.TokenPage, err error) {
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	list, last, err := s.windowQuery(ctx, q, rows)
	if err != nil {
		return page, err
	}
	tokens, err := s.tokens(ctx, list)
	switch {
	case err != nil:
		return page, err
	case len(tokens) > limit:
		return apitoken.TokenPage{Tokens: tokens[:limit], Next: tokens[limit-1].ID}, nil
	}
	return apitoken.TokenPage{Tokens: tokens, Next: last}, nil
}

// windowQuery returns the query of a page that examines at most rows tokens, besides those that are inserted meanwhile, and the
// last token that it examines. last is zero if there are no tokens after it.
func (s session) windowQuery(
	ctx context.Context, q apitoken.TokenQuery, rows int,
) (list *queryBuilder, last apitoken.TokenID, err error) {
	d := s.dialect
	r, filters := d.conditions(q)
	if len(filters) == 0 && q.Limit <= rows {
		return d.pageQuery(q, lastID), last, nil // which then stops by itself
	}
	if from, before, ok := expiryTimes(q); ok && r.indexRange == d.tokens.all {
		var n int
		if err := s.row(ctx, countExpiring, from, before, rows+1).Scan(&n); err != nil {
			return nil, last, err
		}
		if n <= rows {
			return d.pageByExpiry(q, from, before), last, nil
		}
	}
	last, err = s.lastInWindow(ctx, d.lastInWindowQuery(r, q.After, rows))
	if last.IsZero() {
		return d.pageQuery(q, lastID), last, err
	}
	return d.pageQuery(q, last), last, err
}

// expiryTimes returns the half-open range of expiry times that q allows, in microseconds. ok is false if q also selects tokens
// that never expire.
func expiryTimes(q apitoken.TokenQuery) (from, before int64, ok bool) {
	from, before = math.MinInt64, math.MaxInt64
	next := q.Now().UnixMicro() + 1
	if !q.ExpiresBefore.IsZero() {
		before, ok = q.ExpiresBefore.UnixMicro(), true
	}
	switch q.Status {
	case apitoken.StatusExpired:
		before, ok = min(before, next), true
	case apitoken.StatusActive:
		from = next
	}
	return from, before, ok
}

// pageByExpiry returns the query of a page that reads all tokens that expire in a range of time.
func (d *Dialect) pageByExpiry(q apitoken.TokenQuery, from, before int64) *queryBuilder {
	r := &d.tokens.byExpiry
	b := d.build(d.tokens.selectPage)
	b.add("\nWHERE ")
	b.add(r.between, from, before)
	b.and([]condition{{r.after, []any{q.After[:]}}})
	b.and(d.filters(q))
	b.orderAndLimit(r.order, q.Limit)
	return b
}

// lastInWindowQuery returns the query of the last of the first rows tokens of an index range, and of the token after it.
func (d *Dialect) lastInWindowQuery(r boundRange, after apitoken.TokenID, rows int) *queryBuilder {
	b := d.build(d.tokens.selectIDs)
	b.whereInRange(r, after[:], lastID[:])
	b.add("\n" + r.order + " ")
	b.add(lastOfWindow, rows-1)
	return b
}

// lastInWindow returns the last token of a window, or zero if there is none after it.
func (s session) lastInWindow(ctx context.Context, window *queryBuilder) (last apitoken.TokenID, err error) {
	ids, err := readAll(ctx, s, window, func(id *apitoken.TokenID) []any { return []any{(*idColumn)(id)} })
	if err != nil || len(ids) < 2 {
		return last, err
	}
	return ids[0], nil
}
