package integration_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// namedStore is a store for the model test and the linearizability test.
type namedStore struct {
	name   string
	server bool // outside of the process

	// prepare makes what all stores of one test share. The end of the test removes it.
	prepare func(t testing.TB) opener
}

// opener opens an empty store for the replicas of a host: one that they share, or one on a connection pool of its own for each.
// A test opens thousands of them, one at a time, so the caller calls done as soon as it has used one.
type opener func(t testing.TB) (replicas []apitoken.Store, done func())

// stores are the stores under test.
var stores = append([]namedStore{
	{name: "memory", prepare: prepareMemory},
	{name: "SQLite", prepare: copiesOfSQLite},
}, storesOnServers()...)

func storesOnServers() (all []namedStore) {
	for _, b := range servers {
		all = append(all, storeOn(b))
	}
	return all
}

func storeOn(b backend) namedStore {
	return namedStore{b.name, true, func(t testing.TB) opener { return b.database(t).opener(t, nil) }}
}

func prepareMemory(testing.TB) opener {
	return func(testing.TB) ([]apitoken.Store, func()) { return []apitoken.Store{memstore.New()}, func() {} }
}

// opener makes the stores of three replicas on the database, and clears the database each time. A spy, unless nil, is on all of
// their connections.
func (d database) opener(t testing.TB, s *spy) opener {
	t.Helper()
	replicas, db := d.stores(t, s), d.open(t, 0)
	return func(t testing.TB) ([]apitoken.Store, func()) {
		t.Helper()
		d.clear(t, db, defaultPrefix)
		return replicas, func() {}
	}
}

// stores returns the stores of three replicas of a host, each on its own connection pool, with a spy on them unless nil.
func (d database) stores(t testing.TB, s *spy) (all []apitoken.Store) {
	t.Helper()
	for i := range replicasOfHost {
		var pool *sql.DB
		if s == nil {
			pool = d.open(t, i)
		} else {
			pool = s.openPool(t, d.driver, d.dsns[i%len(d.dsns)])
		}
		all = append(all, d.newMigrated(t, pool, nil))
	}
	return all
}

// These tests are about answers and not about durability, so nothing waits for the disk.
const fastSQLite = "?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(ON)&_txlock=immediate"

// copiesOfSQLite makes an empty database with its tables once, and copies the file for each store.
func copiesOfSQLite(t testing.TB) opener {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "empty.db")
	store, done := openSQLiteFile(t, file)
	must(t, store.Migrate(context.Background()))
	done()
	empty, err := os.ReadFile(file)
	must(t, err)
	return func(t testing.TB) ([]apitoken.Store, func()) {
		t.Helper()
		one, err := os.MkdirTemp(dir, "")
		must(t, err)
		file := filepath.Join(one, "tokens.db")
		must(t, os.WriteFile(file, empty, 0o600))
		store, done := openSQLiteFile(t, file)
		return []apitoken.Store{store}, func() {
			done()
			if err := os.RemoveAll(one); err != nil {
				t.Error(err)
			}
		}
	}
}

// withoutDisk returns the database without waits for the disk. The servers of the tests never wait.
func (d database) withoutDisk() database {
	for i := range d.dsns {
		d.dsns[i] = strings.Replace(d.dsns[i], "synchronous(FULL)", "synchronous(OFF)", 1)
	}
	return d
}

func openSQLiteFile(t testing.TB, file string) (*sqlstore.Store, func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+fastSQLite)
	must(t, err)
	db.SetMaxOpenConns(4) // the default keeps only two of them open
	db.SetMaxIdleConns(4)
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	must(t, err)
	return store, func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
