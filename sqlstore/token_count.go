package sqlstore

import (
	"context"

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
	r, filters := d.conditions(q)
	b := d.build(d.tokens.selectCount)
	if from, before, ok := expiryTimes(q); ok && r.indexRange == d.tokens.all {
		b.add("\nWHERE ")
		b.add(d.tokens.byExpiry.between, from, before)
	} else {
		b.whereInRange(r, firstID[:], lastID[:])
	}
	b.and(filters)
	return b
}
