package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"

	"github.com/seed-d6cf0a46/apitoken"
)

// state is the data of this host beside the library's tables: one row of JSON, with a copy in memory. It is immutable. A change
// makes a new state.
type state struct {
	Accounts map[apitoken.UserID]account
	Settings map[string]setting
	Projects map[string]project
}

func (s *server) load(ctx context.Context) error {
	text := []byte(`{"Accounts": {}, "Settings": {}, "Projects": {}}`)
	_, err := s.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)`)
	if err == nil {
		err = s.db.QueryRowContext(ctx, `SELECT json FROM state`).Scan(&text)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	now := new(state)
	s.state.Store(now)
	return json.Unmarshal(text, now)
}

// change passes a copy of the state to do, and stores it. Changes run one at a time. If do fails, nothing is changed.
func (s *server) change(ctx context.Context, do func(now *state) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	now := s.state.Load()
	next := &state{maps.Clone(now.Accounts), maps.Clone(now.Settings), maps.Clone(now.Projects)}
	if err := do(next); err != nil {
		return err
	}
	text, err := json.Marshal(next)
	if err == nil {
		_, err = s.db.ExecContext(ctx, `INSERT INTO state (id, json) VALUES (1, ?) ON CONFLICT DO UPDATE SET json = excluded.json`, text)
	}
	if err == nil {
		s.state.Store(next)
	}
	return err
}
