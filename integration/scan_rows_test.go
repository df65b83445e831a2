package integration_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
)

// lookedAt returns the number of tokens that a database reads for a statement. PostgreSQL and MySQL report it.
func (d database) lookedAt(t *testing.T, db *sql.DB, q askedQuery) int {
	t.Helper()
	switch d.driver {
	case "pgx":
		return lookedAtByPostgreSQL(t, db, q)
	case "mysql":
		return lookedAtByMySQL(t, db, q)
	}
	return countedBySQLite(t, db, q)
}

// countedBySQLite counts the tokens in the range of the index that a statement reads: its first condition, in one line. The plan
// shows that it reads no other range. A statement without filters stops at its limit, which is the last parameter.
func countedBySQLite(t *testing.T, db *sql.DB, q askedQuery) (rows int) {
	t.Helper()
	_, where, ok := strings.Cut(q.text, "\nWHERE ")
	if !ok || strings.Contains(q.text, "OFFSET") {
		return 0 // a count, which is limited by itself
	}
	part, rest, _ := strings.Cut(where, "\n")
	args := q.args[:strings.Count(part, "?")]
	if err := db.QueryRow("SELECT count(*) FROM apitoken_tokens AS t WHERE "+part, args...).Scan(&rows); err != nil {
		t.Fatalf("%v: %s", err, part)
	}
	if limit := q.args[len(q.args)-1].(int64); !strings.Contains(rest, "AND") {
		rows = min(rows, int(limit))
	}
	return rows
}

func lookedAtByPostgreSQL(t *testing.T, db *sql.DB, q askedQuery) int {
	t.Helper()
	return rowsOfPostgreSQL(t, db, q, "tokens")
}

// rowsOfPostgreSQL returns the number of rows of a table that a statement reads. Without a table it is that of all.
func rowsOfPostgreSQL(t *testing.T, db *sql.DB, q askedQuery, table string) (rows int) {
	t.Helper()
	type node struct {
		Table   string  `json:"Relation Name"`
		Rows    float64 `json:"Actual Rows"`
		Loops   float64 `json:"Actual Loops"`
		Removed float64 `json:"Rows Removed by Filter"`
		Recheck float64 `json:"Rows Removed by Index Recheck"`
		Plans   []node
	}
	var text string
	if err := db.QueryRow("EXPLAIN (ANALYZE, FORMAT JSON) "+q.text, q.args...).Scan(&text); err != nil {
		t.Fatalf("%v: %s", err, q.text)
	}
	var plans []struct{ Plan node }
	must(t, json.Unmarshal([]byte(text), &plans))
	var walk func(n node)
	walk = func(n node) {
		if n.Table == defaultPrefix+table || n.Table != "" && table == "" {
			rows += int((n.Rows + n.Removed + n.Recheck) * n.Loops)
		}
		for _, below := range n.Plans {
			walk(below)
		}
	}
	walk(plans[0].Plan)
	return rows
}

// lookedAtByMySQL returns the counters of the server: rows that were read in sequence, or entries of an index that were tested
// before the row was read.
func lookedAtByMySQL(t *testing.T, db *sql.DB, q askedQuery) (rows int) {
	t.Helper()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	must(t, err)
	defer func() { _ = conn.Close() }()
	mustExec(t, conn, "FLUSH STATUS")
	answer, err := conn.QueryContext(ctx, q.text, q.args...)
	if err != nil {
		t.Fatalf("%v: %s", err, q.text)
	}
	for answer.Next() {
	}
	must(t, answer.Close())
	return rowsOfMySQL(t, conn)
}

// rowsOfMySQL returns the counters of a session since FLUSH STATUS.
func rowsOfMySQL(t *testing.T, conn *sql.Conn) (rows int) {
	t.Helper()
	counters, err := conn.QueryContext(t.Context(), `SHOW SESSION STATUS WHERE Variable_name IN
		('Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd_next', 'Handler_icp_attempts')`)
	must(t, err)
	defer func() { _ = counters.Close() }()
	count := map[string]int{}
	for counters.Next() {
		var name string
		var n int
		must(t, counters.Scan(&name, &n))
		count[name] = n
	}
	rows = max(count["Handler_icp_attempts"], count["Handler_read_next"])
	return rows + count["Handler_read_prev"] + count["Handler_read_rnd_next"]
}
