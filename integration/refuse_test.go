package integration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// constraint is the reason of a database to refuse a row.
type constraint string

const (
	byCheck     constraint = "check"
	byKey       constraint = "key"
	byReference constraint = "foreign key"
	byNull      constraint = "not null"
	byType      constraint = "type"
)

// constraintCodes maps error codes of the databases to constraints.
var constraintCodes = map[string]constraint{
	"SQLite 275": byCheck, "SQLite 2067": byKey, "SQLite 1555": byKey, "SQLite 787": byReference, "SQLite 1299": byNull, "SQLite 3091": byType,
	"PostgreSQL 23514": byCheck, "PostgreSQL 23505": byKey, "PostgreSQL 23503": byReference, "PostgreSQL 23502": byNull, "PostgreSQL 22P02": byType,
	"MySQL 4025": byCheck, "MySQL 3819": byCheck, // MariaDB, MySQL
	"MySQL 1062": byKey, "MySQL 1048": byNull,
	"MySQL 1292": byType, "MySQL 1366": byType, "MySQL 1406": byType,
}

func constraintOf(err error) string {
	var ofSQLite interface{ Code() int }
	var ofPostgreSQL *pgconn.PgError
	var ofMySQL *mysql.MySQLError
	code := ""
	switch {
	case errors.As(err, &ofSQLite):
		code = fmt.Sprint("SQLite ", ofSQLite.Code())
	case errors.As(err, &ofPostgreSQL):
		code = "PostgreSQL " + ofPostgreSQL.Code
	case errors.As(err, &ofMySQL):
		code = fmt.Sprint("MySQL ", ofMySQL.Number)
	}
	if r, ok := constraintCodes[code]; ok {
		return string(r)
	}
	return fmt.Sprint(err)
}

// onLaxMySQL is MySQL without its strict mode.
var onLaxMySQL = backend{"MySQL, sql_mode empty", "mysql", sqlstore.MySQL, func(t testing.TB) []string {
	t.Helper()
	config := parseMySQL(t, createMySQL(t)[0])
	config.Params = map[string]string{"sql_mode": "''"}
	return []string{config.FormatDSN()}
}}

// The tables refuse invalid rows, even if another program writes them.
func TestTablesRefuseInvalidRows(t *testing.T) {
	onEach(t, []backend{onSQLite, onPostgreSQL, onMySQL, onLaxMySQL}, func(t *testing.T, d database) {
		db := d.open(t, 0)
		fillForInvalidRows(t, d.newMigrated(t, db, nil))
		rows := d.rows(t, db, defaultPrefix)
		for _, c := range invalidRows() {
			if c.only != nil && !slices.Contains(c.only, d.name) {
				continue
			}
			if _, err := db.Exec(d.withBytes(c.statement)); err == nil {
				t.Errorf("%s is stored", c.name)
			} else if got := constraintOf(err); got != string(c.by) {
				t.Errorf("%s: refused by %s, want by %s", c.name, got, c.by)
			}
		}
		if got := d.rows(t, db, defaultPrefix); len(got) != len(rows) {
			t.Errorf("%d rows were %d", len(got), len(rows))
		}
	})
}

// fillForInvalidRows stores a user in their second epoch with two active tokens, and numbered events.
func fillForInvalidRows(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	ctx := context.Background()
	for _, err := range []error{
		addBob(ctx, store),
		endEpoch(ctx, store, event(apitoken.ActionPutUser)),
		store.CreateToken(ctx, newToken("one"), 0, event(apitoken.ActionGenerate)),
		store.CreateToken(ctx, newToken("two"), 0, event(apitoken.ActionGenerate)),
	} {
		must(t, err)
	}
	if n := len(feed(t, store)); n != 4 {
		t.Fatalf("%d events, want 4", n)
	}
}

// withBytes replaces {n} by a literal of n bytes.
func (d database) withBytes(statement string) string {
	for n := 15; n <= 33; n++ {
		literal := "x'" + strings.Repeat("ab", n) + "'"
		if d.driver == "pgx" {
			literal = `'\x` + strings.Repeat("ab", n) + "'"
		}
		statement = strings.ReplaceAll(statement, fmt.Sprintf("{%d}", n), literal)
	}
	return statement
}

type invalidRow struct {
	name      string
	by        constraint
	statement string   // {n} stands for n bytes
	only      []string // the names of the backends that refuse it; nil: all
}

// MySQL has no foreign keys, so it accepts a missing owner. Without its strict mode it replaces missing values and truncates long
// ones. SQLite has no table feed, because it numbers events when it inserts them.
var (
	strict          = []string{"SQLite", "PostgreSQL", "MySQL"}
	withForeignKeys = []string{"SQLite", "PostgreSQL"}
	withFeed        = []string{"PostgreSQL", "MySQL", onLaxMySQL.name}
	allOfMySQL      = []string{"MySQL", onLaxMySQL.name}
	onlyMySQL       = []string{"MySQL"}
	onlySQLite      = []string{"SQLite"}
)

