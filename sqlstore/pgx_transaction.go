package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// WithPgxTx is [Store.WithTx] for a transaction that the host has begun with github.com/jackc/pgx/v5, such as with Begin of a
// pgxpool.Pool. The store is on the same database, for example over stdlib.OpenDBFromPool with the same pool. The type
// parameters are inferred from a pgx.Tx, so this package imports no driver:
//
//	tx, err := pool.Begin(ctx)
//	...
//	token, secret, err := m.WithStore(sqlstore.WithPgxTx(store, tx)).Generate(ctx, actor, params)
//	...
//	err = tx.Commit(ctx) // then show the secret
//
// If the store has another dialect than [PostgreSQL], every call is [apitoken.ErrInvalid].
func WithPgxTx[
	Tag interface{ RowsAffected() int64 },
	Rows interface {
		Next() bool
		Scan(dest ...any) error
		Err() error
		Close()
	},
](s *Store, tx interface {
	Exec(ctx context.Context, sql string, args ...any) (Tag, error)
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
}) *Tx {
	var mistake error
	if s.dialect.name != PostgreSQL.name {
		mistake = invalid("a transaction of pgx needs a store of the dialect PostgreSQL, this one is of %s", s.dialect.name)
	}
	return newTx(&s.dialect, mistake, overPgx{
		exec: func(ctx context.Context, query string, args []any) (int64, error) {
			tag, err := tx.Exec(ctx, query, args...)
			if err != nil {
				return 0, err
			}
			return tag.RowsAffected(), nil
		},
		query: func(ctx context.Context, query string, args []any) (pgxRows, error) {
			rows, err := tx.Query(ctx, query, args...)
			return pgxRows{rows}, err
		},
	})
}

// overPgx is the querier of a pgx.Tx.
type overPgx struct {
	exec  func(ctx context.Context, query string, args []any) (changed int64, err error)
	query func(ctx context.Context, query string, args []any) (pgxRows, error)
}

func (o overPgx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	changed, err := o.exec(ctx, query, args)
	return driver.RowsAffected(changed), err
}

func (o overPgx) QueryContext(ctx context.Context, query string, args ...any) (resultRows, error) {
	return o.query(ctx, query, args)
}

func (o overPgx) QueryRowContext(ctx context.Context, query string, args ...any) resultRow {
	rows, err := o.query(ctx, query, args)
	return pgxRow{rows, err}
}

// pgxRows are pgx.Rows, whose Close returns no error.
type pgxRows struct {
	rows interface {
		Next() bool
		Scan(dest ...any) error
		Err() error
		Close()
	}
}

func (r pgxRows) Next() bool             { return r.rows.Next() }
func (r pgxRows) Scan(dest ...any) error { return r.rows.Scan(dest...) }
func (r pgxRows) Err() error             { return r.rows.Err() }

func (r pgxRows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

// pgxRow is the first of the rows of a query, or the error of the query.
type pgxRow struct {
	rows pgxRows
	err  error
}

// Scan reads the row. Without one it is [sql.ErrNoRows].
func (r pgxRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	return r.rows.Close()
}
