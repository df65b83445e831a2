package sqlstore

import (
	"context"
	"errors"
	"time"
)

// A change that is one statement is sent without BEGIN and COMMIT, so it takes one round trip. The statement commits by itself:
// once it is sent, it is like a COMMIT. If its result does not arrive, the outcome is unknown, and the change is repeated until
// it is known.

// changeAtOnce runs do, whose last query writes and commits by itself. Everything else is as for change.
func (s *Store) changeAtOnce(ctx context.Context, what string, do work) error {
	if s.dialect.refused == nil {
		return s.change(ctx, what, do)
	}
	return s.changeBy(ctx, what, s.attemptAtOnce, do)
}

func (s *Store) has(q query) bool { return s.dialect.has(q) }

// autocommit is the state of a session whose writes commit by themselves.
type autocommit struct {
	grace time.Duration // for the result of a write after the context has ended
	sent  bool          // a write was sent
}

// attemptAtOnce runs do on a connection without a transaction. sent says that a write was sent. If there is an error too, the
// outcome is unknown. An error without sent means that nothing was written.
//
// It queries by text, so that the caller's context ends the wait for a connection, and only that: a prepared statement takes a
// connection of its own.
func (s *Store) attemptAtOnce(ctx context.Context, _ *preparedStatements, do work, grace time.Duration) (sent bool, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return false, preferContextError(ctx, err)
	}
	defer func() { _ = conn.Close() }() // returns it to the pool

	auto := &autocommit{grace: grace}
	err = do(ctx, session{querier: overSQL{conn}, dialect: &s.dialect, prepared: &preparedStatements{}, auto: auto})
	switch {
	case err == nil:
		return true, nil
	case s.dialect.refused(err):
		return false, err
	}
	return auto.sent, preferContextError(ctx, err)
}

// write runs a query that writes and returns one row, which is scanned into fields.
func (s session) write(ctx context.Context, q query, args []any, fields ...any) error {
	ctx, cancel, err := s.sending(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	return s.row(ctx, q, args...).Scan(fields...)
}

// sending returns the context of a query that writes. If the query commits by itself, its context ends the grace period after
// the caller's: until then it may still return what it did.
func (s session) sending(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if s.auto == nil {
		return ctx, func() {}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.auto.sent = true
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(s.auto.grace, cancel) })
	return inner, func() { stop(); cancel() }, nil
}

// errOutpaced is the result of a change at once that others keep ahead of. It is made under the lock of a transaction then.
var errOutpaced = errors.New("other changes were faster")

// maxPaces is how often a change at once is tried before it is made under a lock.
const maxPaces = 2
