package sqlstore

import (
	"context"
	"math"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// TokenPage implements [apitoken.TokenPager]. Of the tokens that an index gives in the order of their ids, all or those
// that fulfil one of the conditions, it looks at the first rows, in two small queries. Where the query is one of ends, and
// no more than rows tokens have such an end, it takes these instead, wherever they are.
func (s *Store) TokenPage(
	ctx context.Context, q apitoken.TokenQuery, now time.Time, rows int,
) (page apitoken.TokenPage, err error) {
	err = s.read(ctx, "list tokens", func(ctx context.Context, db session) (err error) {
		page, err = db.tokenPage(ctx, q, now, rows)
		return err
	})
	return page, err
}

func (s session) tokenPage(
	ctx context.Context, q apitoken.TokenQuery, now time.Time, rows int,
) (page apitoken.TokenPage, err error) {
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	list, end, err := s.within(ctx, q, now, rows)
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
	return apitoken.TokenPage{Tokens: tokens, Next: end}, nil
}

// within is the query of a page that looks at no more than rows tokens, or some that were inserted meanwhile, and the last
// of them behind which there are others; zero: there are none.
func (s session) within(
	ctx context.Context, q apitoken.TokenQuery, now time.Time, rows int,
) (list *assembly, end apitoken.TokenID, err error) {
	d := s.dialect
	along, filters := d.conditions(q, now)
	if len(filters) == 0 && q.Limit <= rows {
		return d.listTokens(q, now), end, nil // which then stops by itself
	}
	if from, to, ok := ends(q, now); ok && along.walk == d.list.all {
		var n int
		if err := s.row(ctx, countEnds, from, to, rows+1).Scan(&n); err != nil {
			return nil, end, err
		}
		if n <= rows {
			return d.listEnds(q, now, from, to), end, nil
		}
	}
	end, err = s.windowEnd(ctx, d.listWindow(along, q.After, rows))
	if end.IsZero() {
		return d.listTokens(q, now), end, err
	}
	return d.listUpTo(q, now, end), end, err
}

// ends are the ends, from the first and before the second, that all tokens have which the query selects, if it says that
// they have one.
func ends(q apitoken.TokenQuery, now time.Time) (from, to int64, ok bool) {
	from, to = math.MinInt64, math.MaxInt64
	next := now.UnixMicro() + 1
	if !q.ExpiresBefore.IsZero() {
		to, ok = q.ExpiresBefore.UnixMicro(), true
	}
	switch q.Status {
	case apitoken.StatusExpired:
		to, ok = min(to, next), true
	case apitoken.StatusActive:
		from = next
	}
	return from, to, ok
}

// listEnds is the query of a page of tokens of which few have such an end.
func (d *Dialect) listEnds(q apitoken.TokenQuery, now time.Time, from, to int64) *assembly {
	few := &d.list.few
	a := d.assembly(d.list.from)
	a.add("\nWHERE ")
	a.add(few.ends, from, to)
	a.where([]condition{{few.after, []any{q.After[:]}}})
	a.where(d.filters(q, now))
	a.add("\n" + few.order + " ")
	a.add(d.list.limit, q.Limit)
	return a
}

// listWindow is the query of the last of the first rows tokens along an index, and of one behind it.
func (d *Dialect) listWindow(along route, after apitoken.TokenID, rows int) *assembly {
	a := d.assembly(d.list.ids)
	a.along(along, after[:], lastID[:])
	a.add("\n" + along.order + " ")
	a.add(d.list.lastOf, rows-1)
	return a
}

// windowEnd is the last token of a window, or zero if there is none behind it.
func (s session) windowEnd(ctx context.Context, window *assembly) (end apitoken.TokenID, err error) {
	rows, err := s.QueryContext(ctx, window.text.String(), window.args...)
	if err != nil {
		return end, err
	}
	ids, err := scanAll(rows, func(id *apitoken.TokenID) []any { return []any{(*idColumn)(id)} })
	if err != nil || len(ids) < 2 {
		return end, err
	}
	return ids[0], nil
}
