package integration_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// newManager makes a Manager whose clock stands at at.
func newManager(t testing.TB, store apitoken.Store) (*apitoken.Manager, *clock.Mock) {
	t.Helper()
	c := clock.NewMock()
	c.Set(at)
	m, err := apitoken.New(store, &apitoken.Options{Clock: c})
	must(t, err)
	t.Cleanup(func() { _ = m.Close(context.Background()) }) // it fails if the test has closed the database
	return m, c
}

// generateMany generates tokens for a user, and returns their texts.
func generateMany(t testing.TB, m *apitoken.Manager, n int) []string {
	t.Helper()
	ctx := context.Background()
	putUser(t, m, apitoken.User{ID: "bob", Name: "Bob"})
	texts := make([]string, n)
	for i := range texts {
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", i)})
		must(t, err)
		texts[i] = secret.Reveal()
	}
	return texts
}

func all[T any](t testing.TB, rows iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for row, err := range rows {
		must(t, err)
		all = append(all, row)
	}
	return all
}

// The files of a database contain no token and no half of one, while it is open and after it was closed.
func TestSQLiteFilesHoldNoToken(t *testing.T) {
	ctx := context.Background()
	file := sqliteFile(t)
	db, err := sql.Open("sqlite", "file:"+file+"?"+recommended)
	must(t, err)
	store := newMigratedSQLite(t, db, nil)
	m, _ := newManager(t, store)
	texts := generateMany(t, m, 200)
	for i, text := range texts {
		identity, err := m.Authenticate(ctx, text)
		must(t, err)
		if i%2 == 0 {
			must(t, m.Revoke(ctx, apitoken.System(), identity.Token.ID))
		}
	}
	must(t, m.Flush(ctx))
	holdNoToken(t, filepath.Dir(file), texts)
	must(t, errors.Join(m.Close(ctx), store.Close(), db.Close()))
	holdNoToken(t, filepath.Dir(file), texts)
}

func holdNoToken(t *testing.T, dir string, texts []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	names := 0
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		must(t, err)
		names += bytes.Count(content, []byte("token 199")) // the name of the last token, to see that its row is there
		for _, text := range texts {
			_, rest, _ := strings.Cut(text, "_")
			for what, part := range map[string]string{"the token": text, "its body": rest[:43], "half of its body": rest[:22]} {
				if bytes.Contains(content, []byte(part)) {
					t.Errorf("%s holds %s", file.Name(), what)
				}
			}
		}
	}
	if names == 0 {
		t.Errorf("the tokens are in none of the %d files", len(files))
	}
}

func TestSQLiteCloseLeavesTheDatabaseOpen(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	store := newMigratedSQLite(t, db, nil)
	changes(t, store)
	if n := spy.prepared(0); n == 0 {
		t.Error("no statement is prepared")
	}
	for range 2 {
		must(t, store.Close())
	}
	if err := use(store); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed store: error %v, want one that says so", err)
	}
	if n := spy.prepared(0); n != 0 {
		t.Errorf("%d statements are left open", n)
	}
	if err := db.Ping(); err != nil {
		t.Errorf("the database: %v", err)
	}
	if err := use(database{backend: onSQLite}.newStore(t, db, nil)); err != nil {
		t.Errorf("another store on the database: %v", err)
	}
}

func TestSQLiteLeavesNoGoroutineBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	db, err := sql.Open("sqlite", "file:"+sqliteFile(t)+"?"+recommended)
	must(t, err)
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	must(t, err)
	if n := runtime.NumGoroutine(); n > before+1 { // the one of the database
		t.Errorf("New started %d goroutines", n-before-1)
	}
	must(t, store.Migrate(ctx))
	for _, c := range changes(t, store) {
		must(t, c.do(ctx))
		_, _ = store.Lookup(ctx, apitoken.Digest{})
	}
	must(t, errors.Join(store.Close(), db.Close()))
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
	cancel()
}

// The data source name of the documentation has its effect on every connection.
func TestSQLiteRecommendedDataSourceName(t *testing.T) {
	file := sqliteFile(t)
	db := openSQLite(t, file, recommended)
	for range 2 { // two connections
		conn, err := db.Conn(context.Background())
		must(t, err)
		defer func() { _ = conn.Close() }()
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "foreign_keys": "1",
		} {
			var got string
			if err := conn.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q, error %v, want %q", pragma, got, err, want)
			}
		}
	}
	tx, err := db.Begin()
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = openSQLite(t, file, bare).Exec("CREATE TABLE another (id INTEGER)")
	if code, ok := err.(interface{ Code() int }); !ok || code.Code() != 5 {
		t.Errorf("a writer beside a transaction that has just begun: error %v, want busy", err)
	}
	if doc, err := os.ReadFile("../sqlstore/sqlite.go"); err != nil || !bytes.Contains(doc, []byte("file:tokens.db?"+recommended+"\n")) {
		t.Errorf("the documentation has another data source name, error %v", err)
	}
}

// A pool of one connection is enough: no call waits for a second one while it holds the first.
func TestSQLiteWorksOnOneConnection(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db := openSQLite(t, sqliteFile(t), recommended)
	db.SetMaxOpenConns(1)
	store := newMigratedSQLite(t, db, nil)
	for _, c := range changes(t, store) {
		if err := c.do(ctx); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
