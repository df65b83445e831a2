package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

const (
	defaultPrefix = "apitoken_"
	longestPrefix = "prefix_of_thirty_characters_7_"
)

// tables returns the names of the tables with a prefix.
func (d database) tables(t testing.TB, db *sql.DB, prefix string) []string {
	t.Helper()
	switch d.driver {
	case "sqlite":
		return column(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1 ORDER BY name`, prefix)
	case "pgx":
		return column(t, db, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND starts_with(tablename, $1) ORDER BY 1`, prefix)
	default:
		return column(t, db, `SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND locate(?, table_name) = 1 ORDER BY 1`, prefix)
	}
}

// catalogue returns every column, constraint and index of the tables of a prefix, as the database describes them. It leaves the
// prefix out, so the catalogues of two prefixes can be compared.
func (d database) catalogue(t testing.TB, db *sql.DB, prefix string) (all []string) {
	t.Helper()
	switch d.driver {
	case "sqlite":
		all = column(t, db, `
SELECT type || ' ' || name || coalesce(': ' || sql, '') FROM sqlite_master
WHERE substr(tbl_name, 1, length(?1)) = ?1`, prefix)
	case "pgx":
		all = column(t, db, catalogueOfPostgreSQL, prefix)
	default:
		counter := regexp.MustCompile(` AUTO_INCREMENT=[0-9]+`)
		for _, table := range d.tables(t, db, prefix) {
			var name, text string
			must(t, db.QueryRow("SHOW CREATE TABLE "+table).Scan(&name, &text))
			all = append(all, counter.ReplaceAllString(text, ""))
		}
	}
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], prefix, "")
	}
	slices.Sort(all)
	return all
}

const catalogueOfPostgreSQL = `
WITH ours AS (
	SELECT oid, relname::text AS name, relkind FROM pg_class
	WHERE relnamespace = current_schema()::regnamespace AND starts_with(relname::text, $1)
)
SELECT format('%s %s', relkind, name) FROM ours
UNION ALL
SELECT format('%s.%s: %s %s %s identity %s default %s',
	o.name, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
	CASE WHEN a.attnotnull THEN 'NOT NULL' END || CASE WHEN a.attcollation <> 0 THEN ' COLLATE ' || a.attcollation::regcollation END,
	a.attidentity, pg_get_expr(v.adbin, v.adrelid))
FROM ours AS o
JOIN pg_attribute AS a ON a.attrelid = o.oid
LEFT JOIN pg_attrdef AS v ON v.adrelid = o.oid AND v.adnum = a.attnum
WHERE o.relkind = 'r' AND a.attnum > 0
UNION ALL
SELECT format('%s %s: %s', o.name, c.conname, pg_get_constraintdef(c.oid))
FROM ours AS o
JOIN pg_constraint AS c ON c.conrelid = o.oid
UNION ALL
SELECT pg_get_indexdef(oid) FROM ours WHERE relkind = 'i'`

// rows returns all rows of the tables of a prefix, as sorted texts.
func (d database) rows(t testing.TB, db *sql.DB, prefix string) (all []string) {
	t.Helper()
	for _, table := range d.tables(t, db, prefix) {
		name := strings.TrimPrefix(table, prefix)
		read(t, db, "SELECT * FROM "+table, nil, func(scan func(...any) error, columns int) error {
			row := make([]any, columns)
			into := make([]any, columns)
			for i := range row {
				into[i] = &row[i]
			}
			err := scan(into...)
			all = append(all, fmt.Sprintf("%s %v", name, row))
			return err
		})
	}
	slices.Sort(all)
	return all
}

// untouched returns the rows of a new schema.
func (d database) untouched(t testing.TB) []string {
	t.Helper()
	all := []string{"policy [1 0 <nil>  0 <nil>]"}
	if d.driver == "mysql" {
		all[0] = "policy [1 0 <nil> [] 0 <nil>]" // its texts are bytes
	}
	if d.driver != "sqlite" {
		all = append(all, "feed [1 0]")
	}
	for version := range newest(t, d) {
		all = append(all, fmt.Sprintf("schema_version [%d]", version+1))
	}
	slices.Sort(all)
	return all
}

// drop drops the tables of a prefix.
func (d database) drop(t testing.TB, db *sql.DB, prefix string) {
	t.Helper()
	tables := d.tables(t, db, prefix)
	if len(tables) == 0 {
		return
	}
	statements := []string{"DROP TABLE " + strings.Join(tables, ", ")}
	if d.driver == "sqlite" {
		statements = nil
		for _, name := range []string{"offers", "notices", "tokens", "epochs", "users", "policy", "events", "schema_version"} {
			statements = append(statements, "DROP TABLE IF EXISTS "+prefix+name)
		}
	}
	for _, statement := range statements {
		mustExec(t, db, statement)
	}
}

// holdFresh checks that the tables of a prefix have the catalogue want and the rows of a new schema, and that a store works on
// them.
func (d database) holdFresh(t *testing.T, db *sql.DB, prefix string, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, d.catalogue(t, db, prefix)); diff != "" {
		t.Errorf("schema of %s (-fresh +got):\n%s", prefix, diff)
	}
	if diff := cmp.Diff(d.untouched(t), d.rows(t, db, prefix)); diff != "" {
		t.Errorf("rows of %s (-want +got):\n%s", prefix, diff)
	}
	store, err := sqlstore.New(db, d.dialect, &sqlstore.Options{TablePrefix: prefix})
	must(t, err)
	for _, c := range changes(t, store) {
		if err := c.do(context.Background()); err != nil || !c.done() {
			t.Errorf("%s with %s: error %v, done: %v", c.name, prefix, err, c.done())
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// made returns the catalogue of the tables that one call of Migrate makes.
func (d database) made(t *testing.T, db *sql.DB) []string {
	t.Helper()
	const prefix = "made_"
	d.newMigrated(t, db, &sqlstore.Options{TablePrefix: prefix})
	want := d.catalogue(t, db, prefix)
	d.drop(t, db, prefix)
	if len(want) < 7 {
		t.Fatalf("the catalogue has only %q", want)
	}
	return want
}

// column returns the rows of a query with one column of text.
func column(t testing.TB, db *sql.DB, query string, args ...any) (all []string) {
	t.Helper()
	read(t, db, query, args, func(scan func(...any) error, _ int) error {
		var text string
		err := scan(&text)
		all = append(all, text)
		return err
	})
	return all
}

// read calls row for each row of a query.
func read(t testing.TB, db *sql.DB, query string, args []any, row func(scan func(...any) error, columns int) error) {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		must(t, row(rows.Scan, len(columns)))
	}
	must(t, rows.Err())
}
