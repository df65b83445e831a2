package integration_test

import (
	"database/sql"
	"strings"
	"testing"
)

// loadMany fills the tables with 1,000 users of 5 tokens each, some of them expired or revoked, and with 5,000 events, the
// last of which have no number yet. It updates the statistics, by which the databases choose their plans.
func (d database) loadMany(t testing.TB, db *sql.DB) {
	t.Helper()
	statements := map[string]string{"sqlite": manyOfSQLite, "pgx": manyOfPostgreSQL, "mysql": manyOfMySQL}[d.driver]
	if d.driver != "sqlite" {
		statements += "UPDATE apitoken_feed SET last_seq = 4990;"
	}
	for statement := range strings.SplitSeq(statements+many, ";") {
		if _, err := db.Exec(d.spelled(statement)); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
	d.analyze(t, db)
}

func (d database) analyze(t testing.TB, db *sql.DB) {
	t.Helper()
	analyze := "ANALYZE"
	if d.driver == "mysql" {
		analyze = "ANALYZE TABLE apitoken_users, apitoken_epochs, apitoken_tokens, apitoken_events, apitoken_notices, apitoken_offers"
	}
	mustExec(t, db, analyze)
}

// bindSome binds one token in ten to one resource and one in a hundred to another. It needs tables of this build.
const bindSome = `
UPDATE apitoken_tokens SET resource = CASE WHEN created_at % 10 = 3 THEN 'project:web' ELSE 'project:rare' END
WHERE created_at % 10 = 3 OR created_at % 100 = 7`

// offerAll offers each token once more. It needs tables of this build.
const offerAll = `
INSERT INTO apitoken_offers (id, owner, name, kind, resource, description, lifetime, offered_at, offered_by, claim_by, epoch, claimed_by)
SELECT id, owner, name, kind, '', '', 0, created_at, 'ada', created_at, 0, '' FROM apitoken_tokens`

// denySome makes one event in a hundred a denial of another user, and one token in a hundred the child of a token, and gives
// each token a notice and an offer. It needs tables of this build.
var denySome = []string{
	`UPDATE apitoken_events SET outcome = 'denied', action = 'token.list', actor_user = 'mallory' WHERE at % 100 = 7`,
	`UPDATE apitoken_tokens SET created_with = id WHERE created_at % 100 = 9`,
	offerAll,
	`INSERT INTO apitoken_notices (token, step, lease, leased_at, leased_until, sent_at) SELECT id, 3600000000, id, 1, 1, 1 FROM apitoken_tokens`,
}

// spelled replaces placeholders in a statement by functions of the database.
func (d database) spelled(statement string) string {
	functions := map[string][]string{
		"sqlite": {"{digest}", "unhex(printf('%064x', i * 7919))", "{id}", "unhex(printf('%032x', i))", "{text}", "'name' || i", "{owner}", "'user' || (i % 1000)"},
		"pgx": {"{digest}", "sha256(i::text::bytea)", "{id}", "decode(lpad(to_hex(i), 32, '0'), 'hex')", "{text}", "'name' || i",
			"{owner}", "'user' || (i % 1000)"},
		"mysql": {"{digest}", "unhex(sha2(i, 256))", "{id}", "unhex(lpad(hex(i), 32, '0'))", "{text}", "concat('name', i)",
			"{owner}", "concat('user', i % 1000)"},
	}
	return strings.NewReplacer(functions[d.driver]...).Replace(statement)
}

// The numbers from 1 to 5,000.
const (
	manyOfPostgreSQL = `
CREATE TABLE numbers AS SELECT i FROM generate_series(1, 5000) AS i;`

	manyOfSQLite = `
CREATE TABLE numbers AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n;`

	manyOfMySQL = `
CREATE TABLE digits AS SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
	UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9;
CREATE TABLE numbers AS SELECT 1 + 1000 * a.d + 100 * b.d + 10 * c.d + e.d AS i
	FROM digits AS a, digits AS b, digits AS c, digits AS e WHERE a.d < 5;`
)

const many = `
INSERT INTO apitoken_users (id, name, role, created_at, epoch, revision)
SELECT {owner}, {text}, 'user', 1, i % 2, 1 FROM numbers WHERE i <= 1000;

INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT {owner}, 1, 1, 'ada' FROM numbers WHERE i <= 1000 AND i % 2 = 1;

INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, revoked_at, created_by, revoked_by, hint, epoch
)
SELECT
	{digest}, {id}, {owner}, {text}, CASE WHEN i % 10 > 0 THEN {text} END, 'user', i,
	CASE WHEN i % 3 > 0 THEN i * 1000 END, CASE WHEN i % 10 = 0 THEN i END, 'ada', CASE WHEN i % 10 = 0 THEN 'ada' ELSE '' END,
	'tok_...abcd', i % 2
FROM numbers;

INSERT INTO apitoken_events (seq, id, at, action, outcome, actor_kind, actor_user, owner)
SELECT CASE WHEN i <= 4990 THEN i END, {id}, i, 'token.generate', 'done', 'user', 'ada', {owner} FROM numbers`
