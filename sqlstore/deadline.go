package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// readable is how long after a lookup that succeeded the next one is taken to find the database readable as well.
const readable = time.Millisecond

// lookupLocal looks a token up in a database on this machine, and returns at the latest when its context ends.
//
// To watch a context, database/sql and the driver start goroutines, which takes as long as a third of the read itself. A
// lookup that finds a free connection and no lock does not need them. So it goes unwatched if another has just succeeded,
// but for the wait for a connection. Otherwise it runs in a goroutine of its own, and the caller waits for it and for the
// context: a driver need not notice that a context ends while it waits for a lock.
func (s *Store) lookupLocal(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	const what = "look up a token"
	if s.looked.lately(s.made) {
		r, err := s.lookupUnwatched(ctx, digest)
		switch {
		case err == nil || errors.Is(err, apitoken.ErrNotFound):
			s.looked.now(s.made)
			return r, err
		case !s.dialect.busy(err):
			return nil, failed(what, because(ctx, err))
		}
	}
	type result struct {
		record *apitoken.Record
		err    error
	}
	found := make(chan result, 1)
	go func() {
		r, err := s.lookupPatiently(ctx, digest)
		found <- result{r, err}
	}()
	select {
	case r := <-found:
		if r.err == nil || errors.Is(r.err, apitoken.ErrNotFound) {
			s.looked.now(s.made)
		}
		return r.record, r.err
	case <-ctx.Done():
		return nil, failed(what, ctx.Err())
	}
}

func (s *Store) lookupUnwatched(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	o := s.opened.Load()
	if o == nil { // it was closed
		return nil, errClosed
	}
	l := &unwatched{Context: ctx, digest: digest}
	q := session{querier: s.db, dialect: &s.dialect, opened: o}
	return scanRecord(q.row(l, lookupToken, digestArg{l}))
}

// unwatched is a context that ends with the caller's until the lookup has a connection, and not any more from then on.
//
// database/sql converts the arguments of a query when it has a connection, and before it hands context and arguments to the
// driver. So the conversion of the digest says that there is one.
type unwatched struct {
	context.Context
	digest    apitoken.Digest
	connected atomic.Bool
}

func (u *unwatched) Done() <-chan struct{} {
	if u.connected.Load() {
		return nil
	}
	return u.Context.Done()
}

func (u *unwatched) Err() error {
	if u.connected.Load() {
		return nil
	}
	return u.Context.Err()
}

// digestArg is the digest of an unwatched lookup as an argument of its query.
type digestArg struct{ of *unwatched }

// Value implements [driver.Valuer].
func (d digestArg) Value() (driver.Value, error) {
	d.of.connected.Store(true)
	return d.of.digest[:], nil
}

// lookedUp is when the last lookup succeeded, in time since the store was made. The zero value is never.
type lookedUp struct{ nanoseconds atomic.Int64 }

func (l *lookedUp) now(made time.Time) { l.nanoseconds.Store(int64(time.Since(made))) }

func (l *lookedUp) lately(made time.Time) bool {
	last := time.Duration(l.nanoseconds.Load())
	return last != 0 && time.Since(made)-last < readable
}
