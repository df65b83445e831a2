package sqlstore

import (
	"database/sql"
	"reflect"
)

// MySQL is the dialect of MySQL 8.0.16, MariaDB 10.5, and later versions of both. It is tested with MariaDB, alone and as a
// Galera cluster, and with the driver github.com/go-sql-driver/mysql; see the package documentation for what the server has
// to be set to.
//
// Every transaction is READ COMMITTED. CreateToken holds a shared lock on the row of the policy until it commits, so that
// no change of the policy overtakes it. Texts are stored as bytes, because the collations that compare byte by byte and do
// not ignore spaces at the end have different names in the two. Statements of the schema commit by themselves.
var MySQL = Dialect{
	name:        "MySQL",
	migrations:  "migrations/mysql",
	placeholder: func(int) string { return "?" },
	begin:       &sql.TxOptions{Isolation: sql.LevelReadCommitted},
	busy:        mysqlBusy,
	lost:        mysqlLost,
	pooled:      func(err error) bool { return mysqlCode(err) == 1243 }, // ER_UNKNOWN_STMT_HANDLER
	unpooled:    "interpolateParams=true",
	duplicate:   func(err error) bool { return mysqlCode(err) == 1062 }, // ER_DUP_ENTRY
	ddlCommits:  true,
	made:        mysqlMade,
	durability:  mysqlDurability,
	feed:        mysqlEvents,

	// The shortest wait that MySQL takes is a second. One process at a time waits, or readers would be kept waiting by one
	// after the other.
	limitWait: `
SET
	@apitoken_lock_wait_timeout = @@SESSION.lock_wait_timeout,
	@apitoken_lock = GET_LOCK(sha1(concat(database(), '.apitoken_schema_version')), 600),
	SESSION lock_wait_timeout = 1`,
	unlimitWait: `
SET
	@apitoken_lock = RELEASE_LOCK(sha1(concat(database(), '.apitoken_schema_version'))),
	SESSION lock_wait_timeout = @apitoken_lock_wait_timeout`,
	waitedLong: func(err error) bool { return mysqlCode(err) == 1205 }, // ER_LOCK_WAIT_TIMEOUT
	openTransactions: `
SELECT coalesce(group_concat(concat('connection ', trx_mysql_thread_id, ', open since ', trx_started) SEPARATOR '; '), '')
FROM information_schema.innodb_trx
WHERE trx_mysql_thread_id <> connection_id()`,

	queries: [numQueries]string{
		findVersions: `
SELECT EXISTS (
	SELECT 1 FROM information_schema.tables
	WHERE table_schema = DATABASE() AND table_name = 'apitoken_schema_version'
)`,

		lastVersion: `
SELECT coalesce(max(version), 0) FROM apitoken_schema_version`,

		// Without autocommit a connection goes on reading what was there when it first read: a Lookup would take a token for
		// good that was revoked since.
		findFault: `
SELECT IF(@@autocommit, '', 'autocommit is off, and so they do not see what others commit')`,

		makeVersions: `
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version BIGINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB`,

		claimVersion: `
INSERT IGNORE INTO apitoken_schema_version (version) VALUES (?)`,

		lookupToken: `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	t.revoked_at, t.revoked_by,
	t.hint, t.resource, t.digest, t.epoch,
	u.name, u.role, u.created_at, u.disabled_at, u.epoch, u.revision
FROM apitoken_tokens AS t
JOIN apitoken_users AS u ON u.id = t.owner
WHERE t.digest = ?`,

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
WHERE t.id = ?`,

		freeName: `
UPDATE apitoken_tokens SET live_name = NULL
WHERE owner = ? AND live_name = ? AND (expires_at <= ? OR epoch < ?)`,

		findDead: `
SELECT EXISTS (
	SELECT 1 FROM apitoken_tokens
	WHERE owner = ? AND live_name = ? AND (expires_at <= ? OR epoch < ?)
)`,

		admitToken: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = ? AND id = ?),
	p.revision,
	EXISTS (SELECT 1 FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0)
FROM apitoken_policy AS p
LOCK IN SHARE MODE`,

		insertToken: `
INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at,
	created_by, created_with, revoked_by, hint, epoch, resource
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,

		// The owner stays as he is until the revocation is there, so that it does not take the place of one with the epoch.
		revokeToken: `
UPDATE apitoken_tokens AS t SET t.revoked_at = ?, t.revoked_by = ?, t.live_name = NULL
WHERE t.id = ? AND t.revoked_at IS NULL
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner LOCK IN SHARE MODE)`,

		findRevoked: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?)`,

		countEnds: `
SELECT count(*)
FROM (SELECT 1 FROM apitoken_tokens WHERE expires_at >= ? AND expires_at < ? LIMIT ?) AS found`,

		readUser: `
SELECT id, name, role, created_at, disabled_at, epoch, revision FROM apitoken_users WHERE id = ?`,

		listUsers: `
SELECT id, name, role, created_at, disabled_at, epoch, revision FROM apitoken_users
WHERE id > ? AND (locate(?, id) > 0 OR locate(?, name) > 0) ORDER BY id LIMIT ?`,

		insertUser: `
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, epoch, revision)
VALUES (?, ?, ?, ?, ?, greatest(
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_tokens WHERE owner = ?),
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_epochs WHERE owner = ?)
), 1)`,

		lockUser: `
SELECT id, name, role, created_at, disabled_at, epoch, revision FROM apitoken_users WHERE id = ?
FOR UPDATE`,

		updateUser: `
UPDATE apitoken_users SET name = ?, role = ?, disabled_at = ?, epoch = ?, revision = ?
WHERE id = ?`,

		endEpoch: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by) VALUES (?, ?, ?, ?)`,

		endLeft: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT t.owner, t.epoch + 1, ?, ?
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
WHERE t.owner = ? AND e.owner IS NULL`,

		readPolicy: `
SELECT max_lifetime, updated_at, updated_by, revision FROM apitoken_policy`,

		updatePolicy: `
UPDATE apitoken_policy SET max_lifetime = ?, updated_at = ?, updated_by = ?, revision = ?
WHERE revision = ?`,

		insertEvent: `
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,

		findUnnumbered: `
