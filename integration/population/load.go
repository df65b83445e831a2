package population

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Load stores a population in the empty tables of a store with the usual prefix, in one transaction, and updates the statistics of
// the database. driver is "sqlite", "pgx" or "mysql". The rows are those that the store itself would leave behind.
func Load(ctx context.Context, db *sql.DB, driver string, p Population) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if driver == "sqlite" { // otherwise the indexes do not fit into the cache
		if _, err := conn.ExecContext(ctx, "PRAGMA cache_size = -200000"); err != nil {
			return err
		}
		defer conn.ExecContext(ctx, "PRAGMA cache_size = -2000") // the default
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	l := loader{tx, driver}
	users, epochs := userRows(p.users())
	tokens, events := p.tokens()
	events = append(events, p.otherEvents(events)...)
	slices.SortStableFunc(events, func(a, b apitoken.Event) int { return a.At.Compare(b.At) })
	for i := range events {
		events[i].Seq = apitoken.EventSeq(i + 1)
	}
	for _, t := range []struct {
		name, columns string
		rows          [][]any
	}{
		{"users", "id, name, role, created_at, disabled_at, epoch, revision", users},
		{"epochs", "owner, epoch, ended_at, ended_by", epochs},
		{"tokens", "digest, id, owner, name, live_name, kind, created_at, expires_at, last_used_at, revoked_at, created_by, revoked_by, hint, resource, epoch", tokenRows(tokens)},
		{"events", "seq, id, at, action, outcome, actor_kind, actor_user, owner, token, before_state, after_state, reason", eventRows(events)},
	} {
		if err := l.insert(ctx, "apitoken_"+t.name, t.columns, t.rows); err != nil {
			return fmt.Errorf("load %s: %w", t.name, err)
		}
	}
	if driver != "sqlite" { // which has no feed
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("UPDATE apitoken_feed SET last_seq = %d", len(events))); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, map[string]string{
		"sqlite": "ANALYZE",
		"pgx":    "VACUUM ANALYZE apitoken_users, apitoken_epochs, apitoken_tokens, apitoken_events",
		"mysql":  "ANALYZE TABLE apitoken_users, apitoken_epochs, apitoken_tokens, apitoken_events",
	}[driver])
	return err
}

// loader inserts rows with many values in one statement.
type loader struct {
	tx     *sql.Tx
	driver string
}

const rowsOfStatement = 200

func (l loader) insert(ctx context.Context, table, columns string, rows [][]any) error {
	for chunk := range slices.Chunk(rows, rowsOfStatement) {
		if _, err := l.tx.ExecContext(ctx, l.statement(table, columns, len(chunk)), slices.Concat(chunk...)...); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) statement(table, columns string, rows int) string {
	var text strings.Builder
	text.WriteString("INSERT INTO " + table + " (" + columns + ") VALUES ")
	n := 0
	for i := range rows {
		separator := "("
		if i > 0 {
			separator = "), ("
		}
		for range strings.Count(columns, ",") + 1 {
			n++
			text.WriteString(separator)
			separator = ", "
			if l.driver == "pgx" {
				fmt.Fprintf(&text, "$%d", n)
			} else {
				text.WriteString("?")
			}
		}
	}
	return text.String() + ")"
}

// micros returns a time as it is stored. The zero time is NULL.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// userRows returns the rows of the users, and of the epochs that have begun.
func userRows(users []apitoken.User) (rows, epochs [][]any) {
	for _, u := range users {
		rows = append(rows, []any{string(u.ID), u.Name, string(u.Role), micros(u.CreatedAt), micros(u.DisabledAt), u.Epoch, u.Revision})
		if u.Disabled() {
			epochs = append(epochs, []any{string(u.ID), u.Epoch, micros(u.DisabledAt), string(Admin)})
		}
	}
	return rows, epochs
}

func tokenRows(tokens []apitoken.NewToken) (rows [][]any) {
	for _, t := range tokens {
		var liveName any
		if t.RevokedAt.IsZero() {
			liveName = t.Name
		}
		rows = append(rows, []any{
			t.Digest[:], t.ID[:], string(t.Owner), t.Name, liveName, string(t.Kind), micros(t.CreatedAt), micros(t.ExpiresAt), micros(t.LastUsedAt),
			micros(t.RevokedAt), string(t.CreatedBy), string(t.RevokedBy), t.Hint, t.Resource, t.Epoch,
		})
	}
	return rows
}

func eventRows(events []apitoken.Event) (rows [][]any) {
	state := func(s apitoken.State) any {
		if s == (apitoken.State{}) {
			return nil
		}
		text, _ := json.Marshal(s) // a state always has a text
		return string(text)
	}
	for _, e := range events {
		var token any
		if !e.Token.IsZero() {
			token = e.Token[:]
		}
		rows = append(rows, []any{
			int64(e.Seq), e.ID[:], micros(e.At), string(e.Action), string(e.Outcome), string(e.Actor.Kind), string(e.Actor.User), string(e.Owner), token,
			state(e.Before), state(e.After), e.Reason,
		})
	}
	return rows
}
