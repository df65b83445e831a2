package integration_test

import (
	"database/sql"
	"regexp"
	"slices"
	"testing"
)

// waiting reports whether somebody who uses the database waits for a lock, as the server sees it.
func (d database) waiting(t testing.TB, db *sql.DB) bool {
	t.Helper()
	if d.driver == "mysql" {
		return mysqlWaiting(t, db)
	}
	var n int
	err := db.QueryRow(`
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Error(err)
	}
	return n > 0
}

var lockWait = regexp.MustCompile(`(?s)\nLOCK WAIT .*?\n(?:MySQL|MariaDB) thread id (\d+)`)

// mysqlWaiting takes the long way over the report of the engine: the table information_schema.innodb_trx is made anew only
// when nobody has read it for a tenth of a second.
func mysqlWaiting(t testing.TB, db *sql.DB) bool {
	t.Helper()
	var kind, name, report string
	if err := db.QueryRow(`SHOW ENGINE INNODB STATUS`).Scan(&kind, &name, &report); err != nil {
		t.Error(err)
	}
	waiting := lockWait.FindAllStringSubmatch(report, -1)
	if waiting == nil {
		return false
	}
	rows, err := db.Query(`SELECT id FROM information_schema.processlist WHERE db = DATABASE()`)
	if err != nil {
		t.Error(err)
		return false
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Error(err)
		}
		if slices.ContainsFunc(waiting, func(w []string) bool { return w[1] == id }) {
			return true
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	return false
}
