package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// If the connection breaks while a server waits for its standby, the change becomes visible, although the standby does not
// have it and a fail-over would lose it. Such a change is not acknowledged, even if it is repeated, until the standby has
// it.
func TestPostgreSQLDoesNotAcknowledgeWhatTheStandbyLacks(t *testing.T) {
	t.Parallel()
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
		done: func() bool { // by its ID, because numbering would wait for the standby
			var n int
			must(t, plain.QueryRow(`SELECT count(*) FROM apitoken_events WHERE id = $1`, denied.ID[:]).Scan(&n))
			return n == 1
		},
	})
	alone := d.open(t, 0) // the connection of this store is not cut
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
			t.Errorf("%s is not visible, so the test proves nothing", c.name)
		}
	}
	// A repetition waits for the standby, too.
	onServer(t, server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	untilServer(t, server, `SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	again, cancelAgain := context.WithCancel(t.Context())
	defer cancelAgain()
	endsAgain := holdUncertainAtOnce(t, "again", again, append(pending, left)...)
	untilServer(t, server, `SELECT count(*) = 5 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
	cancelAgain()
	endsAgain.Wait()

	onServer(t, server, `ALTER SYSTEM RESET synchronous_standby_names`, `SELECT pg_reload_conf()`)
	for _, c := range append(pending, left) {
		if err := c.do(t.Context()); err != nil || !c.done() {
			t.Errorf("%s with no standby to wait for: error %v, done: %v", c.name, err, c.done())
		}
	}
	holdCounting(t, store)
}

// waitForAStandbyThatIsNotThere makes the server wait for a standby that does not exist, and returns when it does.
func waitForAStandbyThatIsNotThere(t *testing.T, server *engine.Postgres, db *sql.DB) {
	t.Helper()
	onServer(t, server, `ALTER SYSTEM SET synchronous_standby_names = 'missing'`, `SELECT pg_reload_conf()`)
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
			return // it waited until the context ended
		}
	}
	t.Fatal("the server does not wait for a standby")
}

// holdUncertainAtOnce starts changes concurrently, and checks that each fails with ErrUncertain.
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

// moreChanges returns changes that are independent of each other and of those of other calls.
func moreChanges(t *testing.T, store *sqlstore.Store) []change {
	t.Helper()
	created, revoked := newToken(""), newToken("")
	created.Name, revoked.Name = created.ID.String(), revoked.ID.String()
	must(t, store.CreateToken(context.Background(), revoked, 0, event(apitoken.ActionGenerate)))
	eve := bob
	eve.ID = apitoken.UserID("eve " + created.Name)
	generate, revoke, put := event(apitoken.ActionGenerate), event(apitoken.ActionRevoke), event(apitoken.ActionPutUser)
	return []change{
		{
			name: "CreateToken",
			do:   func(ctx context.Context) error { return store.CreateToken(ctx, created, 0, generate) },
			done: func() bool { return has(t, store.Token, created.ID, func(*apitoken.Record) bool { return true }) },
		},
		{
			name: "RevokeToken",
			do: func(ctx context.Context) error {
				_, err := store.RevokeToken(ctx, revoked.ID, apitoken.Revocation{At: at, By: "ada"}, revoke)
				return err
			},
			done: func() bool {
				return has(t, store.Token, revoked.ID, func(r *apitoken.Record) bool { return !r.Token.RevokedAt.IsZero() })
			},
		},
		{
			name: "CreateUser",
			do:   func(ctx context.Context) error { return createUser(ctx, store, eve, put) },
			done: func() bool { return has(t, store.User, eve.ID, func(apitoken.User) bool { return true }) },
		},
	}
}

// has reports whether a row exists and satisfies is. Any error but ErrNotFound ends the test.
func has[ID, Row any](t *testing.T, read func(context.Context, ID) (Row, error), id ID, is func(Row) bool) bool {
	t.Helper()
	row, err := read(context.Background(), id)
	if err != nil && !errors.Is(err, apitoken.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil && is(row)
}
