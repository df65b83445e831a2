package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// tooLate is much longer than the deadlines of these tests, and much shorter than the wait of SQLite itself with waitsLong.
const (
	tooLate   = 30 * time.Second
	waitsLong = "_pragma=busy_timeout(120000)"
)

// holdDeadline authenticates with a deadline while the database cannot be read. Each call has to return without waiting for the
// database.
func holdDeadline(t *testing.T, m *apitoken.Manager, text string, calls int) {
	t.Helper()
	results := make(chan error, calls)
	for range calls {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			_, err := m.Authenticate(ctx, text)
			results <- err
		}()
	}
	giveUp := time.After(tooLate)
	for i := range calls {
		select {
		case err := <-results:
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, apitoken.ErrUnavailable) {
				t.Errorf("error %v, want %v and %v", err, context.DeadlineExceeded, apitoken.ErrUnavailable)
			}
		case <-giveUp:
			t.Fatalf("%d of %d calls with a deadline of 300ms have not returned after %v", calls-i, calls, tooLate)
		}
	}
}

// oneToken returns a Manager on a database, and the text of a token.
func oneToken(t *testing.T, db *sql.DB) (*apitoken.Manager, string) {
	t.Helper()
	m, _ := newManager(t, newMigratedSQLite(t, db, nil))
	return m, generateMany(t, m, 1)[0]
}

// The host may hold every connection of the pool.
func TestSQLiteKeepsTheDeadlineWhileThePoolIsEmpty(t *testing.T) {
	for _, used := range []bool{false, true} {
		db := openSQLite(t, sqliteFile(t), recommended)
		db.SetMaxOpenConns(1)
		m, text := oneToken(t, db)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if used {
			if _, err := m.Authenticate(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		held, err := db.Conn(ctx)
		must(t, err)
		func() {
			defer func() { _ = held.Close() }()
			holdDeadline(t, m, text, 3)
		}()
		if _, err := m.Authenticate(ctx, text); err != nil {
			t.Errorf("after the host has returned the connection: %v", err)
		}
	}
}

// Another process may lock the file. There are more requests than connections, and those with a connection wait inside SQLite.
func TestSQLiteKeepsTheDeadlineWhileTheFileIsLocked(t *testing.T) {
	for _, c := range []struct {
		name, parameters, holder, lock string
	}{
		{"WAL, locking_mode=EXCLUSIVE", strings.Replace(recommended, "_pragma=busy_timeout(5000)", waitsLong, 1), recommended + "&_pragma=locking_mode(EXCLUSIVE)", "BEGIN IMMEDIATE"},
		{"rollback journal, BEGIN EXCLUSIVE", waitsLong, "", "BEGIN EXCLUSIVE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := sqliteFile(t)
			db := openSQLite(t, file, c.parameters)
			db.SetMaxOpenConns(4)
			m, text := oneToken(t, db)
			db.SetMaxIdleConns(-1) // close all connections, which would keep the other process from the lock
			db.SetMaxIdleConns(4)

			holder, err := openSQLite(t, file, c.holder).Conn(context.Background())
			must(t, err)
			for _, statement := range []string{c.lock, "CREATE TABLE of_the_holder (n INTEGER)"} {
				mustExec(t, holder, statement)
			}
			holdDeadline(t, m, text, 40)
			mustExec(t, holder, "ROLLBACK")
			// With locking_mode=EXCLUSIVE the lock stays until the connection is closed.
			_ = holder.Raw(func(any) error { return driver.ErrBadConn })
			if err := holder.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
				t.Fatal(err)
			}
		})
	}
}

// A driver may keep waiting for a lock after the context has ended.
func TestSQLiteKeepsTheDeadlineIfTheDriverDoesNot(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	m, text := oneToken(t, db)
	release := make(chan struct{})
	spy.surround(func(c driverCall, do func() error) error {
		if c.kind == callQuery {
			<-release
		}
		return do()
	})
	defer spy.surround(nil)
	defer close(release)
	holdDeadline(t, m, text, 3)
}
