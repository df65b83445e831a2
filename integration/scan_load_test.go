package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// loadForScans makes the tables of an older build, with tokens of which every condition of a list selects half, one in a
// hundred, or none, and migrates them. Row i has the ID i. Apart from the ID and the creation, the values are in no order.
func (d database) loadForScans(t testing.TB, db *sql.DB, rows int) {
	t.Helper()
	d.runSteps(t, "", 1)
	drop, make := d.indexesOfTokens(t)
	statements := slices.Concat(drop, strings.Split(map[string]string{
		"sqlite": "PRAGMA foreign_keys = OFF;" + numbersOfSQLite,
		"pgx":    "SET session_replication_role = replica;" + numbersOfPostgreSQL, // turns foreign keys off
		"mysql":  numbersOfMySQL,
	}[d.driver]+forScans, ";"), make)
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	must(t, err)
	exec := func(statement string) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
	start := time.Now()
	for _, statement := range statements {
		exec(strings.ReplaceAll(d.scattered(statement), "{rows}", fmt.Sprint(rows)))
	}
	if d.driver == "pgx" {
		exec("RESET session_replication_role")
	}
	loaded := time.Now()
	d.newMigrated(t, db, nil)
	t.Logf("%d rows are loaded in %v and migrated in %v", rows, loaded.Sub(start).Round(time.Millisecond), time.Since(loaded).Round(time.Millisecond))
	exec(bindSome)
	exec(map[string]string{
		"sqlite": "ANALYZE",
		"pgx":    "VACUUM ANALYZE apitoken_users, apitoken_epochs, apitoken_tokens",
		"mysql":  "ANALYZE TABLE apitoken_users, apitoken_epochs, apitoken_tokens",
	}[d.driver])
	must(t, conn.Close())
}

// indexesOfTokens returns the statements that drop the indexes of the first step and make them again. Loading without indexes is
// much faster. MySQL has them in the statement of the table, and keeps them.
func (d database) indexesOfTokens(t testing.TB) (drop, make []string) {
	t.Helper()
	steps, err := d.dialect.Migrations("")
	must(t, err)
	for statement := range strings.SplitSeq(steps[0].SQL, ";\n") {
		statement = strings.TrimSpace(statement)
		index, ok := strings.CutPrefix(strings.Replace(statement, "UNIQUE ", "", 1), "CREATE INDEX ")
		if name, of, _ := strings.Cut(index, " ON "); ok && strings.HasPrefix(of, "apitoken_tokens ") {
			drop, make = append(drop, "DROP INDEX "+name), append(make, statement)
		}
	}
	return drop, make
}

// scattered replaces placeholders in a statement by functions of the database. {place} is a permutation of the row numbers.
func (d database) scattered(statement string) string {
	functions := map[string][]string{
		"sqlite": {"{user}", "'user' || (i % 1000)", "{digest}", "unhex(printf('%064x', {place}))", "{id}", "unhex(printf('%032x', i))", "{name}", "CASE WHEN i % 2 = 0 THEN 'half ' WHEN i % 100 = 1 THEN 'rare ' ELSE 'name ' END || i",
			"{owner}", "CASE WHEN i % 10 = 0 THEN 'collector' ELSE 'user' || (i % 1000) END"},
		"pgx": {"{user}", "'user' || (i % 1000)", "{digest}", "decode(lpad(to_hex({place}), 64, '0'), 'hex')", "{id}", "decode(lpad(to_hex(i), 32, '0'), 'hex')", "{name}", "CASE WHEN i % 2 = 0 THEN 'half ' WHEN i % 100 = 1 THEN 'rare ' ELSE 'name ' END || i",
			"{owner}", "CASE WHEN i % 10 = 0 THEN 'collector' ELSE 'user' || (i % 1000) END"},
		"mysql": {"{user}", "concat('user', i % 1000)", "{digest}", "unhex(lpad(hex({place}), 64, '0'))", "{id}", "unhex(lpad(hex(i), 32, '0'))", "{name}", "concat(CASE WHEN i % 2 = 0 THEN 'half ' WHEN i % 100 = 1 THEN 'rare ' ELSE 'name ' END, i)",
			"{owner}", "CASE WHEN i % 10 = 0 THEN 'collector' ELSE concat('user', i % 1000) END"},
	}
	order := "1" // by the digest, which is the key
	if d.driver == "pgx" {
		order = "i" // as they were created
	}
	statement = strings.NewReplacer(append(functions[d.driver], "{order}", order)...).Replace(statement)
	return strings.ReplaceAll(statement, "{place}", "(i * 7368787 % 16777213)") // both are primes, so each place occurs once
}

