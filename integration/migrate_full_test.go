package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A full database migrates from an older version to the newest, while a replica of the older build looks up and generates tokens. At
// first a transaction that has read the tables, such as a backup, is open. Neither waits for its end: it is open until tokens were
// generated between the tries of a step. With APITOKEN_ROWS each older version is tried.
func TestMigratingAFullDatabaseKeepsTokensWorking(t *testing.T) {
	long(t)
	for _, b := range servers {
		b.migratesFull(t)
	}
}

func (b backend) migratesFull(t *testing.T) {
	until := newest(t, database{backend: b})
	if os.Getenv(envRows) == "" {
		until = 2 // the steps after the first version include all others
	}
	for version := 1; version < until; version++ {
		t.Run(fmt.Sprintf("%s, version %d", b.name, version), func(t *testing.T) {
			d, rows := b.database(t), rowsOfMigration()
			d.loadFull(t, version, rows)
			spy, steps := &spy{}, &stepTimes{}
			spy.surround(steps.measure)
			store := d.newStore(t, spy.openPool(t, d.driver, d.dsns[0]), nil)
			lookups, generator, release := d.newLookups(t), d.newGenerator(t, rows+1), d.openReader(t)

			migrated, generated := make(chan error, 1), make(chan error, 1)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { generated <- generator.run(ctx) }()
			start := time.Now()
			go func() { migrated <- store.Migrate(ctx) }()
			pace, released, done := time.NewTicker(2*time.Millisecond), false, false
			beside := int64(-1) // how many tokens were generated until the first try has failed
			for ; !done; <-pace.C {
				lookups.one(t)
				failures, count := steps.failures.Load(), generator.count.Load()
				if beside < 0 && failures >= 1 {
					beside = count
				}
				goesOn := len(d.dsns) > 1 || count > beside+1 // one may have been complete and not counted
				if !released && failures >= 3 && goesOn {
					release()
					released = true
				}
				select {
				case err := <-migrated:
					must(t, err)
					done = true
				default:
				}
			}
			took := time.Since(start)
			stop()
			must(t, <-generated)
			t.Logf("%d tokens: migrated in %v, the longest step in %v; %v; %v", rows, took, steps.longest, lookups, generator)
			d.holdStalls(t, lookups, generator, steps.longest, took)
			var n int
			must(t, d.open(t, 0).QueryRow(`SELECT count(*) FROM apitoken_tokens`).Scan(&n))
			if want := rows + int(generator.count.Load()); n != want {
				t.Errorf("%d tokens after the migration, want %d", n, want)
			}
		})
	}
}

// holdStalls checks that neither a lookup nor generating took much longer than a try of a step. While a step makes indexes, nothing
// can be written to the table on PostgreSQL. A cluster is blocked by each step, and the next step may begin before the calls that
// waited have succeeded.
func (d database) holdStalls(t *testing.T, lookups *lookups, g *generator, step, migration time.Duration) {
	t.Helper()
	limit := longestTry()
	switch {
	case len(d.dsns) > 1:
		lookups.hold(t, migration+longestTry())
		limit += migration
	case d.driver == "pgx":
		lookups.hold(t, longestTry())
		limit += step
	default:
		lookups.hold(t, longestTry())
	}
	if g.longest > limit {
		t.Errorf("%v, want at most %v", g, limit)
	}
}

// stepTimes measures how long the statements of Migrate take: those of a transaction together, others each.
type stepTimes struct {
	failures         atomic.Int32
	inTransaction    bool
	current, longest time.Duration
}

func (s *stepTimes) measure(c driverCall, do func() error) error {
	start := time.Now()
	err := do()
	switch {
	case c.kind == callBegin:
		s.inTransaction, s.current = true, 0
	case isTransactionEnd(c.text):
		s.inTransaction = false
	case c.kind == callExec:
		if !s.inTransaction {
			s.current = 0
		}
		s.current += time.Since(start)
		s.longest = max(s.longest, s.current)
		if err != nil && !errors.Is(err, driver.ErrSkip) {
			s.failures.Add(1)
		}
	}
	return err
}

