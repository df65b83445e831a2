package sqlstore

import (
	"fmt"
	"reflect"
	"strings"
)

// SQLite is the dialect of SQLite 3.37 or later. It is tested with the driver modernc.org/sqlite, for which the recommended data
// source name is
//
//	file:tokens.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate
//
// with these settings:
//
//   - journal_mode(WAL): requests are authenticated during writes. Without it, readers and writers block each other.
//   - synchronous(FULL): acknowledged writes survive a power failure. NORMAL writes about ten times faster, but a power
//     failure may undo the last revocations, and a revoked token works again.
//   - busy_timeout(5000): a connection that finds the database locked waits inside SQLite, up to 5,000 ms, instead of polling.
//   - foreign_keys(ON): SQLite itself ensures that every token has an owner. The store does not depend on it.
//   - _txlock=immediate: a transaction takes the write lock when it begins. The store's own transactions begin with a write in
//     any case.
//
// With a bare file name the store is correct too, but slower, and readers and writers block each other. It retries a locked
// database for up to ten seconds. All connections to one file, including those of other processes, must use the same driver, and
// the file must be on a local disk.
//
// For tests, a database in memory has the name :memory:. Each connection to it is a database of its own, so call
// db.SetMaxOpenConns(1), and neither SetConnMaxIdleTime nor SetConnMaxLifetime.
//
// A lookup returns at the latest when its context ends, whether it waits for a connection of the pool or for a lock, with one
// exception: if another process locks the file just after a lookup has succeeded, lookups that begin within the next
// millisecond may wait for up to busy_timeout. The goroutine of a lookup that returned early ends when the driver stops
// waiting: modernc.org/sqlite v1.61 and later do so when the context ends, others after busy_timeout.
//
// SQLite takes one writer at a time: a transaction that has written holds the only write lock until it ends. This keeps a
// change of the policy from overtaking a new token, and lets an event be numbered when it is inserted. Every transaction
// therefore begins with a write, even without _txlock in the data source name: a transaction that began with a read could
// not become a writer after another one has written (SQLITE_BUSY_SNAPSHOT).
var SQLite = newSQLite()

func newSQLite() Dialect {
	// A plus keeps a column from its index.
	s := syntax{
		ifAbsent:        "\nON CONFLICT DO NOTHING",
		greatest:        "max",
		contains:        "instr(%s, ?) > 0",
		joinEpochs:      leftJoinEpochs("t", "e"),
		partialIndexes:  true,
		unindexedText:   "+%s",
		unindexedNumber: "+%s",
	}
	return Dialect{
		name:            "SQLite",
		reservedPrefix:  "sqlite_",
		migrations:      "migrations/sqlite",
		placeholder:     func(int) string { return "?" },
		busy:            sqliteBusy,
		commitRefused:   func(err error) bool { return sqliteCode(err)&sqlitePrimary == sqliteFullCode },
		duplicateKey:    sqliteDuplicateKey,
		checkDurability: checkSQLiteDurability,
		oneWriter:       true,
		commitStatement: "COMMIT",
		local:           true,
		queries:         s.queries(sqliteQueries),
		tokens:          s.tokenListing(),
		events:          s.eventListing(),
		touchRows:       sqliteTouchRows,
		removeRows:      removeTokenRows,
		userRows:        s.userRows(),
		revokeRows:      revocationBy(sqliteLockOwners),
		forgetRows:      forgetTokenRows,
		leaseRows:       sqliteLeaseRows,
		leasedRows:      leasedNoticeRows,
		noticeRows:      removeNoticeRows,
		offerRows:       removeOfferRows,
	}
}

var sqliteQueries = map[query]string{
	findVersions: `
SELECT EXISTS (
	SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'apitoken_schema_version'
)`,

	readersWait: `
SELECT journal_mode <> 'wal' FROM pragma_journal_mode`,

	makeVersions: `
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version INTEGER PRIMARY KEY
) STRICT`,

	claimVersion: `
INSERT INTO apitoken_schema_version (version) VALUES (?) ON CONFLICT DO NOTHING`,

	checkInsert: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = ? AND id = ?),
	(SELECT revision FROM apitoken_policy),
	(SELECT role FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0)`,

	revokeToken: `
UPDATE apitoken_tokens AS t SET revoked_at = ?, revoked_by = ?, live_name = NULL
WHERE t.id = ? AND t.revoked_at IS NULL AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner)`,

	// It changes nothing, but it is a write, as the first statement of a transaction has to be.
	lockUser: `
UPDATE apitoken_users SET revision = revision WHERE id = ?
RETURNING id, ` + userColumns,

	// Not ON CONFLICT DO NOTHING: that uses up a number, and the feed counts 1, 2, 3.
	insertEvent: `
INSERT INTO apitoken_events (
	` + eventColumns + `
)
SELECT ` + sqliteParameters(eventColumns) + `
WHERE NOT EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?1)`,
}

// sqliteParameters returns ?1, ?2 and so on for the columns of a list.
func sqliteParameters(columns string) string {
	var all []string
	for i := range strings.Split(columns, ",") {
		all = append(all, fmt.Sprint("?", i+1))
	}
	return strings.Join(all, ", ")
}

// The plus keeps the values from the index on the ID. With it SQLite would read all tokens if ANALYZE has told it that they
// are not very many.
var sqliteTouchRows = batchQuery{
	before: `
UPDATE apitoken_tokens AS t SET last_used_at = v.column2
FROM (VALUES `,
	row:       `(?, ?, ?)`,
	separator: `, `,
	after: `) AS v
WHERE t.id = +v.column1 AND (
	t.last_used_at IS NULL OR t.last_used_at < v.column2 OR t.last_used_at > v.column3
)`,
}

// sqliteLockOwners changes nothing, but it is a write, as the first statement of a transaction has to be.
var sqliteLockOwners = batchQuery{
	before: `
UPDATE apitoken_users SET revision = revision WHERE id IN (`,
	row:       `?`,
	separator: `, `,
	after: `)
RETURNING id`,
}

// The result codes of SQLite that the store handles. The low byte is the primary code.
const (
	sqlitePrimary          = 0xff
	sqliteBusyCode         = 5    // the file is locked; 517 is SQLITE_BUSY_SNAPSHOT
	sqliteLockedCode       = 6    // a table is locked, by a connection that shares the cache
	sqliteFullCode         = 13   // there is no room; a COMMIT without room is rolled back
	sqliteUniqueCode       = 2067 // SQLITE_CONSTRAINT_UNIQUE
	sqlitePrimaryKeyCode   = 1555 // SQLITE_CONSTRAINT_PRIMARYKEY
	sqliteDuplicateRowCode = 2579 // SQLITE_CONSTRAINT_ROWID
)

// sqliteBusy recognises a lock that another connection holds. SQLite leaves the transaction open after such a COMMIT, but
// the drivers roll it back, because database/sql considers every transaction ended after Commit.
func sqliteBusy(err error) bool {
	primary := sqliteCode(err) & sqlitePrimary
	return primary == sqliteBusyCode || primary == sqliteLockedCode
}

func sqliteDuplicateKey(err error) bool {
	switch sqliteCode(err) {
	case sqliteUniqueCode, sqlitePrimaryKeyCode, sqliteDuplicateRowCode:
		return true
	}
	return false
}

// sqliteCode returns the extended result code of a driver's error, or 0. The error of one driver has a method Code that
// returns an int. Others have a method or a field ExtendedCode of their own type, which can be read without importing the
// driver only by reflection.
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