// The numbers from 1 to the number of rows.
const (
	numbersOfPostgreSQL = `
CREATE TABLE numbers AS SELECT i FROM generate_series(1::bigint, {rows}) AS i;`

	numbersOfSQLite = `
CREATE TABLE numbers AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n;`

	numbersOfMySQL = `
CREATE TABLE numbers AS SELECT seq AS i FROM seq_1_to_{rows};`
)

// Times are in microseconds. A row was created at its number, and expires within the hundred seconds after scanEpoch. One
// row in a hundred never expires, and one in a hundred was never used.
const (
	scanEpoch = 1_000_000_000
	scanSpan  = 100_000_000
)

const forScans = `
INSERT INTO apitoken_users (id, name, role, created_at, epoch, revision)
SELECT {user}, 'A user', 'user', 1, CASE WHEN i = 3 OR i % 1000 >= 500 THEN 1 ELSE 0 END, 1 FROM numbers WHERE i <= 1000;

INSERT INTO apitoken_users (id, name, role, created_at, epoch, revision) VALUES ('collector', 'A user', 'user', 1, 0, 1);

INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT {user}, 1, 1, 'ada' FROM numbers WHERE i <= 1000 AND (i = 3 OR i % 1000 >= 500);

INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at,
	created_by, revoked_by, hint, epoch
)
SELECT
	{digest}, {id}, {owner}, {name}, CASE WHEN i % 100 <> 5 THEN {name} END,
	CASE WHEN i % 2 = 0 THEN 'machine' WHEN i % 100 = 1 THEN 'deploy' ELSE 'user' END,
	i,
	CASE WHEN i % 100 <> 1 THEN 1000000000 + {place} * 100000000 / 16777213 END,
	CASE WHEN i % 2 = 0 THEN 2000000000 WHEN i % 100 <> 1 THEN 3000000000 END,
	CASE WHEN i % 100 = 5 THEN 1000000000 END,
	CASE WHEN i % 2 = 0 THEN 'ada' WHEN i % 100 = 1 THEN 'eve' ELSE {owner} END,
	CASE WHEN i % 100 = 5 THEN 'ada' ELSE '' END,
	'tok_...abcd', CASE WHEN i % 10 > 0 AND i % 1000 >= 500 THEN 1 ELSE 0 END
FROM numbers ORDER BY {order}`

// scanned is a list of tokens and the index by which it has to be read.
type scanned struct {
	name  string
	query apitoken.TokenQuery
	now   time.Time
	along string // the index, by the end of its name

	share float64 // of the tokens, in percent
}

