package integration_test

import (
	"database/sql"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

func TestPostgreSQLKeepsWhatItAcknowledgedWhenKilled(t *testing.T) {
	t.Parallel()
	long(t)
	server, err := engine.StartPostgres(t.TempDir(), nil)
	engine.Require(t, "postgres", err)
	stopAtTheEnd(t, server)
	keepsWhatItAcknowledged(t, database{onPostgreSQL, []string{server.DSN()}}, crashes{
		makeCanary: `CREATE UNLOGGED TABLE crash_canary (n INT)`,
		kill:       func() error { return killPostgreSQL(t, server) },
		start:      server.Start,
	})
}

func TestMySQLKeepsWhatItAcknowledgedWhenKilled(t *testing.T) {
	t.Parallel()
	long(t)
	server, err := engine.StartMariaDB(t.TempDir(), nil)
	engine.Require(t, "mysql", err)
	stopAtTheEnd(t, server)
	hushMySQL(t)
	keepsWhatItAcknowledged(t, database{onMySQL, []string{server.DSN()}}, crashes{
		makeCanary: `CREATE TABLE crash_canary (n INT) ENGINE = MEMORY`,
		kill:       server.Kill,
		start:      server.Start,
	})
}

// crashes kills and starts a server, and makes a table whose rows do not survive a crash.
type crashes struct {
	makeCanary  string
	kill, start func() error
}

func stopAtTheEnd(t *testing.T, server interface{ Stop() error }) {
	t.Helper()
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
}

const clientsOfCrash = 8

// crashRounds returns how often a test kills: as often as the environment says, otherwise the given number, or a quarter of it
// with -short.
func crashRounds(t *testing.T, rounds int) int {
	t.Helper()
	if testing.Short() {
		rounds = max(1, rounds/4)
	}
	return fromEnvironment(t, "APITOKEN_KILLS", rounds)
}

// keepsWhatItAcknowledged kills a server repeatedly while clients work on it. After each restart all acknowledged changes must be
// there.
func keepsWhatItAcknowledged(t *testing.T, d database, server crashes) {
	l := newLoad(t, clientsOfCrash, d.stores(t, nil))
	d.connect(t, func(db *sql.DB) { mustExec(t, db, server.makeCanary) })
	rounds := crashRounds(t, 20)
	for round := range rounds {
		d.connect(t, func(db *sql.DB) { mustExec(t, db, `INSERT INTO crash_canary VALUES (1)`) })
		stop := l.start(t)
		l.awaitAcknowledged(t, 50+rand.IntN(250))
		noticed := 1
		if round%4 == 0 {
			noticed = len(l.clients) // so long that no client can determine the outcome of its COMMIT
		}
		l.goWithout(t, noticed, server.kill, server.start)
		d.connect(t, func(db *sql.DB) { holdCrashed(t, db) })
		l.awaitEach(t, l.clients)
		stop()
		l.settle(t, d, round == rounds-1)
	}
	t.Logf("%d rounds: %s", rounds, l.figures())
}

// killPostgreSQL kills all processes of a server at once. If only the first one is killed, the others answer before they notice,
// and no COMMIT is interrupted.
func killPostgreSQL(t *testing.T, server *engine.Postgres) error {
	t.Helper()
	var pids []int
	database{onPostgreSQL, []string{server.DSN()}}.connect(t, func(db *sql.DB) {
		const query = `SELECT array_to_string(array_agg(pid), ' ') FROM pg_stat_activity`
		var list string
		must(t, db.QueryRowContext(t.Context(), query).Scan(&list))
		for _, word := range strings.Fields(list) {
			pid, err := strconv.Atoi(word)
			must(t, err)
			pids = append(pids, pid)
		}
	})
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill() // it may have ended
		}
	}
	return server.Kill()
}

// hushMySQL keeps the driver from logging every connection that a crash breaks.
func hushMySQL(t *testing.T) {
	t.Helper()
	must(t, mysql.SetLogger(new(mysql.NopLogger)))
	t.Cleanup(func() {
		if err := mysql.SetLogger(log.New(os.Stderr, "[mysql] ", log.LstdFlags)); err != nil { // as the driver's own
			t.Error(err)
		}
	})
}

// holdCrashed checks that the canary is empty: its rows do not survive a crash.
func holdCrashed(t *testing.T, db *sql.DB) {
	t.Helper()
	var n int
	must(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM crash_canary`).Scan(&n))
	if n != 0 {
		t.Fatal("the server has not crashed: the canary still has rows")
	}
}
