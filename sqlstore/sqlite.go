package sqlstore

import "reflect"

// SQLite is the dialect of SQLite 3.37 or later. It is tested with the driver modernc.org/sqlite; see the package
// documentation for the data source name.
//
// One writer at a time: a transaction that has written holds the only write lock until it ends. That is what keeps a
// change of the policy from overtaking a new token, and what lets an event have its number when it is inserted. The first
// statement of every transaction is therefore a write, also where the host's data source name does not say _txlock: one
// that began by reading could not become a writer after somebody else has written (SQLITE_BUSY_SNAPSHOT).
var SQLite = Dialect{
	name:           "SQLite",
	reservedPrefix: "sqlite_",
	migrations:     "migrations/sqlite",
	placeholder:    func(int) string { return "?" },
	busy:           sqliteBusy,
	refused:        func(err error) bool { return sqliteCode(err)&sqlitePrimary == sqliteFullCode },
	duplicate:      sqliteDuplicate,
	durability:     sqliteDurability,
	oneWriter:      true,
	insist:         "COMMIT",
	local:          true,
	feed:           sqliteEvents,

	queries: [numQueries]string{
		findVersions: `
SELECT EXISTS (
	SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'apitoken_schema_version'
)`,

		lastVersion: `
SELECT coalesce(max(version), 0) FROM apitoken_schema_version`,

		makeVersions: `
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version INTEGER PRIMARY KEY
) STRICT`,

		claimVersion: `
INSERT INTO apitoken_schema_version (version) VALUES (?) ON CONFLICT DO NOTHING`,

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
	(SELECT revision FROM apitoken_policy),
	EXISTS (SELECT 1 FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0)`,

		insertToken: `
INSERT INTO apitoken_tokens (
	digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at,
	created_by, created_with, revoked_by, hint, epoch, resource
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

		revokeToken: `
UPDATE apitoken_tokens AS t SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE t.id = ? AND t.revoked_at IS NULL AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner)`,

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
WHERE id > ? AND (instr(id, ?) > 0 OR instr(name, ?) > 0) ORDER BY id LIMIT ?`,

		insertUser: `
INSERT INTO apitoken_users (id, name, role, created_at, disabled_at, epoch, revision)
VALUES (?, ?, ?, ?, ?, max(
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_tokens WHERE owner = ?),
	(SELECT coalesce(max(epoch) + 1, 0) FROM apitoken_epochs WHERE owner = ?)
), 1)
ON CONFLICT DO NOTHING`,

		// It changes nothing, and is a write, as the first statement of a transaction has to be.
		lockUser: `
UPDATE apitoken_users SET revision = revision WHERE id = ?
RETURNING id, name, role, created_at, disabled_at, epoch, revision`,

		updateUser: `
UPDATE apitoken_users SET name = ?, role = ?, disabled_at = ?, epoch = ?, revision = ?
WHERE id = ?`,

		endEpoch: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING`,

		endLeft: `
INSERT INTO apitoken_epochs (owner, epoch, ended_at, ended_by)
SELECT DISTINCT owner, epoch + 1, ?, ? FROM apitoken_tokens WHERE owner = ?
ON CONFLICT DO NOTHING`,

		readPolicy: `
SELECT max_lifetime, updated_at, updated_by, revision FROM apitoken_policy`,

		updatePolicy: `
UPDATE apitoken_policy SET max_lifetime = ?, updated_at = ?, updated_by = ?, revision = ?
WHERE revision = ?`,

		// Not ON CONFLICT DO NOTHING: that uses up a number, and the feed counts 1, 2, 3.
		insertEvent: `
INSERT INTO apitoken_events (
	id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
WHERE NOT EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?1)`,
	},

	// The plus keeps an index from the filters.
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
			after: `t.resource = ? AND t.id > ? AND t.resource <> ''`,
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
			after: `t.kind = ? AND t.id > ? AND t.kind <> 'user'`,
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
			active:          `t.revoked_at IS NULL AND e.owner IS NULL AND (t.expires_at IS NULL OR +t.expires_at > ?)`,
			expired:         `t.revoked_at IS NULL AND e.owner IS NULL AND +t.expires_at <= ?`,
			resource:        `+t.resource = ?`,
			createdBy:       `+t.created_by = ?`,
			parent:          `+t.created_with = ?`,
			onBehalf:        `t.created_by <> t.owner`,
			kind:            `+t.kind = ?`,
			endless:         `+t.expires_at IS NULL`,
			expiresBefore:   `+t.expires_at < ?`,
			unusedSince:     `t.created_at < ? AND (t.last_used_at IS NULL OR t.last_used_at < ?)`,
			livesLongerThan: `(t.expires_at IS NULL OR t.expires_at - t.created_at > ?)`,
			nameContains:    `instr(t.name, ?) > 0`,
		},

		limit:  `LIMIT ?`,
		lastOf: `LIMIT 2 OFFSET ?`,

		few: few{
			ends:  `t.expires_at >= ? AND t.expires_at < ?`,
			after: `+t.id > ?`,
			order: `ORDER BY +t.id`,
		},
	},

	// The plus keeps an index from the values, with which SQLite would rather go through all tokens, where ANALYZE has told it
	// that they are not very many.
	touch: perRow{
		from: `
UPDATE apitoken_tokens AS t SET last_used_at = v.column2
FROM (VALUES `,
		row:     `(?, ?, ?)`,
		between: `, `,
		to: `) AS v
WHERE t.id = +v.column1 AND (
	t.last_used_at IS NULL OR t.last_used_at < v.column2 OR t.last_used_at > v.column3
)`,
	},
}

