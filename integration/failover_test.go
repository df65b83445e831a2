package integration_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// A host with the addresses of both servers continues with the standby when the primary fails. No acknowledged change is lost.
func TestPostgreSQLKeepsWhatItAcknowledgedInAFailOver(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	var l *load
	rounds := crashRounds(t, 5)
	for round := range rounds {
		standby := startStandby(t, primary)
		d := database{onPostgreSQL, []string{engine.ReadWriteDSN(primary, standby)}}
		if l == nil {
			l = newLoad(t, clientsOfCrash, d.stores(t, nil))
		} else {
			l.useStores(t, d.stores(t, nil))
		}
		stop := l.start(t)
		l.awaitAcknowledged(t, 100+rand.IntN(300))
		noticed := 1
		if round%2 == 0 {
			noticed = len(l.clients) // so long that no client can determine the outcome of its COMMIT
		}
		l.goWithout(t, noticed, func() error { return killPostgreSQL(t, primary) }, standby.Promote)
		l.awaitAcknowledged(t, 100)
		l.awaitEach(t, l.clients)
		stop()
		holdServer(t, d, standby)
		l.settle(t, d, round == rounds-1)
		primary = standby
	}
	t.Logf("%d fail-overs: %s", rounds, l.figures())
}

// This proves that the test above can fail: if the primary does not wait for a standby that has lost its connection, acknowledged
// changes are lost, and the audit reports them.
func TestPostgreSQLFailOverToAnOutdatedStandbyIsSeenToLose(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	standby := startStandby(t, primary)
	d := database{onPostgreSQL, []string{engine.ReadWriteDSN(primary, standby)}}
	l := newLoad(t, clientsOfCrash, d.stores(t, nil))
	onServer(t, primary,
		`ALTER SYSTEM SET synchronous_standby_names = ''`,
		`SELECT pg_reload_conf()`)
	stop := l.start(t)
	l.awaitAcknowledged(t, 200)
	onServer(t, standby,
		`ALTER SYSTEM SET primary_conninfo = ''`,
		`SELECT pg_reload_conf()`)
	untilServer(t, standby, `SELECT count(*) = 0 FROM pg_stat_wal_receiver`)
	l.awaitAcknowledged(t, 200)
	l.goWithout(t, 1, func() error { return killPostgreSQL(t, primary) }, standby.Promote)
	stop()
	holdServer(t, d, standby)
	var found losses
	d.visit(t, func(m *apitoken.Manager) { found = l.books.audit(t, m, true) })
	t.Logf("%s; lost: %+v", l.figures(), found)
	if found.Tokens == 0 || found.Revocations == 0 {
		t.Errorf("the audit finds %+v, want lost tokens and revocations", found)
	}
}

func startPrimary(t *testing.T) *engine.Postgres {
	t.Helper()
	p, err := engine.StartPostgres(t.TempDir(), nil)
	engine.Require(t, "postgres", err)
	stopAtTheEnd(t, p)
	return p
}

func startStandby(t *testing.T, primary *engine.Postgres) *engine.Postgres {
	t.Helper()
	s, err := primary.StartStandby(t.TempDir())
	engine.Require(t, "postgres", err)
	stopAtTheEnd(t, s)
	return s
}

// onServer runs statements on one server.
func onServer(t *testing.T, p *engine.Postgres, statements ...string) {
	t.Helper()
	database{onPostgreSQL, []string{p.DSN()}}.connect(t, func(db *sql.DB) {
		for _, s := range statements {
			mustExec(t, db, s)
		}
	})
}

// untilServer polls a server until the answer to a query is true.
func untilServer(t *testing.T, p *engine.Postgres, question string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	database{onPostgreSQL, []string{p.DSN()}}.connect(t, func(db *sql.DB) {
		for yes := false; !yes; {
			if err := db.QueryRowContext(ctx, question).Scan(&yes); err != nil {
				t.Fatalf("%s: %v", question, err)
			}
		}
	})
}

// holdServer checks that the clients now connect to this server.
func holdServer(t *testing.T, d database, p *engine.Postgres) {
	t.Helper()
	var addresses []string
	for _, at := range []database{d, {onPostgreSQL, []string{p.DSN()}}} {
		at.connect(t, func(db *sql.DB) {
			var address string
			var standby bool
			const query = `SELECT host(inet_server_addr()), pg_is_in_recovery()`
			if err := db.QueryRowContext(t.Context(), query).Scan(&address, &standby); err != nil || standby {
				t.Fatalf("standby %v, error %v", standby, err)
			}
			addresses = append(addresses, address)
		})
	}
	if addresses[0] != addresses[1] {
		t.Fatalf("the clients connect to %s, want the promoted %s", addresses[0], addresses[1])
	}
}
