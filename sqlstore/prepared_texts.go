package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// preparedTexts are queries that are put together from parts, such as those of lists. They are prepared at their first use, for
// drivers that would prepare such a query each time.
type preparedTexts struct {
	mu         sync.Mutex
	statements map[string]*statement
	closed     bool
}

// maxPreparedTexts limits what the server keeps on each connection. Most hosts ask a few lists again and again.
const maxPreparedTexts = 16

// readAll runs a query that was put together, and reads its rows, each into a T.
func readAll[T any](ctx context.Context, s session, b *queryBuilder, fields func(*T) []any) ([]T, error) {
	rows, err := s.built(ctx, b)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, fields)
}

// built runs a query that was put together.
func (s session) built(ctx context.Context, b *queryBuilder) (resultRows, error) {
	text := b.text.String()
	over, _ := s.querier.(overSQL)
	db, isPool := over.on.(*sql.DB)
	if !isPool || !s.dialect.prepareTexts || !s.prepared.any() {
		return s.QueryContext(ctx, text, b.args...)
	}
	statement, err := s.prepared.texts.acquire(ctx, db, text)
	if err != nil {
		return nil, err
	}
	if statement == nil {
		return s.QueryContext(ctx, text, b.args...)
	}
	rows, err := statement.QueryContext(ctx, b.args...)
	if s.dialect.isStatementLost(err) {
		s.prepared.texts.forget(text, statement)
	}
	_ = statement.release()
	return rows, err
}

// any reports whether the store prepares anything.
func (p *preparedStatements) any() bool { return p.statements[lookupToken].Load() != nil }

// acquire returns the statement of a text, to be released after the call, or nil if there are too many.
func (p *preparedTexts) acquire(ctx context.Context, db *sql.DB, text string) (*statement, error) {
	p.mu.Lock()
	s, full := p.statements[text], p.closed || len(p.statements) >= maxPreparedTexts
	if s != nil {
		s.users.Add(1)
	}
	p.mu.Unlock()
	if s != nil || full {
		return s, nil
	}
	s, err := prepare(ctx, db, text, 0)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.statements[text] != nil {
		return s, nil // it is closed when the call releases it
	}
	if p.statements == nil {
		p.statements = map[string]*statement{}
	}
	p.statements[text] = s
	s.users.Add(1)
	return s, nil
}

// forget removes a statement that a connection has lost.
func (p *preparedTexts) forget(text string, s *statement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.statements[text] == s {
		delete(p.statements, text)
		_ = s.release()
	}
}

// close closes the statements, each after its calls in flight have returned.
func (p *preparedTexts) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for text, s := range p.statements {
		delete(p.statements, text)
		errs = append(errs, s.release())
	}
	return errors.Join(errs...)
}
