package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// schema is the SQL of everything that is in a database.
func schema(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	rows, err := db.Query(`SELECT type || ' ' || name || coalesce(': ' || sql, '') FROM sqlite_master ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSQLiteMigrateTwiceChangesNothing(t *testing.T) {
	file := sqliteFile(t)
	db := openSQLite(t, file, recommended)
	store := newMigratedSQLite(t, db, nil)
	changes(t, store)
	tables, events := schema(t, db), feed(t, store)
	if err := store.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := newMigratedSQLite(t, openSQLite(t, file, recommended), nil)
	if diff := cmp.Diff(tables, schema(t, db)); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(events, feed(t, again)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestSQLiteMigrateMakesTheTablesOfItsPrefix(t *testing.T) {
	db := openSQLite(t, sqliteFile(t), recommended)
	one := newMigratedSQLite(t, db, nil)
	other := newMigratedSQLite(t, db, &sqlstore.Options{TablePrefix: "tenant_7_"})
	for _, line := range schema(t, db) {
		_, rest, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(rest, "apitoken_") && !strings.HasPrefix(rest, "tenant_7_") && !strings.HasPrefix(rest, "sqlite_") {
			t.Errorf("made %s", line)
		}
	}
	changes(t, one)
	if _, err := other.User(context.Background(), "bob"); err == nil {
		t.Error("a user of one prefix is found under the other")
	}
	changes(t, other)
}

func TestSQLiteMigrateByFiveHandlesAtOnce(t *testing.T) {
	for name, parameters := range map[string]string{"recommended": recommended, "bare": bare} {
		t.Run(name, func(t *testing.T) {
			file := sqliteFile(t)
			stores := make([]*sqlstore.Store, 5)
			for i := range stores {
				stores[i] = newSQLite(t, openSQLite(t, file, parameters), nil)
			}
			var all sync.WaitGroup
			for _, store := range stores {
				all.Go(func() {
					if err := store.Migrate(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			holdFresh(t, file)
		})
	}
}

// The environment variables that make a process of this test one that migrates a database and ends.
const migrateFile, migrateParameters = "APITOKEN_TEST_MIGRATE_FILE", "APITOKEN_TEST_MIGRATE_PARAMETERS"

func TestSQLiteMigrateByFiveProcessesAtOnce(t *testing.T) {
	if file := os.Getenv(migrateFile); file != "" {
		newMigratedSQLite(t, openSQLite(t, file, os.Getenv(migrateParameters)), nil)
		return
	}
	for name, parameters := range map[string]string{"recommended": recommended, "bare": bare} {
		t.Run(name, func(t *testing.T) {
			file := sqliteFile(t)
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					cmd := exec.Command(os.Args[0], "-test.run=^TestSQLiteMigrateByFiveProcessesAtOnce$", "-test.timeout=1m")
					cmd.Env = append(os.Environ(), migrateFile+"="+file, migrateParameters+"="+parameters)
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v: %s", err, out)
					}
				})
			}
			all.Wait()
			holdFresh(t, file)
		})
	}
}

// holdFresh holds that the schema of a file is that of a fresh one, and that a store works on it.
func holdFresh(t *testing.T, file string) {
	t.Helper()
	fresh := openSQLite(t, sqliteFile(t), recommended)
	newMigratedSQLite(t, fresh, nil)
	db := openSQLite(t, file, recommended)
	if diff := cmp.Diff(schema(t, fresh), schema(t, db)); diff != "" {
		t.Errorf("schema (-fresh +got):\n%s", diff)
	}
	var versions, policies int
	err := db.QueryRow(`SELECT (SELECT count(*) FROM apitoken_schema_version), (SELECT count(*) FROM apitoken_policy)`).
		Scan(&versions, &policies)
	if err != nil || versions != 1 || policies != 1 {
		t.Errorf("%d versions and %d policies, error %v, want one of each", versions, policies, err)
	}
	changes(t, newSQLite(t, db, nil))
}

func TestSQLiteMigrateRefusesANewerSchema(t *testing.T) {
	db := openSQLite(t, sqliteFile(t), recommended)
	newMigratedSQLite(t, db, nil)
	if _, err := db.Exec(`INSERT INTO apitoken_schema_version (version) VALUES (2), (77)`); err != nil {
		t.Fatal(err)
	}
	tables := schema(t, db)
	store := newSQLite(t, db, nil)
	for name, err := range map[string]error{
		"Migrate": store.Migrate(context.Background()),
		"use":     use(store),
	} {
		if err == nil || !strings.Contains(err.Error(), "version 77") || !strings.Contains(err.Error(), "version 1:") {
			t.Errorf("%s: error %v, want one that names the versions 77 and 1", name, err)
		}
	}
	if diff := cmp.Diff(tables, schema(t, db)); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

func use(store *sqlstore.Store) error {
	_, err := store.Policy(context.Background())
	return err
}

func TestSQLiteUseBeforeMigrateSaysSo(t *testing.T) {
	for _, opts := range []*sqlstore.Options{nil, {Unprepared: true}} {
		store := newSQLite(t, openSQLite(t, sqliteFile(t), recommended), opts)
		ctx := context.Background()
		_, lookup := store.Lookup(ctx, apitoken.Digest{})
		_, tokens := store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, Limit: 1})
		for name, err := range map[string]error{
			"Lookup": lookup, "Tokens": tokens, "Policy": use(store),
			"AppendEvents": store.AppendEvents(ctx, []apitoken.Event{event(apitoken.ActionRevoke)}),
		} {
			if err == nil || !strings.Contains(err.Error(), "call Migrate first") {
				t.Errorf("%s: error %v, want one that says to call Migrate", name, err)
			}
		}
		if err := store.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if err := use(store); err != nil {
			t.Errorf("after Migrate: %v", err)
		}
	}
}

// A step that fails leaves nothing behind, not even its number, and is taken the next time.
func TestSQLiteMigrateTakesAStepAsAWhole(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	store := newSQLite(t, db, nil)
	spy.interfere(on("CREATE INDEX apitoken_events_by_owner", 1, errCut), nil)
	if err := store.Migrate(context.Background()); err == nil || !strings.Contains(err.Error(), "CREATE INDEX") {
		t.Errorf("error %v, want one that names the statement", err)
	}
	want := []string{"table apitoken_schema_version: CREATE TABLE apitoken_schema_version (\n\tversion INTEGER PRIMARY KEY\n) STRICT"}
	if diff := cmp.Diff(want, schema(t, db)); diff != "" {
		t.Errorf("schema after the failure (-want +got):\n%s", diff)
	}
	if err := store.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	changes(t, store)
}

// The tables themselves refuse rows that no Manager writes.
func TestSQLiteTablesRefuseNonsense(t *testing.T) {
	db := openSQLite(t, sqliteFile(t), recommended)
	changes(t, newMigratedSQLite(t, db, nil))
	for _, c := range []struct{ name, statement string }{
		{"a digest of 31 bytes", `UPDATE apitoken_tokens SET digest = zeroblob(31)`},
		{"a digest that is text", `UPDATE apitoken_tokens SET digest = '01234567890123456789012345678901'`},
		{"an id of 15 bytes", `UPDATE apitoken_tokens SET id = zeroblob(15)`},
		{"an owner that is not there", `UPDATE apitoken_tokens SET owner = 'nobody'`},
		{"a time that is text", `UPDATE apitoken_tokens SET expires_at = '2026-03-01'`},
		{"a revoker without a revocation", `UPDATE apitoken_tokens SET revoked_by = 'ada'`},
		{"a revoked token that holds its name", `UPDATE apitoken_tokens SET revoked_at = 1`},
		{"a token that holds another name", `UPDATE apitoken_tokens SET live_name = 'another'`},
		{"a second policy", `INSERT INTO apitoken_policy SELECT 2, max_lifetime, updated_at, updated_by, revision FROM apitoken_policy`},
		{"a user without revision", `UPDATE apitoken_users SET revision = 0`},
		{"an event twice", `INSERT INTO apitoken_events SELECT seq + 100, id, at, action, outcome, actor_kind, actor_user, ` +
			`actor_token, owner, token, before_state, after_state FROM apitoken_events`},
	} {
		if _, err := db.Exec(c.statement); err == nil {
			t.Errorf("%s is stored", c.name)
		} else if code := err.(interface{ Code() int }).Code(); code&0xff != 19 {
			t.Errorf("%s: error %v, want a constraint", c.name, fmt.Sprint(err))
		}
	}
}
