package integration_test

import (
	"context"
	"database/sql/driver"
	"errors"
)

// The following types are the driver that database/sql uses with a spy. They implement the optional interfaces of all
// drivers. If a driver lacks one, they do what database/sql would do.

type spyConnector struct {
	driver driver.Driver
	open   func(context.Context) (driver.Conn, error)
	spy    *spy
}

func (c spyConnector) Driver() driver.Driver { return c.driver }

func (c spyConnector) Connect(ctx context.Context) (conn driver.Conn, err error) {
	err = c.spy.call(driverCall{kind: callConnect}, func() error {
		real, err := c.open(ctx)
		if err != nil {
			return err
		}
		spied := &spyConn{fullConn: real.(fullConn), spy: c.spy}
		conn = spied
		if _, ok := real.(driver.Validator); ok {
			conn = spyValidConn{spied}
		}
		return nil
	})
	if err != nil && conn != nil {
		_ = conn.Close() // database/sql does not know of it
		conn = nil
	}
	return conn, err
}

// fullConn are the interfaces that the connections of all drivers have.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Pinger
}

type spyConn struct {
	fullConn
	spy    *spy
	broken bool
}

// breakDown simulates a failure of the network: no further call reaches the server, and the server rolls back the open
// transaction.
func (c *spyConn) breakDown() {
	if c.broken {
		return
	}
	c.broken = true
	// This fails without a transaction, or during another call. Then closing the connection rolls back.
	_, _ = c.fullConn.ExecContext(context.Background(), "ROLLBACK", nil)
}

func (c *spyConn) call(kind callKind, text string, do func() error, args ...driver.NamedValue) error {
	if c.broken {
		return driver.ErrBadConn
	}
	return c.spy.call(driverCall{kind, text, c, args}, do)
}

// spyValidConn is a spyConn of a driver with driver.Validator. database/sql handles the connection of a transaction whose
// context has ended differently for such drivers.
type spyValidConn struct{ *spyConn }

func (c spyValidConn) IsValid() bool { return !c.broken && c.fullConn.(driver.Validator).IsValid() }

func (c *spyConn) ResetSession(ctx context.Context) error {
	if c.broken {
		return driver.ErrBadConn
	}
	return c.fullConn.ResetSession(ctx)
}

func (c *spyConn) Ping(ctx context.Context) error {
	if c.broken {
		return driver.ErrBadConn
	}
	return c.fullConn.Ping(ctx)
}

func (c *spyConn) CheckNamedValue(value *driver.NamedValue) error {
	if real, ok := c.fullConn.(driver.NamedValueChecker); ok {
		return real.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

func (c *spyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (tx driver.Tx, err error) {
	err = c.call(callBegin, "BEGIN", func() error {
		real, err := c.fullConn.BeginTx(ctx, opts)
		if err == nil {
			tx = &spyTx{Tx: real, conn: c}
		}
		return err
	})
	if err != nil && tx != nil {
		c.breakDown() // database/sql does not know of the transaction
		tx = nil
	}
	return tx, err
}

func (c *spyConn) PrepareContext(ctx context.Context, text string) (statement driver.Stmt, err error) {
	text = c.spy.rewritten(text)
	err = c.call(callPrepare, text, func() error {
		real, err := c.fullConn.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		c.spy.prepared(1)
		statement = spyStmt{fullStmt: real.(fullStmt), text: text, conn: c}
		return nil
	})
	if err != nil && statement != nil {
		_ = statement.Close() // database/sql does not know of it
		statement = nil
	}
	return statement, err
}

func (c *spyConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Result, err error) {
	text = c.spy.rewritten(text)
	err = c.call(callExec, text, func() (err error) {
		r, err = c.fullConn.ExecContext(ctx, text, args)
		return err
	}, args...)
	return r, err
}

func (c *spyConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	text = c.spy.rewritten(text)
	return c.query(text, func() (driver.Rows, error) { return c.fullConn.QueryContext(ctx, text, args) }, args)
}

func (c *spyConn) query(
	text string, do func() (driver.Rows, error), args []driver.NamedValue,
) (rows driver.Rows, err error) {
	err = c.call(callQuery, text, func() error {
		real, err := do()
		if err == nil {
			rows = spyRows{Rows: real, text: text, conn: c}
		}
		return err
	}, args...)
	if err != nil && rows != nil {
		_ = rows.Close() // database/sql does not know of them
		rows = nil
	}
	return rows, err
}

// fullStmt are the interfaces that the statements of all drivers have.
type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type spyStmt struct {
	fullStmt
	text string
	conn *spyConn
}

func (s spyStmt) CheckNamedValue(value *driver.NamedValue) error {
	if real, ok := s.fullStmt.(driver.NamedValueChecker); ok {
		return real.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

func (s spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.conn.call(callExec, s.text, func() (err error) {
		r, err = s.fullStmt.ExecContext(ctx, args)
		return err
	}, args...)
	return r, err
}

func (s spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.query(s.text, func() (driver.Rows, error) { return s.fullStmt.QueryContext(ctx, args) }, args)
}

func (s spyStmt) Close() error {
	s.conn.spy.prepared(-1)
	return s.fullStmt.Close()
}

// spyRows hides the optional interface for several sets of rows.
type spyRows struct {
	driver.Rows
	text string
	conn *spyConn
}

func (r spyRows) Next(row []driver.Value) error {
	return r.conn.call(callNext, r.text, func() error { return r.Rows.Next(row) })
}

type spyTx struct {
	driver.Tx
	conn *spyConn
}

// Commit rolls back if a test makes it fail, as servers and drivers do.
func (tx *spyTx) Commit() error { return tx.end(callCommit, "COMMIT", tx.Tx.Commit) }

// Rollback rolls back even if a test makes it fail: no server continues the transaction.
func (tx *spyTx) Rollback() error { return tx.end(callRollback, "ROLLBACK", tx.Tx.Rollback) }

func (tx *spyTx) end(kind callKind, text string, do func() error) error {
	done := false
	err := tx.conn.call(kind, text, func() error {
		done = true
		return do()
	})
	if err != nil && !done && !tx.conn.broken {
		err = errors.Join(err, tx.Tx.Rollback())
	}
	return err
}
