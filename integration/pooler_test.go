package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// onPgBouncer is PostgreSQL behind a pooler with a number of connections, which it reassigns after each transaction. The
// parameters are added to the data source name. The database has a locale and an isolation of transactions that are unusual.
func onPgBouncer(connections int, parameters ...string) backend {
	b := onPostgreSQL
	behind := onPostgreSQLWith("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
	b.create = func(t testing.TB) []string {
		t.Helper()
		dsn, err := url.Parse(behind.create(t)[0])
		must(t, err)
		direct, err := sql.Open(b.driver, dsn.String())
		must(t, err)
		mustExec(t, direct, "ALTER DATABASE "+strings.TrimPrefix(dsn.Path, "/")+" SET default_transaction_isolation = 'repeatable read'")
		must(t, direct.Close())
		p, err := engine.StartPgBouncer(t.TempDir(), dsn.String(), connections)
		engine.Require(t, "pgbouncer", err)
		t.Cleanup(func() {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
		})
		return []string{withParameters(p.DSN(strings.TrimPrefix(dsn.Path, "/")), parameters)}
	}
	return b
}

// Behind a pooler the store keeps the contract, with the options and the data source name of the documentation.
func TestPgBouncerKeepsTheContract(t *testing.T) {
	t.Parallel()
	long(t)
	d := onPgBouncer(4, "default_query_exec_mode=exec").database(t)
	db := d.open(t, 0)
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
		d.clear(t, db, defaultPrefix)
		return store
	})
}

// If the store or the driver prepares statements behind a pooler, the first error says what to set.
func TestPgBouncerIsNamedByTheFirstError(t *testing.T) {
	for name, opts := range map[string]*sqlstore.Options{"prepared": nil, "unprepared, but pgx prepares": {Unprepared: true}} {
		t.Run(name, func(t *testing.T) {
			d := onPgBouncer(1).database(t)
			fine := d.newStore(t, d.open(t, 0), opts)
			err := fine.Migrate(context.Background())
			for replica := 1; err == nil && replica < 5; replica++ {
				store := d.newStore(t, d.open(t, replica), opts)
				_, err = store.Lookup(context.Background(), apitoken.Digest{1})
				if strings.Contains(fmt.Sprint(err), apitoken.ErrNotFound.Error()) {
					err = nil
				}
			}
			for _, part := range []string{"pooler", "Options.Unprepared", "default_query_exec_mode=exec"} {
				if !strings.Contains(fmt.Sprint(err), part) {
					t.Errorf("error %v, want one that says %q", err, part)
				}
			}
		})
	}
}

// With the parameter of each driver in the comment of Options.Unprepared, nothing is prepared. Without it, the driver prepares.
func TestUnpreparedPreparesNothing(t *testing.T) {
	for _, c := range []struct {
		backend
		parameter string
		count     string // the query for the number of prepared statements
	}{
		{onPostgreSQL, "default_query_exec_mode=exec", "SELECT count(*) FROM pg_prepared_statements"},
		{onMySQL, "interpolateParams=true", "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Com_stmt_prepare'"},
	} {
		for _, parameters := range [][]string{{c.parameter}, nil} {
			t.Run(fmt.Sprint(c.name, parameters), func(t *testing.T) {
				d := c.database(t)
				d.dsns[0] = withParameters(d.dsns[0], parameters)
				db := d.open(t, 0)
				db.SetMaxOpenConns(1)
				store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
				old, _ := prepareForChanges(t, store)
				holdCalls(t, store, old, func() {})
				var prepared int
				must(t, db.QueryRow(c.count).Scan(&prepared))
				if (prepared > 0) == (parameters != nil) {
					t.Errorf("%d statements were prepared", prepared)
				}
			})
		}
	}
}

// A host with a pool of pgx works behind a pooler too, in transactions of its own and outside, with the settings of the documentation.
func TestPgBouncerServesTransactionsOfPgx(t *testing.T) {
	kind := hostOverPgx
	kind.create = onPgBouncer(2, "default_query_exec_mode=exec").create
	kind.options = &sqlstore.Options{Unprepared: true}
	h := newHostWithRows(t, kind, 4)
	for i, c := range changesOfAHost {
		held, _ := h.begin(1) // the next transaction gets another connection of the pooler
		tx, m := h.begin(2 + i)
		if err := c.do(t.Context(), h, m); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		must(t, held.rollback())
		must(t, tx.rollback())
		h.mustGenerate(t.Context(), h.m, "bob", fmt.Sprint("outside ", i))
	}
}
