//go:build unix

package integration_test

import (
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// behindHAProxy returns the database of servers behind a proxy that sends connections to the primary.
func behindHAProxy(t *testing.T, servers ...*engine.Postgres) database {
	t.Helper()
	var dsns []string
	for _, p := range servers {
		dsns = append(dsns, p.DSN())
	}
	p, err := engine.StartHAProxy(t.TempDir(), dsns...)
	engine.Require(t, "haproxy", err)
	stopAtTheEnd(t, p)
	return database{onPostgreSQL, []string{p.DSN("postgres")}}
}

func TestHAProxyServesEveryCall(t *testing.T) {
	server, err := engine.StartPostgres(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "postgres", err)
	stopAtTheEnd(t, server)
	d := behindHAProxy(t, server)
	store := d.newMigrated(t, d.open(t, 0), nil)
	old, _ := prepareForChanges(t, store)
	holdCalls(t, store, old, func() {})
}

// A host behind a proxy continues with the standby when the primary hangs: the proxy closes the connections to a server that does not
// answer. No acknowledged change is lost, and the host prepares its statements on the new primary.
func TestHAProxyFollowsAFailOver(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	standby := startStandby(t, primary)
	d := behindHAProxy(t, primary, standby)
	l := newLoad(t, clientsOfCrash, d.stores(t, nil))
	l.limit = longestOutcome - 5*time.Second // a call that waits for a server that hangs takes longer
	idle := newPreparedHost(t, d)
	idle.holdPrepared(t, primary)
	stop := l.start(t)
	l.awaitAcknowledged(t, 200)
	l.goWithout(t, len(l.clients), func() error { return hangPostgreSQL(t, primary) }, standby.Promote)
	l.awaitAcknowledged(t, 200)
	l.awaitEach(t, l.clients)
	stop()
	holdServer(t, d, standby)
	idle.holdPrepared(t, standby)
	l.settle(t, d, true)
	t.Log(l.figures())
}

// Without a proxy and without a pooler: a host that names both servers prepares its statements on the new primary too.
func TestPostgreSQLStatementsArePreparedAnewAfterAFailOver(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	standby := startStandby(t, primary)
	h := newPreparedHost(t, database{onPostgreSQL, []string{engine.ReadWriteDSN(primary, standby)}})
	h.holdPrepared(t, primary)
	must(t, killPostgreSQL(t, primary))
	must(t, standby.Promote())
	h.holdPrepared(t, standby)
}

// preparedHost is a host with one connection, on which its statements are prepared.
type preparedHost struct {
	db   *sql.DB
	m    *apitoken.Manager
	text string
}

func newPreparedHost(t *testing.T, d database) *preparedHost {
	t.Helper()
	h := &preparedHost{db: d.open(t, 0)}
	h.db.SetMaxOpenConns(1)
	h.m, _ = newManager(t, d.newMigrated(t, h.db, &sqlstore.Options{TablePrefix: "prepared_"})) // beside the tables of others
	h.text = generateMany(t, h.m, 1)[0]
	return h
}

// holdPrepared makes calls, of which one may fail that finds the connection broken, and checks that their statements are then
// prepared on that server.
func (h *preparedHost) holdPrepared(t *testing.T, p *engine.Postgres) {
	t.Helper()
	if err := authenticateWithin(limitOfSuccess, h.m, h.text); err != nil {
		t.Logf("the first call: %v", err)
	}
	must(t, authenticateWithin(limitOfSuccess, h.m, h.text))
	const query = `SELECT host(inet_server_addr()), (SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%prepared_tokens%')`
	var address string
	var prepared int
	must(t, h.db.QueryRowContext(t.Context(), query).Scan(&address, &prepared))
	if !strings.Contains(p.DSN(), "@"+address+":") || prepared == 0 {
		t.Errorf("%d statements are prepared at %s, want some at %s", prepared, address, p.DSN())
	}
}

// hangPostgreSQL stops all processes of a server, which then neither answers nor closes its connections. The end of the test kills
// them.
func hangPostgreSQL(t *testing.T, p *engine.Postgres) error {
	t.Helper()
	var list string
	database{onPostgreSQL, []string{p.DSN()}}.connect(t, func(db *sql.DB) {
		const query = `
SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1) || ' ' || string_agg(pid::text, ' ')
FROM pg_stat_activity`
		must(t, db.QueryRowContext(t.Context(), query).Scan(&list))
	})
	for _, word := range strings.Fields(list) {
		pid, err := strconv.Atoi(word)
		must(t, err)
		process, err := os.FindProcess(pid)
		must(t, err)
		if err := process.Signal(syscall.SIGSTOP); err != nil && err != os.ErrProcessDone {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
		t.Cleanup(func() { _ = process.Signal(syscall.SIGCONT) }) // Stop needs processes that run
	}
	return nil
}