// The result codes of SQLite that mean something here. The low byte is the primary code.
const (
	sqlitePrimary          = 0xff
	sqliteBusyCode         = 5    // the file is locked; 517 is SQLITE_BUSY_SNAPSHOT
	sqliteLockedCode       = 6    // a table is locked, by a connection that shares the cache
	sqliteFullCode         = 13   // there is no room; a COMMIT that finds none is rolled back
	sqliteUniqueCode       = 2067 // SQLITE_CONSTRAINT_UNIQUE
	sqlitePrimaryKeyCode   = 1555 // SQLITE_CONSTRAINT_PRIMARYKEY
	sqliteDuplicateRowCode = 2579 // SQLITE_CONSTRAINT_ROWID
)

// sqliteBusy recognises a lock that somebody else holds. A COMMIT that finds one leaves the transaction open, and the
// drivers roll it back, because database/sql holds every transaction for ended after its Commit.
func sqliteBusy(err error) bool {
	primary := sqliteCode(err) & sqlitePrimary
	return primary == sqliteBusyCode || primary == sqliteLockedCode
}

func sqliteDuplicate(err error) bool {
	switch sqliteCode(err) {
	case sqliteUniqueCode, sqlitePrimaryKeyCode, sqliteDuplicateRowCode:
		return true
	}
	return false
}

// sqliteCode is the extended result code that a driver's error carries, or 0. One driver's error has a method Code that
// gives an int. Others have a method or a field ExtendedCode of a type of their own, which can be read without importing
// the driver only by reflection.
func sqliteCode(err error) int {
	return codeOf(err, func(err error) int {
		if e, ok := err.(interface{ Code() int }); ok {
			return e.Code()
		}
		return extendedCode(reflect.ValueOf(err))
	})
}

func extendedCode(err reflect.Value) int {
	code := reflect.Indirect(err)
	if method := err.MethodByName("ExtendedCode"); method.IsValid() {
		if method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
			return 0
		}
		code = method.Call(nil)[0]
	} else if code.Kind() == reflect.Struct {
		code = code.FieldByName("ExtendedCode")
	}
	switch {
	case !code.IsValid():
		return 0
	case code.CanInt():
		return int(code.Int())
	case code.CanUint():
		return int(code.Uint())
	}
	return 0
}
