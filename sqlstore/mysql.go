package sqlstore

import (
	"database/sql"
	"maps"
	"reflect"
)

// MySQL is the dialect of MySQL 8.0.16, MariaDB 10.5, and later versions of both. It is tested with MariaDB, alone and as a
// Galera cluster, and with the driver github.com/go-sql-driver/mysql, for which a data source name is
//
//	user:password@tcp(host:3306)/database
//
// and on a Galera cluster
//
//	user:password@tcp(host:3306)/database?wsrep_sync_wait=1
//
// Without wsrep_sync_wait a node may still accept a token that was revoked on another node. Times do not depend on parseTime
// and loc, texts not on charset and collation. Behind a pooler that hands a connection on after each transaction, set
// Options.Unprepared and use
//
//	user:password@tcp(pooler:3306)/database?interpolateParams=true
//
// because the driver prepares every query with parameters by default. If a fail-over leaves the server read-only, add
// rejectReadOnly=true: the driver then closes the connection instead of failing on it repeatedly.
//
// Every transaction is READ COMMITTED. CreateToken holds a shared lock on the row of the policy until it commits, so that
// no change of the policy overtakes it. Texts are stored as bytes: the collations that compare byte by byte and do not
// ignore trailing spaces have different names in MySQL and MariaDB. Statements of the schema commit by themselves.
var MySQL = newMySQL()

func newMySQL() Dialect {
	s := syntax{
		lockRow:         "FOR UPDATE",
		lockOwner:       " LOCK IN SHARE MODE",
		greatest:        "greatest",
		contains:        "locate(?, %s) > 0",
		joinEpochs:      leftJoinEpochs("t", "e"),
		unindexedText:   "concat(%s, '')",
		unindexedNumber: "%s + 0",
	}
	return Dialect{
		name:             "MySQL",
		migrations:       "migrations/mysql",
		placeholder:      func(int) string { return "?" },
		txOptions:        &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		busy:             mysqlBusy,
		refused:          mysqlRefused,
		prepareTexts:     true,
		statementLost:    mysqlStatementLost,
		poolerError:      func(err error) bool { return mysqlCode(err) == 1243 }, // ER_UNKNOWN_STMT_HANDLER
		poolerSetting:    "interpolateParams=true",
		duplicateKey:     func(err error) bool { return mysqlCode(err) == 1062 }, // ER_DUP_ENTRY
		ddlCommits:       true,
		alreadyApplied:   mysqlAlreadyApplied,
		checkDurability:  checkMySQLDurability,
		queries:          s.queries(mysqlQueries),
		tokens:           s.tokenListing(),
		events:           s.eventListing(),
		touchRows:        mysqlTouchRows,
		removeRows:       removeTokenRows,
		userRows:         s.userRows(),
		revokeRows:       revocationBy(lockOwnerRows("FOR UPDATE")),
		forgetRows:       forgetTokenRows,
		leaseRows:        mysqlLeaseRows,
		leasedRows:       leasedNoticeRows,
		noticeRows:       removeNoticeRows,
		offerRows:        removeOfferRows,
		numberRows:       mysqlNumberRows,
		setLockTimeout:   mysqlSetLockTimeout,
		resetLockTimeout: mysqlResetLockTimeout,
		lockTimedOut:     func(err error) bool { return mysqlCode(err) == 1205 }, // ER_LOCK_WAIT_TIMEOUT
		openTransactions: mysqlOpenTransactions,

		lockPolicyText:     mysqlLockPolicy,
		policyLockTimedOut: mysqlStatementTimedOut,
	}
}

// The shortest timeout of MySQL is a second. One process at a time waits; otherwise readers would wait for one process after
// the other.
const (
	mysqlSetLockTimeout = `
SET
	@apitoken_lock_wait_timeout = @@SESSION.lock_wait_timeout,
	@apitoken_lock = GET_LOCK(sha1(concat(database(), '.apitoken_schema_version')), 600),
	SESSION lock_wait_timeout = 1`

	mysqlResetLockTimeout = `
SET
	@apitoken_lock = RELEASE_LOCK(sha1(concat(database(), '.apitoken_schema_version'))),
	SESSION lock_wait_timeout = @apitoken_lock_wait_timeout`

	mysqlOpenTransactions = `
SELECT coalesce(group_concat(concat('connection ', trx_mysql_thread_id, ', open since ', trx_started) SEPARATOR '; '), '')
FROM information_schema.innodb_trx
WHERE trx_mysql_thread_id <> connection_id()`
)

// The timeout of locks has whole seconds. That of statements is finer: MariaDB has it in the comment, MySQL in the hint.
const mysqlLockPolicy = `
/*M! SET STATEMENT max_statement_time = 0.2 FOR */
SELECT /*+ MAX_EXECUTION_TIME(200) */ revision FROM apitoken_policy FOR UPDATE`

