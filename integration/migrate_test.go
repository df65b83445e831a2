package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

func TestMigrateTwiceChangesNothing(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db, spy := openSpied(t, d)
		store := d.newMigrated(t, db, nil)
		for _, c := range changes(t, store) {
			must(t, c.do(context.Background()))
		}
		plain := d.open(t, 0)
		tables, rows := d.catalogue(t, plain, defaultPrefix), d.rows(t, plain, defaultPrefix)
		spy.statements()
		for _, again := range []*sqlstore.Store{store, d.newStore(t, db, nil)} {
			must(t, again.Migrate(context.Background()))
		}
		holdOnlyReads(t, spy)
		if diff := cmp.Diff(tables, d.catalogue(t, plain, defaultPrefix)); diff != "" {
			t.Errorf("schema (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rows, d.rows(t, plain, defaultPrefix)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

// holdOnlyReads checks that only reads without locks were sent. The role of a host may lack other rights, and its database may be
// read-only.
func holdOnlyReads(t *testing.T, spy *spy) {
	t.Helper()
	sent := spy.statements()
	if len(sent) == 0 {
		t.Error("no statement was sent")
	}
	for _, text := range sent {
		if !strings.HasPrefix(text, "SELECT") || strings.Contains(text, "lock") {
			t.Errorf("for a schema that is up to date, %s was sent", text)
		}
	}
}

// Stores of different prefixes in one database are independent, for the longest prefix, too.
func TestMigrateMakesTheTablesOfItsPrefix(t *testing.T) {
	prefixes := []string{defaultPrefix, "tenant_7_", longestPrefix, longestPrefix[:len(longestPrefix)-2] + "8_"}
	onEach(t, everywhere, func(t *testing.T, d database) {
		db := d.open(t, 0)
		want := d.made(t, db)
		stores := make([]*sqlstore.Store, len(prefixes))
		for i, prefix := range prefixes {
			stores[i] = d.newMigrated(t, db, &sqlstore.Options{TablePrefix: prefix})
		}
		for _, name := range d.tables(t, db, "") {
			if !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) &&
				!strings.HasPrefix(name, "sqlite_") {
				t.Errorf("made the table %s", name)
			}
		}
		for i, prefix := range prefixes {
			d.holdFresh(t, db, prefix, want) // which also fills them
			for _, other := range prefixes[i+1:] {
				if diff := cmp.Diff(d.untouched(t), d.rows(t, db, other)); diff != "" {
					t.Errorf("rows of %s after a change of %s (-want +got):\n%s", other, prefix, diff)
				}
			}
		}
		ctx := context.Background()
		rows := d.rows(t, db, prefixes[1])
		if _, err := stores[0].RevokeToken(ctx, apitoken.TokenID{}, apitoken.Revocation{At: at}, event(apitoken.ActionRevoke)); err == nil {
			t.Error("a missing token is revoked")
		}
		end := apitoken.UserChange{Name: "Robert", EndEpoch: true}
		if _, err := stores[0].ChangeUser(ctx, "bob", end, event(apitoken.ActionPutUser)); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(rows, d.rows(t, db, prefixes[1])); diff != "" {
			t.Errorf("rows of %s after a change of %s (-want +got):\n%s", prefixes[1], prefixes[0], diff)
		}
	})
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db := d.open(t, 0)
		opts := &sqlstore.Options{TablePrefix: "tenant_7_"}
		d.newMigrated(t, db, opts)
		known := newest(t, d)
		mustExec(t, db, fmt.Sprintf(`INSERT INTO tenant_7_schema_version (version) VALUES (%d), (77)`, known+1))
		tables, rows := d.catalogue(t, db, opts.TablePrefix), d.rows(t, db, opts.TablePrefix)
		store := d.newStore(t, db, opts)
		for name, err := range map[string]error{"Migrate": store.Migrate(context.Background()), "use": use(store)} {
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			for _, part := range []string{"tenant_7_*", "version 77", fmt.Sprintf("version %d:", known)} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s: error %v, want one that says %q", name, err, part)
				}
			}
		}
		if diff := cmp.Diff(tables, d.catalogue(t, db, opts.TablePrefix)); diff != "" {
			t.Errorf("schema (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rows, d.rows(t, db, opts.TablePrefix)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func use(store *sqlstore.Store) error {
	_, err := store.Policy(context.Background())
	return err
}

func TestUseBeforeMigrateSaysSo(t *testing.T) {
	for _, b := range everywhere {
		for name, opts := range map[string]*sqlstore.Options{"": nil, ", unprepared": {TablePrefix: "t_", Unprepared: true}} {
			t.Run(b.name+name, func(t *testing.T) {
				d := b.database(t)
				store := d.newStore(t, d.open(t, 0), opts)
				ctx := context.Background()
				_, lookup := store.Lookup(ctx, apitoken.Digest{})
				_, tokens := store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, Limit: 1}.At(time.Now()))
				for name, err := range map[string]error{
					"Lookup": lookup, "Tokens": tokens, "Policy": use(store),
					"AppendEvents": store.AppendEvents(ctx, []apitoken.Event{event(apitoken.ActionRevoke)}),
				} {
					if err == nil || !strings.Contains(err.Error(), "do not exist: call Migrate first") {
						t.Errorf("%s: error %v, want one that says to call Migrate", name, err)
					}
				}
				must(t, store.Migrate(ctx))
				if err := use(store); err != nil {
					t.Errorf("after Migrate: %v", err)
				}
			})
		}
	}
}