SELECT EXISTS (SELECT 1 FROM apitoken_events WHERE seq IS NULL)`,

		lockFeed: `
SELECT last_seq FROM apitoken_feed FOR UPDATE`,

		// Not in the UPDATE that numbers them: that would lock what it reads, and wait for every event that is not committed.
		listUnnumbered: `
SELECT insert_no FROM apitoken_events WHERE seq IS NULL ORDER BY insert_no LIMIT ?`,

		moveFeed: `
UPDATE apitoken_feed SET last_seq = last_seq + ?`,
	},

	list: listing{
		from: `
SELECT
	t.id, t.owner, t.name, t.kind, t.created_at, t.expires_at, t.created_by, t.created_with, t.last_used_at,
	coalesce(t.revoked_at, e.ended_at),
	CASE WHEN t.revoked_at IS NULL THEN coalesce(e.ended_by, '') ELSE t.revoked_by END,
	t.hint, t.resource
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)`,

		ids: `
SELECT t.id
FROM apitoken_tokens AS t`,

		count: `
SELECT count(*)
FROM apitoken_tokens AS t
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)`,

		all: walk{
			after: `t.id > ?`,
			upTo:  `t.id <= ?`,
			order: `ORDER BY t.id`,
		},
		owner: walk{
			after: `t.owner = ? AND t.id > ?`,
			upTo:  `t.owner = ? AND t.id <= ?`,
			order: `ORDER BY t.id`,
		},
		resource: walk{
			after: `t.resource = ? AND t.id > ?`,
			upTo:  `t.resource = ? AND t.id <= ?`,
			order: `ORDER BY t.id`,
		},
		createdBy: walk{
			after: `t.created_by = ? AND t.id > ?`,
			upTo:  `t.created_by = ? AND t.id <= ?`,
			order: `ORDER BY t.id`,
		},
		parent: walk{
			after: `t.created_with = ? AND t.id > ?`,
			upTo:  `t.created_with = ? AND t.id <= ?`,
			order: `ORDER BY t.id`,
		},
		rareKind: walk{
			after: `t.kind = ? AND t.id > ?`,
			upTo:  `t.kind = ? AND t.id <= ?`,
			order: `ORDER BY t.id`,
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
			resource:        `concat(t.resource, '') = ?`,
			createdBy:       `concat(t.created_by, '') = ?`,
			parent:          `concat(t.created_with, '') = ?`,
			onBehalf:        `t.created_by <> t.owner`,
			kind:            `concat(t.kind, '') = ?`,
			endless:         `t.expires_at + 0 IS NULL`,
			expiresBefore:   `t.expires_at + 0 < ?`,
			unusedSince:     `t.created_at < ? AND (t.last_used_at IS NULL OR t.last_used_at < ?)`,
			livesLongerThan: `(t.expires_at IS NULL OR t.expires_at - t.created_at > ?)`,
			nameContains:    `locate(?, t.name) > 0`,
		},

		limit:  `LIMIT ?`,
		lastOf: `LIMIT 2 OFFSET ?`,

		few: few{
			ends:  `t.expires_at >= ? AND t.expires_at < ?`,
			after: `concat(t.id, '') > ?`,
			order: `ORDER BY concat(t.id, '')`,
		},
	},

	// The order of the join is that of the rows, by id: two batches that lock them in different orders wait for each other.
	touch: perRow{
		from: `
