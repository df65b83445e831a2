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

// spy is between database/sql and a driver, on any number of connection pools. It records the statements, and lets a test
// interfere.
type spy struct {
	mu        sync.Mutex
	open      int                                       // prepared statements
	sent      []string                                  // statements, BEGIN, COMMIT and ROLLBACK, in order
	before    func(text string) error                   // an error is the answer, without a call to the driver
	after     func(text string) error                   // an error is the answer, after the call to the driver
	around    func(c driverCall, do func() error) error // makes the call, or does not, and returns the answer
	rewriting func(text string) string                  // replaces a statement
}

// driverCall is one call of database/sql to a driver.
type driverCall struct {
	kind callKind
	text string   // the statement, BEGIN, COMMIT, ROLLBACK, or empty
	conn *spyConn // nil while connecting
	args []driver.NamedValue
}

type callKind string

const (
	callConnect  callKind = "connect"
	callBegin    callKind = "begin"
	callPrepare  callKind = "prepare"
	callExec     callKind = "exec"
	callQuery    callKind = "query"
	callNext     callKind = "next" // of a row
	callCommit   callKind = "commit"
	callRollback callKind = "rollback"
)

// errCut is the error of a broken connection.
var errCut = errors.New("the connection was cut")

// openSpied opens a connection pool on a database, with a spy on all connections. The end of the test closes it.
func openSpied(t testing.TB, d database) (*sql.DB, *spy) {
	t.Helper()
	s := &spy{}
	return s.openPool(t, d.driver, d.dsns[0]), s
}

// openSpiedSQLite is openSQLite with a spy on all connections.
func openSpiedSQLite(t testing.TB, file, parameters string) (*sql.DB, *spy) {
	t.Helper()
	s := &spy{}
	return s.openPool(t, "sqlite", "file:"+file+"?"+parameters), s
}

// openPool opens a connection pool with the spy on all connections. The end of the test closes it.
func (s *spy) openPool(t testing.TB, driverName, dsn string) *sql.DB {
	t.Helper()
	plain, err := sql.Open(driverName, dsn)
	must(t, err)
	connector := spyConnector{driver: plain.Driver(), spy: s}
	must(t, plain.Close())
	connector.open = func(context.Context) (driver.Conn, error) { return connector.driver.Open(dsn) }
	if d, ok := connector.driver.(driver.DriverContext); ok {
		opened, err := d.OpenConnector(dsn)
		must(t, err)
		connector.open = opened.Connect
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(16) // more than the default of 2, or the connections of a crowd come and go
	closeAtTheEnd(t, db)
	return db
}

// interfere sets functions to call before and after each statement, BEGIN, COMMIT and ROLLBACK. They may be nil.
func (s *spy) interfere(before, after func(text string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// surround sets a function to call in place of each call to the driver. It may be nil.
func (s *spy) surround(around func(c driverCall, do func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.around = around
}

// rewrite sets a function that replaces the text of each statement. It may be nil. It does not affect prepared statements.
func (s *spy) rewrite(rewriting func(text string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rewriting = rewriting
}

func (s *spy) rewritten(text string) string {
	s.mu.Lock()
	rewriting := s.rewriting
	s.mu.Unlock()
	if rewriting == nil {
		return text
	}
	return rewriting(text)
}

// statements returns the statements since the last call.
func (s *spy) statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

// prepared adds n to the number of prepared statements, and returns it.
func (s *spy) prepared(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += n
	return s.open
}

// call makes a call of database/sql to the driver, with the interference of the test.
func (s *spy) call(c driverCall, do func() error) error {
	s.mu.Lock()
	before, after, around := s.before, s.after, s.around
	if slices.Contains([]callKind{callConnect, callPrepare, callNext}, c.kind) {
		before, after = nil, nil
	} else {
		s.sent = append(s.sent, c.text)
	}
	s.mu.Unlock()
	if before != nil {
		if err := before(c.text); err != nil {
			return err
		}
	}
	if around == nil {
		around = func(_ driverCall, do func() error) error { return do() }
	}
	err := around(c, do)
	if err == nil && after != nil {
		return after(c.text)
	}
	return err
}

// on answers the first statements that contain a text with an error.
func on(text string, times int, err error) func(string) error {
	return onSelected(func(sent string) bool { return strings.Contains(sent, text) }, times, err)
}

// onSelected answers the first selected statements with an error.
func onSelected(selects func(text string) bool, times int, err error) func(string) error {
	return func(sent string) error {
		if times == 0 || !selects(sent) {
			return nil
		}
		times--
		return err
	}
}

// always is more than the number of statements of any test.
const always = 1 << 30

// isTransactionEnd reports whether a statement ends a transaction.
func isTransactionEnd(text string) bool { return slices.Contains([]string{"COMMIT", "ROLLBACK"}, text) }
