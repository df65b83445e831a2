package integration_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// whole marks a table of which all rows are read.
const whole = " whole"

// inOrder marks an index of PostgreSQL that is read from its beginning.
const inOrder = " in order"

// ofOneRow are the tables with one row, by their names in the queries.
var ofOneRow = []string{"p", "policy", "feed", defaultPrefix + "policy"}

// plan returns how the database reads its tables for a statement: a line for each table, with the index, or whole. On
// MySQL, where the index of a primary key has no name, and on SQLite, a line also has the name of the table in the
// statement.
func (d database) plan(t *testing.T, db *sql.DB, q askedQuery) (lines []string) {
	t.Helper()
	switch d.driver {
	case "sqlite":
		lines = planOfSQLite(t, db, q)
	case "pgx":
		lines = planOfPostgreSQL(t, db, q)
	default:
		lines = planOfMySQL(t, db, q)
	}
	for i, line := range lines {
		if d.driver != "sqlite" {
			lines[i] = strings.ReplaceAll(line, defaultPrefix, "")
		}
	}
	slices.Sort(lines)
	return lines
}

var wholeInSQLite = regexp.MustCompile(`^SCAN (apitoken_[a-z]+|[a-z])$`)

func planOfSQLite(t *testing.T, db *sql.DB, q askedQuery) (lines []string) {
	t.Helper()
	read(t, db, "EXPLAIN QUERY PLAN "+q.text, q.args, func(scan func(...any) error, _ int) error {
		var id, parent, unused int
		var line string
		err := scan(&id, &parent, &unused, &line)
		switch found := wholeInSQLite.FindStringSubmatch(line); {
		case found != nil && found[1] != "v": // v is the list of values of the statement
			lines = append(lines, found[1]+whole)
		case strings.HasPrefix(line, "SEARCH"), strings.HasPrefix(line, "SCAN") && strings.Contains(line, "USING"):
			lines = append(lines, line)
		}
		return err
	})
	return lines
}

// planOfPostgreSQL returns the generic plan, which a prepared statement uses after a few runs. The plan for the given parameters
// must not read another table whole.
func planOfPostgreSQL(t *testing.T, db *sql.DB, q askedQuery) (lines []string) {
	t.Helper()
	if strings.HasPrefix(q.text, "LOCK") {
		return nil // LOCK has no plan
	}
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	must(t, err)
	defer func() { _ = conn.Close() }()
	var text string
	nothing := ""
	if len(q.args) > 0 {
		nothing = "(NULL" + strings.Repeat(", NULL", len(q.args)-1) + ")"
	}
	for _, statement := range []string{"SET plan_cache_mode = force_generic_plan", "PREPARE planned AS " + q.text} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%v: %s", err, q.text)
		}
	}
	if err := conn.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) EXECUTE planned"+nothing).Scan(&text); err != nil {
		t.Fatalf("%v: %s", err, q.text)
	}
	for _, statement := range []string{"DEALLOCATE planned", "RESET plan_cache_mode"} {
		mustExec(t, conn, statement)
	}
	lines = nodesOfPostgreSQL(t, text)
	if err := conn.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+q.text, q.args...).Scan(&text); err != nil {
		t.Fatalf("%v: %s", err, q.text)
	}
	for _, line := range nodesOfPostgreSQL(t, text) {
		if strings.HasSuffix(line, whole) && !slices.Contains(lines, line) {
			t.Errorf("for given parameters: %s: %s", line, q.text)
		}
	}
	return lines
}

func nodesOfPostgreSQL(t *testing.T, text string) (lines []string) {
	t.Helper()
	type node struct {
		Type  string `json:"Node Type"`
		Table string `json:"Relation Name"`
		Index string `json:"Index Name"`
		Cond  string `json:"Index Cond"`
		Plans []node
	}
	var plans []struct{ Plan node }
	must(t, json.Unmarshal([]byte(text), &plans))
	var walk func(n node)
	walk = func(n node) {
		switch {
		case n.Index != "" && n.Cond == "":
			lines = append(lines, n.Index+inOrder)
		case n.Index != "":
			lines = append(lines, n.Index)
		case n.Type == "Seq Scan":
			lines = append(lines, n.Table+whole)
		}
		for _, below := range n.Plans {
			walk(below)
		}
	}
	for _, p := range plans {
		walk(p.Plan)
	}
	return lines
}

func planOfMySQL(t *testing.T, db *sql.DB, q askedQuery) (lines []string) {
	t.Helper()
	text := q.text
	if _, statement, limited := strings.Cut(text, "max_statement_time = 0.2 FOR */"); limited {
		text = statement // EXPLAIN takes a statement without its time limit
	}
	rows, err := db.Query("EXPLAIN "+text, q.args...)
	if err != nil {
		t.Fatalf("%v: %s", err, q.text)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		must(t, rows.Scan(into...))
		of := func(name string) string { return values[slices.Index(names, name)].String }
		table, how := of("table"), of("type")
		switch {
		case table == "", strings.HasPrefix(table, "<"), of("select_type") == "INSERT":
		case how == "ALL", how == "index":
			lines = append(lines, table+whole)
		default:
			lines = append(lines, table+" "+of("key"))
		}
	}
	must(t, rows.Err())
	return lines
}
