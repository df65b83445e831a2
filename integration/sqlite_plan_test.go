package integration_test

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// Each query of the store finds its rows by an index, however many there are.
func TestSQLiteQueriesUseAnIndex(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	store := newMigratedSQLite(t, db, nil)
	if err := use(store); err != nil { // the first use looks at the schema
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, c := range []struct {
		name string
		read func() error
		want []string // the plan
	}{{
		"lookup",
		func() error { _, err := store.Lookup(ctx, apitoken.Digest{}); return err },
		[]string{"SEARCH t USING PRIMARY KEY (digest=?)", "SEARCH u USING PRIMARY KEY (id=?)"},
	}, {
		"token",
		func() error { _, err := store.Token(ctx, apitoken.TokenID{}); return err },
		[]string{
			"SEARCH t USING INDEX sqlite_autoindex_apitoken_tokens_2 (id=?)",
			"SEARCH u USING PRIMARY KEY (id=?)",
			"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN",
		},
	}, {
		"list by owner",
		func() error { _, err := store.Tokens(ctx, apitoken.TokenQuery{Owner: "bob", Limit: 100}); return err },
		[]string{
			"SEARCH t USING INDEX apitoken_tokens_by_owner (owner=? AND id>?)",
			"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN",
		},
	}, {
		"list of all",
		func() error { _, err := store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, Limit: 100}); return err },
		[]string{
			"SEARCH t USING INDEX sqlite_autoindex_apitoken_tokens_2 (id>?)",
			"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN",
		},
	}, {
		"users",
		func() error { _, err := store.Users(ctx, apitoken.UserQuery{Limit: 100}); return err },
		[]string{"SEARCH apitoken_users USING PRIMARY KEY (id>?)"},
	}, {
		"events",
		func() error { _, err := store.Events(ctx, apitoken.EventQuery{Limit: 100}); return err },
		[]string{"SEARCH apitoken_events USING INTEGER PRIMARY KEY (rowid>?)"},
	}, {
		"events of an owner",
		func() error { _, err := store.Events(ctx, apitoken.EventQuery{Owner: "bob", Limit: 100}); return err },
		[]string{"SEARCH apitoken_events USING INDEX apitoken_events_by_owner (owner=? AND seq>?)"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			spy.statements()
			_ = c.read() // that nothing is found is as good
			sent := spy.statements()
			if len(sent) != 1 {
				t.Fatalf("sent %q, want one query", sent)
			}
			if diff := cmp.Diff(c.want, queryPlan(t, db, sent[0])); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// A change touches only the rows that it is about.
func TestSQLiteChangesScanNoTable(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	store := newMigratedSQLite(t, db, nil)
	spy.statements()
	for _, c := range changes(t, store) {
		for range 2 {
			if err := c.do(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent := slices.DeleteFunc(spy.statements(), func(text string) bool {
		return text == "BEGIN" || isTransactionEnd(text) || strings.Contains(text, "schema_version") || strings.Contains(text, "sqlite_master")
	})
	if len(sent) < 20 {
		t.Errorf("only %d statements were seen", len(sent))
	}
	onlyRow := regexp.MustCompile(`^SCAN (apitoken_policy|v|CONSTANT ROW|[0-9]+ CONSTANT ROWS?)$`) // the policy has one row
	for _, text := range sent {
		for _, line := range queryPlan(t, db, text) {
			if strings.HasPrefix(line, "SCAN") && !onlyRow.MatchString(line) {
				t.Errorf("%s: %s", line, text)
			}
		}
	}
}

// A sweep over what has expired goes by the ends, and not through all tokens.
func TestSQLiteExpiryIsFoundByAnIndex(t *testing.T) {
	db := openSQLite(t, sqliteFile(t), recommended)
	newMigratedSQLite(t, db, nil)
	got := queryPlan(t, db, `SELECT id FROM apitoken_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`)
	want := []string{"SEARCH apitoken_tokens USING INDEX apitoken_tokens_by_expiry (expires_at<?)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// queryPlan is what SQLite says of how it runs a statement.
func queryPlan(t *testing.T, db *sql.DB, text string) (lines []string) {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+text, make([]any, parameters(text))...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// parameters is how many parameters a statement has. One of a number, ?1, counts once.
func parameters(text string) int {
	all := regexp.MustCompile(`\?[0-9]*`).FindAllString(text, -1)
	slices.Sort(all)
	if len(all) > 0 && all[0] != "?" {
		all = slices.Compact(all)
	}
	return len(all)
}
