package sqlstore

import (
	"bytes"
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// revocationQueries revoke a page of tokens, in the order in which they are sent.
type revocationQueries struct {
	lockOwners    batchQuery // id -> id; locks users until the transaction ends, in the order of their IDs
	findEvents    batchQuery // id -> id of an event that is stored
	findRevocable batchQuery // id -> id of a token that is not revoked, itself or with its epoch
	revoke        batchQuery // at, by, and the ids of what findRevocable has returned
	insertEvents  batchQuery // as eventArgs; none of them is stored
}

func (r *revocationQueries) all() []*batchQuery {
	return []*batchQuery{&r.lockOwners, &r.findEvents, &r.findRevocable, &r.revoke, &r.insertEvents}
}

// revocationBy returns the queries of a dialect, which differ in how they lock the owners.
func revocationBy(lockOwners batchQuery) revocationQueries {
	return revocationQueries{
		lockOwners: lockOwners,

		findEvents: batchQuery{
			before: `
SELECT id FROM apitoken_events WHERE id IN (`,
			row:       `?`,
			separator: `, `,
			after:     `)`,
		},

		// The lists show a token whose owner's row somebody has deleted as active. It can be revoked like the others, so that a
		// bulk revocation comes to an end.
		findRevocable: batchQuery{
			before: `
SELECT t.id
FROM apitoken_tokens AS t
LEFT JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.revoked_at IS NULL AND (u.id IS NULL OR t.epoch >= u.epoch) AND t.id IN (`,
			row:       `?`,
			separator: `, `,
			after:     `)`,
		},

		revoke: batchQuery{
			before: `
UPDATE apitoken_tokens SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE id IN (`,
			row:       `?`,
			separator: `, `,
			after:     `)`,
		},

		insertEvents: batchQuery{
			before: `
INSERT INTO apitoken_events (
	` + eventColumns + `
) VALUES`,
			row:       `(` + parameters(eventColumns) + `)`,
			separator: `, `,
		},
	}
}

// lockOwnerRows locks users in the order of their IDs: two calls that lock the same users in different orders could deadlock.
func lockOwnerRows(lock string) batchQuery {
	return batchQuery{
		before: `
SELECT id FROM apitoken_users WHERE id IN (`,
		row:       `?`,
		separator: `, `,
		after: `)
ORDER BY id
` + lock,
	}
}

// RevokeTokens implements [apitoken.Store].
func (o operations) RevokeTokens(ctx context.Context, r apitoken.Revocation, events []apitoken.Event) (revoked int, err error) {
	if len(events) == 0 {
		return 0, ctx.Err()
	}
	err = o.change(ctx, "revoke tokens", func(ctx context.Context, tx session) (err error) {
		revoked, err = tx.revokeTokens(ctx, r, events)
		return err
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}

// revokeTokens locks the owners first, so that until the transaction ends, no other one revokes the tokens or ends their epochs.
// An earlier try whose outcome is unknown locks them as well: its events are either stored by then or never will be.
func (s session) revokeTokens(ctx context.Context, r apitoken.Revocation, events []apitoken.Event) (revoked int, err error) {
	var owners, ids, tokens [][]any
	for _, e := range events {
		owners = append(owners, []any{string(e.Owner)})
		ids = append(ids, []any{e.ID[:]})
		tokens = append(tokens, []any{e.Token[:]})
	}
	slices.SortFunc(owners, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	owners = slices.CompactFunc(owners, func(a, b []any) bool { return a[0] == b[0] })
	q := &s.dialect.revokeRows
	if _, err := readBatches(ctx, s, q.lockOwners, owners, func(owner *string) []any { return []any{owner} }); err != nil {
		return 0, err
	}
	stored, err := readBatches(ctx, s, q.findEvents, ids, idField)
	if err != nil {
		return 0, err
	}
	if len(stored) > 0 {
		return len(stored), errAlreadyStored
	}
	revocable, err := readBatches(ctx, s, q.findRevocable, tokens, idField)
	if err != nil {
		return 0, err
	}
	if len(revocable) == 0 {
		return 0, s.confirmUnchanged(ctx) // revoked by earlier calls
	}
	return len(revocable), s.revokeAndRecord(ctx, r, revocable, events)
}

// revokeAndRecord revokes tokens that are locked, and records the events that belong to them.
func (s session) revokeAndRecord(ctx context.Context, r apitoken.Revocation, ids [][16]byte, events []apitoken.Event) error {
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	var tokens, records [][]any
	for _, id := range ids {
		tokens = append(tokens, []any{id[:]})
	}
	for _, e := range events {
		if !slices.Contains(ids, [16]byte(e.Token)) {
			continue
		}
		args, err := eventArgs(e)
		if err != nil {
			return err
		}
		records = append(records, args)
	}
	for chunk := range slices.Chunk(tokens, maxBatchRows) {
		text, args := s.dialect.batch(s.dialect.revokeRows.revoke, chunk, timeArg(r.At), string(r.By))
		if _, err := s.ExecContext(ctx, text, args...); err != nil {
			return err
		}
	}
	for len(records) > 0 {
		// A power of two, because the last row must not be repeated.
		n := min(maxBatchRows, 1<<(bits.Len(uint(len(records)))-1))
		text, args := s.dialect.batch(s.dialect.revokeRows.insertEvents, records[:n])
		if _, err := s.ExecContext(ctx, text, args...); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// readBatches runs a query for these rows, in as many statements as it takes, and reads what they return, each row into a T.
func readBatches[T any](
	ctx context.Context, s session, q batchQuery, rows [][]any, fields func(*T) []any, leading ...any,
) (all []T, err error) {
	for chunk := range slices.Chunk(rows, maxBatchRows) {
		text, args := s.dialect.batch(q, chunk, leading...)
		found, err := s.QueryContext(ctx, text, args...)
		if err != nil {
			return nil, err
		}
		page, err := scanAll(found, fields)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

func idField(id *[16]byte) []any { return []any{(*idColumn)(id)} }

// RevokeTokens implements [apitoken.Store]. It is [apitoken.ErrInvalid].
func (t *Tx) RevokeTokens(context.Context, apitoken.Revocation, []apitoken.Event) (int, error) {
	return 0, failed("revoke tokens", invalid("pages of tokens cannot be revoked in a transaction of the host"))
}
