// Package sqlstore is an [apitoken.Store] in the host's own database, over database/sql.
//
// The host opens the database with the driver of its choice; this package imports none. It makes the tables once, or at
// every start, and hands the store to the Manager:
//
//	db, err := sql.Open("sqlite", dsn) // with _ "modernc.org/sqlite" imported
//	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
//	err = store.Migrate(ctx)
//	m, err := apitoken.New(store, nil)
//
// When the host ends, it closes the Manager, then the store, then its database. Close ends what the store has prepared
// and leaves the database open.
//
// # SQLite
//
// SQLite 3.37 or later is needed. With modernc.org/sqlite the recommended data source name is
//
//	file:tokens.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate
//
// and each part of it has a reason:
//
//   - journal_mode(WAL): requests are authenticated while something is written. Without it a reader and a writer keep
//     each other waiting.
//   - synchronous(FULL): what was acknowledged survives a power failure. Under NORMAL, which writes about ten times
//     faster, the last revocations may be undone by one, and a revoked token works again.
//   - busy_timeout(5000): who finds the database locked waits inside SQLite, up to 5,000 ms, instead of asking over and
//     over.
//   - foreign_keys(ON): SQLite itself guards that every token has an owner. The store does not depend on it.
//   - _txlock=immediate: a transaction takes the write lock when it begins. The store's own transactions begin with a
//     write in any case.
//
// A lookup returns at the latest when its context ends, whether it waits for a connection of the pool or for a lock. One
// exception remains: if another process locks the file just after a lookup has succeeded, those that begin within the next
// millisecond may wait for as long as busy_timeout says. The goroutine of a lookup that returned early ends when the driver
// gives up: modernc.org/sqlite v1.61 and later do so when the context ends, others after busy_timeout.
//
// For tests, a database in memory has the name :memory:. Each connection to it is a database of its own, so call
// db.SetMaxOpenConns(1), and neither SetConnMaxIdleTime nor SetConnMaxLifetime.
//
// The store is correct with a bare file name as well; it is then slower, and reads and writes wait for each other. What it
// finds locked it tries again, for up to ten seconds. All connections to one file, also those of other processes, must be
// opened by the same driver, and the file must be on a local disk.
//
// # PostgreSQL
//
// PostgreSQL 12 or later is needed. With github.com/jackc/pgx/v5/stdlib a data source name is
//
//	postgres://user:password@host:5432/database
//
// and nothing has to be added. With several hosts in it, target_session_attrs=read-write finds the one that may be written to,
// also after a fail-over. Behind a pooler that hands a connection on after each transaction, set [Options.Unprepared] and
// use
//
//	postgres://user:password@pooler:6432/database?default_query_exec_mode=exec
//
// because pgx prepares on its own otherwise. A statement that a connection has forgotten, as DISCARD ALL makes it do, is
// prepared anew, and the call succeeds.
//
// # MySQL and MariaDB
//
// MySQL 8.0.16, MariaDB 10.5, or later versions of both are needed. With github.com/go-sql-driver/mysql a data source name is
//
//	user:password@tcp(host:3306)/database
//
// and on a Galera cluster
//
//	user:password@tcp(host:3306)/database?wsrep_sync_wait=1
//
// without which a node may still take a token for good that was revoked on another. Times do not depend on parseTime and loc,
// texts not on charset and collation. Behind a pooler that hands a connection on after each transaction, set
// [Options.Unprepared] and use
//
//	user:password@tcp(pooler:3306)/database?interpolateParams=true
//
// because the driver prepares every query with parameters otherwise. Add rejectReadOnly=true where a fail-over leaves a
// server that is read-only: the driver then closes the connection instead of failing on it for ever.
//
// What servers have to be set to so that what is acknowledged stays is in docs/operating.md; [Store.CheckDurability] reads it.
//
// # What is stored
//
// All tables have names that begin with [Options.TablePrefix]. Of a token only its digest is stored. Times are Unix
// microseconds, and NULL where there is none; 0 is 1970. To change the rows by other means than this package is to do
// without its promises.
package sqlstore
