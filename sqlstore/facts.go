package sqlstore

import (
	"context"
	"database/sql"

	"github.com/seed-d6cf0a46/apitoken"
)

// Facts implements [apitoken.Store]. It is one query, so all rows are as they are at one moment.
func (o operations) Facts(ctx context.Context, q apitoken.FactsQuery) (f apitoken.Facts, err error) {
	err = o.read(ctx, "read what a decision depends on", func(ctx context.Context, db session) (err error) {
		f, err = db.facts(ctx, q)
		return err
	})
	return f, err
}

func (s session) facts(ctx context.Context, q apitoken.FactsQuery) (f apitoken.Facts, err error) {
	var actor, token apitoken.Record
	fields := policyFields(&f.Policy)
	fields = append(fields, optional(append([]any{(*string)(&actor.User.ID)}, recordFields(&actor)...))...)
	fields = append(fields, optional(append([]any{(*string)(&token.User.ID)}, recordFields(&token)...))...)
	// Not NULL for no token: PostgreSQL would find the plan without the join cheaper, and make it anew each time.
	err = s.row(ctx, readFacts, string(q.Actor), q.With[:], q.Token[:], string(q.Owner)).Scan(fields...)
	if err != nil {
		return apitoken.Facts{}, err
	}
	switch {
	case actor.User.ID == "":
	case q.With.IsZero():
		actor.Epoch = actor.User.Epoch
		f.Actor = &actor
	case actor.Token.ID == q.With && actor.Token.Owner == actor.User.ID: // not in the query, or a planner reads all of the user's tokens
		f.Actor = &actor
	}
	if token.User.ID != "" {
		f.Owner = &token.User
	}
	if !token.Token.ID.IsZero() {
		f.Token = &token
	}
	return f, nil
}

// optional returns fields that stay zero where a column is NULL, because its row does not exist.
func optional(fields []any) []any {
	for i, field := range fields {
		switch to := field.(type) {
		case *string:
			fields[i] = orZero[string]{to}
		case *int64:
			fields[i] = orZero[int64]{to}
		}
	}
	return fields
}

// orZero reads a column into a field; NULL leaves it as it is.
type orZero[T any] struct{ to *T }

// Scan implements [sql.Scanner].
func (o orZero[T]) Scan(src any) error {
	if src == nil {
		return nil
	}
	var v sql.Null[T]
	err := v.Scan(src)
	*o.to = v.V
	return err
}
