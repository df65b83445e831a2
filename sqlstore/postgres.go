package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
)

// PostgreSQL is the dialect of PostgreSQL 12 or later. It is tested with the driver github.com/jackc/pgx/v5/stdlib, for which a
// data source name is
//
//	postgres://user:password@host:5432/database
//
// without further parameters. With several hosts, target_session_attrs=read-write finds the host that accepts writes, also
// after a fail-over. Behind a pooler that hands a connection on after each transaction, set Options.Unprepared and use
//
//	postgres://user:password@pooler:6432/database?default_query_exec_mode=exec
//
// because pgx prepares statements by default. If a connection loses its prepared statements, as after DISCARD ALL, the store
// prepares them again and the call succeeds.
//
// Most changes are one statement that commits by itself. If its context ends after it was sent, even while it waits for a lock,
// it is given two seconds to finish and then repeated for up to two more, until its outcome is known. If that fails too, the
// error is [apitoken.ErrUncertain].
//
// Every transaction is READ COMMITTED. CreateToken holds a shared lock on the row of the policy until it commits, so that no
// change of the policy overtakes it. PutPolicy locks the table first: an exclusive lock on the row alone could be overtaken by
// new shared locks without end. An INSERT does not fail because of a key in use, which would abort the transaction.
var PostgreSQL = newPostgreSQL()

func newPostgreSQL() Dialect {
	s := syntax{
		ifAbsent:        "\nON CONFLICT DO NOTHING",
		lockRow:         "FOR NO KEY UPDATE",
		greatest:        "greatest",
		contains:        "strpos(%s, ?) > 0",
		joinEpochs:      postgresJoinEpochs,
		partialIndexes:  true,
		compareRows:     true,
		unindexedText:   "%s || ''",
		unindexedNumber: "%s + 0",
	}
	return Dialect{
		name:             "PostgreSQL",
		reservedPrefix:   "pg_",
		migrations:       "migrations/postgresql",
		placeholder:      func(n int) string { return fmt.Sprint("$", n) },
		txOptions:        &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		readIsolation:    `SELECT current_setting('transaction_isolation')`,
		isolations:       []string{"read committed", "read uncommitted"}, // to PostgreSQL these are the same
		lockedTxOptions:  &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		busy:             postgresBusy,
		refused:          postgresRefused,
		keyTaken:         func(err error) bool { return sqlState(err) == "23505" }, // unique_violation
		statementLost:    postgresStatementLost,
		poolerError:      postgresPoolerError,
		poolerSetting:    "default_query_exec_mode=exec",
		checkDurability:  checkPostgreSQLDurability,
		queries:          s.queries(postgresQueries),
		tokens:           s.tokenListing(),
		events:           s.eventListing(),
		touchRows:        postgresTouchRows,
		removeRows:       removeTokenRows,
		userRows:         s.userRows(),
		revokeRows:       revocationBy(lockOwnerRows("FOR NO KEY UPDATE")),
		forgetRows:       forgetTokenRows,
		leaseRows:        postgresLeaseRows,
		leasedRows:       leasedNoticeRows,
		noticeRows:       removeNoticeRows,
		offerRows:        removeOfferRows,
		setLockTimeout:   `SET LOCAL lock_timeout = '200ms'`,
		lockTimedOut:     func(err error) bool { return sqlState(err) == "55P03" }, // lock_not_available
		openTransactions: postgresOpenTransactions,
		findIndex:        `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1::text)`,
	}
}

// postgresJoinEpochs has a LIMIT, so that the epoch is looked up for each token. With a plain join the planner reads all
// epochs if it expects many tokens. It looks for the first epoch from the right one on, in the order of the index: to find the
// right one, the planner would read a table of a few pages for each token from its beginning.
const postgresJoinEpochs = `
LEFT JOIN LATERAL (
	SELECT owner, epoch, ended_at, ended_by FROM apitoken_epochs
	WHERE (owner, epoch) >= (t.owner, t.epoch + 1)
	ORDER BY owner, epoch LIMIT 1
) AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)`

const postgresOpenTransactions = `
SELECT coalesce(string_agg(format('process %s of %s (%s), open since %s',
	a.pid, coalesce(a.usename, '?'), coalesce(nullif(a.application_name, ''), 'no application_name'), a.xact_start), '; '), '')
FROM pg_stat_activity AS a
WHERE a.pid <> pg_backend_pid() AND a.pid IN (
	SELECT l.pid
	FROM pg_locks AS l
	JOIN pg_class AS c ON c.oid = l.relation
	WHERE l.granted AND left(c.relname, length('apitoken_')) = 'apitoken_'
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)`

