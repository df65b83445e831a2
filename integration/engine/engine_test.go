package engine_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// stopped stops a server at the end of the test.
func stopped(t testing.TB, server interface{ Stop() error }) {
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func startPostgres(t testing.TB, opts *engine.Options) *engine.Postgres {
	t.Helper()
	p, err := engine.StartPostgres(t.TempDir(), opts)
	engine.Require(t, "postgres", err)
	stopped(t, p)
	return p
}

func startMariaDB(t testing.TB, opts *engine.Options) *engine.MariaDB {
	t.Helper()
	m, err := engine.StartMariaDB(t.TempDir(), opts)
	engine.Require(t, "mysql", err)
	stopped(t, m)
	return m
}

// openPostgres opens a database, which the end of the test closes.
func openPostgres(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() }) // its server is gone in most tests
	return db
}

// openMariaDB opens a database, which the end of the test closes. Its driver does not log lost servers.
func openMariaDB(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	must(t, err)
	config.Logger = new(mysql.NopLogger)
	connector, err := mysql.NewConnector(config)
	must(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func mustExec(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func mustQuery[T any](t testing.TB, db *sql.DB, query string) (value T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := db.QueryRowContext(ctx, query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// server is a server of any kind.
type server interface {
	DSN() string
	Kill() error
	Start() error
	Stop() error
}

func TestPostgresStopLeavesNothing(t *testing.T) {
	p := startPostgres(t, &engine.Options{Fast: true})
	expectStopped(t, p, postgresPID(t, openPostgres(t, p.DSN())))
}

func TestMariaDBStopLeavesNothing(t *testing.T) {
	m := startMariaDB(t, &engine.Options{Fast: true})
	expectStopped(t, m, mariaDBPID(t, openMariaDB(t, m.DSN())))
}

// expectStopped stops a server, and checks that it is gone.
func expectStopped(t *testing.T, s server, pid int) {
	t.Helper()
	must(t, s.Stop())
	if runs(pid) {
		t.Errorf("the process %d runs after Stop", pid)
	}
	if err := listen(s.DSN()); err != nil {
		t.Errorf("after Stop: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
	if err := s.Kill(); err == nil {
		t.Error("killing a stopped server succeeds")
	}
}

// listen listens for a moment on the address of a DSN.
func listen(dsn string) error {
	var address string
	if strings.HasPrefix(dsn, "postgres:") {
		u, err := url.Parse(dsn)
		if err != nil {
			return err
		}
		address = u.Host
	} else {
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			return err
		}
		address = config.Addr
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return l.Close()
}

// postgresPID returns the parent process of the server.
func postgresPID(t testing.TB, db *sql.DB) int {
	t.Helper()
	return pidIn(t, mustQuery[string](t, db, "SHOW data_directory")+"/postmaster.pid")
}

func mariaDBPID(t testing.TB, db *sql.DB) int {
	t.Helper()
	return pidIn(t, mustQuery[string](t, db, "SELECT @@pid_file"))
}

func pidIn(t testing.TB, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	must(t, err)
	if !runs(pid) {
		t.Fatalf("the process %d of %s does not run", pid, file)
	}
	return pid
}

// runs reports whether a process runs. A zombie does not.
func runs(pid int) bool {
	if command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && len(command) == 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
