package integration_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// The parameters of the data source name: those that the documentation recommends, and none.
const (
	recommended = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate"
	bare        = ""
)

// sqliteFile returns the path of a database file that does not exist yet.
func sqliteFile(t testing.TB) string { return filepath.Join(t.TempDir(), "tokens.db") }

// openSQLite opens a database file. The end of the test closes it.
func openSQLite(t testing.TB, file, parameters string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?"+parameters)
	must(t, err)
	closeAtTheEnd(t, db)
	return db
}

// sqliteCopies returns a function that returns the path of a new database file with the tables. It copies one file: Migrate waits
// for the disk at each step, and takes longer than most rules of package storetest.
func sqliteCopies(t testing.TB, opts *sqlstore.Options) func(testing.TB) string {
	t.Helper()
	file := sqliteFile(t)
	db := openSQLite(t, file, bare)
	newMigratedSQLite(t, db, opts)
	must(t, db.Close())
	tables, err := os.ReadFile(file)
	must(t, err)
	return func(t testing.TB) string {
		t.Helper()
		copied := sqliteFile(t)
		must(t, os.WriteFile(copied, tables, 0o600))
		return copied
	}
}

// newMigratedSQLite makes a store with its tables on a database. The end of the test closes it.
func newMigratedSQLite(t testing.TB, db *sql.DB, opts *sqlstore.Options) *sqlstore.Store {
	t.Helper()
	return database{backend: onSQLite}.newMigrated(t, db, opts)
}

// With -short only the recommended data source name is tested.
func TestSQLiteKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		parameters string
		opts       *sqlstore.Options
	}{
		{"recommended", recommended, nil},
		{"bare file name, unprepared, another prefix", bare, &sqlstore.Options{Unprepared: true, TablePrefix: "t_"}},
	} {
		if testing.Short() && c.name != "recommended" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			newFile := sqliteCopies(t, c.opts)
			storetest.Run(t, func(t *testing.T) apitoken.Store {
				return newMigratedSQLite(t, openSQLite(t, newFile(t), c.parameters), c.opts)
			})
		})
	}
}
