package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed-d6cf0a46/apitoken"
)

// strikes decides about each statement in a transaction of the host's. A zero value lets all pass.
type strikes struct {
	around func(do func() error) error
}

func (s *strikes) call(do func() error) error {
	if s.around == nil {
		return do()
	}
	return s.around(do)
}

// struck returns the host with strikes on its statements.
func (h hostKind) struck(s *strikes) hostKind {
	if h.name == hostOverPgx.name {
		h.connect = func(t testing.TB, dsn string, connections int) (*sql.DB, beginner) {
			t.Helper()
			pool := pgxPool(t, dsn, connections)
			return overPgxPool(t, pool), beginPgx(pool, func(tx pgx.Tx) pgx.Tx { return struckPgxTx{tx, s} })
		}
		return h
	}
	h.connect = func(t testing.TB, dsn string, connections int) (*sql.DB, beginner) {
		t.Helper()
		db, spy := openSpied(t, database{h.backend, []string{dsn}})
		db.SetMaxOpenConns(connections)
		spy.surround(func(c driverCall, do func() error) error {
			if c.kind != callExec && c.kind != callQuery {
				return do()
			}
			return s.call(do)
		})
		return db, beginSQL(db)
	}
	return h
}

type struckPgxTx struct {
	pgx.Tx
	*strikes
}

func (tx struckPgxTx) Exec(ctx context.Context, text string, args ...any) (tag pgconn.CommandTag, err error) {
	err = tx.call(func() error {
		tag, err = tx.Tx.Exec(ctx, text, args...)
		return err
	})
	return tag, err
}

func (tx struckPgxTx) Query(ctx context.Context, text string, args ...any) (rows pgx.Rows, err error) {
	err = tx.call(func() error {
		rows, err = tx.Tx.Query(ctx, text, args...)
		return err
	})
	if err != nil && rows != nil {
		rows.Close() // or the connection stays busy
	}
	return rows, err
}

// A statement fails in the middle of a change. If the host rolls back, nothing has happened. If it commits nevertheless, its own
// row is stored, and nothing of the change.
func TestAFaultAtEachStatementInATransactionOfTheHost(t *testing.T) {
	for _, kind := range hostKinds {
		t.Run(kind.name, func(t *testing.T) {
			if kind.driver != "sqlite" {
				long(t)
			}
			var faults strikes
			h := newHostWithRows(t, kind.struck(&faults), 1)
			cases := 0
			for _, c := range changesOfAHost {
				if c.changes > 1 {
					continue
				}
				statements := h.countStatements(&faults, c)
				if statements < 4 {
					t.Errorf("%s: %d statements, want more", c.name, statements)
				}
				for k := range statements {
					for _, lost := range []bool{false, true} {
						for _, commit := range []bool{false, true} {
							h.meetsFault(&faults, c, k, lost, commit)
							cases++
						}
					}
				}
			}
			t.Logf("%d faults", cases)
		})
	}
}

// countStatements makes a change without a fault and rolls it back.
func (h hostWithRows) countStatements(faults *strikes, c changeOfAHost) (n int) {
	h.t.Helper()
	tx, m := h.begin(1)
	faults.around = func(do func() error) error {
		n++
		return do()
	}
	err := c.do(h.t.Context(), h, m)
	faults.around = nil
	must(h.t, errors.Join(err, tx.rollback()))
	return n
}

var errStruck = errors.New("struck")

// meetsFault makes a change whose statement k fails: before the database has made it, or after, so that its answer is lost.
func (h hostWithRows) meetsFault(faults *strikes, c changeOfAHost, k int, lost, commit bool) {
	h.t.Helper()
	what := fmt.Sprintf("%s, statement %d, answer lost: %t, commit: %t", c.name, k+1, lost, commit)
	before := h.rows()
	tx, m := h.begin(1)
	n := 0
	faults.around = func(do func() error) error {
		n++
		if n != k+1 {
			return do()
		}
		if lost {
			_ = do()
		}
		return errStruck
	}
	err := c.do(h.t.Context(), h, m)
	faults.around = nil
	if !errors.Is(err, errStruck) || !errors.Is(err, apitoken.ErrUnavailable) {
		h.t.Errorf("%s: error is %v, want the fault as ErrUnavailable", what, err)
	}
	aborted := errors.Is(err, apitoken.ErrAborted)
	if !commit || aborted {
		must(h.t, tx.rollback())
	} else {
		h.insert(tx, 2) // the transaction is usable
		must(h.t, tx.commit())
	}
	after := h.rows()
	if commit && !aborted {
		before = slices.DeleteFunc(before, func(line string) bool { return line == "rows of the host: 0" })
		before = append(before, "rows of the host: 2")
		slices.Sort(before)
		mustExec(h.t, h.db, `DELETE FROM host_rows`)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		h.t.Errorf("%s: rows (-want +got):\n%s", what, diff)
	}
}
