package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// preparedStatements are what the first use of a store has prepared.
type preparedStatements struct {
	statements [numQueries]atomic.Pointer[statement] // nil: the query is sent as text
	lost       atomic.Bool                           // a statement is lost and not yet prepared again
	texts      preparedTexts

	readersWait bool // a read may wait for a writer
}

// statement is a prepared query. If a connection loses it (see [Dialect]), restore replaces it, and it is closed when its last
// call has returned.
type statement struct {
	*sql.Stmt
	version int          // how many statements of this query came before
	lost    atomic.Bool  // a connection no longer knows it
	users   atomic.Int64 // the calls in flight, plus one until it is replaced
}

// prepare makes a statement of a query. Each version has a different text: for a text that it knows, a driver reuses the
// statement that it has, which is the lost one.
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

// acquire returns the statement of a query, to be released after the call, or nil if the query is to be sent as text.
func (p *preparedStatements) acquire(q query) *statement {
	for {
		s := p.statements[q].Load()
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

// release ends a call, or the time in which new calls use the statement.
func (s *statement) release() error {
	if s.users.Add(-1) > 0 {
		return nil
	}
	return s.Close()
}

// release ends a call of an acquired statement.
func (s session) release(statement *statement, err error) {
	if s.dialect.isStatementLost(err) {
		statement.lost.Store(true)
		s.prepared.lost.Store(true)
	}
	_ = statement.release() // an error of closing a replaced statement changes nothing for the caller
}

// restore prepares every lost statement again. It must not be called inside a transaction: a pool of one connection has no
// other to prepare on.
func (p *preparedStatements) restore(ctx context.Context, db *sql.DB, d *Dialect) error {
	if !p.lost.Load() {
		return nil
	}
	p.lost.Store(false) // before the statements are read, or one that is lost meanwhile would be forgotten
	for q := range p.statements {
		before := p.statements[q].Load()
		if before == nil || !before.lost.Load() {
			continue
		}
		after, err := prepare(ctx, db, d.queries[q], before.version+1)
		if err != nil {
			p.lost.Store(true)
			return err
		}
		if !p.statements[q].CompareAndSwap(before, after) {
			before = after // another call was faster, or the store was closed
		}
		_ = before.release()
	}
	return nil
}

// prepare prepares every query except those of the schema, which run once, and those that are sent as text.
func (p *preparedStatements) prepare(ctx context.Context, db *sql.DB, d *Dialect) error {
	for q := lookupToken; q < createTokenAtOnce; q++ {
		if d.queries[q] == "" {
			continue
		}
		s, err := prepare(ctx, db, d.queries[q], 0)
		if err != nil {
			return err
		}
		p.statements[q].Store(s)
	}
	return nil
}

func (p *preparedStatements) close() error {
	var errs []error
	for q := range p.statements {
		if s := p.statements[q].Swap(nil); s != nil {
			errs = append(errs, s.release())
		}
	}
	return errors.Join(append(errs, p.texts.close())...)
}
