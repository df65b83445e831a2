package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// opened is what the first use of a store has made ready.
type opened struct {
	statements [numQueries]atomic.Pointer[statement] // nil: the query is sent as text
	lost       atomic.Bool                           // a statement is lost and not yet prepared anew
}

// statement is a query that the database knows. A connection may lose it (see [Dialect]); then restore puts another in its
// place, and this one is closed when its last call has returned.
type statement struct {
	*sql.Stmt
	version int          // how many statements of this query came before
	lost    atomic.Bool  // a connection does not know it any more
	users   atomic.Int64 // the calls in flight, and one more until it is replaced
}

// prepare makes a statement of a query. Each version has a text of its own: a driver that knows a text already takes the
// statement that it has, which is the one that was lost.
func prepare(ctx context.Context, db *sql.DB, text string, version int) (*statement, error) {
	numbered := text
	if version > 0 {
		numbered = fmt.Sprintf("/* %d */ %s", version, text)
	}
	prepared, err := db.PrepareContext(ctx, numbered)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	s := &statement{Stmt: prepared, version: version}
	s.users.Store(1)
	return s, nil
}

// acquire is the statement of a query, to be released after the call, or nil if the query is to be sent as text.
func (o *opened) acquire(q query) *statement {
	for {
		s := o.statements[q].Load()
		if s == nil || s.lost.Load() {
			return nil
		}
		for n := s.users.Load(); n > 0; n = s.users.Load() {
			if s.users.CompareAndSwap(n, n+1) {
				return s
			}
		}
	}
}

// release ends a call, or the time in which the statement is used by new calls.
func (s *statement) release() error {
	if s.users.Add(-1) > 0 {
		return nil
	}
	return s.Close()
}

// done ends a call of a statement that was acquired.
func (s session) done(statement *statement, err error) {
	if s.dialect.loses(err) {
		statement.lost.Store(true)
		s.opened.lost.Store(true)
	}
	_ = statement.release() // of a statement that was replaced nothing is missed
}

// restore prepares every statement anew that was lost. It must not be called inside a transaction: a pool of one
// connection has no other to prepare on.
func (o *opened) restore(ctx context.Context, db *sql.DB, d *Dialect) error {
	if !o.lost.Load() {
		return nil
	}
	o.lost.Store(false) // before the statements are looked at, or one that is lost meanwhile would be forgotten
	for q := range o.statements {
		before := o.statements[q].Load()
		if before == nil || !before.lost.Load() {
			continue
		}
		after, err := prepare(ctx, db, d.queries[q], before.version+1)
		if err != nil {
			o.lost.Store(true)
			return err
		}
		if !o.statements[q].CompareAndSwap(before, after) {
			before = after // another call was faster, or the store was closed
		}
		_ = before.release()
	}
	return nil
}

// prepare prepares every query but those of the schema, which run once.
func (o *opened) prepare(ctx context.Context, db *sql.DB, d *Dialect) error {
	for q := lookupToken; q < numQueries; q++ {
		if d.queries[q] == "" {
			continue
		}
		s, err := prepare(ctx, db, d.queries[q], 0)
		if err != nil {
			return err
		}
		o.statements[q].Store(s)
	}
	return nil
}

func (o *opened) close() error {
	var errs []error
	for q := range o.statements {
		if s := o.statements[q].Swap(nil); s != nil {
			errs = append(errs, s.release())
		}
	}
	return errors.Join(errs...)
}