var mysqlQueries = union(numberingQueries, map[query]string{
	findVersions: `
SELECT EXISTS (
	SELECT 1 FROM information_schema.tables
	WHERE table_schema = DATABASE() AND table_name = 'apitoken_schema_version'
)`,

	// Without autocommit a connection keeps reading the rows of its first read: a Lookup would accept a token that was revoked
	// since.
	checkConnection: `
SELECT IF(@@autocommit, '', 'autocommit is off, so they do not see what others commit')`,

	makeVersions: `
CREATE TABLE IF NOT EXISTS apitoken_schema_version (
	version BIGINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB`,

	claimVersion: `
INSERT IGNORE INTO apitoken_schema_version (version) VALUES (?)`,

	checkInsert: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_tokens WHERE digest = ? AND id = ?),
	p.revision,
	(SELECT role FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0)
FROM apitoken_policy AS p
LOCK IN SHARE MODE`,

	// A row only if the token may be inserted. The row of the policy stays locked until the transaction ends.
	insertTokenIf: `
INSERT INTO apitoken_tokens (
	` + tokenColumns + `,
	` + tokenOnlyInserted + `
)
SELECT ` + parameters(tokenColumns) + `, ` + parameters(tokenOnlyInserted) + `
FROM apitoken_policy AS p
WHERE p.revision = ? AND EXISTS (SELECT 1 FROM apitoken_users WHERE id = ? AND (? = '' OR role = ?))
	AND (? = 0 OR EXISTS (SELECT 1 FROM apitoken_users WHERE id = ? AND revision = ?))
LOCK IN SHARE MODE`,

	insertNewUser: `
INSERT INTO apitoken_users (id, ` + userColumns + `)
SELECT ?, ` + parameters(userColumns) + `
FROM DUAL
WHERE NOT EXISTS (SELECT 1 FROM apitoken_tokens WHERE owner = ?)
	AND NOT EXISTS (SELECT 1 FROM apitoken_epochs WHERE owner = ?)`,

	// The owner's row is locked until the revocation commits, so that it does not replace a revocation with the epoch.
	revokeToken: `
UPDATE apitoken_tokens AS t SET t.revoked_at = ?, t.revoked_by = ?, t.live_name = NULL
WHERE t.id = ? AND t.revoked_at IS NULL
	AND t.epoch >= (SELECT u.epoch FROM apitoken_users AS u WHERE u.id = t.owner LOCK IN SHARE MODE)`,

	// MySQL takes no LIMIT in a subquery with IN.
	removeEvents: `
DELETE FROM apitoken_events WHERE seq <= ? ORDER BY seq LIMIT 500`,

	// Not as part of the UPDATE that numbers them: that would lock the rows that it reads, and wait for every event that is not
	// committed.
	listUnnumbered: `
SELECT insert_no FROM apitoken_events WHERE seq IS NULL ORDER BY insert_no LIMIT ?`,
})

// union returns the queries of both maps; b overrides a.
func union(a, b map[query]string) map[query]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// The join reads the rows in the order of their IDs: two batches that lock rows in different orders could deadlock.
var mysqlTouchRows = batchQuery{
	before: `
UPDATE (`,
	row:       `SELECT CAST(? AS BINARY(16)) AS id, ? AS used_at, ? AS ahead`,
	separator: ` UNION ALL `,
	after: `) AS v
STRAIGHT_JOIN apitoken_tokens AS t ON t.id = v.id
SET t.last_used_at = v.used_at
WHERE t.last_used_at IS NULL OR t.last_used_at < v.used_at OR t.last_used_at > v.ahead`,
}

var mysqlNumberRows = batchQuery{
	before: `
UPDATE (`,
	row:       `SELECT CAST(? AS SIGNED) AS insert_no, ? AS seq`,
	separator: ` UNION ALL `,
	after: `) AS v
STRAIGHT_JOIN apitoken_events AS e ON e.insert_no = v.insert_no
SET e.seq = v.seq`,
}

// mysqlBusy recognises an error after which the transaction has to be rolled back and can be tried again.
func mysqlBusy(err error) bool {
	switch mysqlCode(err) {
	case 1213, // ER_LOCK_DEADLOCK; on Galera also if another node was first, and then possibly from COMMIT
		1205, // ER_LOCK_WAIT_TIMEOUT; only the statement is undone, until the rollback
		1020, // ER_CHECKREAD; MariaDB's deadlock between versions of a row
		3101: // ER_TRANSACTION_ROLLBACK_DURING_COMMIT, of group replication
		return true
	}
	return false
}

// mysqlStatementTimedOut recognises a statement that has taken as long as it may.
func mysqlStatementTimedOut(err error) bool {
	switch mysqlCode(err) {
	case 1969, // ER_STATEMENT_TIMEOUT, of MariaDB
		3024: // ER_QUERY_TIMEOUT, of MySQL
		return true
	}
	return false
}

// mysqlRefused recognises an error that the server has returned instead of committing a statement.
func mysqlRefused(err error) bool {
	switch mysqlCode(err) {
	case 0, // the error of a connection
		1053, // ER_SERVER_SHUTDOWN
		1180, // ER_ERROR_DURING_COMMIT
		1927: // ER_CONNECTION_KILLED
		return false
	}
	return true
}

// mysqlStatementLost recognises an error of a connection that no longer knows a prepared statement, or of a statement whose
// tables have changed too often.
func mysqlStatementLost(err error) bool {
	switch mysqlCode(err) {
	case 1243, // ER_UNKNOWN_STMT_HANDLER
		1615: // ER_NEED_REPREPARE
		return true
	}
	return false
}

// mysqlAlreadyApplied recognises that a column or a key to be added exists, or that a key to be dropped does not. MariaDB
// reports neither, because the statements have IF EXISTS or IF NOT EXISTS for it. MySQL does not know them there.
func mysqlAlreadyApplied(err error) bool {
	switch mysqlCode(err) {
	case 1060, // ER_DUP_FIELDNAME
		1061, // ER_DUP_KEYNAME
		1091: // ER_CANT_DROP_FIELD_OR_KEY
		return true
	}
	return false
}

// mysqlCode returns the number of a driver's error, or 0. The driver has it in a field, which can be read without importing
// the driver only by reflection.
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
