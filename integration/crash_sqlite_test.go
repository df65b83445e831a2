package integration_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// The environment variable that makes a process of this test one that works on a database file until it is killed.
const crashFile = "APITOKEN_TEST_CRASH_FILE"

// crashWriters work concurrently in the process that is killed. So each kill may leave that many changes whose
// acknowledgement was lost.
var crashWriters = []apitoken.UserID{"ada", "bob", "eve", "joe"}

// Each round kills a process, in most of them soon. In a few it runs long enough for SQLite to checkpoint its log.
func TestSQLiteKeepsWhatItAcknowledgedWhenKilled(t *testing.T) {
	t.Parallel()
	long(t)
	if file := os.Getenv(crashFile); file != "" {
		workUntilKilled(t, file)
		return
	}
	file := sqliteFile(t)
	d := database{onSQLite, []string{"file:" + file + "?" + recommended}}
	b := &books{ledgers: []*ledger{newLedger(crashWriters...)}}
	d.connect(t, func(db *sql.DB) {
		must(t, d.newStore(t, db, nil).Migrate(t.Context()))
	})
	d.visit(t, func(m *apitoken.Manager) {
		for _, id := range crashWriters {
			putUser(t, m, apitoken.User{ID: id})
		}
		b.settle(t, m, false)
	})
	rounds := crashRounds(t, 200)
	acknowledged, unheard := 0, 0
	for round := range rounds {
		before := len(b.feed)
		most := 30
		if round%20 == 19 {
			most = 500
		}
		heard := killWorker(t, file, b.ledgers[0], 1+rand.IntN(most))
		d.visit(t, func(m *apitoken.Manager) { b.settle(t, m, round == rounds-1) })
		d.connect(t, func(db *sql.DB) { holdIntegrity(t, db) })
		more := len(b.feed) - before - heard
		if more < 0 || more > len(crashWriters) {
			t.Fatalf("%d changes were acknowledged, and %d more are stored; want 0 to %d more", heard, more, len(crashWriters))
		}
		acknowledged += heard
		unheard += more
	}
	t.Logf("%d rounds: %d changes acknowledged, %d more done", rounds, acknowledged, unheard)
}

// killWorker runs a process on a file, kills it once it has acknowledged n changes, and enters its output in the ledger. It
// returns the number of acknowledged changes.
func killWorker(t *testing.T, file string, l *ledger, n int) (heard int) {
	t.Helper()
	worker := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=10m")
	worker.Env = append(os.Environ(), crashFile+"="+file)
	var output bytes.Buffer
	worker.Stderr = &output
	said, err := worker.StdoutPipe()
	must(t, err)
	must(t, worker.Start())
	for lines := bufio.NewScanner(said); lines.Scan(); {
		switch l.enter(strings.Fields(lines.Text())) {
		case acknowledgement:
			if heard++; heard == n {
				must(t, worker.Process.Kill())
			}
		case gibberish:
			output.WriteString(lines.Text() + "\n")
		}
	}
	const bySignal = -1
	if err := worker.Wait(); worker.ProcessState.ExitCode() != bySignal || heard < n || output.Len() > 0 {
		t.Fatalf("the process was not killed while it worked, after %d of %d changes: %v\n%s", heard, n, err, &output)
	}
	return heard
}

func holdIntegrity(t *testing.T, db *sql.DB) {
	t.Helper()
	var verdict string
	if err := db.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("the integrity of the file is %q, error %v", verdict, err)
	}
}
