package integration_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// namedStore is a store that the model test and the linearizability test hold to the same promises.
type namedStore struct {
	name string

	// open makes an empty store. Thousands are opened in one test, so whoever opens one calls done as soon as he is done
	// with it and does not wait for the end of the test.
	open func(t testing.TB) (store apitoken.Store, done func())
}

// stores are the stores under test.
func stores(t testing.TB) []namedStore {
	return []namedStore{
		{name: "memory", open: openMemory},
		{name: "SQLite", open: copiesOfSQLite(t)},
	}
}

func openMemory(testing.TB) (apitoken.Store, func()) { return memstore.New(), func() {} }

// What is tested here is what the store answers and not that it survives, so nothing waits for the disk.
const fastSQLite = "?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(ON)&_txlock=immediate"

// copiesOfSQLite makes an empty database with its tables once, and copies the file for each store that is opened.
func copiesOfSQLite(t testing.TB) func(testing.TB) (apitoken.Store, func()) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "empty.db")
	store, done := openSQLiteFile(t, file)
	if err := store.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	done()
	empty, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(t testing.TB) (apitoken.Store, func()) {
		t.Helper()
		one, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(one, "tokens.db")
		if err := os.WriteFile(file, empty, 0o600); err != nil {
			t.Fatal(err)
		}
		store, done := openSQLiteFile(t, file)
		return store, func() {
			done()
			if err := os.RemoveAll(one); err != nil {
				t.Error(err)
			}
		}
	}
}

func openSQLiteFile(t testing.TB, file string) (*sqlstore.Store, func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+fastSQLite)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(4) // as many as there is use for; two more idle than the default keeps, or they come and go
	db.SetMaxIdleConns(4)
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store, func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
