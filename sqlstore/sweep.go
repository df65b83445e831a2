package sqlstore

import (
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// removeTokenRows removes tokens by ID. They are read before by Tokens: a token that is not active never becomes active again.
var removeTokenRows = batchQuery{
	before: `
DELETE FROM apitoken_tokens WHERE id IN (`,
	row:       `?`,
	separator: `, `,
	after:     `)`,
}

// Remove implements [apitoken.Store].
func (o operations) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (removed apitoken.Removed, err error) {
	if r.Empty() {
		return removed, nil
	}
	err = o.change(ctx, "remove", func(ctx context.Context, tx session) error {
		n, err := tx.remove(ctx, r, e)
		if err == nil {
			removed = n // otherwise the numbers of an earlier run stay, whose outcome was unknown
		}
		return err
	})
	if err != nil {
		return apitoken.Removed{}, err
	}
	return removed, nil
}

func (s session) remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (removed apitoken.Removed, err error) {
	for chunk := range slices.Chunk(r.Tokens, maxBatchRows) {
		n, err := s.removeTokens(ctx, chunk)
		if err != nil {
			return removed, err
		}
		removed.Tokens += n
	}
	if removed.Offers, err = s.removeOffers(ctx, r.Offers); err != nil {
		return removed, err
	}
	if r.EventsTo > 0 {
		n, err := s.exec(ctx, removeEvents, int64(r.EventsTo))
		if err != nil {
			return removed, err
		}
		removed.Events = int(n)
	}
	if removed != (apitoken.Removed{}) {
		return removed, s.record(ctx, removed.On(e))
	}
	recorded, err := s.recorded(ctx, e)
	if err == nil && recorded {
		err = errAlreadyStored
	}
	return removed, err
}

func (s session) removeTokens(ctx context.Context, ids []apitoken.TokenID) (int, error) {
	text, args := s.dialect.idsQuery(s.dialect.noticeRows, ids)
	if _, err := s.ExecContext(ctx, text, args...); err != nil {
		return 0, err
	}
	text, args = s.dialect.removalQuery(ids)
	result, err := s.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// removalQuery returns one query that removes these tokens.
func (d *Dialect) removalQuery(ids []apitoken.TokenID) (text string, args []any) {
	return d.idsQuery(d.removeRows, ids)
}

// idsQuery returns one query with these tokens.
func (d *Dialect) idsQuery(q batchQuery, ids []apitoken.TokenID, leading ...any) (text string, args []any) {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{id[:]}
	}
	return d.batch(q, rows, leading...)
}

// Remove implements [apitoken.Store]. It is [apitoken.ErrInvalid].
func (t *Tx) Remove(context.Context, apitoken.Removal, apitoken.Event) (apitoken.Removed, error) {
	return apitoken.Removed{}, failed("remove", invalid("rows cannot be removed in a transaction of the host"))
}
