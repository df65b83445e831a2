package integration_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// hostKind is a kind of database, and how a host begins its transactions there.
type hostKind struct {
	backend
	connect func(t testing.TB, dsn string, connections int) (*sql.DB, beginner)
	options *sqlstore.Options
}

// beginner begins a transaction of the host's. The context is that of the statement only.
type beginner func(ctx context.Context, isolation sql.IsolationLevel) (hostTx, error)

// isolation is the level that the documentation asks for.
func (h hostKind) isolation() sql.IsolationLevel {
	if h.driver == "sqlite" {
		return sql.LevelDefault
	}
	return sql.LevelReadCommitted
}

// hostTx is a transaction of the host's.
type hostTx struct {
	view             func(*sqlstore.Store) *sqlstore.Tx
	exec             func(ctx context.Context, statement string) error
	commit, rollback func() error
}

// hostKinds are all databases that need no cluster, with database/sql and with pgx.
var hostKinds = []hostKind{hostOverSQL(onSQLite), hostOverSQL(onPostgreSQL), hostOverPgx, hostOverSQL(onMySQL)}

// hostsOnServers are those that take several writers at a time.
var hostsOnServers = hostKinds[1:]

func hostOverSQL(b backend) hostKind {
	return hostKind{backend: b, connect: func(t testing.TB, dsn string, connections int) (*sql.DB, beginner) {
		t.Helper()
		db, err := sql.Open(b.driver, dsn)
		must(t, err)
		closeAtTheEnd(t, db)
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		return db, beginSQL(db)
	}}
}

// pgxModes are the ways in which pgx encodes parameters and reads columns; the first one is its default.
var pgxModes = []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}

// inMode returns the host with a pool of another mode.
func (h hostKind) inMode(mode string) hostKind {
	create := h.create
	h.create = func(t testing.TB) []string {
		t.Helper()
		return []string{withParameters(create(t)[0], []string{"default_query_exec_mode=" + mode})}
	}
	return h
}

var hostOverPgx = hostKind{
	backend: backend{"PostgreSQL through pgx", "pgx", sqlstore.PostgreSQL, createPostgreSQL},
	connect: connectPgx,
}

func beginSQL(db *sql.DB) beginner {
	return func(ctx context.Context, isolation sql.IsolationLevel) (hostTx, error) {
		tx, err := db.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: isolation})
		return hostTx{
			view: func(s *sqlstore.Store) *sqlstore.Tx { return s.WithTx(tx) },
			exec: func(ctx context.Context, statement string) error {
				_, err := tx.ExecContext(ctx, statement)
				return err
			},
			commit:   func() error { return tx.Commit() },
			rollback: func() error { return tx.Rollback() },
		}, err
	}
}

// connectPgx opens a pool of pgx, which the store shares through database/sql.
func connectPgx(t testing.TB, dsn string, connections int) (*sql.DB, beginner) {
	t.Helper()
	pool := pgxPool(t, dsn, connections)
	return overPgxPool(t, pool), beginPgx(pool, func(tx pgx.Tx) pgx.Tx { return tx })
}

func overPgxPool(t testing.TB, pool *pgxpool.Pool) *sql.DB {
	t.Helper()
	db := stdlib.OpenDBFromPool(pool)
	closeAtTheEnd(t, db)
	return db
}

func pgxPool(t testing.TB, dsn string, connections int) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	must(t, err)
	config.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func beginPgx(pool *pgxpool.Pool, wrap func(pgx.Tx) pgx.Tx) beginner {
	return func(ctx context.Context, isolation sql.IsolationLevel) (hostTx, error) {
		levels := map[sql.IsolationLevel]pgx.TxIsoLevel{
			sql.LevelReadUncommitted: pgx.ReadUncommitted,
			sql.LevelReadCommitted:   pgx.ReadCommitted,
			sql.LevelRepeatableRead:  pgx.RepeatableRead,
			sql.LevelSerializable:    pgx.Serializable,
		}
		tx, err := pool.BeginTx(context.WithoutCancel(ctx), pgx.TxOptions{IsoLevel: levels[isolation]})
		return hostTx{
			view: func(s *sqlstore.Store) *sqlstore.Tx { return sqlstore.WithPgxTx(s, wrap(tx)) },
			exec: func(ctx context.Context, statement string) error {
				_, err := tx.Exec(ctx, statement)
				return err
			},
			commit:   func() error { return tx.Commit(context.Background()) },
			rollback: func() error { return tx.Rollback(context.Background()) },
		}, err
	}
}
