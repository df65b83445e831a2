package sqlstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// LeaseNotices implements [apitoken.NoticeStore]. It reads the notices that are due, and then leases those that no other call
// has leased meanwhile.
func (o operations) LeaseNotices(ctx context.Context, l apitoken.NoticeLease) (leased []apitoken.Record, err error) {
	const what = "lease notices"
	if o.has(planAnew) {
		err = o.change(ctx, what, func(ctx context.Context, tx session) error {
			if _, err := tx.exec(ctx, planAnew); err != nil {
				return err
			}
			due, err := tx.findNotices(ctx, l)
			if err == nil {
				leased, err = tx.leaseNotices(ctx, l, due)
			}
			return err
		})
	} else {
		leased, err = o.leaseFound(ctx, what, l)
	}
	if err != nil {
		return nil, err
	}
	return leased, nil
}

// leaseFound is LeaseNotices for a database whose transactions begin with a write.
func (o operations) leaseFound(ctx context.Context, what string, l apitoken.NoticeLease) (leased []apitoken.Record, err error) {
	var due []apitoken.Record
	err = o.read(ctx, what, func(ctx context.Context, db session) (err error) {
		due, err = db.findNotices(ctx, l)
		return err
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = o.change(ctx, what, func(ctx context.Context, tx session) (err error) {
		leased, err = tx.leaseNotices(ctx, l, due)
		return err
	})
	return leased, err
}

// findNotices reads the notices that are due.
func (s session) findNotices(ctx context.Context, l apitoken.NoticeLease) ([]apitoken.Record, error) {
	rows, err := s.rows(ctx, findNotices, l.ExpiresAfter.UnixMicro(), l.ExpiresUpTo.UnixMicro(), l.Step.Microseconds(), l.At.UnixMicro(), l.Limit)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, recordFields)
}

// leaseNotices leases those of the notices that are free, and returns those that the lease has.
func (s session) leaseNotices(ctx context.Context, l apitoken.NoticeLease, due []apitoken.Record) (leased []apitoken.Record, err error) {
	var ids []apitoken.TokenID
	for _, r := range due {
		ids = append(ids, r.Token.ID)
	}
	slices.SortFunc(ids, func(a, b apitoken.TokenID) int { return bytes.Compare(a[:], b[:]) }) // two calls lock in one order
	ours := map[apitoken.TokenID]bool{}
	for chunk := range slices.Chunk(ids, maxLeaseRows) {
		text, args := s.dialect.leaseQuery(l, chunk)
		if _, err := s.ExecContext(ctx, text, args...); err != nil {
			return nil, err
		}
		text, args = s.dialect.leasedQuery(l, chunk)
		rows, err := s.QueryContext(ctx, text, args...)
		if err != nil {
			return nil, err
		}
		found, err := scanAll(rows, func(id *apitoken.TokenID) []any { return []any{(*idColumn)(id)} })
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			ours[id] = true
		}
	}
	for _, r := range due {
		if ours[r.Token.ID] {
			r.User.ID = r.Token.Owner
			leased = append(leased, r)
		}
	}
	return leased, nil
}

// LeaseNotices implements [apitoken.NoticeStore]. It is [apitoken.ErrInvalid]: a lease that the host has not committed would bind
// no other call.
func (t *Tx) LeaseNotices(context.Context, apitoken.NoticeLease) ([]apitoken.Record, error) {
	return nil, failed("lease notices", invalid("notices cannot be leased in a transaction of the host"))
}

// maxLeaseRows is less than maxBatchRows, because each row has five parameters.
const maxLeaseRows = 128

// leaseQuery returns one query that leases the notices of these tokens which are free.
func (d *Dialect) leaseQuery(l apitoken.NoticeLease, ids []apitoken.TokenID) (text string, args []any) {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{id[:], l.Step.Microseconds(), l.ID[:], l.At.UnixMicro(), l.Until.UnixMicro()}
	}
	return d.batch(d.leaseRows, rows)
}

// leasedQuery returns one query for those of these tokens whose notice the lease has.
func (d *Dialect) leasedQuery(l apitoken.NoticeLease, ids []apitoken.TokenID) (text string, args []any) {
	return d.idsQuery(d.leasedRows, ids, l.Step.Microseconds(), l.ID[:])
}

// The batch repeats a row to fill up, and one INSERT must not meet one row twice. PostgreSQL may return distinct rows in any order,
// and two calls that lock the same rows in different orders could deadlock.
var (
	postgresLeaseRows = leaseDistinctRows(`(?::bytea, ?::bigint, ?::bytea, ?::bigint, ?::bigint)`)
	sqliteLeaseRows   = leaseDistinctRows(`(?, ?, ?, ?, ?)`)
)

func leaseDistinctRows(row string) batchQuery {
	return batchQuery{
		before: `
INSERT INTO apitoken_notices (token, step, lease, leased_at, leased_until)
SELECT DISTINCT column1, column2, column3, column4, column5 FROM (VALUES`,
		row:       row,
		separator: `, `,
		after: `) AS v
WHERE true
ORDER BY column1
ON CONFLICT (token, step) DO UPDATE
SET lease = excluded.lease, leased_at = excluded.leased_at, leased_until = excluded.leased_until
WHERE apitoken_notices.sent_at IS NULL AND apitoken_notices.leased_until <= excluded.leased_at`,
	}
}

// MySQL evaluates the assignments in order, so the others see whether the lease has changed hands.
var mysqlLeaseRows = batchQuery{
	before: `
INSERT INTO apitoken_notices (token, step, lease, leased_at, leased_until) VALUES`,
	row:       `(?, ?, ?, ?, ?)`,
	separator: `, `,
	after: `
ON DUPLICATE KEY UPDATE
	lease = IF(sent_at IS NULL AND leased_until <= VALUES(leased_at), VALUES(lease), lease),
	leased_at = IF(lease = VALUES(lease), VALUES(leased_at), leased_at),
	leased_until = IF(lease = VALUES(lease), VALUES(leased_until), leased_until)`,
}

var leasedNoticeRows = batchQuery{
	before: `
SELECT token FROM apitoken_notices WHERE step = ? AND lease = ? AND token IN (`,
	row:       `?`,
	separator: `, `,
	after:     `)`,
}

// MarkNotice implements [apitoken.NoticeStore].
func (o operations) MarkNotice(ctx context.Context, token apitoken.TokenID, step time.Duration, at time.Time) error {
	return o.changeAtOnce(ctx, "mark a notice", func(ctx context.Context, tx session) error {
		_, err := tx.exec(ctx, markNotice, at.UnixMicro(), token[:], step.Microseconds())
		return err
	})
}

// removeNoticeRows removes the notices of tokens.
var removeNoticeRows = batchQuery{
	before: `
DELETE FROM apitoken_notices WHERE token IN (`,
	row:       `?`,
	separator: `, `,
	after:     `)`,
}
