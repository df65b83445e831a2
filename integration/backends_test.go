package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// backend is a kind of database that the promises are held on.
type backend struct {
	name    string
	driver  string // of database/sql
	dialect sqlstore.Dialect

	// create makes a database for one test and gives the data source name of each replica of the host. They differ where
	// the replicas talk to different nodes.
	create func(t testing.TB) (dsns []string)
}

var (
	onSQLite     = backend{"SQLite", "sqlite", sqlstore.SQLite, createSQLite}
	onPostgreSQL = backend{"PostgreSQL", "pgx", sqlstore.PostgreSQL, createPostgreSQL}
	onMySQL      = backend{"MySQL", "mysql", sqlstore.MySQL, createMySQL}
	onGalera     = backend{"Galera", "mysql", sqlstore.MySQL, createGalera}
)

// servers are the engines that run outside the process, and that many can write to at one time.
var servers = []backend{onPostgreSQL, onMySQL}

// replicasOfHost is how many replicas of a host the tests run, each with a connection pool of its own.
const replicasOfHost = 3

func createSQLite(t testing.TB) []string {
	return []string{"file:" + filepath.Join(t.TempDir(), "tokens.db") + "?" + recommended}
}

func createPostgreSQL(t testing.TB) []string {
	t.Helper()
	server := sharedPostgres.needed(t)[0]
	dsn, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	dsn.Path = createDatabase(t, "pgx", server)
	return []string{dsn.String()}
}

func createMySQL(t testing.TB) []string {
	t.Helper()
	server := sharedMySQL.needed(t)[0]
	return []string{inDatabase(t, server, createDatabase(t, "mysql", server))}
}

func createGalera(t testing.TB) (dsns []string) {
	t.Helper()
	nodes := needGalera(t)
	name := createDatabase(t, "mysql", nodes[0])
	for _, node := range nodes {
		config := parseMySQL(t, inDatabase(t, node, name))
		config.Params = map[string]string{"wsrep_sync_wait": "1"}
		dsns = append(dsns, config.FormatDSN())
	}
	return dsns
}

var databases atomic.Int64 // that this process has made

// createDatabase makes a database on a server and gives its name. The end of the test drops it.
func createDatabase(t testing.TB, driver, server string) (name string) {
	t.Helper()
	name = fmt.Sprintf("apitoken_test_%d_%d", os.Getpid(), databases.Add(1))
	db, err := sql.Open(driver, server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return name
}

// inDatabase is a data source name of MySQL with another database in it.
func inDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	config := parseMySQL(t, dsn)
	config.DBName = name
	return config.FormatDSN()
}

func parseMySQL(t testing.TB, dsn string) *mysql.Config {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// database is a database that was made for one test.
type database struct {
	backend
	dsns []string
}

func (b backend) database(t testing.TB) database {
	t.Helper()
	return database{b, b.create(t)}
}

// open opens a connection pool, as the given replica of the host would. The end of the test closes it.
func (d database) open(t testing.TB, replica int) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsns[replica%len(d.dsns)])
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(24) // or a crowd waits for new connections, which a busy machine makes too slowly
	db.SetMaxIdleConns(24) // more than the default of 2, or the connections of a crowd come and go
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// newStore makes a store on a connection pool. The end of the test closes it.
func (d database) newStore(t testing.TB, db *sql.DB, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.New(db, d.dialect, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// newMigrated makes a store with its tables on a connection pool.
func (d database) newMigrated(t testing.TB, db *sql.DB, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	store := d.newStore(t, db, opts)
	if err := store.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return store
}

// replicas are the stores of as many replicas of a host, each on a connection pool of its own.
func (d database) replicas(t testing.TB) (stores []*sqlstore.Store) {
	t.Helper()
	for i := range replicasOfHost {
		stores = append(stores, d.newMigrated(t, d.open(t, i), nil))
	}
	return stores
}

// clear makes the tables as they were after Migrate, which is faster than to make a new database.
func (d database) clear(t testing.TB, db *sql.DB) {
	t.Helper()
	statements := []string{
		`DELETE FROM apitoken_tokens`,
		`DELETE FROM apitoken_epochs`,
		`DELETE FROM apitoken_users`,
		`DELETE FROM apitoken_events`,
		`UPDATE apitoken_policy SET max_lifetime = 0, updated_at = NULL, updated_by = '', revision = 0`,
	}
	if d.driver == "sqlite" {
		statements = append(statements, `DELETE FROM sqlite_sequence`)
	} else {
		statements = append(statements, `UPDATE apitoken_feed SET last_seq = 0`)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}
