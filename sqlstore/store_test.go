package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// noDatabase is a database that cannot be reached.
type noDatabase struct{}

var errNoDatabase = errors.New("no database")

func (noDatabase) Connect(context.Context) (driver.Conn, error) { return nil, errNoDatabase }
func (noDatabase) Driver() driver.Driver                        { return nil }

func openNothing(t *testing.T) *sql.DB {
	t.Helper()
	db := sql.OpenDB(noDatabase{})
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// New and Migrations apply the same rule.
func TestTablePrefixIsChecked(t *testing.T) {
	for _, c := range []struct {
		name, prefix string
		ok           bool
		only         string // the only dialect that the case applies to; empty: all
	}{
		{"none", "", true, ""},
		{"the default", "apitoken_", true, ""},
		{"a letter", "a", true, ""},
		{"an underscore", "_", true, ""},
		{"digits at the end", "t2_", true, ""},
		{"30 characters", strings.Repeat("a", 30), true, ""},
		{"31 characters", strings.Repeat("a", 31), false, ""},
		{"a digit in front", "2t_", false, ""},
		{"a capital", "T_", false, ""},
		{"a letter that is not ASCII", "ä_", false, ""},
		{"a space", "t _", false, ""},
		{"a hyphen", "t-", false, ""},
		{"a dot", "main.t_", false, ""},
		{"a quote", `t"`, false, ""},
		{"a statement", "t; DROP TABLE users; --", false, ""},
		{"a line break at the end", "t_\n", false, ""},
		{"a zero byte", "t\x00", false, ""},
		{"reserved by SQLite", "sqlite_", false, "SQLite"},
		{"begins as reserved by SQLite", "sqlite_tokens_", false, "SQLite"},
		{"not reserved by PostgreSQL", "sqlite_", true, "PostgreSQL"},
		{"reserved by PostgreSQL", "pg_", false, "PostgreSQL"},
		{"begins as reserved by PostgreSQL", "pg_tokens_", false, "PostgreSQL"},
		{"similar to the reserved one", "pgx_", true, "PostgreSQL"},
		{"not reserved by MySQL", "pg_", true, "MySQL"},
	} {
		for name, d := range dialects {
			if c.only != "" && c.only != name {
				continue
			}
			t.Run(name+", "+c.name, func(t *testing.T) {
				_, newErr := sqlstore.New(openNothing(t), d, &sqlstore.Options{TablePrefix: c.prefix})
				_, migrationsErr := d.Migrations(c.prefix)
				for what, err := range map[string]error{"new store": newErr, "migrations": migrationsErr} {
					if c.ok && err != nil || !c.ok && !errors.Is(err, apitoken.ErrInvalid) {
						t.Errorf("%s: %q: error %v, want success: %v", what, c.prefix, err, c.ok)
					}
					if !c.ok && !strings.HasPrefix(fmt.Sprint(err), "sqlstore: "+what+": ") {
						t.Errorf("%s: error %v, want one that says what was attempted", what, err)
					}
				}
			})
		}
	}
}

func TestNewRefusesAMissingDatabaseOrDialect(t *testing.T) {
	if _, err := sqlstore.New(nil, sqlstore.SQLite, nil); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("no database: error %v, want %v", err, apitoken.ErrInvalid)
	}
	if _, err := sqlstore.New(openNothing(t), sqlstore.Dialect{}, nil); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("no dialect: error %v, want %v", err, apitoken.ErrInvalid)
	}
	if _, err := (sqlstore.Dialect{}).Migrations(""); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("migrations of no dialect: error %v, want %v", err, apitoken.ErrInvalid)
	}
}

// New does no I/O. A later error says what was attempted and why it failed.
func TestUnreachableDatabaseIsAnErrorOfEachCall(t *testing.T) {
	ctx := context.Background()
	store, err := sqlstore.New(openNothing(t), sqlstore.SQLite, nil)
	must(t, err)
	_, lookup := store.Lookup(ctx, apitoken.Digest{})
	_, policy := store.Policy(ctx)
	for what, err := range map[string]error{
		"look up a token": lookup,
		"read the policy": policy,
		"append events":   store.AppendEvents(ctx, make([]apitoken.Event, 1)),
		"migrate":         store.Migrate(ctx),
	} {
		if !errors.Is(err, errNoDatabase) || !strings.HasPrefix(err.Error(), "sqlstore: "+what+": ") {
			t.Errorf("%s: error %v, want one that says what failed and wraps %v", what, err, errNoDatabase)
		}
		if errors.Is(err, apitoken.ErrUncertain) {
			t.Errorf("%s: error %v is uncertain, want certain: nothing was sent", what, err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestCancelledContextReachesNoDatabase(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	store, err := sqlstore.New(openNothing(t), sqlstore.SQLite, nil)
	must(t, err)
	_, lookup := store.Lookup(ctx, apitoken.Digest{})
	_, tokens := store.Tokens(ctx, apitoken.TokenQuery{}.At(someTime))
	for what, err := range map[string]error{
		"Lookup": lookup, "Tokens": tokens, "Migrate": store.Migrate(ctx),
		"PutPolicy": store.PutPolicy(ctx, apitoken.MaxLifetimePolicy{}, 0, apitoken.Event{}),
	} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, errNoDatabase) {
			t.Errorf("%s: error %v, want %v", what, err, context.Canceled)
		}
	}
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
