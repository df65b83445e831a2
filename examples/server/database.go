package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the drivers are the host's choice; the library imports none

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// database holds the tables of the host and those of the library.
type database struct {
	*sql.DB
	engine
	where string // its name without the password, to print
}

// engine is the difference between the databases.
type engine struct {
	dialect sqlstore.Dialect
	dollars bool     // parameters are $1, $2, ... instead of ?
	tables  []string // the statements that create the tables of the host
}

var (
	sqlite = engine{dialect: sqlstore.SQLite, tables: []string{
		`CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, password_hash BLOB NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS user_sessions (digest BLOB PRIMARY KEY, name TEXT NOT NULL, epoch INTEGER NOT NULL, ends_at INTEGER NOT NULL)`,
	}}
	postgres = engine{dialect: sqlstore.PostgreSQL, dollars: true, tables: []string{
		`CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, password_hash BYTEA NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS user_sessions (digest BYTEA PRIMARY KEY, name TEXT NOT NULL, epoch BIGINT NOT NULL, ends_at BIGINT NOT NULL)`,
	}}
	// Names are bytes here. In a text column, "Admin" and "admin" would be equal.
	mariadb = engine{dialect: sqlstore.MySQL, tables: []string{
		`CREATE TABLE IF NOT EXISTS accounts (name VARBINARY(128) PRIMARY KEY, password_hash VARBINARY(60) NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS user_sessions (digest BINARY(32) PRIMARY KEY, name VARBINARY(128) NOT NULL, epoch BIGINT NOT NULL, ends_at BIGINT NOT NULL)`,
	}}
)

// openDatabase opens the database that -db names, and creates the tables of the host.
func openDatabase(ctx context.Context, name string, log *slog.Logger) (database, error) {
	db, err := open(name, log)
	if err != nil {
		return database{}, err
	}
	if err := db.makeTables(ctx); err != nil {
		return database{}, errors.Join(fmt.Errorf("open %s: %w", db.where, err), db.Close())
	}
	db.SetMaxIdleConns(8) // the default of 2 makes connections come and go under load
	return db, nil
}

func open(name string, log *slog.Logger) (database, error) {
	scheme, _, isURL := strings.Cut(name, "://")
	if !isURL {
		return openSQLite(strings.TrimPrefix(name, "sqlite:"))
	}
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(name)
	case "mysql", "mariadb":
		return openMySQL(name, log)
	}
	return database{}, fmt.Errorf("-db begins with %s://; use postgres://, mysql:// or the name of a file", scheme)
}

// dsn is the name that package sqlstore recommends for this driver: go doc github.com/seed-d6cf0a46/apitoken/sqlstore.SQLite
const dsn = "file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate"

func openSQLite(path string) (database, error) {
	// SQLite would create the file readable for every user of this computer.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return database{}, err
	}
	if err := file.Close(); err != nil {
		return database{}, err
	}
	db, err := sql.Open("sqlite", fmt.Sprintf(dsn, (&url.URL{Path: path}).EscapedPath()))
	return database{DB: db, engine: sqlite, where: path}, err
}

// openPostgres passes the URL on to the driver. It may name several hosts.
func openPostgres(name string) (database, error) {
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return database{}, fmt.Errorf("-db: %w", err) // errors of pgx contain no password
	}
	where := fmt.Sprintf("postgres://%s@%s/%s", config.User, net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
	return database{DB: stdlib.OpenDB(*config), engine: postgres, where: where}, nil
}

// openMySQL turns a URL into the form that the driver takes. The parameters of the URL are those of the driver, such as
// wsrep_sync_wait=1 on a Galera cluster.
func openMySQL(name string, log *slog.Logger) (database, error) {
	u, err := url.Parse(name)
	if err != nil {
		// err would show the URL with the password.
		return database{}, errors.New("-db is not a URL; in the name and the password, everything but letters and digits is percent-encoded")
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "3306")
	}
	config, err := mysql.ParseDSN("tcp(" + address + ")/" + strings.TrimPrefix(u.EscapedPath(), "/") + "?" + u.RawQuery)
	if err != nil {
		return database{}, fmt.Errorf("-db: %w", err) // there is no password in it yet
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Logger = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return database{}, fmt.Errorf("-db: %w", err)
	}
	return database{DB: sql.OpenDB(connector), engine: mariadb, where: u.Redacted()}, nil
}

func (db database) makeTables(ctx context.Context) error {
	for _, statement := range db.tables {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (db database) exec(ctx context.Context, statement string, args ...any) error {
	_, err := db.ExecContext(ctx, db.parameters(statement), args...)
	return err
}

func (db database) row(ctx context.Context, query string, args ...any) *sql.Row {
	return db.QueryRowContext(ctx, db.parameters(query), args...)
}

// parameters replaces the question marks of a statement by the parameters of the database. Statements have no other
// question marks.
func (db database) parameters(statement string) string {
	if !db.dollars {
		return statement
	}
	parts := strings.Split(statement, "?")
	for i := range parts[1:] {
		parts[i] += "$" + strconv.Itoa(i+1)
	}
	return strings.Join(parts, "")
}
