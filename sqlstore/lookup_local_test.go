package sqlstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// Goroutines that watch a context cost a third of a read of SQLite. A lookup just after another one does without them.
func TestSQLiteLookupWatchesNoContextAfterARecentLookup(t *testing.T) {
	store, _, fake := newFakeStore(t, sqlstore.SQLite)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := store.Policy(ctx); err != nil {
		t.Fatal(err)
	}
	var watched []bool
	fake.query = func(ctx context.Context, _ string) error {
		watched = append(watched, ctx.Done() != nil)
		return nil
	}
	const lookups = 1000 // the previous one may no longer be recent for some
	for range lookups {
		if _, err := store.Lookup(ctx, apitoken.Digest{1}); !errors.Is(err, apitoken.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if !watched[0] {
		t.Error("the first lookup is not watched, want watched")
	}
	unwatched := 0
	for _, w := range watched {
		if !w {
			unwatched++
		}
	}
	if unwatched < lookups/2 {
		t.Errorf("%d of %d lookups were unwatched, want most of them", unwatched, lookups)
	}
	if got := fake.sent[len(fake.sent)-1].args; len(got) != 1 || string(got[0].([]byte)) != string(append([]byte{1}, make([]byte, 31)...)) {
		t.Errorf("an unwatched lookup sends %v, want the digest", got)
	}
}

// Without WAL a reader waits for the writer, perhaps another process, so every lookup watches its context.
func TestSQLiteLookupWatchesItsContextIfReadersWait(t *testing.T) {
	store, _, fake := newFakeStore(t, sqlstore.SQLite)
	for _, q := range store.Queries() {
		if q.Name == "readersWait" {
			fake.returns(q.Text, true)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	unwatched := 0
	fake.query = func(ctx context.Context, _ string) error {
		if ctx.Done() == nil {
			unwatched++
		}
		return nil
	}
	for range 1000 {
		if _, err := store.Lookup(ctx, apitoken.Digest{1}); !errors.Is(err, apitoken.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if unwatched > 0 {
		t.Errorf("%d of 1,000 lookups were unwatched, want none", unwatched)
	}
}

// A lookup that waits for a connection keeps its deadline, even just after another one has succeeded.
func TestSQLiteLookupWaitsForAConnectionUntilItsDeadline(t *testing.T) {
	store, db, _ := newFakeStore(t, sqlstore.SQLite)
	for range 20 { // most of them are unwatched
		watched, cancel := context.WithCancel(context.Background())
		if _, err := store.Lookup(watched, apitoken.Digest{}); !errors.Is(err, apitoken.ErrNotFound) {
			t.Fatal(err)
		}
		cancel()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		held, err := db.Conn(context.Background())
		must(t, err)
		if _, err := store.Lookup(ctx, apitoken.Digest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
		must(t, held.Close())
	}
}
