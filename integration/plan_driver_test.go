package integration_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
)

// asked keeps the statements that a database was sent, with their parameters, in order.
type asked struct{ all []askedQuery }

type askedQuery struct {
	text string
	args []any
}

// openAsked opens a connection pool and keeps its statements. Only one goroutine may use it at a time, and a store on it
// has to be unprepared. The end of the test closes it.
func openAsked(t *testing.T, d database) (*sql.DB, *asked) {
	t.Helper()
	db, spy := openSpied(t, d)
	a := &asked{}
	spy.surround(func(c driverCall, do func() error) error {
		err := do()
		if (c.kind == callExec || c.kind == callQuery) && !errors.Is(err, driver.ErrSkip) { // after ErrSkip, database/sql prepares it and runs it again
			q := askedQuery{text: c.text}
			for _, arg := range c.args {
				q.args = append(q.args, arg.Value)
			}
			a.all = append(a.all, q)
		}
		return err
	})
	return db, a
}

// taken returns the statements since the last call.
func (a *asked) taken() []askedQuery {
	all := a.all
	a.all = nil
	return all
}
