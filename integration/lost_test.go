package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
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

// While connections are reset repeatedly, concurrent calls on them succeed. The next reset comes when each caller has made a call that
// began after the last one, so that no call meets more than two, however slow it is.
func TestPostgreSQLStatementsAreRestoredWhileConnectionsAreReset(t *testing.T) {
	d := onPostgreSQL.database(t)
	db := d.open(t, 0)
	store := d.newMigrated(t, db, nil)
	old, _ := prepareForChanges(t, store)
	const callers, calls = 3, 100
	var over atomic.Bool
	var made [callers]atomic.Int64 // pairs of calls of each caller that have returned
	done := make(chan error, callers)
	for i := range callers {
		go func() {
			defer made[i].Add(2) // no reset waits for a caller that has ended
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
				made[i].Add(1)
			}
			done <- nil
		}()
	}
	resets := 0
	reset := make(chan struct{})
	go func() {
		defer close(reset)
		for ; !over.Load(); resets++ {
			_, _ = db.Exec("DISCARD ALL")
			for i := range made {
				for since := made[i].Load(); made[i].Load() < since+2 && !over.Load(); {
					runtime.Gosched()
				}
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
	t.Logf("%d resets", resets)
}

// While one call prepares a lost statement again, however long that takes, the calls of others succeed on connections that have lost
// it too.
func TestPostgreSQLCallsSucceedWhileAStatementIsRestored(t *testing.T) {
	d := onPostgreSQL.database(t)
	db, spy := openSpied(t, d)
	store := d.newMigrated(t, db, nil)
	old, _ := prepareForChanges(t, store)
	lookup := func() error {
		_, err := store.Lookup(context.Background(), old.Digest)
		return err
	}
	onConnections(t, db, "SELECT 1") // there are several connections
	var all sync.WaitGroup
	for range 50 { // which have the statement
		all.Go(func() {
			if err := lookup(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	onConnections(t, db, "DISCARD ALL")
	restoring, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	spy.surround(func(c driverCall, do func() error) error {
		if c.kind == callPrepare && strings.HasPrefix(c.text, "/* 1 */") {
			once.Do(func() { close(restoring); <-goOn })
		}
		return do()
	})
	first := make(chan error, 1)
	go func() { first <- lookup() }()
	<-restoring
	var others error
	for range 50 {
		others = errors.Join(others, lookup())
	}
	close(goOn)
	must(t, others)
	must(t, <-first)
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
