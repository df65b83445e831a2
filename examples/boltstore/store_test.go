package boltstore_test

import (
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/examples/boltstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) apitoken.Store { return newStore(t, openEmpty(t)) })
}

func newStore(t *testing.T, db *bbolt.DB) *boltstore.Store {
	t.Helper()
	s, err := boltstore.New(db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openEmpty opens a new file, which is closed when the test ends. NoSync is for tests alone.
func openEmpty(t *testing.T) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "tokens.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
