package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// newFakeStore returns a store on a fake database that has its tables.
func newFakeStore(t *testing.T, d sqlstore.Dialect) (*sqlstore.Store, *sql.DB, *fakeDB) {
	t.Helper()
	db, fake := openFake(t)
	store, err := sqlstore.New(db, d, nil)
	must(t, err)
	for _, q := range store.Queries() {
		switch q.Name {
		case "findVersions":
			fake.returns(q.Text, int64(1))
		case "lastVersion":
			fake.returns(q.Text, newest(t, store))
		case "readersWait":
			fake.returns(q.Text, false)
		case "checkConnection":
			fake.returns(q.Text, "")
		case "readPolicy":
			fake.returns(q.Text, int64(0), nil, "", int64(0), nil)
		}
	}
	return store, db, fake
}

// A call may wait for a connection without limit, so Close does not wait for it.
func TestCloseReturnsWhileALookupWaitsForAConnection(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			store, db, _ := newFakeStore(t, d)
			if _, err := store.Policy(t.Context()); err != nil {
				t.Fatal(err)
			}
			held, err := db.Conn(t.Context())
			must(t, err)
			done := make(chan error)
			go func() {
				_, err := store.Lookup(context.Background(), apitoken.Digest{})
				done <- err
			}()
			for db.Stats().WaitCount == 0 {
				runtime.Gosched()
			}
			closed := make(chan error, 1)
			go func() { closed <- store.Close() }()
			select {
			case err := <-closed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Error("Close waits for the lookup")
			}
			if err := held.Close(); err != nil {
				t.Error(err)
			}
			if err := <-done; !errors.Is(err, apitoken.ErrNotFound) {
				t.Errorf("the lookup in flight: error %v, want %v", err, apitoken.ErrNotFound)
			}
		})
	}
}

// A store may be created outside a bubble of testing/synctest and used first inside or first outside.
func TestStoreWorksInAndOutsideOfSynctest(t *testing.T) {
	for name, d := range dialects {
		for _, inside := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				store, _, _ := newFakeStore(t, d)
				use := func(t *testing.T) {
					t.Helper()
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					for range 3 {
						if _, err := store.Lookup(ctx, apitoken.Digest{}); !errors.Is(err, apitoken.ErrNotFound) {
							t.Error(err)
						}
						if _, err := store.Policy(ctx); err != nil {
							t.Error(err)
						}
						if err := store.AppendEvents(ctx, []apitoken.Event{{}}); err != nil {
							t.Error(err)
						}
					}
				}
				if !inside {
					use(t)
				}
				synctest.Test(t, use)
				use(t)
				synctest.Test(t, func(t *testing.T) {
					if err := store.Close(); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}
