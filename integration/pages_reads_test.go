package integration_test

import (
	"database/sql"
	"testing"
)

// openCounting opens a connection pool on a server. reads returns how many rows a function makes the server read through it. The
// function may use one connection only. The end of the test closes the pool.
func (d database) openCounting(t *testing.T) (db *sql.DB, reads func(do func()) int) {
	t.Helper()
	if d.driver == "pgx" {
		db, asked := openAsked(t, d)
		plain := d.open(t, 0)
		return db, func(do func()) (rows int) {
			asked.taken()
			do()
			for _, q := range asked.taken() {
				rows += rowsOfPostgreSQL(t, plain, q, "")
			}
			return rows
		}
	}
	db = d.open(t, 0)
	db.SetMaxOpenConns(1) // the counters are those of a session
	return db, func(do func()) (rows int) {
		mustExec(t, db, "FLUSH STATUS")
		do()
		conn, err := db.Conn(t.Context())
		must(t, err)
		defer func() { _ = conn.Close() }()
		return rowsOfMySQL(t, conn)
	}
}

// mostOfPage is the most rows of all tables that a page reads: an index gives it at most a few thousand tokens to choose from, each with
// its owner. A statement that reads a table of tokens or events reads at least 40,000.
const mostOfPage = 20_000

// holdReads compares the number of rows that are read for a page with mostOfPage. The first request may prepare statements.
func holdReads(t *testing.T, pages loadedPages, path string) {
	t.Helper()
	pages.get(t, path)
	rows := pages.reads(func() { pages.get(t, path) })
	t.Logf("%-56s reads %6d rows", path, rows)
	if rows > mostOfPage || rows == 0 {
		t.Errorf("%s reads %d rows, want %d at most", path, rows, mostOfPage)
	}
}
