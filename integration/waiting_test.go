package integration_test

import (
	"database/sql"
	"regexp"
	"slices"
	"testing"
)

// waiting reports whether a connection to the database waits for a lock.
func (d database) waiting(t testing.TB, db *sql.DB) bool {
	t.Helper()
	return d.waiters(t, db) > 0
}

// waiters returns the number of connections that wait for a lock.
func (d database) waiters(t testing.TB, db *sql.DB) int {
	t.Helper()
	if d.driver == "mysql" {
		return mysqlWaiters(t, db)
	}
	var n int
	err := db.QueryRow(`
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Error(err)
	}
	return n
}

var lockWait = regexp.MustCompile(`(?s)\nLOCK WAIT .*?\n(?:MySQL|MariaDB) thread id (\d+)`)

// mysqlWaiters parses the report of the engine, because the table information_schema.innodb_trx is updated only if it was
// not read for a tenth of a second.
func mysqlWaiters(t testing.TB, db *sql.DB) (n int) {
	t.Helper()
	var kind, name, report string
	if err := db.QueryRow(`SHOW ENGINE INNODB STATUS`).Scan(&kind, &name, &report); err != nil {
		t.Error(err)
	}
	waiting := lockWait.FindAllStringSubmatch(report, -1)
	if waiting == nil {
		return 0
	}
	rows, err := db.Query(`SELECT id FROM information_schema.processlist WHERE db = DATABASE()`)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Error(err)
		}
		if slices.ContainsFunc(waiting, func(w []string) bool { return w[1] == id }) {
			n++
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	return n
}
