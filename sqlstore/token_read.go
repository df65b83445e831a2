package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-d6cf0a46/apitoken"
)

// Lookup implements [apitoken.Store]. It is one prepared query. If the context ends, a lookup that waits for a connection or
// for a lock returns; on SQLite a lookup that has begun to read finishes.
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("look up a token", err)
	}
	if s.dialect.local && ctx.Done() != nil {
		return s.lookupLocal(ctx, digest)
	}
	return s.lookupWithRetry(ctx, digest)
}

func (s *Store) lookupWithRetry(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	const what = "look up a token"
	if p := s.prepared.Load(); p != nil && !p.lost.Load() {
		r, err := s.lookup(ctx, p, digest)
		if err == nil || errors.Is(err, apitoken.ErrNotFound) {
			return r, err
		}
		if !s.dialect.busy(err) && !s.dialect.isStatementLost(err) {
			return nil, failed(what, s.dialect.withPoolerAdvice(err))
		}
	}
	var r *apitoken.Record
	err := s.read(ctx, what, func(ctx context.Context, q session) (err error) {
		r, err = s.lookup(ctx, q.prepared, digest)
		return err
	})
	return r, err
}

func (s *Store) lookup(ctx context.Context, p *preparedStatements, digest apitoken.Digest) (*apitoken.Record, error) {
	q := session{querier: s.pool, dialect: &s.dialect, prepared: p}
	return scanRecord(q.row(ctx, lookupToken, digest[:]))
}

// Token implements [apitoken.Store].
func (o operations) Token(ctx context.Context, id apitoken.TokenID) (r *apitoken.Record, err error) {
	err = o.read(ctx, "read a token", func(ctx context.Context, q session) (err error) {
		r, err = scanRecord(q.row(ctx, readToken, id[:]))
		return err
	})
	return r, err
}
