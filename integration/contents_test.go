package integration_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// contents are all rows of the tables of a store.
type contents map[string][][]any

// contentsOf returns the tables, in an order in which rows can be inserted, and their columns. It leaves out the numbers that a
// database assigns to rows of events, because a refused insertion may use one up.
func (d database) contentsOf() (tables []string, columns map[string]string) {
	columns = map[string]string{
		"apitoken_users":  "id, name, role, created_at, disabled_at, suspended_at, epoch, revision, service, responsible",
		"apitoken_epochs": "owner, epoch, ended_at, ended_by",
		"apitoken_tokens": "digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at, " +
			"created_by, created_with, revoked_by, hint, epoch, key_version, resource, description, permissions, " +
			"replaces, replaced_by, unused",
		"apitoken_notices": "token, step, lease, leased_at, leased_until, sent_at",
		"apitoken_offers": "id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by, " +
			"offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by",
		"apitoken_policy": "id, max_lifetime, updated_at, updated_by, revision, layers",
		"apitoken_events": "seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state, " +
			"reason, count, first_at, origin_address, origin_agent, origin_request",
	}
	tables = []string{"apitoken_users", "apitoken_epochs", "apitoken_tokens", "apitoken_notices", "apitoken_offers", "apitoken_policy", "apitoken_events"}
	if d.driver == "sqlite" {
		columns["sqlite_sequence"] = "name, seq"
		return append(tables, "sqlite_sequence"), columns
	}
	columns["apitoken_feed"] = "id, last_seq"
	return append(tables, "apitoken_feed"), columns
}

// contents reads all rows.
func (d database) contents(t testing.TB, db *sql.DB) contents {
	t.Helper()
	all := contents{}
	tables, columns := d.contentsOf()
	for _, table := range tables {
		read(t, db, "SELECT "+columns[table]+" FROM "+table, nil, func(scan func(...any) error, n int) error {
			row, into := make([]any, n), make([]any, n)
			for i := range row {
				into[i] = &row[i]
			}
			err := scan(into...)
			all[table] = append(all[table], row)
			return err
		})
	}
	return all
}

// lines returns the rows as sorted texts, to compare them. A text and its bytes are equal.
func (c contents) lines() (all []string) {
	for table, rows := range c {
		for _, row := range rows {
			line := table
			for _, value := range row {
				if bytes, ok := value.([]byte); ok {
					value = string(bytes)
				}
				line += fmt.Sprintf(" %#v", value)
			}
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

// restore replaces all rows.
func (d database) restore(t testing.TB, db *sql.DB, c contents) {
	t.Helper()
	tx, err := db.Begin()
	must(t, err)
	exec := func(text string, args ...any) {
		t.Helper()
		mustExec(t, tx, text, args...)
	}
	tables, columns := d.contentsOf()
	for _, table := range slices.Backward(tables) {
		exec("DELETE FROM " + table)
	}
	for _, table := range tables {
		if table == "sqlite_sequence" {
			exec("DELETE FROM sqlite_sequence") // the inserted events have just created rows in it
		}
		for _, row := range c[table] {
			var places []string
			for i := range row {
				places = append(places, "?")
				if d.driver == "pgx" {
					places[i] = fmt.Sprint("$", i+1)
				}
			}
			exec("INSERT INTO "+table+" ("+columns[table]+") VALUES ("+strings.Join(places, ", ")+")", row...)
		}
	}
	must(t, tx.Commit())
}