// If a tool of the host runs the SQL of the steps, Migrate is not necessary and changes nothing.
func TestMigrationsMakeTheSameTables(t *testing.T) {
	for _, b := range everywhere {
		for _, prefix := range []string{"", "tenant_7_", longestPrefix} {
			t.Run(b.name+", "+prefix, func(t *testing.T) {
				d := b.database(t)
				db, spy := openSpied(t, d)
				d.runSteps(t, prefix, newest(t, d))
				opts := &sqlstore.Options{TablePrefix: prefix}
				if err := use(d.newStore(t, db, opts)); err != nil {
					t.Fatalf("without Migrate: %v", err)
				}
				spy.statements()
				must(t, d.newStore(t, db, opts).Migrate(context.Background()))
				holdOnlyReads(t, spy)
				want := d.made(t, db)
				if prefix == "" {
					prefix = defaultPrefix
				}
				d.holdFresh(t, db, prefix, want)
			})
		}
	}
}

// newest returns the version of the tables of this build.
func newest(t testing.TB, d database) int {
	t.Helper()
	steps, err := d.dialect.Migrations("")
	must(t, err)
	return len(steps)
}

// runSteps runs the SQL of the steps up to a version, as a tool does. On MySQL, where a step may have to be repeated, it
// runs each step twice.
func (d database) runSteps(t testing.TB, prefix string, version int) {
	t.Helper()
	d.runStepsAfter(t, prefix, 0, version)
}

// runStepsAfter is runSteps for tables that have a version already.
func (d database) runStepsAfter(t testing.TB, prefix string, has, version int) {
	t.Helper()
	dsn, times := d.dsns[0], 1
	if d.driver == "mysql" {
		config := parseMySQL(t, dsn)
		config.MultiStatements = true
		dsn, times = config.FormatDSN(), 2
	}
	tool, err := sql.Open(d.driver, dsn)
	must(t, err)
	defer func() { _ = tool.Close() }()
	steps, err := d.dialect.Migrations(prefix)
	must(t, err)
	for _, step := range steps[has:version] {
		for range times {
			if _, err := tool.Exec(step.SQL); err != nil {
				t.Fatalf("%d %s: %v", step.Version, step.Name, err)
			}
		}
	}
}
