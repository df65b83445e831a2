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

// A transaction that has read the tables, such as a backup, is open while one or several replicas migrate from the oldest
// version to the newest. No lookup waits much longer than a step may take. When the transaction ends, the migrations complete.
func TestMigrateDoesNotKeepReadersWaiting(t *testing.T) {
	for _, b := range servers {
		for _, replicas := range []int{1, atOnce} {
			t.Run(fmt.Sprintf("%s, replicas: %d", b.name, replicas), func(t *testing.T) {
				if replicas > 1 {
					long(t)
				}
				d := b.database(t)
				d.loadOldest(t)
				release := d.openReader(t)
				spy, migrated := &spy{}, make(chan error, replicas)
				for range replicas {
					store := d.newStore(t, spy.openPool(t, d.driver, d.dsns[0]), nil)
					go func() { migrated <- store.Migrate(context.Background()) }()
				}
				lookups := d.newLookups(t)
				tries, released, left := 0, false, replicas
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
				lookups.hold(t)
				t.Log(lookups)
			})
		}
	}
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
	db := d.open(t, 0)
	d.runSteps(t, "", 1)
	d.loadMany(t, db)
	rows := 5_000
	if n, err := strconv.Atoi(os.Getenv(envRows)); err == nil {
		rows = n
	}
	const each = 5000 // numbers
	for from := each; from < rows; from += each {
		statement := many[strings.Index(many, "INSERT INTO apitoken_tokens"):strings.Index(many, "INSERT INTO apitoken_events")]
		statement = strings.TrimSuffix(strings.TrimSpace(statement), ";")
		statement = strings.Replace(statement, "FROM numbers", fmt.Sprintf("FROM (SELECT i + %d AS i FROM numbers) AS more", from), 1)
		mustExec(t, db, d.spelled(statement))
	}
}

// openReader opens a transaction that has read the tables. release ends it.
func (d database) openReader(t *testing.T) (release func()) {
	t.Helper()
	tx, err := d.open(t, 1).Begin()
	must(t, err)
	var n int
	must(t, tx.QueryRow(`SELECT count(*) FROM apitoken_tokens`).Scan(&n))
	t.Cleanup(func() { _ = tx.Rollback() })
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// lookups are those of a running replica of the previous build.
type lookups struct {
	db      *sql.DB
	count   int
	longest time.Duration
}

func (d database) newLookups(t *testing.T) *lookups { return &lookups{db: d.open(t, 2)} }

func (l *lookups) one(t *testing.T) {
	t.Helper()
	start := time.Now()
	var owner string
	err := l.db.QueryRow(`
SELECT u.id FROM apitoken_tokens AS t JOIN apitoken_users AS u ON u.id = t.owner WHERE t.live_name = 'name11' AND t.owner = 'user11'`).Scan(&owner)
	if err != nil || owner != "user11" {
		t.Fatalf("a lookup finds %q, %v", owner, err)
	}
	l.count++
	l.longest = max(l.longest, time.Since(start))
}

// hold checks that no lookup took much longer than a step may, with a margin for a busy machine.
func (l *lookups) hold(t *testing.T) {
	t.Helper()
	if l.longest > 1500*time.Millisecond {
		t.Errorf("of %d lookups the longest took %v, want about a second at most", l.count, l.longest)
	}
}

func (l *lookups) String() string {
	return fmt.Sprintf("of %d lookups the longest took %v", l.count, l.longest)
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
