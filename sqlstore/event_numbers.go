package sqlstore

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// maxNumberedEvents keeps a transaction that numbers events short.
const maxNumberedEvents = 1000

// numberEvents gives a number to every event that was committed before the call. The transaction locks the row of the feed
// until it commits, so every later number is above all numbers that a reader has seen.
func (s *Store) numberEvents(ctx context.Context) error {
	const what = "number events"
	for {
		var unnumbered bool
		err := s.read(ctx, what, func(ctx context.Context, q session) error {
			return q.row(ctx, findUnnumbered).Scan(&unnumbered)
		})
		if err != nil || !unnumbered {
			return err
		}
		var n int64
		err = s.change(ctx, what, func(ctx context.Context, tx session) (err error) {
			n, err = tx.numberEvents(ctx)
			return err
		})
		if errors.Is(err, apitoken.ErrUncertain) {
			return failed(what, errors.New(err.Error())) // a read does not depend on whether they are numbered already
		}
		if err != nil || n < maxNumberedEvents {
			return err
		}
	}
}

func (s session) numberEvents(ctx context.Context) (n int64, err error) {
	var last int64
	if err := s.row(ctx, lockFeed).Scan(&last); err != nil {
		return 0, err
	}
	if s.dialect.has(numberEvents) {
		n, err = s.exec(ctx, numberEvents, maxNumberedEvents, last)
	} else {
		n, err = s.numberListed(ctx, last)
	}
	if err != nil || n == 0 {
		return 0, err
	}
	_, err = s.exec(ctx, moveFeed, n)
	return n, err
}

// numberListed numbers events by reading them first.
func (s session) numberListed(ctx context.Context, last int64) (n int64, err error) {
	rows, err := s.rows(ctx, listUnnumbered, maxNumberedEvents)
	if err != nil {
		return 0, err
	}
	listed, err := scanAll(rows, func(insertion *int64) []any { return []any{insertion} })
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(listed, maxBatchRows) {
		text, args := s.dialect.numberQuery(chunk, last+n)
		if _, err := s.ExecContext(ctx, text, args...); err != nil {
			return 0, err
		}
		n += int64(len(chunk))
	}
	return n, nil
}

// numberQuery returns one query that numbers the events of these insertion numbers, from last+1 on.
func (d *Dialect) numberQuery(insertions []int64, last int64) (text string, args []any) {
	rows := make([][]any, len(insertions))
	for i, insertion := range insertions {
		rows[i] = []any{insertion, last + int64(i) + 1}
	}
	return d.batch(d.numberRows, rows)
}
