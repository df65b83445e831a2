package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// holdIncident checks that an error is what docs/operating.md says about an incident: the sentinel, and a text that the page has.
func holdIncident(t *testing.T, err, sentinel error, text string) {
	t.Helper()
	if !errors.Is(err, sentinel) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %v with the text %q", err, sentinel, text)
	}
	page, readErr := os.ReadFile(filepath.Join("..", "docs", "operating.md"))
	must(t, readErr)
	if !strings.Contains(string(page), text) {
		t.Errorf("docs/operating.md does not have the text %q", text)
	}
}

func generateWithin(limit time.Duration, m *apitoken.Manager, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: name})
	return err
}

// A host that reaches a standby reads and cannot write. One that names both servers reaches the primary.
func TestIncidentTheHostReachesAStandby(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	standby := startStandby(t, primary)
	d := database{onPostgreSQL, []string{primary.DSN()}}
	m, _ := newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	text := generateMany(t, m, 1)[0]
	d.dsns = []string{standby.DSN()}
	m, _ = newManager(t, d.newStore(t, d.open(t, 0), nil))
	must(t, authenticateWithin(limitOfSuccess, m, text))
	holdIncident(t, generateWithin(limitOfSuccess, m, "on a standby"), apitoken.ErrUnavailable, "in a read-only transaction (SQLSTATE 25006)")
	d.dsns = []string{engine.ReadWriteDSN(standby, primary)}
	m, _ = newManager(t, d.newStore(t, d.open(t, 0), nil))
	must(t, generateWithin(limitOfSuccess, m, "on the primary"))
}

// A primary without its only synchronous standby authenticates, and acknowledges no change until the standby is back or is not
// waited for any more.
func TestIncidentTheOnlySynchronousStandbyIsLost(t *testing.T) {
	t.Parallel()
	long(t)
	primary := startPrimary(t)
	standby := startStandby(t, primary)
	d := database{onPostgreSQL, []string{primary.DSN()}}
	m, _ := newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	text := generateMany(t, m, 1)[0]
	must(t, standby.Kill())
	holdIncident(t, generateWithin(time.Second, m, "unsafe"), apitoken.ErrUncertain, "outcome unknown")
	must(t, authenticateWithin(limitOfSuccess, m, text))
	must(t, standby.Start())
	must(t, generateWithin(limitOfSuccess, m, "safe"))
	must(t, standby.Kill())
	d.connect(t, func(db *sql.DB) {
		mustExec(t, db, `ALTER SYSTEM SET synchronous_standby_names = ''`)
		mustExec(t, db, `SELECT pg_reload_conf()`)
	})
	must(t, generateWithin(limitOfSuccess, m, "without a standby"))
}

// A sequence that is behind its rows lets no change happen until it is set to the highest number.
func TestIncidentTheSequenceOfEventsIsSetBack(t *testing.T) {
	d := onPostgreSQL.database(t)
	db := d.open(t, 0)
	m, _ := newManager(t, d.newMigrated(t, db, nil))
	text := generateMany(t, m, 3)[0]
	mustExec(t, db, `SELECT setval('apitoken_events_insert_no_seq', 1)`)
	holdIncident(t, generateWithin(limitOfSuccess, m, "refused"), apitoken.ErrUnavailable, `unique constraint "apitoken_events_pkey"`)
	must(t, authenticateWithin(limitOfSuccess, m, text))
	mustExec(t, db, `SELECT setval('apitoken_events_insert_no_seq', (SELECT max(insert_no) FROM apitoken_events))`)
	must(t, generateWithin(limitOfSuccess, m, "accepted"))
}

// Without rejectReadOnly a connection to a server that has become read-only stays in the pool.
func TestIncidentTheServerBecomesReadOnly(t *testing.T) {
	t.Parallel()
	long(t)
	server, err := engine.StartMariaDB(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "mysql", err)
	stopAtTheEnd(t, server)
	hushMySQL(t)
	root := database{onMySQL, []string{server.DSN()}}.open(t, 0)
	for _, statement := range []string{
		`CREATE DATABASE host`, `CREATE USER host`, `GRANT ALL ON host.* TO host`, // root may write nevertheless
	} {
		mustExec(t, root, statement)
	}
	config := parseMySQL(t, server.DSN())
	config.User, config.Passwd, config.DBName = "host", "", "host"
	for parameter, text := range map[string]string{"rejectReadOnly=false": "Error 1290", "rejectReadOnly=true": "driver: bad connection"} {
		d := database{onMySQL, []string{withParameters(config.FormatDSN(), []string{parameter, "timeout=2s"})}}
		db := d.open(t, 0)
		db.SetMaxOpenConns(1)
		m, _ := newManager(t, d.newMigrated(t, db, nil))
		putUser(t, m, apitoken.User{ID: "bob"})
		connection := func() (id int) {
			must(t, db.QueryRowContext(t.Context(), `SELECT connection_id()`).Scan(&id))
			return id
		}
		old := connection()
		mustExec(t, root, `SET GLOBAL read_only = 1`)
		holdIncident(t, generateWithin(limitOfSuccess, m, "refused"), apitoken.ErrUnavailable, text)
		if kept := connection() == old; kept != strings.HasSuffix(parameter, "false") {
			t.Errorf("%s: the connection is kept: %v", parameter, kept)
		}
		mustExec(t, root, `SET GLOBAL read_only = 0`)
		must(t, generateWithin(limitOfSuccess, m, parameter))
	}
}

