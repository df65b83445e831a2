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

// spy stands between database/sql and a driver, on any number of connection pools. It keeps what is sent, and lets a test
// interfere.
type spy struct {
	mu        sync.Mutex
	open      int                                       // statements that are prepared
	sent      []string                                  // statements, BEGIN, COMMIT and ROLLBACK, in order
	before    func(text string) error                   // an error is the answer, and the driver is not asked
	after     func(text string) error                   // an error is the answer, though the driver has done it
	around    func(c driverCall, do func() error) error // does the call, or not, and gives the answer
	rewriting func(text string) string                  // what the driver is given in place of a statement
}

// driverCall is one call of database/sql to a driver.
type driverCall struct {
	kind callKind
	text string   // the statement, or BEGIN, COMMIT or ROLLBACK; empty where there is none
	conn *spyConn // nil where there is none yet
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

// errCut is what a host sees of a connection that breaks.
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

// interfere sets what is done before and after each statement, BEGIN, COMMIT and ROLLBACK; nil for nothing.
func (s *spy) interfere(before, after func(text string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// surround sets what is done in place of each call to the driver; nil for nothing.
func (s *spy) surround(around func(c driverCall, do func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.around = around
}

// rewrite sets what the driver is given in place of the text of each statement; nil for the same. A statement that is
// prepared already stays as it is.
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

// call does what database/sql asks of the driver, between what the test does before and after it.
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

// isTransactionEnd reports whether a text is how a transaction ends.
func isTransactionEnd(text string) bool { return slices.Contains([]string{"COMMIT", "ROLLBACK"}, text) }
