package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// envRows is the variable with the number of tokens during the migration.
const envRows = "APITOKEN_ROWS"

// A transaction that has read the tables, such as a backup, is open while several replicas migrate from the oldest version to the
// newest. Lookups do not wait for the end of the transaction, which is open for five tries of a step: none waits much longer than a
// step may take. When the transaction ends, the migrations complete.
func TestMigrateDoesNotKeepReadersWaiting(t *testing.T) {
	long(t)
	onEach(t, servers, func(t *testing.T, d database) {
		d.loadOldest(t)
		release := d.openReader(t)
		spy, migrated := &spy{}, make(chan error, atOnce)
		for range atOnce {
			store := d.newStore(t, spy.openPool(t, d.driver, d.dsns[0]), nil)
			go func() { migrated <- store.Migrate(context.Background()) }()
		}
		lookups := d.newLookups(t)
		tries, released, left := 0, false, atOnce
		for start := time.Now(); left > 0; {
			lookups.one(t)
			for _, text := range spy.statements() {
				if strings.Contains(text, "ALTER TABLE") {
					tries++
				}
			}
			if tries >= 5 && !released {
				release()
				released = true
			}
			select {
			case err := <-migrated:
				if left--; err != nil || !released {
					t.Errorf("Migrate: error %v, while the transaction was open: %v", err, !released)
				}
			default:
			}
			if time.Since(start) > 5*time.Minute {
				t.Fatalf("Migrate has not completed after %d tries", tries)
			}
		}
		lookups.hold(t, longestTry())
		t.Log(lookups)
	})
}

// If the transaction does not end, Migrate fails with an error that says what it waited for. Lookups keep working.
func TestMigrateSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	onEach(t, servers, func(t *testing.T, d database) {
		d.loadOldest(t)
		release := d.openReader(t)
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		defer cancel()
		db := d.open(t, 0)
		err := d.newStore(t, db, nil).Migrate(ctx)
		for _, part := range []string{"sqlstore: migrate to version", "ALTER TABLE apitoken_tokens", "a transaction that uses the tables", "open since"} {
			if !strings.Contains(fmt.Sprint(err), part) {
				t.Errorf("error %v, want one that says %q", err, part)
			}
		}
		d.newLookups(t).one(t)
		release()
		d.newMigrated(t, db, nil)
	})
}

// loadOldest makes the tables of the first version, with many tokens.
func (d database) loadOldest(t *testing.T) {
	t.Helper()
	d.loadFull(t, 1, rowsOfMigration())
}

// rowsOfMigration returns the number of tokens during a migration.
func rowsOfMigration() int {
	if n, err := strconv.Atoi(os.Getenv(envRows)); err == nil {
		return n
	}
	return 5_000
}

// openReader opens a transaction that has read the tables. release ends it, unless the step of a cluster has.
func (d database) openReader(t *testing.T) (release func()) {
	t.Helper()
	tx, err := d.open(t, 1).Begin()
	must(t, err)
	var n int
	must(t, tx.QueryRow(`SELECT count(*) FROM apitoken_tokens`).Scan(&n))
	t.Cleanup(func() { _ = tx.Rollback() })
	return func() {
		if err := tx.Rollback(); err != nil && len(d.dsns) == 1 {
			t.Error(err)
		}
	}
}

// lookups are those of a running replica of the previous build.
type lookups struct {
	db            *sql.DB
	text          string
	cluster       bool // whose steps block reads until they fail; they are tried again
	count, failed int
	longest       time.Duration
}

func (d database) newLookups(t *testing.T) *lookups {
	return &lookups{db: d.open(t, 2), cluster: len(d.dsns) > 1, text: d.spelled(`
SELECT u.id FROM apitoken_tokens AS t JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = (SELECT {digest} FROM (SELECT 11 AS i) AS one)`)}
}

func (l *lookups) one(t *testing.T) {
	t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var owner string
	ask := func() error { return l.db.QueryRowContext(ctx, l.text).Scan(&owner) }
	err := ask()
	for ; l.cluster && err != nil && ctx.Err() == nil; err = ask() {
		l.failed++
	}
	if err != nil || owner != "user11" {
		t.Fatalf("a lookup finds %q, %v", owner, err)
	}
	l.count++
	l.longest = max(l.longest, time.Since(start))
}

// longestTry is how long others wait at most while a step waits for a lock for up to a second, with a margin for a busy machine. With
// envRows, which is for measurements, the margin is small.
func longestTry() time.Duration {
	if os.Getenv(envRows) != "" {
		return 1500 * time.Millisecond
	}
	return 15 * time.Second
}

// hold checks that no lookup took longer.
func (l *lookups) hold(t *testing.T, limit time.Duration) {
	t.Helper()
	if l.longest > limit {
		t.Errorf("%v, want at most %v", l, limit)
	}
}

func (l *lookups) String() string {
	return fmt.Sprintf("of %d lookups the longest took %v, %d failed", l.count, l.longest, l.failed)
}

// A Migrate whose context ends while it waits leaves no lock behind in the pool: another one, which has to use another
// connection, goes on at once.
func TestMigrateThatGivesUpLeavesNoLock(t *testing.T) {
	long(t)
	onEach(t, servers, func(t *testing.T, d database) {
		d.loadOldest(t)
		release := d.openReader(t)
		db := d.open(t, 0)
		for _, wait := range []time.Duration{1300, 1600, 1900, 2200, 2500} { // milliseconds, to end in a try or in a pause
			ctx, cancel := context.WithTimeout(t.Context(), wait*time.Millisecond)
			if err := d.newStore(t, db, nil).Migrate(ctx); err == nil {
				t.Error("Migrate did not wait for the open transaction")
			}
			cancel()
		}
		release()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := d.newStore(t, d.open(t, 2), nil).Migrate(ctx); err != nil {
			t.Errorf("after the transaction has ended: %v", err)
		}
	})
}