UPDATE (`,
		row:     `SELECT CAST(? AS BINARY(16)) AS id, ? AS used_at, ? AS ahead`,
		between: ` UNION ALL `,
		to: `) AS v
STRAIGHT_JOIN apitoken_tokens AS t ON t.id = v.id
SET t.last_used_at = v.used_at
WHERE t.last_used_at IS NULL OR t.last_used_at < v.used_at OR t.last_used_at > v.ahead`,
	},

	number: perRow{
		from: `
UPDATE (`,
		row:     `SELECT CAST(? AS SIGNED) AS insert_no, ? AS seq`,
		between: ` UNION ALL `,
		to: `) AS v
STRAIGHT_JOIN apitoken_events AS e ON e.insert_no = v.insert_no
SET e.seq = v.seq`,
	},
}

// mysqlBusy recognises an error after which the transaction has to be rolled back, and can be tried again.
func mysqlBusy(err error) bool {
	switch mysqlCode(err) {
	case 1213, // ER_LOCK_DEADLOCK; on Galera also where another node was first, and then it may answer the COMMIT
		1205, // ER_LOCK_WAIT_TIMEOUT; only the statement is undone, until the rollback
		1020, // ER_CHECKREAD; MariaDB's deadlock between versions of a row
		3101: // ER_TRANSACTION_ROLLBACK_DURING_COMMIT, of group replication
		return true
	}
	return false
}

// mysqlLost recognises an error of a connection that does not know a prepared statement any more, or of a statement whose
// tables have changed too often.
func mysqlLost(err error) bool {
	switch mysqlCode(err) {
	case 1243, // ER_UNKNOWN_STMT_HANDLER
		1615: // ER_NEED_REPREPARE
		return true
	}
	return false
}

// mysqlMade recognises that a column or a key which is to be added is there, or that a key which is to be dropped is not.
// MariaDB is told IF EXISTS, which MySQL does not know.
func mysqlMade(err error) bool {
	switch mysqlCode(err) {
	case 1060, // ER_DUP_FIELDNAME
		1061, // ER_DUP_KEYNAME
		1091: // ER_CANT_DROP_FIELD_OR_KEY
		return true
	}
	return false
}

// mysqlCode is the number that a driver's error carries, or 0. The driver has it in a field, which can be read without
// importing the driver only by reflection.
func mysqlCode(err error) int {
	return codeOf(err, func(err error) int {
		e := reflect.Indirect(reflect.ValueOf(err))
		if e.Kind() != reflect.Struct {
			return 0
		}
		number := e.FieldByName("Number")
		if !number.IsValid() || number.Kind() != reflect.Uint16 {
			return 0
		}
		return int(number.Uint())
	})
}
