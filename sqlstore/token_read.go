package sqlstore

import (
	"context"
	"errors"

	"github.com/seed-d6cf0a46/apitoken"
)

// Lookup implements [apitoken.Store]. It is one prepared query. On SQLite one that has begun goes on when its context
// ends, also where it waits for a lock or for a free connection: to watch a context costs more than such a query.
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	const what = "look up a token"
	if err := ctx.Err(); err != nil {
		return nil, failed(what, err)
	}
	if o := s.opened.Load(); o != nil {
		r, err := s.lookup(ctx, o, digest)
		if err == nil || errors.Is(err, apitoken.ErrNotFound) {
			return r, err
		}
		if !s.dialect.busy(err) {
			return nil, failed(what, err)
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
	if s.dialect.local && ctx.Done() != nil {
		ctx = context.WithoutCancel(ctx)
	}
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

// Tokens implements [apitoken.Store].
func (s *Store) Tokens(ctx context.Context, q apitoken.TokenQuery) (page []apitoken.Token, err error) {
	text, args := s.dialect.listTokens(q)
	err = s.read(ctx, "list tokens", func(ctx context.Context, db session) error {
		rows, err := db.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, tokenInto)
		return err
	})
	return page, err
}

// listTokens is the query of a page of tokens. It is put together from the fixed parts of the dialect; everything that the
// caller says is a parameter.
func (d *Dialect) listTokens(q apitoken.TokenQuery) (text string, args []any) {
	a := assembly{placeholder: d.placeholder}
	a.add(d.list.from)
	a.add(" WHERE ")
	a.add(d.list.after, q.After[:])
	where := func(condition string, args ...any) {
		a.add(" AND ")
		a.add(condition, args...)
	}
	if !q.AnyOwner {
		where(d.list.owner, string(q.Owner))
	}
	switch q.Status {
	case apitoken.StatusRevoked:
		where(d.list.revoked)
	case apitoken.StatusActive:
		where(d.list.active, q.Now.UnixMicro())
	case apitoken.StatusExpired:
		where(d.list.expired, q.Now.UnixMicro())
	}
	if !q.ExpiresBefore.IsZero() {
		where(d.list.expiresBefore, q.ExpiresBefore.UnixMicro())
	}
	if q.NameContains != "" {
		where(d.list.nameContains, q.NameContains)
	}
	a.add(" ")
	a.add(d.list.limit, q.Limit)
	return a.text.String(), a.args
}