var postgresQueries = union(union(numberingQueries, postgresAtOnce), map[query]string{
	// One statement replaces each of them.
	releaseName: "", isNameReleasable: "", checkInsert: "", insertToken: "", countActive: "", revokeToken: "", changeToken: "", narrowToken: "", lockToken: "", updatePolicy: "",

	// Otherwise the plan from a time when there were few notices would be kept, and read all of them for each token.
	planAnew: `
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`,

	findVersions: `
SELECT to_regclass('apitoken_schema_version') IS NOT NULL`,

	// CREATE TABLE IF NOT EXISTS fails if two processes make the same table at one moment.
	lockSchema: `
SELECT pg_advisory_xact_lock(hashtextextended('apitoken_schema_version', 0))`,

	makeVersions: `
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version BIGINT PRIMARY KEY
)`,

	claimVersion: `
INSERT INTO apitoken_schema_version (version) VALUES (?) ON CONFLICT DO NOTHING`,

	// In a SELECT DISTINCT a parameter without a type is a text.
	endLeftoverEpochs: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT owner, epoch + 1, ?::bigint, ? FROM apitoken_tokens WHERE owner = ?
ON CONFLICT DO NOTHING`,

	lockPolicy: `
LOCK TABLE apitoken_policy IN EXCLUSIVE MODE`,

	numberEvents: `
UPDATE apitoken_events AS e SET seq = $2 + p.place
FROM (
	SELECT insert_no, row_number() OVER (ORDER BY insert_no) AS place
	FROM apitoken_events
	WHERE seq IS NULL ORDER BY insert_no LIMIT $1
) AS p
WHERE e.insert_no = p.insert_no`,

	// It changes nothing, but it is written, so its COMMIT waits for the standbys. It locks no row: many calls run at one time.
	confirm: `
SELECT pg_logical_emit_message(true, 'apitoken_feed', '')`,
})

// The rows are locked in the order of their IDs before any is written: two batches could deadlock otherwise.
var postgresTouchRows = batchQuery{
	before: `
WITH v (id, used_at, ahead) AS (VALUES `,
	row:       `(?::bytea, ?::bigint, ?::bigint)`,
	separator: `, `,
	after: `), locked AS (
	SELECT t.digest, v.used_at, v.ahead
	FROM apitoken_tokens AS t
	JOIN v ON v.id = t.id
	WHERE t.last_used_at IS NULL OR t.last_used_at < v.used_at OR t.last_used_at > v.ahead
	ORDER BY t.id
	FOR NO KEY UPDATE OF t
)
UPDATE apitoken_tokens AS t SET last_used_at = l.used_at
FROM locked AS l
WHERE t.digest = l.digest AND (
	t.last_used_at IS NULL OR t.last_used_at < l.used_at OR t.last_used_at > l.ahead
)`,
}

// postgresRefused recognises, by its SQLSTATE, an error that the server has returned instead of committing.
func postgresRefused(err error) bool {
	state := sqlState(err)
	switch {
	case state == "", // the error of a connection
		state == "40003": // statement_completion_unknown
		return false
	case state == "57014": // query_canceled
		return true
	}
	switch state[:2] {
	case "08", // of the connection, as a pooler says it
		"57",       // a server that stops
		"58", "XX": // a server that fails
		return false
	}
	return true
}

// postgresBusy recognises, by its SQLSTATE, an error after which the server has rolled the transaction back because of
// another one.
func postgresBusy(err error) bool {
	switch sqlState(err) {
	case "40001", // serialization_failure
		"40P01", // deadlock_detected
		"55P03": // lock_not_available, if the host has set lock_timeout
		return true
	}
	return false
}

// postgresStatementLost recognises, by its SQLSTATE, an error of a connection that has dropped its prepared statements
// (DISCARD ALL, DEALLOCATE), or of a statement whose columns have other types than when it was prepared.
func postgresStatementLost(err error) bool {
	switch sqlState(err) {
	case "26000", // invalid_sql_statement_name
		"0A000": // feature_not_supported: "cached plan must not change result type"
		return true
	}
	return false
}

// postgresPoolerError recognises, by its SQLSTATE, an error of a connection on which another client has prepared, or on
// which this client has not.
func postgresPoolerError(err error) bool {
	switch sqlState(err) {
	case "42P05", // duplicate_prepared_statement
		"26000": // invalid_sql_statement_name
		return true
	}
	return false
}

// sqlState returns the SQLSTATE of a driver's error, or "".
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}
