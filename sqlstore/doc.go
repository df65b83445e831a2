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
// [SQLite], [PostgreSQL] and [MySQL] document the versions that are needed and the data source names to use. docs/operating.md
// lists the settings that servers need to keep acknowledged writes; [Store.CheckDurability] checks them.
//
// The names of all tables begin with [Options.TablePrefix]. Only the digest of a token is stored. Times are Unix microseconds;
// NULL is no time, and 0 is 1970. The promises hold only if this package alone changes the rows.
package sqlstore
