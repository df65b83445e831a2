package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// connectionsOfPool is the number of connections of a pool that lose their prepared statements.
const connectionsOfPool = 3

// onConnections runs a statement on several connections of a pool, like a host that resets connections.
func onConnections(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	var held []*sql.Conn
	for range connectionsOfPool {
		conn, err := db.Conn(context.Background())
		must(t, err)
		held = append(held, conn)
	}
	for _, conn := range held {
		mustExec(t, conn, statement)
		must(t, conn.Close())
	}
}

// holdCalls checks that each call succeeds directly after between was called.
func holdCalls(t *testing.T, store *sqlstore.Store, old apitoken.NewToken, between func()) {
	t.Helper()
	hold := func(calls ...storeCall) {
		for _, c := range calls {
			between()
			if _, err := c.do(context.Background()); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	writes, reads := storeCallsOf(t, store, old)
	hold(slices.Concat(reads, writes, reads, reads)...)
	hold(removalsOf(t, store, old)...)
}

// A host, or a pooler between sessions, may drop the prepared statements of a connection.
func TestPostgreSQLStatementsAreRestoredAfter(t *testing.T) {
	for _, statement := range []string{"DISCARD ALL", "DEALLOCATE ALL"} {
		for name, opts := range map[string]*sqlstore.Options{"": nil, ", unprepared, which pgx prepares": {Unprepared: true}} {
			t.Run(statement+name, func(t *testing.T) {
				d := onPostgreSQL.database(t)
				db := d.open(t, 0)
				store, other := d.newMigrated(t, db, opts), d.newStore(t, db, opts) // both prepare the same texts on the same connections
				old, _ := prepareForChanges(t, store)
				holdCalls(t, store, old, func() {
					if _, err := other.Lookup(context.Background(), old.Digest); err != nil {
						t.Errorf("another store on the pool: %v", err)
					}
					onConnections(t, db, statement)
				})
			})
		}
	}
}

// While connections are reset repeatedly, concurrent calls on them succeed.
func TestPostgreSQLStatementsAreRestoredWhileConnectionsAreReset(t *testing.T) {
	d := onPostgreSQL.database(t)
	db := d.open(t, 0)
	store := d.newMigrated(t, db, nil)
	old, _ := prepareForChanges(t, store)
	var over atomic.Bool
	var made atomic.Int64 // calls that have succeeded
	const callers, calls = 3, 100
	done := make(chan error, callers)
	for i := range callers {
		go func() {
			for range calls {
				_, err := store.Lookup(context.Background(), old.Digest)
				if err == nil {
					n := newToken("")
					n.Name = n.ID.String()
					err = store.CreateToken(context.Background(), n, 0, event(apitoken.ActionGenerate))
				}
				if err != nil {
					done <- fmt.Errorf("caller %d: %w", i, err)
					return
				}
				made.Add(1)
			}
			done <- nil
		}()
	}
	reset := make(chan struct{})
	go func() {
		defer close(reset)
		for !over.Load() {
			_, _ = db.Exec("DISCARD ALL")
			for since := made.Load(); made.Load() < since+callers && !over.Load(); { // a host makes calls between two resets
				runtime.Gosched()
			}
		}
	}()
	for range callers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	over.Store(true)
	<-reset
}

// PostgreSQL refuses a prepared statement after the type of one of its columns has changed.
func TestPostgreSQLStatementsAreRestoredAfterAColumnWasChanged(t *testing.T) {
	d := onPostgreSQL.database(t)
	db := d.open(t, 0)
	store := d.newMigrated(t, db, nil)
	old, _ := prepareForChanges(t, store)
	types := []string{`VARCHAR(300) COLLATE "C"`, `TEXT COLLATE "C"`}
	alter := d.open(t, 1)
	n := 0
	holdCalls(t, store, old, func() {
		onConnections(t, db, "SELECT 1") // there are several connections
		for _, column := range []string{"tokens ALTER kind", "users ALTER name", "events ALTER action"} {
			mustExec(t, alter, fmt.Sprintf("ALTER TABLE apitoken_%s TYPE %s", column, types[n%2]))
		}
		n++
	})
}

// A proxy may reset the session of a connection, and a server may refuse a statement whose tables keep changing.
func TestMySQLStatementsAreRestoredAfter(t *testing.T) {
	for _, lost := range []error{
		&mysql.MySQLError{Number: 1243, SQLState: [5]byte([]byte("HY000")), Message: "Unknown prepared statement handler"},
		&mysql.MySQLError{Number: 1615, SQLState: [5]byte([]byte("HY000")), Message: "Prepared statement needs to be re-prepared"},
	} {
		t.Run(lost.Error(), func(t *testing.T) {
			d := onMySQL.database(t)
			db, spy := openSpied(t, d)
			store := d.newMigrated(t, db, nil)
			old, _ := prepareForChanges(t, store)
			refused := map[string]bool{}
			spy.surround(func(c driverCall, do func() error) error {
				isFirst := !strings.HasPrefix(c.text, "/*") // a statement that replaces a lost one begins with a number
				if (c.kind == callExec || c.kind == callQuery) && isFirst && !refused[c.text] {
					refused[c.text] = true
					return lost
				}
				return do()
			})
			holdCalls(t, store, old, func() {})
			spy.surround(nil)
			if len(refused) < 25 {
				t.Errorf("only %d statements were lost", len(refused))
			}
		})
	}
}
