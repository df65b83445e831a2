package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// A server that waits for its standby when the connection breaks lets the change be seen, though the standby has not got it
// and a fail-over would undo it. Such a change is not called done, however often it is asked for, before it is safe.
func TestPostgreSQLDoesNotAcknowledgeWhatTheStandbyHasNotGot(t *testing.T) {
	server, err := engine.StartPostgres(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "postgres", err)
	stopAtTheEnd(t, server)
	d := database{onPostgreSQL, []string{server.DSN()}}
	plain := d.open(t, 0)
	store := d.newMigrated(t, d.open(t, 0), nil)
	must(t, addBob(t.Context(), store))
	denied := event(apitoken.ActionReadEvents)
	pending := append(moreChanges(t, store), change{
		name: "AppendEvents",
		do:   func(ctx context.Context) error { return store.AppendEvents(ctx, []apitoken.Event{denied}) },
		done: func() bool { // without a number, which cannot be given now
			var n int
			must(t, plain.QueryRow(`SELECT count(*) FROM apitoken_events WHERE id = $1`, denied.ID[:]).Scan(&n))
			return n == 1
		},
	})
	alone := d.open(t, 0) // with a server that does not answer, and is not cut off either
	mustExec(t, alone, `SET application_name = 'alone'`)
	alone.SetMaxOpenConns(1)
	left := moreChanges(t, d.newStore(t, alone, nil))[0]

	waitForAStandbyThatIsNotThere(t, server, plain)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ends := holdUncertainAtOnce(t, "the first time", t.Context(), pending...)
	endsAlone := holdUncertainAtOnce(t, "with a context that ends", ctx, left)
	untilServer(t, server, `SELECT count(*) = 5 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	cancel()
	onServer(t, server, `
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE wait_event = 'SyncRep' AND application_name <> 'alone'`)
	ends.Wait()
	endsAlone.Wait()
	for _, c := range pending {
		if !c.done() {
			t.Errorf("%s cannot be seen, so there is nothing to be wrong about", c.name)
		}
	}
	again, cancelAgain := context.WithTimeout(t.Context(), time.Second) // what finds nothing to do waits as long as what does something
	defer cancelAgain()
	holdUncertainAtOnce(t, "again", again, append(pending, left)...).Wait()

	onServer(t, server, `ALTER SYSTEM RESET synchronous_standby_names`, `SELECT pg_reload_conf()`)
	for _, c := range append(pending, left) {
		if err := c.do(t.Context()); err != nil || !c.done() {
			t.Errorf("%s with no standby to wait for: error %v, done: %v", c.name, err, c.done())
		}
	}
	holdCounting(t, store)
}

// waitForAStandbyThatIsNotThere has the server acknowledge nothing any more. It takes a while until it does not.
func waitForAStandbyThatIsNotThere(t *testing.T, server *engine.Postgres, db *sql.DB) {
	t.Helper()
	onServer(t, server, `ALTER SYSTEM SET synchronous_standby_names = 'nobody'`, `SELECT pg_reload_conf()`)
	const waits = `SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	for ctx.Err() == nil {
		asked, cancel := context.WithCancel(ctx)
		answer := make(chan error, 1)
		go func() {
			_, err := db.ExecContext(asked, `UPDATE apitoken_feed SET last_seq = last_seq`)
			answer <- err
		}()
		for waiting := false; !waiting && len(answer) == 0; {
			must(t, db.QueryRowContext(ctx, waits).Scan(&waiting))
		}
		cancel()
		if err := <-answer; err != nil {
			return // it would have waited for ever
		}
	}
	t.Fatal("the server does not wait for a standby")
}

// holdUncertainAtOnce begins changes at one time, and holds that each ends with its outcome unknown.
func holdUncertainAtOnce(t *testing.T, when string, ctx context.Context, changes ...change) *sync.WaitGroup {
	var going sync.WaitGroup
	for _, c := range changes {
		going.Go(func() {
			if err := c.do(ctx); !errors.Is(err, apitoken.ErrUncertain) {
				t.Errorf("%s, %s: error %v, want %v", c.name, when, err, apitoken.ErrUncertain)
			}
		})
	}
	return &going
}
