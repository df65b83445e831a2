package sqlstore

import (
	"context"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// CountTokens implements [apitoken.TokenCounter].
func (s *Store) CountTokens(ctx context.Context, q apitoken.TokenQuery, now time.Time) (n int, err error) {
	err = s.read(ctx, "count tokens", func(ctx context.Context, db session) error {
		a := db.dialect.countTokens(q, now)
		return db.QueryRowContext(ctx, a.text.String(), a.args...).Scan(&n)
	})
	return n, err
}

// countTokens is the query of the number of tokens, along the index of a condition: of ends, if it is about them.
func (d *Dialect) countTokens(q apitoken.TokenQuery, now time.Time) *assembly {
	along, filters := d.conditions(q, now)
	a := d.assembly(d.list.count)
	if from, to, ok := ends(q, now); ok && along.walk == d.list.all {
		a.add("\nWHERE ")
		a.add(d.list.few.ends, from, to)
	} else {
		a.along(along, firstID[:], lastID[:])
	}
	a.where(filters)
	return a
}
