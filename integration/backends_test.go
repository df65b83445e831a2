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

// backend is a kind of database that the tests run on.
type backend struct {
	name    string
	driver  string // of database/sql
	dialect sqlstore.Dialect

	// create makes a database for one test and returns the data source name of each replica of the host. The names differ if
	// the replicas use different nodes.
	create func(t testing.TB) (dsns []string)
}

var (
	onSQLite     = backend{"SQLite", "sqlite", sqlstore.SQLite, createSQLite}
	onPostgreSQL = backend{"PostgreSQL", "pgx", sqlstore.PostgreSQL, createPostgreSQL}
	onMySQL      = backend{"MySQL", "mysql", sqlstore.MySQL, createMySQL}
	onGalera     = backend{"Galera", "mysql", sqlstore.MySQL, createGalera}
)

// servers are the databases that run outside of the process and take several writers at a time.
var servers = []backend{onPostgreSQL, onMySQL}

// everywhere are the databases that need no cluster.
var everywhere = []backend{onSQLite, onPostgreSQL, onMySQL}

// onEach runs a test on a new database of each backend.
func onEach(t *testing.T, backends []backend, test func(t *testing.T, d database)) {
	t.Helper()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { test(t, b.database(t)) })
	}
}

// replicasOfHost is the number of replicas of a host in the tests. Each has its own connection pool.
const replicasOfHost = 3

func createSQLite(t testing.TB) []string {
	return []string{"file:" + filepath.Join(t.TempDir(), "tokens.db") + "?" + recommended}
}

func createPostgreSQL(t testing.TB) []string {
	t.Helper()
	server := sharedPostgres.needed(t)[0]
	dsn, err := url.Parse(server)
	must(t, err)
	dsn.Path = createDatabase(t, "pgx", server, "")
	return []string{dsn.String()}
}

func createMySQL(t testing.TB) []string {
	t.Helper()
	server := sharedMySQL.needed(t)[0]
	return []string{inDatabase(t, server, createDatabase(t, "mysql", server, ""))}
}

func createGalera(t testing.TB) (dsns []string) {
	t.Helper()
	nodes := needGalera(t)
	name := createDatabase(t, "mysql", nodes[0], "")
	for _, node := range nodes {
		config := parseMySQL(t, inDatabase(t, node, name))
		config.Params = map[string]string{"wsrep_sync_wait": "1"}
		dsns = append(dsns, config.FormatDSN())
	}
	return dsns
}

var databases atomic.Int64 // the number that this process has created

// createDatabase creates a database on a server and returns its name. It skips the test if the server does not support the
// options. The end of the test drops the database.
func createDatabase(t testing.TB, driver, server, options string) (name string) {
	t.Helper()
	name = fmt.Sprintf("apitoken_test_%d_%d", os.Getpid(), databases.Add(1))
	db, err := sql.Open(driver, server)
	must(t, err)
	closeAtTheEnd(t, db)
	if _, err := db.Exec("CREATE DATABASE " + name + " " + options); err != nil && options != "" {
		t.Skipf("NOT TESTED: a database with %s: %v", options, err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name); err != nil {
			t.Error(err)
		}
	})
	return name
}

// inDatabase returns a data source name of MySQL with another database.
func inDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	config := parseMySQL(t, dsn)
	config.DBName = name
	return config.FormatDSN()
}

func parseMySQL(t testing.TB, dsn string) *mysql.Config {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	must(t, err)
	return config
}

// database is a database for one test.
type database struct {
	backend
	dsns []string
}

func (b backend) database(t testing.TB) database {
	t.Helper()
	return database{b, b.create(t)}
}

// open opens a connection pool of a replica of the host. The end of the test closes it.
func (d database) open(t testing.TB, replica int) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsns[replica%len(d.dsns)])
	must(t, err)
	db.SetMaxOpenConns(24)
	db.SetMaxIdleConns(24) // with the default of 2, a crowd would open and close connections all the time
	closeAtTheEnd(t, db)
	return db
}

// newStore makes a store on a connection pool. The end of the test closes the store.
func (d database) newStore(t testing.TB, db *sql.DB, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.New(db, d.dialect, opts)
	must(t, err)
	closeAtTheEnd(t, store)
	return store
}

// newMigrated makes a store on a connection pool, and its tables.
func (d database) newMigrated(t testing.TB, db *sql.DB, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	store := d.newStore(t, db, opts)
	must(t, store.Migrate(context.Background()))
	return store
}

// clear makes the tables of a prefix as they were after Migrate, which is faster than a new database.
func (d database) clear(t testing.TB, db *sql.DB, prefix string) {
	t.Helper()
	statements := []string{
		"DELETE FROM " + prefix + "tokens",
		"DELETE FROM " + prefix + "notices",
		"DELETE FROM " + prefix + "offers",
		"DELETE FROM " + prefix + "epochs",
		"DELETE FROM " + prefix + "users",
		"DELETE FROM " + prefix + "events",
		"UPDATE " + prefix + "policy SET max_lifetime = 0, updated_at = NULL, updated_by = '', revision = 0, layers = NULL",
		"UPDATE " + prefix + "feed SET last_seq = 0",
	}
	if d.driver == "sqlite" { // which has no feed
		statements[len(statements)-1] = "DELETE FROM sqlite_sequence"
	}
	for _, statement := range statements {
		_, err := db.Exec(statement)
		must(t, err)
	}
}
