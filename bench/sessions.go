package main

import (
	"context"

	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
)

// sessionTables create the table that the store of each driver asks for.
var sessionTables = map[string]string{
	"sqlite": `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
	"pgx":    `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`,
	"mysql":  `CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)`,
}

// sessionsInDatabase starts n sessions in the database of the host.
func (h *host) sessionsInDatabase(ctx context.Context, n int) (*sessions, error) {
	if _, err := h.db.ExecContext(ctx, sessionTables[h.driver]); err != nil {
		return nil, err
	}
	var store scs.Store
	switch h.driver {
	case "sqlite":
		store = sqlite3store.NewWithCleanupInterval(h.db, 0)
	case "pgx":
		store = postgresstore.NewWithCleanupInterval(h.db, 0)
	case "mysql":
		store = mysqlstore.NewWithCleanupInterval(h.db, 0)
	}
	return newSessions(store, n)
}
