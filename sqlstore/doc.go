// Package sqlstore is an [apitoken.Store] in the host's own database, over database/sql.
//
// The host opens the database with a driver of its choice; this package imports none. It creates the tables once, or at every
// start, and passes the store to the Manager:
//
//	db, err := sql.Open("sqlite", dsn) // with _ "modernc.org/sqlite" imported
//	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
//	err = store.Migrate(ctx)
//	m, err := apitoken.New(store, nil)
//
// On shutdown, close the Manager, then the store, then the database. Close closes the prepared statements and leaves the
// database open.
//
// # SQLite
//
// SQLite 3.37 or later is needed. With modernc.org/sqlite the recommended data source name is
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
// A lookup returns at the latest when its context ends, whether it waits for a connection of the pool or for a lock, with one
// exception: if another process locks the file just after a lookup has succeeded, lookups that begin within the next
// millisecond may wait for up to busy_timeout. The goroutine of a lookup that returned early ends when the driver stops
// waiting: modernc.org/sqlite v1.61 and later do so when the context ends, others after busy_timeout.
//
// For tests, a database in memory has the name :memory:. Each connection to it is a database of its own, so call
// db.SetMaxOpenConns(1), and neither SetConnMaxIdleTime nor SetConnMaxLifetime.
//
// With a bare file name the store is correct too, but slower, and readers and writers block each other. It retries a locked
// database for up to ten seconds. All connections to one file, including those of other processes, must use the same driver,
// and the file must be on a local disk.
//
// # PostgreSQL
//
// PostgreSQL 12 or later is needed. With github.com/jackc/pgx/v5/stdlib a data source name is
//
//	postgres://user:password@host:5432/database
//
// without further parameters. With several hosts, target_session_attrs=read-write finds the host that accepts writes, also
// after a fail-over. Behind a pooler that hands a connection on after each transaction, set [Options.Unprepared] and use
//
//	postgres://user:password@pooler:6432/database?default_query_exec_mode=exec
//
// because pgx prepares statements by default. If a connection loses its prepared statements, as after DISCARD ALL, the store
// prepares them again and the call succeeds.
//
// A change is one statement that commits by itself. If its context ends after it was sent, even while it waits for a lock, it
// is given two seconds to finish and then repeated for up to two more, until its outcome is known. If that fails too, the
// error is [apitoken.ErrUncertain].
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
// Without wsrep_sync_wait a node may still accept a token that was revoked on another node. Times do not depend on parseTime
// and loc, texts not on charset and collation. Behind a pooler that hands a connection on after each transaction, set
// [Options.Unprepared] and use
//
//	user:password@tcp(pooler:3306)/database?interpolateParams=true
//
// because the driver prepares every query with parameters by default. If a fail-over leaves the server read-only, add
// rejectReadOnly=true: the driver then closes the connection instead of failing on it repeatedly.
//
// docs/operating.md lists the settings that servers need to keep acknowledged writes; [Store.CheckDurability] checks them.
//
// # Tables
//
// The names of all tables begin with [Options.TablePrefix]. Only the digest of a token is stored. Times are Unix microseconds;
// NULL is no time, and 0 is 1970. The promises hold only if this package alone changes the rows.
package sqlstore