// loadFull makes the tables of a version, with five tokens for each user and an event for each token. The rows are those of the first
// version, and have been migrated.
func (d database) loadFull(t *testing.T, version, rows int) {
	t.Helper()
	start := time.Now()
	d.runSteps(t, "", 1)
	db := d.open(t, 0)
	db.SetMaxOpenConns(1) // for the setting of the session
	drop, restore := d.indexesOfTokens(t)
	if d.driver == "pgx" {
		mustExec(t, db, "SET session_replication_role = replica") // turns foreign keys off
	}
	numbers := map[string]string{"pgx": manyOfPostgreSQL, "mysql": manyOfMySQL}[d.driver] // from 1 to each
	for _, statement := range slices.Concat(drop, strings.Split(strings.TrimSuffix(numbers, ";"), ";")) {
		mustExec(t, db, statement)
	}
	const each = 5000
	for from := 0; from < rows; from += each {
		statements := strings.NewReplacer(
			"{owner}", fmt.Sprintf("concat('user', i %% %d)", rows/5),
			"i <= 1000", fmt.Sprintf("i <= %d", rows/5),
			"CASE WHEN i <= 4990 THEN i END", "i",
			"FROM numbers", fmt.Sprintf("FROM (SELECT i + %d AS i FROM numbers WHERE i <= %d) AS more", from, rows-from),
		).Replace(many)
		for statement := range strings.SplitSeq(statements, ";") {
			mustExec(t, db, d.spelled(statement))
		}
	}
	mustExec(t, db, fmt.Sprintf("UPDATE apitoken_feed SET last_seq = %d", rows))
	for _, statement := range restore {
		mustExec(t, db, statement)
	}
	d.analyze(t, db)
	loaded := time.Now()
	d.runStepsAfter(t, "", 1, version)
	t.Logf("loaded in %v, at version %d after another %v", loaded.Sub(start), version, time.Since(loaded))
}

// generator generates tokens as a running replica of any previous build does: its columns are those of the first version. It tries
// again after a failure, as a store does.
type generator struct {
	database
	db      *sql.DB
	next    int // the number of the token
	count   atomic.Int64
	failed  int
	longest time.Duration
	failure error // the last one
}

func (d database) newGenerator(t *testing.T, next int) *generator {
	return &generator{database: d, db: d.open(t, 2), next: next}
}

// run generates tokens until the context ends, and completes the last one.
func (g *generator) run(ctx context.Context) error {
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for {
		start := time.Now()
		for err := g.one(); err != nil; err = g.one() {
			g.failed, g.failure = g.failed+1, err
			if time.Since(start) > 5*time.Minute {
				return fmt.Errorf("no token is generated: %w", err)
			}
			<-pace.C
		}
		g.count.Add(1)
		g.next++
		g.longest = max(g.longest, time.Since(start))
		select {
		case <-ctx.Done():
			return nil
		case <-pace.C:
		}
	}
}

func (g *generator) one() error {
	tx, err := g.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	lock := map[string]string{"pgx": "FOR SHARE", "mysql": "LOCK IN SHARE MODE"}[g.driver]
	if _, err := tx.Exec("SELECT revision FROM apitoken_policy " + lock); err != nil {
		return err
	}
	for _, text := range []string{`
INSERT INTO apitoken_tokens (digest, id, owner, name, live_name, kind, created_at, created_by, revoked_by, hint, epoch)
SELECT {digest}, {id}, 'user11', {text}, {text}, 'user', i, 'user11', '', 'tok_...abcd', 1 FROM (SELECT %d AS i) AS one`, `
INSERT INTO apitoken_events (id, at, action, outcome, actor_kind, actor_user, owner)
SELECT {id}, i, 'token.generate', 'done', 'person', 'user11', 'user11' FROM (SELECT %d AS i) AS one`,
	} {
		if _, err := tx.Exec(g.spelled(fmt.Sprintf(text, g.next))); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (g *generator) String() string {
	if g.failed == 0 {
		return fmt.Sprintf("of %d tokens generated the longest took %v", g.count.Load(), g.longest)
	}
	return fmt.Sprintf("of %d tokens generated the longest took %v, with %d failures, at last: %v", g.count.Load(), g.longest, g.failed, g.failure)
}
