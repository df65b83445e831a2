package integration_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// newManager makes a Manager whose clock stands at a given time. It records the last uses at once when it is flushed.
func newManager(t testing.TB, store apitoken.Store) (*apitoken.Manager, *clock.Mock) {
	t.Helper()
	c := clock.NewMock()
	c.Set(at)
	m, err := apitoken.New(store, &apitoken.Options{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close(context.Background()) }) // what waits is lost where the test has closed the database
	return m, c
}

func all[T any](t testing.TB, rows iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

func TestSQLiteTokenEndsAtTheMicrosecond(t *testing.T) {
	ctx := context.Background()
	m, c := newManager(t, newMigratedSQLite(t, openSQLite(t, sqliteFile(t), recommended), nil))
	text := generateMany(t, m, 1)[0]
	end := at.Add(apitoken.Days(90))
	for _, step := range []struct {
		name string
		now  time.Time
		want error
	}{
		{"a microsecond before the end", end.Add(-time.Microsecond), nil},
		{"at the end", end, apitoken.ErrExpired},
		{"a microsecond after the end", end.Add(time.Microsecond), apitoken.ErrExpired},
	} {
		c.Set(step.now)
		if _, err := m.Authenticate(ctx, text); !errors.Is(err, step.want) {
			t.Errorf("%s: error %v, want %v", step.name, err, step.want)
		}
		status := apitoken.StatusActive
		if step.want != nil {
			status = apitoken.StatusExpired
		}
		got, err := m.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Status: status})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d tokens are %s, error %v, want 1", step.name, len(got), status, err)
		}
	}
}

// What was written with one handle is there for the next, also the user with his epochs, the policy and the events.
func TestSQLiteSecondOpenKeepsEverything(t *testing.T) {
	ctx := context.Background()
	file := sqliteFile(t)
	type everything struct {
		Policy apitoken.MaxLifetimePolicy
		Users  []apitoken.User
		Tokens []apitoken.Token
		Events []apitoken.Event
	}
	read := func(m *apitoken.Manager) (e everything) {
		var err error
		if e.Policy, err = m.Policy(ctx); err != nil {
			t.Fatal(err)
		}
		if e.Users, err = m.ListUsers(ctx, apitoken.System(), apitoken.UserQuery{}); err != nil {
			t.Fatal(err)
		}
		e.Tokens = all(t, m.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}))
		e.Events = all(t, m.Events(ctx, apitoken.System(), apitoken.EventQuery{}))
		return e
	}

	db, err := sql.Open("sqlite", "file:"+file+"?"+recommended)
	if err != nil {
		t.Fatal(err)
	}
	store := newMigratedSQLite(t, db, nil)
	m, _ := newManager(t, store)
	texts := generateMany(t, m, 3)
	identity, err := m.Authenticate(ctx, texts[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		m.Flush(ctx),
		m.Revoke(ctx, apitoken.As("bob"), identity.Token.ID),
		m.DisableUser(ctx, apitoken.System(), "bob"),
		m.EnableUser(ctx, apitoken.System(), "bob"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}); err != nil {
		t.Fatal(err)
	}
	live := generateMany(t, m, 1)[0]
	want := read(m)
	if len(want.Tokens) != 4 || len(want.Users) != 1 || len(want.Events) < 8 {
		t.Fatalf("%d tokens, %d users and %d events are too few to lose any", len(want.Tokens), len(want.Users), len(want.Events))
	}
	if err := errors.Join(m.Close(ctx), store.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}

	second, _ := newManager(t, newSQLite(t, openSQLite(t, file, recommended), nil))
	if diff := cmp.Diff(want, read(second)); diff != "" {
		t.Errorf("after a second open (-want +got):\n%s", diff)
	}
	if _, err := second.Authenticate(ctx, live); err != nil {
		t.Errorf("the live token: %v", err)
	}
	for _, text := range texts {
		if _, err := second.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
			t.Errorf("a revoked token: error %v, want %v", err, apitoken.ErrRevoked)
		}
	}
}

