package integration_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// fault is a failure of one call to the driver.
type fault struct {
	name string

	// strike makes the call, or does not, and returns the answer. end ends the context of the operation.
	strike func(c driverCall, do func() error, end func()) error

	context   error // the error of the context; nil: the context does not end
	duplicate bool  // the error is a duplicate key
	refused   bool  // the database has not done what it was asked
	breaks    bool  // the connection is broken afterwards
}

// sqliteError is an error with a code, as the driver returns it.
type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprint("SQLite error ", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

// serverErrors are errors of one kind of database, as its driver returns them.
type serverErrors struct {
	busy      []error // the transaction or the statement was rolled back and may be retried
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

// faults returns all faults of one kind of database.
func (b backend) faults() []fault {
	r := b.serverErrors()
	all := []fault{
		{name: "bad connection before", strike: before(driver.ErrBadConn), breaks: true},
		{name: "bad connection after", strike: after(driver.ErrBadConn), breaks: true},
		{name: "cut before", strike: before(io.ErrUnexpectedEOF), breaks: true},
		{name: "cut after", strike: after(io.ErrUnexpectedEOF), breaks: true},
		{name: "full", strike: b.refuse(r.full), refused: true},
		{name: "duplicate", strike: b.refuse(r.duplicate), duplicate: true, refused: true},
	}
	for _, err := range r.busy {
		all = append(all, fault{name: err.Error(), strike: b.refuse(err), refused: true})
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
		all = append(all,
			fault{name: err.Error() + " before", strike: endBefore, context: err},
			fault{name: err.Error() + " after", strike: endAfter, context: err},
		)
	}
	return all
}

// before breaks the connection before the call reaches the database.
func before(err error) func(driverCall, func() error, func()) error {
	return func(c driverCall, _ func() error, _ func()) error {
		if c.conn != nil {
			c.conn.breakDown()
		}
		return err
	}
}

// after breaks the connection after the database has made the call, so that the answer is lost.
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

// refuse answers with an error of the database. Afterwards the transaction is aborted or rolled back, as the database does it.
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

// ended is a context with another error.
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
