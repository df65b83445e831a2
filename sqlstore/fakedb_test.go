package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"
)

// fakeDB is a database that records statements and returns fixed rows.
type fakeDB struct {
	rows    map[string][]driver.Value // the row that a query returns; missing: no row
	changed map[string]int64          // how many rows a statement changes, if not one
	prepare func(text string) error   // fails to prepare if it returns an error; nil: never

	query func(ctx context.Context, text string) error // fails a query if it returns an error; nil: never

	sent []sentQuery
}

// sentQuery is a statement as the driver receives it.
type sentQuery struct {
	text string
	args []driver.Value
}

// openFake opens a fake database, which is closed when the test ends.
func openFake(t *testing.T) (*sql.DB, *fakeDB) {
	t.Helper()
	f := &fakeDB{rows: map[string][]driver.Value{}, changed: map[string]int64{}}
	db := sql.OpenDB(f)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, f
}

// returns sets the row that a query returns.
func (f *fakeDB) returns(text string, row ...driver.Value) { f.rows[text] = row }

func (f *fakeDB) Connect(context.Context) (driver.Conn, error) { return fakeConn{f}, nil }
func (f *fakeDB) Driver() driver.Driver                        { return nil }

func (f *fakeDB) record(text string, args []driver.NamedValue) {
	values := []driver.Value{}
	for _, arg := range args {
		values = append(values, arg.Value)
	}
	f.sent = append(f.sent, sentQuery{text, values})
}

type fakeConn struct{ *fakeDB }

func (c fakeConn) Prepare(text string) (driver.Stmt, error) {
	if c.prepare != nil {
		if err := c.prepare(text); err != nil {
			return nil, err
		}
	}
	return fakeStmt{c, text}, nil
}

func (c fakeConn) Close() error              { return nil }
func (c fakeConn) Begin() (driver.Tx, error) { return c, nil }
func (c fakeConn) Commit() error             { return nil }
func (c fakeConn) Rollback() error           { return nil }

func (c fakeConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return c, nil }

func (c fakeConn) ExecContext(_ context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.record(text, args)
	if n, ok := c.changed[text]; ok {
		return driver.RowsAffected(n), nil
	}
	return driver.RowsAffected(1), nil
}

func (c fakeConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.record(text, args)
	if c.query != nil {
		if err := c.query(ctx, text); err != nil {
			return nil, err
		}
	}
	return &fakeRows{row: c.rows[text]}, nil
}

type fakeStmt struct {
	conn fakeConn
	text string
}

func (s fakeStmt) Close() error  { return nil }
func (s fakeStmt) NumInput() int { return placeholders(s.text) } // database/sql refuses any other number

func (s fakeStmt) Exec([]driver.Value) (driver.Result, error) { panic("ExecContext is called instead") }
func (s fakeStmt) Query([]driver.Value) (driver.Rows, error)  { panic("QueryContext is called instead") }

func (s fakeStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.text, args)
}

func (s fakeStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.text, args)
}

type fakeRows struct{ row []driver.Value }

func (r *fakeRows) Columns() []string { return make([]string, len(r.row)) }
func (r *fakeRows) Close() error      { return nil }

func (r *fakeRows) Next(row []driver.Value) error {
	if r.row == nil {
		return io.EOF
	}
	copy(row, r.row)
	r.row = nil
	return nil
}
