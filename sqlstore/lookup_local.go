package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// recentLookup is how long after a successful lookup the next one expects to find the database unlocked.
const recentLookup = time.Millisecond

// lookupLocal looks a token up in a database on this machine, and returns at the latest when its context ends.
//
// database/sql and the driver start goroutines to watch a context, which costs a third of the time of the read. A lookup that
// finds a free connection and no lock does not need them. So if another lookup has just succeeded, and readers do not wait
// for writers, this one watches the context only while it waits for a connection. Otherwise it runs in a goroutine of its own, and the caller waits for it and
// for the context: a driver may not notice that a context ends while it waits for a lock.
func (s *Store) lookupLocal(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	const what = "look up a token"
	if p := s.prepared.Load(); p != nil && !p.readersWait && s.lastLookup.isRecent(s.createdAt) {
		r, err := s.lookupUnwatched(ctx, p, digest)
		switch {
		case err == nil || errors.Is(err, apitoken.ErrNotFound):
			s.lastLookup.record(s.createdAt)
			return r, err
		case !s.dialect.busy(err):
			return nil, failed(what, preferContextError(ctx, err))
		}
	}
	type result struct {
		record *apitoken.Record
		err    error
	}
	found := make(chan result, 1)
	go func() {
		r, err := s.lookupWithRetry(ctx, digest)
		found <- result{r, err}
	}()
	select {
	case r := <-found:
		if r.err == nil || errors.Is(r.err, apitoken.ErrNotFound) {
			s.lastLookup.record(s.createdAt)
		}
		return r.record, r.err
	case <-ctx.Done():
		return nil, failed(what, ctx.Err())
	}
}

func (s *Store) lookupUnwatched(ctx context.Context, p *preparedStatements, digest apitoken.Digest) (*apitoken.Record, error) {
	l := &unwatched{Context: ctx, digest: digest}
	q := session{querier: s.pool, dialect: &s.dialect, prepared: p}
	return scanRecord(q.row(l, lookupToken, digestArg{l}))
}

// unwatched is a context that ends with the caller's until the lookup has a connection, and never after that.
//
// database/sql converts the arguments of a query after it has taken a connection and before it calls the driver. So the
// conversion of the digest shows that there is a connection.
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
type digestArg struct{ lookup *unwatched }

// Value implements [driver.Valuer].
func (d digestArg) Value() (driver.Value, error) {
	d.lookup.connected.Store(true)
	return d.lookup.digest[:], nil
}

// lookupTime is when the last lookup succeeded, as the time since the store was created. The zero value is never.
type lookupTime struct{ nanoseconds atomic.Int64 }

func (l *lookupTime) record(created time.Time) { l.nanoseconds.Store(int64(time.Since(created))) }

func (l *lookupTime) isRecent(created time.Time) bool {
	last := time.Duration(l.nanoseconds.Load())
	return last != 0 && time.Since(created)-last < recentLookup
}