// Nothing that opens anything is in the files of the database, neither while it is open nor afterwards.
func TestSQLiteFilesHoldNoToken(t *testing.T) {
	ctx := context.Background()
	file := sqliteFile(t)
	db, err := sql.Open("sqlite", "file:"+file+"?"+recommended)
	if err != nil {
		t.Fatal(err)
	}
	store := newMigratedSQLite(t, db, nil)
	m, _ := newManager(t, store)
	texts := generateMany(t, m, 200)
	for i, text := range texts {
		identity, err := m.Authenticate(ctx, text)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if err := m.Revoke(ctx, apitoken.System(), identity.Token.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	holdNoToken(t, filepath.Dir(file), texts)
	if err := errors.Join(m.Close(ctx), store.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	holdNoToken(t, filepath.Dir(file), texts)
}

func holdNoToken(t *testing.T, dir string, texts []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		names += bytes.Count(content, []byte("token 199")) // the name of the last one, to see that the content is there
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
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
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
	if err := use(newSQLite(t, db, nil)); err != nil {
		t.Errorf("another store on the database: %v", err)
	}
}

// A store that cannot answer is trouble, and nobody's refusal.
func TestSQLiteTroubleIsNoVerdict(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, db *sql.DB, store *sqlstore.Store)
	}{
		{"the database is closed", func(t *testing.T, db *sql.DB, _ *sqlstore.Store) {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{"the store is closed", func(t *testing.T, _ *sql.DB, store *sqlstore.Store) {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{"the tables are gone", func(t *testing.T, db *sql.DB, _ *sqlstore.Store) {
			if _, err := db.Exec(`DROP TABLE apitoken_tokens; DROP TABLE apitoken_events`); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := openSQLite(t, sqliteFile(t), recommended)
			store := newMigratedSQLite(t, db, nil)
			m, _ := newManager(t, store)
			text := generateMany(t, m, 1)[0]
			identity, err := m.Authenticate(ctx, text)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(t, db, store)
			_, authenticate := m.Authenticate(ctx, text)
			_, list := m.ListTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true})
			for name, err := range map[string]error{
				"Authenticate": authenticate, "Revoke": m.Revoke(ctx, apitoken.System(), identity.Token.ID), "ListTokens": list,
			} {
				if !errors.Is(err, apitoken.ErrUnavailable) || errors.Is(err, apitoken.ErrUnauthenticated) {
					t.Errorf("%s: error %v, want %v", name, err, apitoken.ErrUnavailable)
				}
			}
		})
	}
}

func TestSQLiteLeavesNoGoroutineBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	db, err := sql.Open("sqlite", "file:"+sqliteFile(t)+"?"+recommended)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine(); n > before+1 { // the one of the database
		t.Errorf("New started %d goroutines", n-before-1)
	}
	if err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	for _, c := range changes(t, store) {
		if err := c.do(ctx); err != nil {
			t.Fatal(err)
		}
		_, _ = store.Lookup(ctx, apitoken.Digest{})
	}
	if err := errors.Join(store.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
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

// The data source name that the documentation recommends does what it says, on every connection.
func TestSQLiteRecommendedDataSourceName(t *testing.T) {
	file := sqliteFile(t)
	db := openSQLite(t, file, recommended)
	for range 2 { // two connections
		conn, err := db.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
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
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	_, err = openSQLite(t, file, bare).Exec("CREATE TABLE another (id INTEGER)")
	if code, ok := err.(interface{ Code() int }); !ok || code.Code() != 5 {
		t.Errorf("a writer beside a transaction that has just begun: error %v, want busy", err)
	}
	if doc, err := os.ReadFile("../sqlstore/doc.go"); err != nil || !bytes.Contains(doc, []byte("file:tokens.db?"+recommended+"\n")) {
		t.Errorf("the documentation recommends another data source name, error %v", err)
	}
}

// A pool of one connection is enough: nothing waits for a second one while it holds the first.
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

// ErrNotFound for an owner who is not there must not need foreign keys, which SQLite leaves off unless told otherwise.
func TestSQLiteUnknownOwnerIsNotFound(t *testing.T) {
	for name, parameters := range map[string]string{"foreign keys on": recommended, "foreign keys off": bare} {
		t.Run(name, func(t *testing.T) {
			store := newMigratedSQLite(t, openSQLite(t, sqliteFile(t), parameters), nil)
			err := store.CreateToken(context.Background(), newToken("a"), 0, event(apitoken.ActionGenerate))
			if !errors.Is(err, apitoken.ErrNotFound) {
				t.Errorf("error %v, want %v", err, apitoken.ErrNotFound)
			}
		})
	}
}
