package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// querier runs SQL: on a pool, on a connection or in a transaction. Everything that changes rows is a method of a session over
// a querier and neither begins nor ends a transaction. If such a method returns an error it may have written something, and its
// transaction has to be rolled back.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (resultRows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) resultRow
}

// resultRows is the part of *sql.Rows that the store uses.
type resultRows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// resultRow is the part of *sql.Row that the store uses.
type resultRow interface{ Scan(dest ...any) error }

// overSQL is the querier of a *sql.DB, *sql.Conn or *sql.Tx.
type overSQL struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
}

func (o overSQL) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return o.on.ExecContext(ctx, query, args...)
}

func (o overSQL) QueryContext(ctx context.Context, query string, args ...any) (resultRows, error) {
	return o.on.QueryContext(ctx, query, args...)
}

func (o overSQL) QueryRowContext(ctx context.Context, query string, args ...any) resultRow {
	return o.on.QueryRowContext(ctx, query, args...)
}

// session runs the queries of a dialect: prepared if there is a statement, otherwise as text.
type session struct {
	querier
	dialect  *Dialect
	prepared *preparedStatements
	tx       *sql.Tx     // in which prepared statements run; nil: in none
	auto     *autocommit // nil in a transaction, and for reads
}

// exec runs a query that writes and returns no rows, and reports how many rows it changed.
func (s session) exec(ctx context.Context, q query, args ...any) (int64, error) {
	ctx, cancel, err := s.sending(ctx)
	if err != nil {
		return 0, err
	}
	defer cancel()
	var result sql.Result
	if statement := s.prepared.acquire(q); statement != nil {
		result, err = s.inTransaction(ctx, statement).ExecContext(ctx, args...)
		s.release(statement, err)
	} else {
		result, err = s.ExecContext(ctx, s.text(q), args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// text returns a query as it is sent without a statement. Beside prepared statements it has another text than theirs: for a
// text that it knows, a driver uses the statement that it has, even if the connection has lost it.
func (s session) text(q query) string {
	text := s.dialect.queries[q]
	switch {
	case q >= createTokenAtOnce: // it is never prepared
		return text
	case s.auto != nil:
		return "/* at once */ " + text
	case s.prepared.statements[q].Load() != nil: // it is lost, and another call is preparing it again
		return "/* as text */ " + text
	}
	return text
}

// inTransaction returns a statement as the querier runs it.
func (s session) inTransaction(ctx context.Context, statement *statement) *sql.Stmt {
	if s.tx != nil {
		return s.tx.StmtContext(ctx, statement.Stmt)
	}
	return statement.Stmt
}

// insert runs a query that inserts a row, and reports whether it did. inserted is false if a key is in use.
func (s session) insert(ctx context.Context, q query, args ...any) (inserted bool, err error) {
	n, err := s.exec(ctx, q, args...)
	if err != nil && s.dialect.duplicateKey != nil && s.dialect.duplicateKey(err) {
		return false, nil
	}
	return n > 0, err
}

// row runs a query that returns one row.
func (s session) row(ctx context.Context, q query, args ...any) resultRow {
	statement := s.prepared.acquire(q)
	if statement == nil {
		return s.QueryRowContext(ctx, s.text(q), args...)
	}
	row := s.inTransaction(ctx, statement).QueryRowContext(ctx, args...)
	s.release(statement, row.Err())
	return row
}

// rows runs a query that returns any number of rows.
func (s session) rows(ctx context.Context, q query, args ...any) (resultRows, error) {
	statement := s.prepared.acquire(q)
	if statement == nil {
		return s.QueryContext(ctx, s.text(q), args...)
	}
	rows, err := s.inTransaction(ctx, statement).QueryContext(ctx, args...)
	s.release(statement, err)
	return rows, err
}

// open makes the store ready at its first use: it checks the schema and prepares the statements. Later calls only load a
// pointer. It must not be called inside a transaction: a pool of one connection has no other to prepare on.
func (s *Store) open(ctx context.Context) (*preparedStatements, error) {
	if p := s.prepared.Load(); p != nil {
		return p, nil
	}
	select {
	case <-s.openTurn:
		defer func() { s.openTurn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p := s.prepared.Load(); p != nil {
		return p, nil
	}
	if s.closed {
		return nil, errClosed
	}
	if err := s.checkSchema(ctx); err != nil {
		return nil, err
	}
	p := &preparedStatements{}
	if s.dialect.has(readersWait) {
		if err := s.textSession().row(ctx, readersWait).Scan(&p.readersWait); err != nil {
			return nil, fmt.Errorf("read the journal mode: %w", err)
		}
	}
	if !s.unprepared {
		if err := p.prepare(ctx, s.db, &s.dialect); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	s.prepared.Store(p)
	return p, nil
}
