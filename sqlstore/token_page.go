package sqlstore

import (
	"context"
	"math"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// ScanTokens implements [apitoken.TokenPager]. It examines the first rows tokens, in the order of their IDs, of those that an
// index gives for one of the conditions, or of all tokens, with two small queries. If the query limits only the expiry, and at
// most rows tokens expire in that range, it examines these instead. In the order of expiry it examines the first rows tokens in
// that order, unless the index for one of the conditions gives at most rows tokens.
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
	w, err := s.window(ctx, q, rows)
	if err != nil {
		return page, err
	}
	tokens, err := s.tokens(ctx, w.list)
	switch {
	case err != nil:
		return page, err
	case len(tokens) > limit:
		page = apitoken.TokenPage{Tokens: tokens[:limit], Next: tokens[limit-1].ID, Examined: max(w.examined, limit)}
		if q.Order == apitoken.OrderExpiry {
			page.NextExpiry = tokens[limit-1].ExpiresAt
		}
		return page, nil
	}
	page = apitoken.TokenPage{Tokens: tokens, Next: w.last.id, Examined: max(w.examined, len(tokens))}
	if w.last.id != firstID && q.Order == apitoken.OrderExpiry {
		page.NextExpiry = time.UnixMicro(w.last.expiry).UTC()
	}
	return page, nil
}

// window is the query of a page that examines a limited number of tokens, besides those that are inserted meanwhile.
type window struct {
	list     *queryBuilder
	last     place // the last token that it examines; zero: there are no tokens after it
	examined int   // how many tokens it examines, at most
}

func (s session) window(ctx context.Context, q apitoken.TokenQuery, rows int) (w window, err error) {
	d := s.dialect
	if r, n, ok, err := s.sortable(ctx, q, rows); err != nil || ok {
		return window{list: d.pageSorted(r, q), examined: n}, err
	}
	r, filters := d.conditions(q)
	if len(filters) == 0 && q.Limit <= rows {
		return window{list: d.pageQuery(q, place{}), examined: q.Limit}, nil // which then stops by itself
	}
	if from, before, ok := expiryTimes(q); ok && d.tokens.all.has(r.indexRange) {
		var n int
		if err := s.row(ctx, countExpiring, from, before, rows+1).Scan(&n); err != nil {
			return w, err
		}
		if n <= rows {
			return window{list: d.pageByExpiry(q, from, before), examined: n}, nil
		}
	}
	last, err := s.lastInWindow(ctx, d.lastInWindowQuery(r, q, rows), q.Order)
	return window{list: d.pageQuery(q, last), last: last, examined: rows}, err
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

// pageByExpiry returns the query of a page, in an order of the IDs, that reads all tokens that expire in a range of time.
func (d *Dialect) pageByExpiry(q apitoken.TokenQuery, from, before int64) *queryBuilder {
	r := &d.tokens.byExpiry
	inOrder, order := r.after, r.order
	if q.Order == apitoken.OrderNewest {
		inOrder, order = r.before, r.orderBackward
	}
	after, _ := bounds(q)
	b := d.build(d.tokens.selectPage)
	b.add("\nWHERE ")
	b.add(r.between, from, before)
	b.and([]condition{{inOrder, d.tokens.key(after, q.Order)}})
	b.and(d.filters(q))
	b.orderAndLimit(order, q.Limit)
	return b
}

// lastInWindowQuery returns the query of the last of the first rows tokens of an index range, and of the token after it.
func (d *Dialect) lastInWindowQuery(r boundRange, q apitoken.TokenQuery, rows int) *queryBuilder {
	list := d.tokens.selectIDs
	if q.Order == apitoken.OrderExpiry {
		list = d.tokens.selectEnds
	}
	b := d.build(list)
	d.whereInOrder(b, r, q, place{})
	b.add("\n" + r.order + " ")
	b.add(lastOfWindow, rows-1)
	return b
}

// lastInWindow returns the last token of a window, or zero if there is none after it.
func (s session) lastInWindow(ctx context.Context, window *queryBuilder, o apitoken.TokenOrder) (last place, err error) {
	ends, err := readAll(ctx, s, window, func(p *place) []any {
		if o == apitoken.OrderExpiry {
			return []any{(*idColumn)(&p.id), &p.expiry}
		}
		return []any{(*idColumn)(&p.id)}
	})
	if err != nil || len(ends) < 2 {
		return last, err
	}
	return ends[0], nil
}
