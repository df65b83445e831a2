package sqlstore

import (
	"context"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The index of the expiry has the tokens of all owners. So a page of one owner's tokens in the order of expiry would examine those
// of everybody. If an index gives few tokens for one of the conditions, such as the owner, they are read and sorted instead.

// sortable returns the index range of a condition of a query in the order of expiry, and how many rows it gives. ok is false if
// there is none, or if there are more than so many rows.
func (s session) sortable(ctx context.Context, q apitoken.TokenQuery, rows int) (r boundRange, n int, ok bool, err error) {
	r, ok = s.dialect.rangeToSort(q)
	if !ok {
		return r, 0, false, nil
	}
	count := s.dialect.countRange(r, rows+1)
	err = s.QueryRowContext(ctx, count.text.String(), count.args...).Scan(&n)
	return r, n, n <= rows, err
}

// rangeToSort returns the index range of a condition of a query in the order of expiry. ok is false if there is none.
func (d *Dialect) rangeToSort(q apitoken.TokenQuery) (r boundRange, ok bool) {
	if q.Order != apitoken.OrderExpiry {
		return boundRange{}, false
	}
	r, _ = d.conditions(inOrderOfID(q))
	return r, !d.tokens.all.has(r.indexRange)
}

// countRange returns the query of the number of rows in a range of rangeToSort, up to a limit.
func (d *Dialect) countRange(r boundRange, limit int) *queryBuilder {
	b := d.build(d.tokens.sorted.count)
	b.whereAll(r)
	b.orderAndLimit(r.order, limit)
	b.add(") AS found")
	return b
}

func inOrderOfID(q apitoken.TokenQuery) apitoken.TokenQuery {
	q.Order, q.After, q.AfterExpiry = apitoken.OrderOldest, apitoken.TokenID{}, time.Time{}
	return q
}

// whereAll begins the WHERE with all rows of a range of rangeToSort.
func (b *queryBuilder) whereAll(r boundRange) {
	b.whereInRange(r, []any{firstID[:]}, []any{lastID[:]})
}

// sortedConditions returns the conditions of a query besides a range of rangeToSort, with those of its cursor and order.
func (d *Dialect) sortedConditions(q apitoken.TokenQuery) []condition {
	after, end := bounds(q)
	_, filters := d.conditions(inOrderOfID(q))
	return append([]condition{
		{d.tokens.sorted.after, []any{after.expiry, after.expiry, after.id[:]}},
		{d.tokens.sorted.before, []any{end.expiry}},
	}, filters...)
}

// pageSorted returns the query of a page that reads all rows of a range and sorts them by expiry.
func (d *Dialect) pageSorted(r boundRange, q apitoken.TokenQuery) *queryBuilder {
	b := d.build(d.tokens.selectPage)
	b.whereAll(r)
	b.and(d.sortedConditions(q))
	b.orderAndLimit(d.tokens.sorted.order, q.Limit)
	return b
}
