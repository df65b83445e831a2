package integration_test

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"
	_ "time/tzdata" // where the system has no time zones

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// The store keeps the contract under unusual settings of the database and the data source name. Each row combines several.
func TestContractHoldsUnderUnusualSettings(t *testing.T) {
	t.Parallel()
	long(t)
	for _, c := range []struct {
		name string
		backend
		opts *sqlstore.Options
	}{{
		name: "PostgreSQL of another locale, parameters as text, serializable",
		backend: onPostgreSQLWith(
			"TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'",
			"default_query_exec_mode=simple_protocol", "default_transaction_isolation=serializable", "TimeZone=America/St_Johns",
		),
		opts: &sqlstore.Options{TablePrefix: longestPrefix, Unprepared: true},
	}, {
		name: "MySQL of latin1, which truncates values",
		backend: onMySQLWith("CHARACTER SET latin1",
			"charset=latin1", "parseTime=true", "loc=America/St_Johns", "clientFoundRows=true", "sql_mode=''", "time_zone='-03:30'",
		),
		opts: &sqlstore.Options{TablePrefix: longestPrefix},
	}, {
		name: "MySQL of utf8mb4_general_ci, parameters as text, quotes as in ANSI",
		backend: onMySQLWith("COLLATE utf8mb4_general_ci",
			"collation=utf8mb4_general_ci", "interpolateParams=true", "sql_mode='ANSI,NO_BACKSLASH_ESCAPES'",
		),
		opts: &sqlstore.Options{Unprepared: true},
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := c.database(t)
			db := d.open(t, 0)
			prefix := defaultPrefix
			if c.opts.TablePrefix != "" {
				prefix = c.opts.TablePrefix
			}
			storetest.Run(t, func(t *testing.T) apitoken.Store {
				store := d.newMigrated(t, db, c.opts)
				d.clear(t, db, prefix)
				return store
			})
		})
	}
}

// onPostgreSQLWith is PostgreSQL with options of CREATE DATABASE and parameters of the data source name.
func onPostgreSQLWith(options string, parameters ...string) backend {
	b := onPostgreSQL
	b.create = func(t testing.TB) []string {
		t.Helper()
		server := sharedPostgres.needed(t)[0]
		dsn, err := url.Parse(server)
		must(t, err)
		dsn.Path = createDatabase(t, "pgx", server, options)
		return []string{withParameters(dsn.String(), parameters)}
	}
	return b
}

// onMySQLWith is MySQL with options of ALTER DATABASE and parameters of the data source name.
func onMySQLWith(alteration string, parameters ...string) backend {
	b := onMySQL
	b.create = func(t testing.TB) []string {
		t.Helper()
		dsn := createMySQL(t)[0]
		db, err := sql.Open("mysql", dsn)
		must(t, err)
		defer func() { _ = db.Close() }()
		mustExec(t, db, "ALTER DATABASE "+alteration)
		return []string{withParameters(dsn, parameters)}
	}
	return b
}

// withParameters adds parameters to a data source name. Not all drivers read a plus sign as a space, so it writes %20.
func withParameters(dsn string, parameters []string) string {
	between := "?"
	if strings.Contains(dsn, "?") {
		between = "&"
	}
	for _, p := range parameters {
		key, value, _ := strings.Cut(p, "=")
		dsn += between + key + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		between = "&"
	}
	return dsn
}

// Without autocommit a connection of MySQL keeps reading its first snapshot, so a token that was revoked since would still
// authenticate. The store refuses to work on such a connection.
func TestMySQLWithoutAutocommitIsRefused(t *testing.T) {
	d := onMySQLWith("CHARACTER SET utf8mb4", "autocommit=0").database(t)
	store := d.newStore(t, d.open(t, 0), nil)
	must(t, store.Migrate(t.Context()))
	if _, err := store.Lookup(t.Context(), apitoken.Digest{}); err == nil || !strings.Contains(err.Error(), "autocommit is off") {
		t.Errorf("error %v, want one that says that autocommit is off", err)
	}
}
