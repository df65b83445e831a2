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

// noDatabase is a database that nobody can reach.
type noDatabase struct{}

var errNoDatabase = errors.New("there is no database")

func (noDatabase) Connect(context.Context) (driver.Conn, error) { return nil, errNoDatabase }
func (noDatabase) Driver() driver.Driver                        { return nil }

func openNothing(t *testing.T) *sql.DB {
	t.Helper()
	db := sql.OpenDB(noDatabase{})
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// New and Migrations go by the same rule.
func TestThePrefixIsChecked(t *testing.T) {
	for _, c := range []struct {
		name, prefix string
		ok           bool
		only         string // the dialect that the row is about; empty: all
	}{
		{"none", "", true, ""},
		{"the default", "apitoken_", true, ""},
		{"a letter", "a", true, ""},
		{"an underscore", "_", true, ""},
		{"digits behind", "t2_", true, ""},
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
		{"a line break behind", "t_\n", false, ""},
		{"a zero byte", "t\x00", false, ""},
		{"what SQLite keeps for itself", "sqlite_", false, "SQLite"},
		{"what begins like that", "sqlite_tokens_", false, "SQLite"},
		{"what PostgreSQL does not keep for itself", "sqlite_", true, "PostgreSQL"},
		{"what PostgreSQL keeps for itself", "pg_", false, "PostgreSQL"},
		{"what begins like it", "pg_tokens_", false, "PostgreSQL"},
		{"what only resembles it", "pgx_", true, "PostgreSQL"},
		{"what MySQL does not keep for itself", "pg_", true, "MySQL"},
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

func TestNewRefusesWhatIsMissing(t *testing.T) {
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

// New asks nothing of the database, and what fails later says what was attempted and why.
func TestADatabaseOutOfReachIsAnErrorOfTheUse(t *testing.T) {
	ctx := context.Background()
	store, err := sqlstore.New(openNothing(t), sqlstore.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, lookup := store.Lookup(ctx, apitoken.Digest{})
	_, policy := store.Policy(ctx)
	for what, err := range map[string]error{
		"look up a token": lookup,
		"read the policy": policy,
		"append events":   store.AppendEvents(ctx, make([]apitoken.Event, 1)),
		"migrate":         store.Migrate(ctx),
	} {
		if !errors.Is(err, errNoDatabase) || !strings.HasPrefix(err.Error(), "sqlstore: "+what+": ") {
			t.Errorf("%s: error %v, want one that says so because of %v", what, err, errNoDatabase)
		}
		if errors.Is(err, apitoken.ErrUncertain) {
			t.Errorf("%s: error %v is uncertain, but nothing was sent", what, err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestACancelledContextIsNotAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	store, err := sqlstore.New(openNothing(t), sqlstore.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, lookup := store.Lookup(ctx, apitoken.Digest{})
	_, tokens := store.Tokens(ctx, apitoken.TokenQuery{}, someTime)
	for what, err := range map[string]error{
		"Lookup": lookup, "Tokens": tokens, "Migrate": store.Migrate(ctx),
		"PutPolicy": store.PutPolicy(ctx, apitoken.MaxLifetimePolicy{}, 0, apitoken.Event{}),
	} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, errNoDatabase) {
			t.Errorf("%s: error %v, want %v", what, err, context.Canceled)
		}
	}
}
