package sqlstore

import (
	"context"
	"database/sql"
	"errors"
)

// querier is what *sql.DB, *sql.Conn and *sql.Tx have in common. Everything that changes rows is a function of a session
// over a querier and neither begins nor ends a transaction, so that it can do its work in one of the host's as well.
// Where such a function answers with an error it may have written something: its transaction, or a savepoint before it,
// is to be rolled back.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

var (
	_ querier = (*sql.DB)(nil)
	_ querier = (*sql.Conn)(nil)
	_ querier = (*sql.Tx)(nil)
)

// session runs the queries of a dialect: prepared where there are statements, else as text.
type session struct {
	querier
	dialect *Dialect
	opened  *opened
	tx      *sql.Tx // the querier, if it is a transaction of the store's own
}

// exec runs a query that answers nothing, and reports how many rows it changed.
func (s session) exec(ctx context.Context, q query, args ...any) (int64, error) {
	var result sql.Result
	var err error
	if statement := s.opened.acquire(q); statement != nil {
		result, err = s.bound(ctx, statement).ExecContext(ctx, args...)
		s.done(statement, err)
	} else {
		result, err = s.ExecContext(ctx, s.dialect.queries[q], args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// bound is a statement as the querier runs it.
func (s session) bound(ctx context.Context, statement *statement) *sql.Stmt {
	if s.tx != nil {
		return s.tx.StmtContext(ctx, statement.Stmt)
	}
	return statement.Stmt
}

// insert runs a query that inserts a row, and reports whether it did. It did not where a key was there already.
func (s session) insert(ctx context.Context, q query, args ...any) (bool, error) {
	n, err := s.exec(ctx, q, args...)
	if err != nil && s.dialect.duplicate != nil && s.dialect.duplicate(err) {
		return false, nil
	}
	return n > 0, err
}

// row runs a query that answers one row.
func (s session) row(ctx context.Context, q query, args ...any) *sql.Row {
	statement := s.opened.acquire(q)
	if statement == nil {
		return s.QueryRowContext(ctx, s.dialect.queries[q], args...)
	}
	row := s.bound(ctx, statement).QueryRowContext(ctx, args...)
	s.done(statement, row.Err())
	return row
}

// rows runs a query that answers any number of rows.
func (s session) rows(ctx context.Context, q query, args ...any) (*sql.Rows, error) {
	statement := s.opened.acquire(q)
	if statement == nil {
		return s.QueryContext(ctx, s.dialect.queries[q], args...)
	}
	rows, err := s.bound(ctx, statement).QueryContext(ctx, args...)
	s.done(statement, err)
	return rows, err
}

// open makes the store ready at its first use: it checks the schema and prepares the statements. All later calls are one
// look at a pointer. It must not be called inside a transaction: a pool of one connection has no other to prepare on.
func (s *Store) open(ctx context.Context) (*opened, error) {
	if o := s.opened.Load(); o != nil {
		return o, nil
	}
	select {
	case <-s.opening:
		defer func() { s.opening <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if o := s.opened.Load(); o != nil {
		return o, nil
	}
	if s.closed {
		return nil, errClosed
	}
	if err := s.checkSchema(ctx); err != nil {
		return nil, err
	}
	o := &opened{}
	if !s.unprepared {
		if err := o.prepare(ctx, s.db, &s.dialect); err != nil {
			return nil, errors.Join(err, o.close())
		}
	}
	s.opened.Store(o)
	return o, nil
}
