package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"
)

// asked is what was asked of a database, with the parameters, one after the other.
type asked struct{ all []askedQuery }

type askedQuery struct {
	text string
	args []any
}

// openAsked opens a connection pool that keeps what is asked of it. Only one goroutine may use it at a time, and a store on
// it has to be unprepared. The end of the test closes it.
func openAsked(t *testing.T, d database) (*sql.DB, *asked) {
	t.Helper()
	a := &asked{}
	db := sql.OpenDB(askedConnector{d.open(t, 0).Driver(), d.dsns[0], a})
	closeAtTheEnd(t, db)
	return db, a
}

// taken is what was asked since it was last taken.
func (a *asked) taken() []askedQuery {
	all := a.all
	a.all = nil
	return all
}

func (a *asked) keep(text string, args []driver.NamedValue) {
	q := askedQuery{text: text}
	for _, arg := range args {
		q.args = append(q.args, arg.Value)
	}
	a.all = append(a.all, q)
}

type askedConnector struct {
	driver driver.Driver
	dsn    string
	asked  *asked
}

func (c askedConnector) Driver() driver.Driver { return c.driver }

func (c askedConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return askedConn{conn.(fullConn), c.asked}, nil
}

// askedConn keeps a statement also where the driver wants it to be prepared first, which it then is.
type askedConn struct {
	fullConn
	asked *asked
}

func (c askedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.asked.keep(text, args)
	return c.fullConn.ExecContext(ctx, text, args)
}

func (c askedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.asked.keep(text, args)
	return c.fullConn.QueryContext(ctx, text, args)
}
