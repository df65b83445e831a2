package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
)

// sessionTables make the table that the store of each engine asks for, and put as many sessions into it as there are tokens, all with
// the same data and a key of as many characters as scs makes.
var sessionTables = map[string][]string{
	"sqlite": {
		`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`,
		`INSERT INTO sessions SELECT substr(lower(hex(digest)), 1, 43), ?, julianday('now') + 30 FROM apitoken_tokens`,
	},
	"pgx": {
		`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`,
		`INSERT INTO sessions SELECT substr(encode(digest, 'hex'), 1, 43), $1, now() + INTERVAL '30 days' FROM apitoken_tokens`,
	},
	"mysql": {
		`CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`,
		`INSERT INTO sessions SELECT substr(lower(hex(digest)), 1, 43), ?, UTC_TIMESTAMP(6) + INTERVAL 30 DAY FROM apitoken_tokens`,
	},
}

// sessions are what a host would keep with scs: who is signed in, and as what.
type sessions struct {
	manager *scs.SessionManager
	keys    []string // of the sessions that are presented
}

const signedIn = "user-1"

// openSessions makes the sessions, one for each token in the table.
func (h *host) openSessions(ctx context.Context, presented []issued) (*sessions, error) {
	s := &sessions{manager: scs.New()}
	switch h.driver {
	case "sqlite":
		s.manager.Store = sqlite3store.NewWithCleanupInterval(h.db, 0)
	case "pgx":
		s.manager.Store = postgresstore.NewWithCleanupInterval(h.db, 0)
	case "mysql":
		s.manager.Store = mysqlstore.NewWithCleanupInterval(h.db, 0)
	}
	data, err := s.manager.Codec.Encode(time.Now().Add(30*24*time.Hour), map[string]any{"user": signedIn, "role": "member"})
	if err != nil {
		return nil, err
	}
	for _, statement := range sessionTables[h.driver] {
		var args []any
		if statement == sessionTables[h.driver][2] {
			args = append(args, data)
		}
		if _, err := h.db.ExecContext(ctx, statement, args...); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	for _, t := range presented {
		digest := sha256.Sum256([]byte(t.text))
		s.keys = append(s.keys, hex.EncodeToString(digest[:])[:43])
	}
	return s, nil
}

// load is what the middleware of scs does with each request that only reads.
func (s *sessions) load(ctx context.Context, key string) error {
	ctx, err := s.manager.Load(ctx, key)
	if err != nil {
		return err
	}
	if s.manager.GetString(ctx, "user") != signedIn {
		return errWrong
	}
	return nil
}
