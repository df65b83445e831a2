package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// server is a running database server, or the folder of SQLite's files.
type server struct {
	name    string // of the engine
	version string // with the name
	driver  string // of database/sql
	dialect sqlstore.Dialect
	dir     string // of SQLite's files
	dsn     string // of the server's own database; empty for SQLite
	stop    func() error
}

// start starts a server that keeps what it has acknowledged: every commit waits for the disk. MariaDB gets memory and log for
// a million tokens. PostgreSQL relies on the system's cache of files.
func start(ctx context.Context, name, dir string) (s *server, err error) {
	switch name {
	case "sqlite":
		s = &server{name: "SQLite", driver: "sqlite", dialect: sqlstore.SQLite, dir: dir, stop: func() error { return nil }}
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

// create creates an empty database.
func (s *server) create(ctx context.Context, name string) error {
	if s.dsn == "" {
		return nil
	}
	db, err := sql.Open(s.driver, s.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+name)
	return err
}

// open opens a database as a host would.
func (s *server) open(name string) (*sql.DB, error) {
	dsn, err := s.in(name)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(s.driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(8) // more than are used at one time: the default of 2 makes connections come and go
	return db, nil
}

// in returns the data source name of a database.
func (s *server) in(name string) (string, error) {
	switch s.driver {
	case "sqlite":
		return "file:" + filepath.Join(s.dir, name+".db") +
			"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate", nil
	case "pgx":
		u, err := url.Parse(s.dsn)
		if err != nil {
			return "", err
		}
		u.Path = name
		return u.String(), nil
	default:
		config, err := mysql.ParseDSN(s.dsn)
		if err != nil {
			return "", err
		}
		config.DBName = name
		return config.FormatDSN(), nil
	}
}

// settle brings statistics and tables to the state that they reach by themselves some time after many writes. Otherwise that
// would happen during a measurement.
func (s *server) settle(ctx context.Context, db *sql.DB) error {
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

// hostOn returns a host with its tables.
func (s *server) hostOn(ctx context.Context, database string) (_ *host, err error) {
	h := &host{server: s}
	if h.db, err = s.open(database); err != nil {
		return nil, err
	}
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