// lists returns lists with each condition.
func lists() []scanned {
	everybody := func(edit func(q *apitoken.TokenQuery)) apitoken.TokenQuery {
		q := apitoken.TokenQuery{AnyOwner: true}
		edit(&q)
		return q
	}
	ends := func(share float64) time.Time {
		return time.UnixMicro(scanEpoch + int64(math.Ceil(share*scanSpan))).UTC()
	}
	var all []scanned
	add := func(name, along string, share float64, edit func(q *apitoken.TokenQuery)) {
		all = append(all, scanned{name, everybody(edit), time.UnixMicro(scanEpoch + scanSpan/2).UTC(), along, share})
	}
	add("no condition", "by_id", 100, func(*apitoken.TokenQuery) {})
	add("owner", "by_owner", 10, func(q *apitoken.TokenQuery) { q.Owner, q.AnyOwner = "collector", false })
	add("kind, half", "rare_kind", 50, func(q *apitoken.TokenQuery) { q.Kind = "machine" })
	add("kind, usual", "by_id", 49, func(q *apitoken.TokenQuery) { q.Kind = apitoken.KindUser })
	add("kind, 1 %", "rare_kind", 1, func(q *apitoken.TokenQuery) { q.Kind = "deploy" })
	add("kind, none", "rare_kind", 0, func(q *apitoken.TokenQuery) { q.Kind = "robot" })
	add("resource, 10 %", "by_resource", 10, func(q *apitoken.TokenQuery) { q.Resource = "project:web" })
	add("resource, 1 %", "by_resource", 1, func(q *apitoken.TokenQuery) { q.Resource = "project:rare" })
	add("resource, none", "by_resource", 0, func(q *apitoken.TokenQuery) { q.Resource = "project:none" })
	add("resource and name, none", "by_resource", 0, func(q *apitoken.TokenQuery) { q.Resource, q.NameContains = "project:web", "x" })
	add("resource and creator and kind, none", "by_resource", 0, func(q *apitoken.TokenQuery) {
		q.Resource, q.CreatedBy, q.Kind = "project:web", "eve", "deploy"
	})
	add("created by, half", "by_creator", 50, func(q *apitoken.TokenQuery) { q.CreatedBy = "ada" })
	add("created by, 1 %", "by_creator", 1, func(q *apitoken.TokenQuery) { q.CreatedBy = "eve" })
	add("created by, none", "by_creator", 0, func(q *apitoken.TokenQuery) { q.CreatedBy = "nobody" })
	add("without expiration, 1 %", "endless", 1, func(q *apitoken.TokenQuery) { q.WithoutExpiration = true })
	add("without expiration, none", "endless", 0, func(q *apitoken.TokenQuery) {
		q.WithoutExpiration, q.NameContains = true, "half"
	})
	add("expires before, half", "by_id", 50, func(q *apitoken.TokenQuery) { q.ExpiresBefore = ends(.505) })
	add("expires before, 1.5 %", "by_id", 1.5, func(q *apitoken.TokenQuery) { q.ExpiresBefore = ends(.015) })
	add("expires before, 0.1 %", "by_end", .1, func(q *apitoken.TokenQuery) { q.ExpiresBefore = ends(.001) })
	add("expires before, none", "by_end", 0, func(q *apitoken.TokenQuery) { q.ExpiresBefore = ends(0) })
	add("expires soon", "by_end", .1, func(q *apitoken.TokenQuery) { q.ExpiresBefore, q.Status = ends(.501), apitoken.StatusActive })
	add("expired, half", "by_id", 50, func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusExpired })
	add("expired, none", "by_end", 0, func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusExpired })
	all[len(all)-1].now = time.UnixMicro(scanEpoch - 1).UTC()
	add("active, half", "by_id", 50, func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusActive })
	add("revoked, 1 %", "by_id", 1.1, func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusRevoked })
	add("unused, half", "by_id", 51, func(q *apitoken.TokenQuery) { q.UnusedSince = time.UnixMicro(3_000_000_000).UTC() })
	add("unused, 1 %", "by_id", 1, func(q *apitoken.TokenQuery) { q.UnusedSince = time.UnixMicro(2_000_000_000).UTC() })
	add("unused, none", "by_id", 0, func(q *apitoken.TokenQuery) { q.UnusedSince = time.UnixMicro(1).UTC() })
	add("lives longer, half", "by_id", 50, func(q *apitoken.TokenQuery) { q.LivesLongerThan = 1050 * time.Second })
	add("lives longer, 1 %", "by_id", 1, func(q *apitoken.TokenQuery) { q.LivesLongerThan = 1100 * time.Second })
	add("lives longer, none", "by_id", 0, func(q *apitoken.TokenQuery) {
		q.LivesLongerThan, q.NameContains = 1100*time.Second, "half"
	})
	add("name, half", "by_id", 50, func(q *apitoken.TokenQuery) { q.NameContains = "half" })
	add("name, 1 %", "by_id", 1, func(q *apitoken.TokenQuery) { q.NameContains = "rare" })
	add("name, none", "by_id", 0, func(q *apitoken.TokenQuery) { q.NameContains = "x" })
	add("newest first, name, none", "by_id", 0, func(q *apitoken.TokenQuery) { q.Order, q.NameContains = apitoken.OrderNewest, "x" })
	add("newest first, owner and name, none", "by_owner", 0, func(q *apitoken.TokenQuery) {
		q.Order, q.Owner, q.AnyOwner, q.NameContains = apitoken.OrderNewest, "collector", false, "x"
	})
	add("by expiry, active, name, none", "by_end", 0, func(q *apitoken.TokenQuery) {
		q.Order, q.Status, q.NameContains = apitoken.OrderExpiry, apitoken.StatusActive, "x"
	})
	add("by expiry, resource, 1 %", "by_resource", 1, func(q *apitoken.TokenQuery) {
		q.Order, q.Resource = apitoken.OrderExpiry, "project:rare"
	})
	add("by expiry, resource and name, none", "by_resource", 0, func(q *apitoken.TokenQuery) {
		q.Order, q.Resource, q.NameContains = apitoken.OrderExpiry, "project:rare", "x"
	})
	add("owner and name, none", "by_owner", 0, func(q *apitoken.TokenQuery) {
		q.Owner, q.AnyOwner, q.NameContains = "collector", false, "x"
	})
	add("owner and creator and kind, none", "by_owner", 0, func(q *apitoken.TokenQuery) {
		q.Owner, q.AnyOwner, q.CreatedBy, q.Kind, q.WithoutExpiration = "collector", false, "eve", "deploy", true
	})
	add("owner and resource, none", "by_owner", 0, func(q *apitoken.TokenQuery) {
		q.Owner, q.AnyOwner, q.Resource = "collector", false, "project:rare"
	})
	add("creator and kind and end, none", "by_creator", 0, func(q *apitoken.TokenQuery) {
		q.CreatedBy, q.Kind, q.ExpiresBefore = "ada", "deploy", ends(.001)
	})
	return all
}
