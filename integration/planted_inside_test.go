package integration_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
)

// A change on PostgreSQL is one statement, so a schedule cannot block it between two. These replacers let a statement wait
// inside, after it has locked the rows that it decides by and before it writes.
var (
	lockedInside   = insideStatements(`pg_advisory_xact_lock_shared(hashtext(`, `))`) // until the gate is opened
	sleepingInside = insideStatements(`pg_sleep(random() * 0.003 * length(`, `))`)
)

// insideStatements makes CreateToken and RevokeToken call a function with their actor.
func insideStatements(call, end string) *strings.Replacer {
	const created, revoked = "(SELECT count(*) FROM released) >= 0", "AND NOT f.recorded"
	return strings.NewReplacer(
		created, created+" AND "+call+"$7"+end+"::text IS NOT NULL",
		revoked, revoked+" AND "+call+"$2"+end+"::text IS NOT NULL")
}

// insideGate blocks statements of PostgreSQL that lockedInside has changed.
type insideGate struct {
	t  *testing.T
	db *sql.DB
}

// arm blocks the statements of an actor.
func (g *insideGate) arm(actor string) *barrier {
	b := &barrier{reached: make(chan struct{}), open: make(chan struct{})}
	conn, err := g.db.Conn(context.Background())
	must(g.t, err)
	mustExec(g.t, conn, "SELECT pg_advisory_lock(hashtext($1))", actor)
	go func() {
		<-b.open
		_, _ = conn.ExecContext(context.Background(), "SELECT pg_advisory_unlock_all()")
		_ = conn.Close()
	}()
	go func() {
		for g.count("wait_event = 'advisory'") == 0 {
		}
		close(b.reached)
	}()
	return b
}

// waiting reports whether another connection waits for a lock than at the gate.
func (g *insideGate) waiting() bool { return g.count("wait_event <> 'advisory'") > 0 }

func (g *insideGate) count(condition string) (n int) {
	err := g.db.QueryRow(`
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND ` + condition).Scan(&n)
	if err != nil {
		g.t.Error(err)
		return 1
	}
	return n
}
