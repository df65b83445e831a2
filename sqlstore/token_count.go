package sqlstore

import (
	"context"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// CountTokens implements [apitoken.TokenCounter].
func (o operations) CountTokens(ctx context.Context, q apitoken.TokenQuery) (n int, err error) {
	err = o.read(ctx, "count tokens", func(ctx context.Context, db session) error {
		b := db.dialect.countQuery(q)
		return db.QueryRowContext(ctx, b.text.String(), b.args...).Scan(&n)
	})
	return n, err
}

// countQuery returns the query of the number of tokens. It uses the index of a condition, or of the expiry if the query limits
// it.
func (d *Dialect) countQuery(q apitoken.TokenQuery) *queryBuilder {
	q.After, q.AfterExpiry = apitoken.TokenID{}, time.Time{}
	r, filters := d.conditions(q)
	b := d.build(d.tokens.selectCount)
	if from, before, ok := expiryTimes(q); ok && d.tokens.all.has(r.indexRange) {
		b.add("\nWHERE ")
		b.add(d.tokens.byExpiry.between, from, before)
	} else {
		d.whereInOrder(b, r, q, place{})
	}
	b.and(filters)
	return b
}

// TallyTokens implements [apitoken.TokenCounter]. It finds the last token to examine in the index of a condition, or of all tokens.
func (o operations) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (tally apitoken.TokenTally, err error) {
	err = o.read(ctx, "tally tokens", func(ctx context.Context, db session) (err error) {
		tally, err = db.tally(ctx, q, rows)
		return err
	})
	return tally, err
}

func (s session) tally(ctx context.Context, q apitoken.TokenQuery, rows int) (tally apitoken.TokenTally, err error) {
	d := s.dialect
	sorted, _, ok, err := s.sortable(ctx, q, rows)
	if err != nil {
		return tally, err
	}
	if ok {
		return s.addTally(ctx, d.tallySorted(sorted, q))
	}
	r, _ := d.conditions(q)
	last, err := s.lastInWindow(ctx, d.lastInWindowQuery(r, q, rows), q.Order)
	if err != nil {
		return tally, err
	}
	tally, err = s.addTally(ctx, d.tallyQuery(q, last))
	tally.More = err == nil && last != place{}
	return tally, err
}

// addTally adds up the result of a tally.
func (s session) addTally(ctx context.Context, query *queryBuilder) (tally apitoken.TokenTally, err error) {
	buckets, err := readAll(ctx, s, query, func(b *[2]int) []any { return []any{&b[0], &b[1]} })
	if err != nil {
		return tally, err
	}
	for _, b := range buckets {
		*[]*int{&tally.Examined, &tally.Active, &tally.Expired, &tally.Revoked}[b[0]] += b[1]
	}
	return tally, nil
}

// tallyQuery returns the query of the number of tokens in each state after the cursor, up to a place or to the end.
func (d *Dialect) tallyQuery(q apitoken.TokenQuery, upTo place) *queryBuilder {
	r, filters := d.conditions(q)
	return d.selectTally(q, filters, func(b *queryBuilder) { d.whereInOrder(b, r, q, upTo) })
}

// tallySorted returns the query of the number of tokens in each state in a range of rangeToSort.
func (d *Dialect) tallySorted(r boundRange, q apitoken.TokenQuery) *queryBuilder {
	return d.selectTally(q, d.sortedConditions(q), func(b *queryBuilder) { b.whereAll(r) })
}

// selectTally returns the query of a tally over an index range, which where appends.
func (d *Dialect) selectTally(q apitoken.TokenQuery, filters []condition, where func(*queryBuilder)) *queryBuilder {
	b := d.build("")
	b.add(d.tokens.tally.states, q.Now().UnixMicro())
	where(b)
	b.and(filters)
	b.add("\n" + d.tokens.tally.examined)
	where(b)
	return b
}