// The pools of all replicas together must not exceed the connections of the server.
func TestIncidentTheServerHasNoConnectionLeft(t *testing.T) {
	t.Parallel()
	long(t)
	hushMySQL(t)
	postgres, err := engine.StartPostgres(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "postgres", err)
	stopAtTheEnd(t, postgres)
	mariaDB, err := engine.StartMariaDB(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "mysql", err)
	stopAtTheEnd(t, mariaDB)
	d := database{onMySQL, []string{mariaDB.DSN()}}
	d.connect(t, func(db *sql.DB) {
		mustExec(t, db, `CREATE DATABASE host`)
		mustExec(t, db, `SET GLOBAL max_connections = 10`)
	})
	d.dsns = []string{inDatabase(t, mariaDB.DSN(), "host")}
	for d, text := range map[*database]string{
		{onPostgreSQL, []string{postgres.DSN()}}: "too many clients already",
		&d:                                       "Too many connections",
	} {
		db := d.open(t, 0)
		m, _ := newManager(t, d.newMigrated(t, db, nil))
		known := generateMany(t, m, 1)[0]
		release := takeConnections(t, d.dsns[0], d.driver)
		late, _ := newManager(t, d.newStore(t, d.open(t, 0), nil))
		holdIncident(t, authenticateWithin(limitOfSuccess, late, known), apitoken.ErrUnavailable, text)
		if d.driver == "mysql" { // PostgreSQL has to restart
			mustExec(t, db, `SET GLOBAL max_connections = 20`) // by a connection from before
			must(t, authenticateWithin(limitOfSuccess, late, known))
		}
		release()
		eventually(t, func() error { return authenticateWithin(limitOfSuccess, late, known) }) // the server takes a moment
	}
}

// eventually repeats a call until it succeeds.
func eventually(t *testing.T, call func() error) {
	t.Helper()
	began := time.Now()
	for err := call(); err != nil; err = call() {
		if time.Since(began) > longestWait {
			t.Fatalf("not within %v: %v", longestWait, err)
		}
	}
}

// takeConnections opens connections until the server refuses one.
func takeConnections(t *testing.T, dsn, driver string) (release func()) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	must(t, err)
	closeAtTheEnd(t, db)
	var taken []*sql.Conn
	for range 300 {
		conn, err := db.Conn(t.Context())
		if err != nil {
			return func() {
				db.SetMaxIdleConns(-1)
				for _, conn := range taken {
					must(t, conn.Close())
				}
			}
		}
		taken = append(taken, conn)
	}
	t.Fatal("the server refuses no connection")
	return nil
}

// A process that keeps the only write lock of SQLite keeps all others from writing, and none from reading.
func TestIncidentAnotherProcessKeepsTheWriteLock(t *testing.T) {
	t.Parallel()
	long(t)
	d := onSQLite.database(t)
	m, _ := newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	text := generateMany(t, m, 1)[0]
	other, err := d.open(t, 1).Conn(t.Context())
	must(t, err)
	mustExec(t, other, `BEGIN IMMEDIATE`)
	holdIncident(t, generateWithin(longestWait, m, "refused"), apitoken.ErrUnavailable, "database is locked (5) (SQLITE_BUSY)")
	must(t, authenticateWithin(limitOfSuccess, m, text))
	mustExec(t, other, `ROLLBACK`)
	must(t, other.Close())
	must(t, generateWithin(limitOfSuccess, m, "accepted"))
}

