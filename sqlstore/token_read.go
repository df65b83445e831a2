package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-d6cf0a46/apitoken"
)

// Lookup implements [apitoken.Store]. It is one prepared query. On SQLite one that has begun to read is finished when its
// context ends; one that waits for a connection or for a lock returns.
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("look up a token", err)
	}
	if s.dialect.local && ctx.Done() != nil {
		return s.lookupLocal(ctx, digest)
	}
	return s.lookupPatiently(ctx, digest)
}

func (s *Store) lookupPatiently(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	const what = "look up a token"
	if o := s.opened.Load(); o != nil && !o.lost.Load() {
		r, err := s.lookup(ctx, o, digest)
		if err == nil || errors.Is(err, apitoken.ErrNotFound) {
			return r, err
		}
		if !s.dialect.busy(err) && !s.dialect.loses(err) {
			return nil, failed(what, s.dialect.explained(err))
		}
	}
	var r *apitoken.Record
	err := s.read(ctx, what, func(ctx context.Context, q session) (err error) {
		r, err = s.lookup(ctx, q.opened, digest)
		return err
	})
	return r, err
}

func (s *Store) lookup(ctx context.Context, o *opened, digest apitoken.Digest) (*apitoken.Record, error) {
	q := session{querier: s.db, dialect: &s.dialect, opened: o}
	return scanRecord(q.row(ctx, lookupToken, digest[:]))
}

// Token implements [apitoken.Store].
func (s *Store) Token(ctx context.Context, id apitoken.TokenID) (r *apitoken.Record, err error) {
	err = s.read(ctx, "read a token", func(ctx context.Context, q session) (err error) {
		r, err = scanRecord(q.row(ctx, readToken, id[:]))
		return err
	})
	return r, err
}
