package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-d6cf0a46/apitoken"
)

// numberedAtOnce keeps a transaction that numbers events short.
const numberedAtOnce = 1000

// numberEvents gives a place in the feed to every event that was committed before it was called. Whoever does that holds
// the row of the feed until he commits, so a place that is given later is behind all places that were ever seen.
func (s *Store) numberEvents(ctx context.Context) error {
	const what = "number events"
	for {
		var some bool
		err := s.read(ctx, what, func(ctx context.Context, q session) error {
			return q.row(ctx, findUnnumbered).Scan(&some)
		})
		if err != nil || !some {
			return err
		}
		var n int64
		err = s.change(ctx, what, func(ctx context.Context, tx session) (err error) {
			n, err = tx.numberEvents(ctx)
			return err
		})
		if errors.Is(err, apitoken.ErrUncertain) {
			return failed(what, errors.New(err.Error())) // to whoever reads, it is all one whether they are numbered already
		}
		if err != nil || n < numberedAtOnce {
			return err
		}
	}
}

func (s session) numberEvents(ctx context.Context) (n int64, err error) {
	var last int64
	if err := s.row(ctx, lockFeed).Scan(&last); err != nil {
		return 0, err
	}
	n, err = s.exec(ctx, numberEvents, numberedAtOnce, last)
	if err != nil || n == 0 {
		return 0, err
	}
	_, err = s.exec(ctx, moveFeed, n)
	return n, err
}
