package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// server is a running database server with an empty database, or a file for SQLite.
type server struct {
	name    string // of the engine
	version string // with the name
	driver  string // of database/sql
	dialect sqlstore.Dialect
	dsn     string
	stop    func() error
}

// start starts a server that keeps what it has acknowledged: every commit waits for the disk. MariaDB gets memory and log for
// a million tokens. PostgreSQL relies on the system's cache of files.
func start(ctx context.Context, name, dir string) (s *server, err error) {
	switch name {
	case "sqlite":
		dsn := "file:" + filepath.Join(dir, "tokens.db") +
			"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate"
		s = &server{name: "SQLite", driver: "sqlite", dialect: sqlstore.SQLite, dsn: dsn, stop: func() error { return nil }}
		err = s.greet(ctx, "SELECT 'SQLite ' || sqlite_version()")
	case "postgresql":
		p, startErr := engine.StartPostgres(dir, nil)
		if startErr != nil {
			return nil, startErr
		}
		s = &server{name: "PostgreSQL", driver: "pgx", dialect: sqlstore.PostgreSQL, dsn: p.DSN(), stop: p.Stop}
		err = s.greet(ctx, "SELECT 'PostgreSQL ' || current_setting('server_version')")
	case "mariadb":
		m, startErr := engine.StartMariaDB(dir, nil)
		if startErr != nil {
			return nil, startErr
		}
		s = &server{name: "MariaDB", driver: "mysql", dialect: sqlstore.MySQL, dsn: m.DSN(), stop: m.Stop}
		err = s.greet(ctx, "SELECT CONCAT('MariaDB ', VERSION())", "SET GLOBAL innodb_buffer_pool_size = 1 << 29", "SET GLOBAL innodb_log_file_size = 1 << 28")
	default:
		return nil, fmt.Errorf("there is no engine %q", name)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// greet applies settings and reads the version.
func (s *server) greet(ctx context.Context, version string, settings ...string) error {
	db, err := sql.Open(s.driver, s.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, setting := range settings {
		if _, err := db.ExecContext(ctx, setting); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
	}
	return db.QueryRowContext(ctx, version).Scan(&s.version)
}

// runMaintenance does what the database would do by itself some time after many writes, possibly during a measurement.
func (s *server) runMaintenance(ctx context.Context, db *sql.DB) error {
	statements := map[string][]string{
		"sqlite": {"PRAGMA wal_checkpoint(TRUNCATE)"},
		"pgx":    {"VACUUM (ANALYZE)", "CHECKPOINT"},
		"mysql":  {"ANALYZE TABLE apitoken_tokens, apitoken_users"},
	}[s.driver]
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// with returns a query, written with "?" for each placeholder, with the placeholders of the server.
func (s *server) with(query string) string {
	if s.driver != "pgx" {
		return query
	}
	var text strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			fmt.Fprintf(&text, "$%d", i)
		}
		text.WriteString(part)
	}
	return text.String()
}

// host is a program with a database and the library.
type host struct {
	*server
	db    *sql.DB
	store *sqlstore.Store
	m     *apitoken.Manager // records no uses
}

// newHost returns a host with its tables.
func (s *server) newHost(ctx context.Context) (_ *host, err error) {
	h := &host{server: s}
	if h.db, err = sql.Open(s.driver, s.dsn); err != nil {
		return nil, err
	}
	h.db.SetMaxIdleConns(8) // more than are used at one time: the default of 2 makes connections come and go
	if h.store, err = sqlstore.New(h.db, s.dialect, nil); err != nil {
		return nil, err
	}
	if err := h.store.Migrate(ctx); err != nil {
		return nil, err
	}
	h.m, err = apitoken.New(h.store, &apitoken.Options{LastUsedInterval: -1})
	return h, err
}

func (h *host) close() error { return errors.Join(h.store.Close(), h.db.Close()) }
