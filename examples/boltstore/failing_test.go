package boltstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestClosedDatabaseIsNoVerdict(t *testing.T) {
	db := openEmpty(t)
	s := newStore(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, read := s.User(t.Context(), "ada")
	_, write := s.CreateUser(t.Context(), ada, newEvent())
	for what, err := range map[string]error{"User": read, "CreateUser": write} {
		if err == nil {
			t.Errorf("%s succeeds", what)
		}
		for _, verdict := range []error{apitoken.ErrNotFound, apitoken.ErrExists, apitoken.ErrConflict, apitoken.ErrUncertain} {
			if errors.Is(err, verdict) {
				t.Errorf("%s: %v, which is %v", what, err, verdict)
			}
		}
	}
}

// A commit that fails may have reached the file, so it is neither a success nor a promise that nothing was written.
func TestFailedCommitIsUncertain(t *testing.T) {
	var file *os.File
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "tokens.db"), 0o600, &bbolt.Options{
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // an error, because its file is closed already
	s := newStore(t, db)
	if err := file.Close(); err != nil { // bbolt's own, so that it can no longer write
		t.Fatal(err)
	}
	if _, err := s.CreateUser(t.Context(), ada, newEvent()); !errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("CreateUser: error %v, want %v", err, apitoken.ErrUncertain)
	}
	change := apitoken.UserChange{Disable: true}
	if _, err := s.ChangeUser(t.Context(), "bob", change, newEvent()); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("ChangeUser of a missing user, which commits nothing: error %v, want %v", err, apitoken.ErrNotFound)
	}
}
