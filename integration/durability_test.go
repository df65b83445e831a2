package integration_test

import (
	"context"
	"database/sql"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// durabilityOf returns the settings that CheckDurability reports for a data source name, except known ones. Each sentence has to
// say what follows and what to do.
func durabilityOf(t *testing.T, b backend, dsn string, known ...string) string {
	t.Helper()
	db, err := sql.Open(b.driver, dsn)
	must(t, err)
	defer func() { _ = db.Close() }()
	store, err := sqlstore.New(db, b.dialect, nil)
	must(t, err)
	missing, err := store.CheckDurability(context.Background())
	must(t, err)
	var settings []string
	for _, sentence := range missing {
		setting, advice, _ := strings.Cut(sentence, ": ")
		if !strings.Contains(advice, "; ") {
			t.Errorf("%q does not say what follows and what to do", sentence)
		}
		if !slices.Contains(known, setting) {
			settings = append(settings, setting)
		}
	}
	return strings.Join(settings, ", ")
}

// ofTheFastServer are the settings with which the shared servers of the tests lack durability on purpose.
var ofTheFastServer = []string{
	"fsync is off", "full_page_writes is off", "innodb_flush_log_at_trx_commit is 0", "innodb_doublewrite is off",
}

func TestSQLiteDurabilityIsChecked(t *testing.T) {
	for parameters, want := range map[string]string{
		recommended:                   "",
		"_pragma=synchronous(EXTRA)":  "",
		"_pragma=synchronous(NORMAL)": "synchronous is 1",
		"_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)": "synchronous is 0, journal_mode is memory",
	} {
		if got := durabilityOf(t, onSQLite, "file:"+sqliteFile(t)+"?"+parameters); got != want {
			t.Errorf("%s: got %q, want %q", parameters, got, want)
		}
	}
}

func TestPostgreSQLDurabilityIsChecked(t *testing.T) {
	server, err := url.Parse(sharedPostgres.needed(t)[0])
	must(t, err)
	for commit, want := range map[string]string{"on": "", "remote_apply": "", "off": "synchronous_commit is off"} {
		dsn := *server
		q := dsn.Query()
		q.Set("synchronous_commit", commit)
		dsn.RawQuery = q.Encode()
		if got := durabilityOf(t, onPostgreSQL, dsn.String(), ofTheFastServer...); got != want {
			t.Errorf("synchronous_commit=%s: got %q, want %q", commit, got, want)
		}
	}
	if got := durabilityOf(t, onPostgreSQL, server.String()); sharedPostgres.end != nil && got != "fsync is off, full_page_writes is off" {
		t.Errorf("got %q of a server that does not wait for the disk", got)
	}
}

func TestPostgreSQLDurabilityWithAStandbyIsChecked(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	standby := startStandby(t, primary)
	if got := durabilityOf(t, onPostgreSQL, standby.DSN()); got != "in_recovery is true" {
		t.Errorf("the standby: got %q, want that it is in recovery", got)
	}
	for _, c := range []struct{ names, commit, want string }{
		{"standby", "remote_apply", ""},
		{"standby", "on", ""},
		{"standby", "local", "synchronous_commit is local"},
		{"standby", "remote_write", "synchronous_commit is remote_write"},
		{"", "on", "synchronous_standby_names is empty while standbys are connected"},
	} {
		onServer(t, primary,
			`ALTER SYSTEM SET synchronous_commit = `+c.commit,
			`ALTER SYSTEM SET synchronous_standby_names = '`+c.names+`'`,
			`SELECT pg_reload_conf()`)
		untilServer(t, primary, `SELECT current_setting('synchronous_commit') = '`+c.commit+`' AND current_setting('synchronous_standby_names') = '`+c.names+`'`)
		if got := durabilityOf(t, onPostgreSQL, primary.DSN()); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
	must(t, standby.Kill())
	untilServer(t, primary, `SELECT count(*) = 0 FROM pg_stat_replication`)
	if got := durabilityOf(t, onPostgreSQL, primary.DSN()); got != "" {
		t.Errorf("got %q without a standby", got)
	}
}

func TestMySQLDurabilityIsChecked(t *testing.T) {
	server := sharedMySQL.needed(t)[0]
	if got := durabilityOf(t, onMySQL, server, ofTheFastServer...); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	const want = "innodb_flush_log_at_trx_commit is 0, innodb_doublewrite is off"
	if got := durabilityOf(t, onMySQL, server); sharedMySQL.end != nil && got != want {
		t.Errorf("got %q of a server that does not wait for the disk, want %q", got, want)
	}
}

func TestGaleraDurabilityIsChecked(t *testing.T) {
	config := parseMySQL(t, needGalera(t)[0])
	for wait, want := range map[string]string{"0": "wsrep_sync_wait is 0", "1": "", "6": "wsrep_sync_wait is 6", "7": ""} {
		config.Params = map[string]string{"wsrep_sync_wait": wait}
		if got := durabilityOf(t, onGalera, config.FormatDSN(), ofTheFastServer...); got != want {
			t.Errorf("wsrep_sync_wait=%s: got %q, want %q", wait, got, want)
		}
	}
}
