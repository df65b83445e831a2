package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// opened is what the first use of a store has made ready.
type opened struct {
	statements [numQueries]*sql.Stmt // nil: to be sent as text
}

// statement is the prepared form of a query, or nil.
func (s session) statement(ctx context.Context, q query) *sql.Stmt {
	statement := s.opened.statements[q]
	if statement != nil && s.tx != nil {
		return s.tx.StmtContext(ctx, statement)
	}
	return statement
}

// exec runs a query that answers nothing, and reports how many rows it changed.
func (s session) exec(ctx context.Context, q query, args ...any) (int64, error) {
	var result sql.Result
	var err error
	if statement := s.statement(ctx, q); statement != nil {
		result, err = statement.ExecContext(ctx, args...)
	} else {
		result, err = s.ExecContext(ctx, s.dialect.queries[q], args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
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
	if statement := s.statement(ctx, q); statement != nil {
		return statement.QueryRowContext(ctx, args...)
	}
	return s.QueryRowContext(ctx, s.dialect.queries[q], args...)
}

// rows runs a query that answers any number of rows.
func (s session) rows(ctx context.Context, q query, args ...any) (*sql.Rows, error) {
	if statement := s.statement(ctx, q); statement != nil {
		return statement.QueryContext(ctx, args...)
	}
	return s.QueryContext(ctx, s.dialect.queries[q], args...)
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
		if err := o.prepare(ctx, s.db, s.dialect.queries); err != nil {
			return nil, errors.Join(err, o.close())
		}
	}
	s.opened.Store(o)
	return o, nil
}

// prepare prepares every query but those of the schema, which run once.
func (o *opened) prepare(ctx context.Context, db *sql.DB, queries [numQueries]string) (err error) {
	for q := lookupToken; q < numQueries; q++ {
		if queries[q] == "" {
			continue
		}
		o.statements[q], err = db.PrepareContext(ctx, queries[q])
		if err != nil {
			return fmt.Errorf("prepare %q: %w", queries[q], err)
		}
	}
	return nil
}

func (o *opened) close() error {
	var errs []error
	for _, statement := range o.statements {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	return errors.Join(errs...)
}
