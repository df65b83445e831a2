package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"
)

// paper is a database of paper: it keeps what it is asked, and answers what a test has written down.
type paper struct {
	rows    map[string][]driver.Value // the row that a query answers; none is no row
	changed map[string]int64          // how many rows a statement changes, if not one
	prepare func(text string) error   // refuses to prepare; nil: never

	query func(ctx context.Context, text string) error // is asked before a query is answered; nil: all are answered

	sent []sentQuery
}

// sentQuery is a statement as the driver is given it.
type sentQuery struct {
	text string
	args []driver.Value
}

// openPaper opens a database of paper. The end of the test closes it.
func openPaper(t *testing.T) (*sql.DB, *paper) {
	t.Helper()
	p := &paper{rows: map[string][]driver.Value{}, changed: map[string]int64{}}
	db := sql.OpenDB(p)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, p
}

// answer writes down the row that a query is answered with.
func (p *paper) answer(text string, row ...driver.Value) { p.rows[text] = row }

func (p *paper) Connect(context.Context) (driver.Conn, error) { return paperConn{p}, nil }
func (p *paper) Driver() driver.Driver                        { return nil }

func (p *paper) keep(text string, args []driver.NamedValue) {
	values := []driver.Value{}
	for _, arg := range args {
		values = append(values, arg.Value)
	}
	p.sent = append(p.sent, sentQuery{text, values})
}

type paperConn struct{ *paper }

func (c paperConn) Prepare(text string) (driver.Stmt, error) {
	if c.prepare != nil {
		if err := c.prepare(text); err != nil {
			return nil, err
		}
	}
	return paperStmt{c, text}, nil
}

func (c paperConn) Close() error              { return nil }
func (c paperConn) Begin() (driver.Tx, error) { return c, nil }
func (c paperConn) Commit() error             { return nil }
func (c paperConn) Rollback() error           { return nil }

func (c paperConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return c, nil }

func (c paperConn) ExecContext(_ context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.keep(text, args)
	if n, ok := c.changed[text]; ok {
		return driver.RowsAffected(n), nil
	}
	return driver.RowsAffected(1), nil
}

func (c paperConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.keep(text, args)
	if c.query != nil {
		if err := c.query(ctx, text); err != nil {
			return nil, err
		}
	}
	return &paperRows{row: c.rows[text]}, nil
}

type paperStmt struct {
	conn paperConn
	text string
}

func (s paperStmt) Close() error  { return nil }
func (s paperStmt) NumInput() int { return placeholders(s.text) } // database/sql refuses any other number

func (s paperStmt) Exec([]driver.Value) (driver.Result, error) { panic("there is ExecContext") }
func (s paperStmt) Query([]driver.Value) (driver.Rows, error)  { panic("there is QueryContext") }

func (s paperStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.text, args)
}

func (s paperStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.text, args)
}

type paperRows struct{ row []driver.Value }

func (r *paperRows) Columns() []string { return make([]string, len(r.row)) }
func (r *paperRows) Close() error      { return nil }

func (r *paperRows) Next(row []driver.Value) error {
	if r.row == nil {
		return io.EOF
	}
	copy(row, r.row)
	r.row = nil
	return nil
}
