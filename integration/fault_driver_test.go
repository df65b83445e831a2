package integration_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// fault is something that goes wrong at one call to the driver.
type fault struct {
	name string

	// strike does the call, or not, and gives the answer. End ends the context of the operation.
	strike func(c driverCall, do func() error, end func()) error

	context   error // that the context ends with; nil: it does not end
	duplicate bool  // it is said that a key is there already
	breaks    bool  // the connection is of no use afterwards
}

// sqliteError is an error as the driver gives it.
type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprint("SQLite error ", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

// serverErrors are the errors of one kind of database, each as its driver gives it.
type serverErrors struct {
	busy      []error // the whole transaction is undone, or the statement, and may be tried again
	duplicate error
	full      error
}

func (b backend) serverErrors() serverErrors {
	switch b.driver {
	case "pgx":
		return serverErrors{
			busy: []error{
				&pgconn.PgError{Severity: "ERROR", Code: "40001", Message: "could not serialize access"},
				&pgconn.PgError{Severity: "ERROR", Code: "40P01", Message: "deadlock detected"},
			},
			duplicate: &pgconn.PgError{Severity: "ERROR", Code: "23505", Message: "duplicate key"},
			full:      &pgconn.PgError{Severity: "ERROR", Code: "53100", Message: "no space left on device"},
		}
	case "mysql":
		return serverErrors{
			busy: []error{
				&mysql.MySQLError{Number: 1213, SQLState: [5]byte([]byte("40001")), Message: "Deadlock found"},
				&mysql.MySQLError{Number: 1205, SQLState: [5]byte([]byte("HY000")), Message: "Lock wait timeout exceeded"},
			},
			duplicate: &mysql.MySQLError{Number: 1062, SQLState: [5]byte([]byte("23000")), Message: "Duplicate entry"},
			full:      &mysql.MySQLError{Number: 1114, SQLState: [5]byte([]byte("HY000")), Message: "The table is full"},
		}
	default:
		return serverErrors{
			busy:      []error{sqliteError(5), sqliteError(517)},
			duplicate: sqliteError(2067),
			full:      sqliteError(13),
		}
	}
}

// faults are all kinds of faults of one kind of database.
func (b backend) faults() []fault {
	r := b.serverErrors()
	all := []fault{
		{name: "bad connection before", strike: before(driver.ErrBadConn), breaks: true},
		{name: "bad connection after", strike: after(driver.ErrBadConn), breaks: true},
		{name: "cut before", strike: before(io.ErrUnexpectedEOF), breaks: true},
		{name: "cut after", strike: after(io.ErrUnexpectedEOF), breaks: true},
		{name: "full", strike: b.refuse(r.full)},
		{name: "duplicate", strike: b.refuse(r.duplicate), duplicate: true},
	}
	for _, err := range r.busy {
		all = append(all, fault{name: err.Error(), strike: b.refuse(err)})
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
		all = append(all,
			fault{name: err.Error() + " before", strike: endBefore, context: err},
			fault{name: err.Error() + " after", strike: endAfter, context: err},
		)
	}
	return all
}

// before breaks the connection before the database has got anything.
func before(err error) func(driverCall, func() error, func()) error {
	return func(c driverCall, _ func() error, _ func()) error {
		if c.conn != nil {
			c.conn.breakDown()
		}
		return err
	}
}

// after breaks the connection when the database has done what was asked, and before anybody knows.
func after(err error) func(driverCall, func() error, func()) error {
	return func(c driverCall, do func() error, _ func()) error {
		if done := do(); done != nil {
			return done
		}
		if c.conn != nil {
			c.conn.breakDown()
		}
		return err
	}
}

// refuse has the database answer with an error. As in earnest, the transaction is of no use afterwards, or is undone, where
// the database does that.
func (b backend) refuse(err error) func(driverCall, func() error, func()) error {
	spoil := ""
	switch code, _ := err.(*mysql.MySQLError); {
	case b.driver == "pgx":
		spoil = "SELECT 1/0"
	case code != nil && code.Number == 1213:
		spoil = "ROLLBACK"
	}
	return func(c driverCall, _ func() error, _ func()) error {
		if spoil != "" && (c.kind == callExec || c.kind == callQuery) {
			_, _ = c.conn.fullConn.ExecContext(context.Background(), spoil, nil)
		}
		return err
	}
}

func endBefore(_ driverCall, do func() error, end func()) error {
	end()
	return do()
}

func endAfter(_ driverCall, do func() error, end func()) error {
	defer end()
	return do()
}

// ended is a context that ends when it is told to, and gives any error for it.
type ended struct {
	context.Context
	err error
}

func (c ended) Err() error {
	if c.Context.Err() == nil {
		return nil
	}
	return c.err
}