// A backup from before revocations brings the tokens back, until they are revoked again: each by its ID, or all at once.
func TestIncidentABackupIsRestored(t *testing.T) {
	d := onSQLite.database(t)
	db := d.open(t, 0)
	m, _ := newManager(t, d.newMigrated(t, db, nil))
	texts := generateMany(t, m, 3)
	backup := filepath.Join(t.TempDir(), "backup.db")
	mustExec(t, db, `VACUUM INTO ?`, backup)
	revoke := func(q apitoken.TokenQuery) {
		t.Helper()
		_, err := m.RevokeMany(t.Context(), apitoken.System(), q, apitoken.RevokeManyParams{AtMost: 3})
		must(t, err)
	}
	all := apitoken.TokenQuery{AnyOwner: true}
	revoke(all)
	d.dsns = []string{"file:" + backup + "?" + recommended}
	m, _ = newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	for _, text := range texts {
		must(t, authenticateWithin(limitOfSuccess, m, text))
	}
	tokens, err := m.ListTokens(t.Context(), apitoken.System(), all)
	must(t, err)
	must(t, m.Revoke(t.Context(), apitoken.System(), tokens[0].ID))
	revoke(all)
	for _, text := range texts {
		if err := authenticateWithin(limitOfSuccess, m, text); !errors.Is(err, apitoken.ErrRevoked) {
			t.Errorf("error %v, want %v", err, apitoken.ErrRevoked)
		}
	}
}

// A clock that cannot be right lets no token in, and refuses none for good.
func TestIncidentTheClockIsBroken(t *testing.T) {
	d := onSQLite.database(t)
	m, clock := newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	text := generateMany(t, m, 1)[0]
	clock.Set(time.Unix(-1, 0))
	holdIncident(t, authenticateWithin(limitOfSuccess, m, text), apitoken.ErrUnavailable, "the clock reads")
	clock.Set(at)
	must(t, authenticateWithin(limitOfSuccess, m, text))
}

// A pooler refuses settings that it does not know, and makes calls wait while all of its connections are in use.
func TestIncidentThePoolerRefusesOrWaits(t *testing.T) {
	d := onPgBouncer(1, "default_query_exec_mode=exec").database(t)
	unprepared := &sqlstore.Options{Unprepared: true}
	db := d.open(t, 0)
	m, _ := newManager(t, d.newMigrated(t, db, unprepared))
	text := generateMany(t, m, 1)[0]
	strange := d
	strange.dsns = []string{withParameters(d.dsns[0], []string{"lock_timeout=5000"})}
	refused, _ := newManager(t, strange.newStore(t, strange.open(t, 0), unprepared))
	holdIncident(t, authenticateWithin(limitOfSuccess, refused, text), apitoken.ErrUnavailable, "unsupported startup parameter")
	console := d.console(t)
	mustExec(t, console, `SET ignore_startup_parameters = 'lock_timeout'`)
	must(t, authenticateWithin(limitOfSuccess, refused, text))
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	mustExec(t, tx, `SELECT 1`)
	err = authenticateWithin(limitOfFailure, m, text)
	holdIncident(t, err, apitoken.ErrUnavailable, context.DeadlineExceeded.Error())
	mustExec(t, console, `SET default_pool_size = 2`)
	must(t, authenticateWithin(limitOfSuccess, m, text))
	mustExec(t, console, `SET default_pool_size = 1`)
	must(t, tx.Rollback())
	must(t, authenticateWithin(limitOfSuccess, m, text))
}

// console opens the console of PgBouncer.
func (d database) console(t *testing.T) *sql.DB {
	t.Helper()
	dsn, err := url.Parse(d.dsns[0])
	must(t, err)
	dsn.Path, dsn.RawQuery = "/pgbouncer", "sslmode=disable&default_query_exec_mode=simple_protocol"
	db, err := sql.Open(d.driver, dsn.String())
	must(t, err)
	closeAtTheEnd(t, db)
	return db
}

// A node that has lost the majority refuses every call. The call that loses it does not know its outcome.
func TestIncidentGaleraNodeWithoutMajority(t *testing.T) {
	if os.Getenv(envGalera) == "" {
		t.Skipf("NOT TESTED: Galera; set %s=1, as make test-galera does", envGalera)
	}
	cluster, err := engine.StartGalera(t.TempDir(), &engine.Options{Fast: true}) // not the one that the tests share
	engine.Require(t, "galera", err)
	stopAtTheEnd(t, cluster)
	hushMySQL(t)
	d := database{onGalera, []string{cluster.DSN(0) + "?wsrep_sync_wait=1&timeout=2s"}}
	m, _ := newManager(t, d.newMigrated(t, d.open(t, 0), nil))
	text := generateMany(t, m, 1)[0]
	must(t, killAll(cluster, []int{1, 2}))
	for began := time.Now(); err == nil; err = authenticateWithin(limitOfSuccess, m, text) {
		if time.Since(began) > longestWait {
			t.Fatal("the node goes on alone")
		}
	}
	holdIncident(t, err, apitoken.ErrUnavailable, "WSREP has not yet prepared node")
	holdIncident(t, generateWithin(limitOfSuccess, m, "refused"), apitoken.ErrUnavailable, "WSREP has not yet prepared node")
	d.connect(t, func(db *sql.DB) { mustExec(t, db, `SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'`) })
	eventually(t, func() error { return authenticateWithin(limitOfSuccess, m, text) })
	must(t, generateWithin(limitOfSuccess, m, "accepted"))
}
