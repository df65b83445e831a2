package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// spy stands between database/sql and the driver. It keeps what is sent, and lets a test interfere.
type spy struct {
	mu     sync.Mutex
	open   int                     // statements that are prepared
	sent   []string                // statements, BEGIN, COMMIT and ROLLBACK, in order
	before func(text string) error // an error is the answer, and the driver is not asked
	after  func(text string) error // an error is the answer, though the driver has done it
}

// errCut is what a host sees of a connection that breaks.
var errCut = errors.New("the connection was cut")

// openSpiedSQLite is openSQLite with a spy on all connections.
func openSpiedSQLite(t testing.TB, file, parameters string) (*sql.DB, *spy) {
	t.Helper()
	plain := openSQLite(t, file, parameters)
	s := &spy{}
	db := sql.OpenDB(spyConnector{driver: plain.Driver(), dsn: "file:" + file + "?" + parameters, spy: s})
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, s
}

// interfere sets what is done before and after each statement; nil for nothing.
func (s *spy) interfere(before, after func(text string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// statements are those that were sent since they were last asked for.
func (s *spy) statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

// prepared counts a statement that was prepared or closed, and tells how many are open.
func (s *spy) prepared(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += n
	return s.open
}

// call does what was sent, between what the test does before and after it.
func (s *spy) call(text string, do func() error) error {
	s.mu.Lock()
	s.sent = append(s.sent, text)
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(text); err != nil {
			return err
		}
	}
	err := do()
	if err == nil && after != nil {
		return after(text)
	}
	return err
}

// on answers one kind of statement with an error, for the first times that it is sent.
func on(text string, times int, err error) func(string) error {
	return func(sent string) error {
		if times == 0 || !strings.Contains(sent, text) {
			return nil
		}
		times--
		return err
	}
}

// always is more often than any test sends anything.
const always = 1 << 30

type spyConnector struct {
	driver driver.Driver
	dsn    string
	spy    *spy
}

func (c spyConnector) Driver() driver.Driver { return c.driver }

func (c spyConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return spyConn{fullConn: conn.(fullConn), spy: c.spy}, nil
}

// fullConn is what the connections of the driver can do.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type spyConn struct {
	fullConn
	spy *spy
}

func (c spyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (tx driver.Tx, err error) {
	err = c.spy.call("BEGIN", func() (err error) {
		tx, err = c.fullConn.BeginTx(ctx, opts)
		return err
	})
	return spyTx{Tx: tx, spy: c.spy}, err
}

func (c spyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	statement, err := c.fullConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.spy.prepared(1)
	return spyStmt{fullStmt: statement.(fullStmt), text: text, spy: c.spy}, nil
}

func (c spyConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.spy.call(text, func() (err error) {
		r, err = c.fullConn.ExecContext(ctx, text, args)
		return err
	})
	return r, err
}

func (c spyConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = c.spy.call(text, func() (err error) {
		rows, err = c.fullConn.QueryContext(ctx, text, args)
		return err
	})
	return rows, err
}

// fullStmt is what the statements of the driver can do.
type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type spyStmt struct {
	fullStmt
	text string
	spy  *spy
}

func (s spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.spy.call(s.text, func() (err error) {
		r, err = s.fullStmt.ExecContext(ctx, args)
		return err
	})
	return r, err
}

func (s spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.spy.call(s.text, func() (err error) {
		rows, err = s.fullStmt.QueryContext(ctx, args)
		return err
	})
	return rows, err
}

func (s spyStmt) Close() error {
	s.spy.prepared(-1)
	return s.fullStmt.Close()
}

type spyTx struct {
	driver.Tx
	spy *spy
}

// Commit rolls back what it is kept from committing, as the drivers do.
func (tx spyTx) Commit() error {
	done := false
	err := tx.spy.call("COMMIT", func() error {
		done = true
		return tx.Tx.Commit()
	})
	if !done {
		err = errors.Join(err, tx.Tx.Rollback())
	}
	return err
}

func (tx spyTx) Rollback() error { return tx.spy.call("ROLLBACK", tx.Tx.Rollback) }

// isTransactionEnd reports whether a text is how a transaction ends.
func isTransactionEnd(text string) bool { return slices.Contains([]string{"COMMIT", "ROLLBACK"}, text) }
