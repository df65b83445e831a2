package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
)

// PostgreSQL is the dialect of PostgreSQL 12 or later. It is tested with the driver github.com/jackc/pgx/v5/stdlib; see the
// package documentation for what the server has to be set to.
//
// Every transaction is READ COMMITTED. CreateToken holds a shared lock on the row of the policy until it commits, so that
// no change of the policy overtakes it; PutPolicy locks the table first, because those who want the row for themselves are
// otherwise passed by all who share it. No INSERT fails over a key that is there, for that would end the transaction.
var PostgreSQL = Dialect{
	name:           "PostgreSQL",
	reservedPrefix: "pg_",
	migrations:     "migrations/postgresql",
	placeholder:    func(n int) string { return fmt.Sprint("$", n) },
	begin:          &sql.TxOptions{Isolation: sql.LevelReadCommitted},
	busy:           postgresBusy,
	lost:           postgresLost,
	pooled:         postgresPooled,
	unpooled:       "default_query_exec_mode=exec",
	durability:     postgresDurability,
	feed:           postgresEvents,

	limitWait:  `SET LOCAL lock_timeout = '200ms'`,
	waitedLong: func(err error) bool { return sqlState(err) == "55P03" }, // lock_not_available
	findIndex:  `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1::text)`,
	openTransactions: `
SELECT coalesce(string_agg(format('process %s of %s (%s), open since %s',
	a.pid, coalesce(a.usename, '?'), coalesce(nullif(a.application_name, ''), 'no application_name'), a.xact_start), '; '), '')
FROM pg_stat_activity AS a
WHERE a.pid <> pg_backend_pid() AND a.pid IN (
	SELECT l.pid
	FROM pg_locks AS l
	JOIN pg_class AS c ON c.oid = l.relation
	WHERE l.granted AND left(c.relname, length('apitoken_')) = 'apitoken_'
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)`,

	queries: [numQueries]string{
		findVersions: `
SELECT to_regclass('apitoken_schema_version') IS NOT NULL`,

		lastVersion: `
SELECT coalesce(max(version), 0) FROM apitoken_schema_version`,

		// CREATE TABLE IF NOT EXISTS fails where two make the same table at one moment.
		lockSchema: `
SELECT pg_advisory_xact_lock(hashtextextended('apitoken_schema_version', 0))`,

		makeVersions: `
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version BIGINT PRIMARY KEY
)`,

		claimVersion: `
INSERT INTO apitoken_schema_version (version) VALUES ($1) ON CONFLICT DO NOTHING`,

		lookupToken: `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by,
	t.hint, t.resource, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = $1`,

		readToken: `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.hint, t.resource, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)
WHERE t.id = $1`,

		freeName: `
UPDATE apitoken_tokens SET live_name = NULL
WHERE owner = $1 AND live_name = $2 AND (expires_at <= $3 OR epoch < $4)`,

		findDead: `
SELECT EXISTS (
	SELECT 1 FROM apitoken_tokens
	WHERE owner = $1 AND live_name = $2 AND (expires_at <= $3 OR epoch < $4)
)`,

		admitToken: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = $1 AND id = $2),
	p.revision,
	EXISTS (SELECT 1 FROM apitoken_users WHERE id = $3),
	coalesce((SELECT revision FROM apitoken_users WHERE id = $4), 0)
FROM apitoken_policy AS p
FOR SHARE OF p`,

		insertToken: `
INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at,
	created_by, created_with, revoked_by, hint, epoch, resource
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT DO NOTHING`,

		// The owner stays as they are until the revocation is there, so that it does not take the place of one with the epoch.
		// It is a lock that one transaction holds at a time: those who share one pass a change of the owner that waits for it.
		revokeToken: `
UPDATE apitoken_tokens AS t SET revoked_at = $1, revoked_by = $2, live_name = NULL
FROM (
	SELECT o.epoch
	FROM apitoken_users AS o
	WHERE o.id = (SELECT owner FROM apitoken_tokens WHERE id = $3)
	FOR NO KEY UPDATE
) AS u
WHERE t.id = $3 AND t.revoked_at IS NULL AND t.epoch >= u.epoch`,

		findRevoked: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE id = $1),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = $2)`,

		countEnds: `
SELECT count(*)
FROM (SELECT 1 FROM apitoken_tokens WHERE expires_at >= $1 AND expires_at < $2 LIMIT $3) AS found`,

		readUser: `
SELECT id, name, role, created_at, disabled_at, epoch, revision FROM apitoken_users WHERE id = $1`,

		listUsers: `
SELECT id, name, role, created_at, disabled_at, epoch, revision FROM apitoken_users
WHERE id > $1 AND (strpos(id, $2) > 0 OR strpos(name, $3) > 0) ORDER BY id LIMIT $4`,

		insertUser: `
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, epoch, revision)
SELECT $1, $2, $3, $4::bigint, $5::bigint, greatest(
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_tokens WHERE owner = $6),
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_epochs WHERE owner = $7)
), 1
ON CONFLICT DO NOTHING`,

		lockUser: `
SELECT id, name, role, created_at, disabled_at, epoch, revision FROM apitoken_users WHERE id = $1
FOR NO KEY UPDATE`,

		updateUser: `
UPDATE apitoken_users SET name = $1, role = $2, disabled_at = $3, epoch = $4, revision = $5
WHERE id = $6`,

		endEpoch: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING`,

		endLeft: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT owner, epoch + 1, $1::bigint, $2 FROM apitoken_tokens WHERE owner = $3
ON CONFLICT DO NOTHING`,

		readPolicy: `
SELECT max_lifetime, updated_at, updated_by, revision FROM apitoken_policy`,

		lockPolicy: `
LOCK TABLE apitoken_policy IN EXCLUSIVE MODE`,

		updatePolicy: `
UPDATE apitoken_policy SET max_lifetime = $1, updated_at = $2, updated_by = $3, revision = $4
WHERE revision = $5`,

		insertEvent: `
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT DO NOTHING`,

		findUnnumbered: `
SELECT EXISTS (SELECT 1 FROM apitoken_events WHERE seq IS NULL)`,

		lockFeed: `
SELECT last_seq FROM apitoken_feed FOR UPDATE`,

		numberEvents: `
UPDATE apitoken_events AS e SET seq = $2 + p.place
FROM (
	SELECT insert_no, row_number() OVER (ORDER BY insert_no) AS place
	FROM apitoken_events
	WHERE seq IS NULL ORDER BY insert_no LIMIT $1
) AS p
WHERE e.insert_no = p.insert_no`,

		moveFeed: `
UPDATE apitoken_feed SET last_seq = last_seq + $1`,

		// It changes nothing, but is written, and so its COMMIT waits for the standbys. No row is locked: many do this at one time.
		confirm: `
SELECT pg_logical_emit_message(true, 'apitoken_feed', '')`,
	},

	// The planner likes to go through all tokens by their ids where the condition is of a column, and through all epochs where
	// it expects many tokens. A comparison of rows is answered by the index of the column and no other, and what has a LIMIT is
	// looked up for each row.
	list: listing{
		from: `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.hint, t.resource
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner, ended_at, ended_by FROM apitoken_epochs
	WHERE owner = t.owner AND epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > ended_at)
	LIMIT 1
) AS e ON true`,

		ids: `
SELECT t.id
FROM apitoken_tokens AS t`,

		count: `
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN LATERAL (
	SELECT owner FROM apitoken_epochs
	WHERE owner = t.owner AND epoch = t.epoch + 1 AND (t.expires_at IS NULL OR t.expires_at > ended_at)
	LIMIT 1
) AS e ON true`,

		all: walk{
			after: `t.id > ?`,
			upTo:  `t.id <= ?`,
			order: `ORDER BY t.id`,
		},
		owner: walk{
			after: `(t.owner, t.id) > (?, ?)`,
			upTo:  `(t.owner, t.id) <= (?, ?)`,
			order: `ORDER BY t.owner, t.id`,
		},
		resource: walk{
			after: `(t.resource, t.id) > (?, ?) AND t.resource <> ''`,
			upTo:  `(t.resource, t.id) <= (?, ?)`,
			order: `ORDER BY t.resource, t.id`,
		},
		createdBy: walk{
			after: `(t.created_by, t.id) > (?, ?)`,
			upTo:  `(t.created_by, t.id) <= (?, ?)`,
			order: `ORDER BY t.created_by, t.id`,
		},
		parent: walk{
			after: `(t.created_with, t.id) > (?, ?) AND t.created_with IS NOT NULL`,
			upTo:  `(t.created_with, t.id) <= (?, ?)`,
			order: `ORDER BY t.created_with, t.id`,
		},
		rareKind: walk{
			after: `(t.kind, t.id) > (?, ?) AND t.kind <> 'user'`,
			upTo:  `(t.kind, t.id) <= (?, ?)`,
			order: `ORDER BY t.kind, t.id`,
		},
		endless: walk{
			after: `t.expires_at IS NULL AND t.id > ?`,
			upTo:  `t.id <= ?`,
			order: `ORDER BY t.id`,
		},

		filter: filters{
			revoked:         `(t.revoked_at IS NOT NULL OR e.owner IS NOT NULL)`,
			active:          `t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR t.expires_at + 0 > ?)`,
			expired:         `t.revoked_at IS NULL AND e.owner IS NULL AND t.expires_at + 0 <= ?`,
			resource:        `t.resource || '' = ?`,
			createdBy:       `t.created_by || '' = ?`,
			parent:          `t.created_with || '' = ?`,
			onBehalf:        `t.created_by <> t.owner`,
			kind:            `t.kind || '' = ?`,
			endless:         `t.expires_at + 0 IS NULL`,
			expiresBefore:   `t.expires_at + 0 < ?`,
			unusedSince:     `t.created_at < ? AND (t.last_used_at IS NULL OR t.last_used_at < ?)`,
			livesLongerThan: `(t.expires_at IS NULL OR t.expires_at - t.created_at > ?)`,
			nameContains:    `strpos(t.name, ?) > 0`,
		},

		limit:  `LIMIT ?`,
		lastOf: `LIMIT 2 OFFSET ?`,

		few: few{
			ends:  `t.expires_at >= ? AND t.expires_at < ?`,
			after: `t.id || '' > ?`,
			order: `ORDER BY t.id || ''`,
		},
	},

	// The rows are locked in the order of their ids before any is written, or two batches could wait for each other.
	touch: perRow{
		from: `
WITH v (id, used_at, ahead) AS (VALUES `,
		row:     `(?::bytea, ?::bigint, ?::bigint)`,
		between: `, `,
		to: `), locked AS (
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
	},
}

// postgresBusy recognises, by its SQLSTATE, an error after which the server has rolled the transaction back on account of
// somebody else's.
func postgresBusy(err error) bool {
	switch sqlState(err) {
	case "40001", // serialization_failure
		"40P01", // deadlock_detected
		"55P03": // lock_not_available, where the host has set lock_timeout
		return true
	}
	return false
}

// postgresLost recognises, by its SQLSTATE, an error of a connection that has forgotten what was prepared on it (DISCARD ALL,
// DEALLOCATE), or of a statement that would answer columns of other types than when it was prepared.
func postgresLost(err error) bool {
	switch sqlState(err) {
	case "26000", // invalid_sql_statement_name
		"0A000": // feature_not_supported: "cached plan must not change result type"
		return true
	}
	return false
}

// postgresPooled recognises, by its SQLSTATE, an error of a connection on which another client has prepared, or of one on
// which this client has not.
func postgresPooled(err error) bool {
	switch sqlState(err) {
	case "42P05", // duplicate_prepared_statement
		"26000": // invalid_sql_statement_name
		return true
	}
	return false
}

// sqlState is the SQLSTATE that a driver's error carries, or empty.
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}
