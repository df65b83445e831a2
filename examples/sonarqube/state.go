package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // the driver is the host's choice; the library imports none

	"github.com/seed-d6cf0a46/apitoken"
)

// state is what this host keeps beside the library's tables: one row of JSON, which is also in memory. Nothing in it changes;
// a change makes the next state.
type state struct {
	Accounts map[apitoken.UserID]account
	Settings map[string]setting
	Projects map[string]project
}

// dsn is what package sqlstore recommends for this driver, and why: go doc github.com/seed-d6cf0a46/apitoken/sqlstore
const dsn = "file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate"

const (
	createState = `CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)`
	readState   = `SELECT json FROM state`
	writeState  = `INSERT INTO state (id, json) VALUES (1, ?) ON CONFLICT DO UPDATE SET json = excluded.json`
)

// openDatabase opens what the host and the library share.
func openDatabase(path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody here read it
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", fmt.Sprintf(dsn, (&url.URL{Path: path}).EscapedPath()))
}

func (s *server) load(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, createState); err != nil {
		return err
	}
	text := []byte(`{"Accounts": {}, "Settings": {}, "Projects": {}}`)
	if err := s.db.QueryRowContext(ctx, readState).Scan(&text); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	now := new(state)
	s.state.Store(now)
	return json.Unmarshal(text, now)
}

// change writes what do makes of a copy of the state, without another change in between. If do fails, nothing is changed.
func (s *server) change(ctx context.Context, do func(now *state) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	now := s.state.Load()
	next := &state{maps.Clone(now.Accounts), maps.Clone(now.Settings), maps.Clone(now.Projects)}
	if err := do(next); err != nil {
		return err
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, writeState, text); err != nil {
		return err
	}
	s.state.Store(next)
	return nil
}