func invalidRows() []invalidRow {
	const anotherEvent = `INSERT INTO apitoken_events (id, at, action, outcome, actor_kind, actor_user, owner, actor_token, token) `
	return []invalidRow{
		{"a user without id", byCheck, `INSERT INTO apitoken_users (id, name, role, epoch, revision) VALUES ('', '', 'user', 0, 1)`, nil},
		{"a user twice", byKey, `INSERT INTO apitoken_users (id, name, role, epoch, revision) VALUES ('bob', '', 'user', 0, 1)`, nil},
		{"a user without revision", byCheck, `UPDATE apitoken_users SET revision = 0`, nil},
		{"a user of a negative epoch", byCheck, `UPDATE apitoken_users SET epoch = -1`, nil},
		{"a user whose name is nothing", byNull, `UPDATE apitoken_users SET name = NULL`, strict},

		{"an epoch of a user who is not there", byReference, `UPDATE apitoken_epochs SET owner = 'nobody'`, withForeignKeys},
		{"the beginning of the first epoch", byCheck, `UPDATE apitoken_epochs SET epoch = 0`, nil},
		{"an epoch that ends twice", byKey, `INSERT INTO apitoken_epochs SELECT * FROM apitoken_epochs`, nil},
		{"an epoch that ended at no time", byNull, `UPDATE apitoken_epochs SET ended_at = NULL`, strict},

		{"a digest of 31 bytes", byCheck, `UPDATE apitoken_tokens SET digest = {31} WHERE name = 'one'`, nil},
		{"a digest of 33 bytes", byCheck, `UPDATE apitoken_tokens SET digest = {33} WHERE name = 'one'`, withForeignKeys},
		{"a digest of 33 bytes in VARBINARY(32)", byType, `UPDATE apitoken_tokens SET digest = {33} WHERE name = 'one'`, onlyMySQL},
		{"a digest twice", byKey, `UPDATE apitoken_tokens SET digest = {32}`, nil},
		{"a digest that is text", byType, `UPDATE apitoken_tokens SET digest = '01234567890123456789012345678901' WHERE name = 'one'`, onlySQLite},
		{"an id of 15 bytes", byCheck, `UPDATE apitoken_tokens SET id = {15} WHERE name = 'one'`, nil},
		{"an id of 17 bytes", byCheck, `UPDATE apitoken_tokens SET id = {17} WHERE name = 'one'`, withForeignKeys},
		{"an id of 17 bytes in VARBINARY(16)", byType, `UPDATE apitoken_tokens SET id = {17} WHERE name = 'one'`, onlyMySQL},
		{"an id twice", byKey, `UPDATE apitoken_tokens SET id = {16}`, nil},
		{"no id", byNull, `UPDATE apitoken_tokens SET id = NULL`, strict},
		{"another token of 15 bytes", byCheck, `UPDATE apitoken_tokens SET created_with = {15}`, nil},
		{"an owner who is not there", byReference, `UPDATE apitoken_tokens SET owner = 'nobody'`, withForeignKeys},
		{"an owner without id", byReference, `UPDATE apitoken_tokens SET owner = ''`, withForeignKeys},
		{"an owner without id, without foreign keys", byCheck, `UPDATE apitoken_tokens SET owner = ''`, allOfMySQL},
		{"an owner who leaves a token behind", byReference, `DELETE FROM apitoken_users`, withForeignKeys},
		{"a token of a negative epoch", byCheck, `UPDATE apitoken_tokens SET epoch = -1`, nil},
		{"no time of creation", byNull, `UPDATE apitoken_tokens SET created_at = NULL`, strict},
		{"a time that is text", byType, `UPDATE apitoken_tokens SET expires_at = '2026-03-01'`, withForeignKeys},
		{"a revoker without a revocation", byCheck, `UPDATE apitoken_tokens SET revoked_by = 'ada'`, nil},
		{"a revoked token that holds its name", byCheck, `UPDATE apitoken_tokens SET revoked_at = 1`, nil},
		{"a token that holds another name", byCheck, `UPDATE apitoken_tokens SET live_name = 'another' WHERE name = 'one'`, nil},
		{"a name that two hold", byKey, `UPDATE apitoken_tokens SET name = 'one', live_name = 'one'`, nil},

		{"a second policy", byCheck, `INSERT INTO apitoken_policy SELECT 2, max_lifetime, updated_at, updated_by, revision, layers FROM apitoken_policy`, nil},
		{"the policy twice", byKey, `INSERT INTO apitoken_policy SELECT * FROM apitoken_policy`, nil},
		{"a policy of a negative revision", byCheck, `UPDATE apitoken_policy SET revision = -1`, nil},
		{"a second feed", byCheck, `INSERT INTO apitoken_feed SELECT 2, last_seq FROM apitoken_feed`, withFeed},
		{"the feed twice", byKey, `INSERT INTO apitoken_feed SELECT * FROM apitoken_feed`, withFeed},
		{"a feed that ends below 0", byCheck, `UPDATE apitoken_feed SET last_seq = -1`, withFeed},
		{"a version twice", byKey, `INSERT INTO apitoken_schema_version (version) VALUES (1)`, nil},

		{"an event twice", byKey, anotherEvent + `SELECT id, at, action, outcome, actor_kind, actor_user, owner, actor_token, token FROM apitoken_events`, nil},
		{"an event with an id of 15 bytes", byCheck, anotherEvent + `VALUES ({15}, 1, '', '', '', '', '', NULL, NULL)`, nil},
		{"an event at no time", byNull, anotherEvent + `VALUES ({16}, NULL, '', '', '', '', '', NULL, NULL)`, nil},
		{"an event by a token of 15 bytes", byCheck, anotherEvent + `VALUES ({16}, 1, '', '', '', '', '', {15}, NULL)`, nil},
		{"an event about a token of 15 bytes", byCheck, anotherEvent + `VALUES ({16}, 1, '', '', '', '', '', NULL, {15})`, nil},
		{"two events with one number", byKey, `UPDATE apitoken_events SET seq = 7`, nil},
		{"an event that stands for less than none", byCheck, `UPDATE apitoken_events SET count = -1`, withForeignKeys},
		{"an event with the number 0", byCheck, `UPDATE apitoken_events SET seq = 0 WHERE seq = 1`, nil},
	}
}
