package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

var (
	_ apitoken.Store        = (*Tx)(nil)
	_ apitoken.TokenPager   = (*Tx)(nil)
	_ apitoken.TokenCounter = (*Tx)(nil)
	_ apitoken.NoticeStore  = (*Tx)(nil)
)

// Tx is a view of a [Store] through a transaction of the host's own: see [Store.WithTx]. Like the transaction, it is used by
// one goroutine at a time.
type Tx struct{ operations }

// WithTx returns a view of the store whose reads and writes all go through a transaction that the host has begun in the same
// database. It takes no other connection, and neither commits nor rolls back. Use it with [apitoken.Manager.WithStore]:
//
//	tx, err := db.BeginTx(ctx, nil)
//	...
//	token, secret, err := m.WithStore(store.WithTx(tx)).Generate(ctx, actor, params)
//	...
//	err = tx.Commit() // then show the secret
//
// Each change is made under a savepoint. If it fails, for whatever reason, the transaction is as it was before and stays usable.
// The exceptions are [apitoken.ErrAborted], after a deadlock, and a context that ends in the middle of a statement, for which
// drivers close the connection: roll back and start again.
//
// Until the host commits, a revocation binds no other transaction, and a new token exists for no other. Commit soon: the
// transaction holds a shared lock on the policy after generating a token, for which a change of the policy waits. On SQLite it
// holds the lock of the only writer.
//
// PutPolicy is [apitoken.ErrInvalid]: changes of the policy would wait for the host, and everything else for them. So are Remove,
// Forget and RevokeTokens, which work in pieces with a transaction each. Events returns no event of this transaction on a database with
// several writers, because events are numbered after their commit.
//
// The isolation level has to be READ COMMITTED on a database with several writers. On PostgreSQL every call at another level is
// [apitoken.ErrInvalid]. MySQL and MariaDB begin with REPEATABLE READ unless told otherwise, and do not tell a transaction its
// level: pass sql.LevelReadCommitted to BeginTx there. Otherwise a decision may be made from rows that have changed since the
// transaction first read, such as the role of an administrator who was demoted.
func (s *Store) WithTx(tx *sql.Tx) *Tx {
	return newTx(&s.dialect, nil, overSQL{tx})
}

// Lookup implements [apitoken.Store].
func (t *Tx) Lookup(ctx context.Context, digest apitoken.Digest) (r *apitoken.Record, err error) {
	err = t.read(ctx, "look up a token", func(ctx context.Context, q session) (err error) {
		r, err = scanRecord(q.row(ctx, lookupToken, digest[:]))
		return err
	})
	return r, err
}

// PutPolicy implements [apitoken.Store]. It is [apitoken.ErrInvalid].
func (t *Tx) PutPolicy(context.Context, apitoken.MaxLifetimePolicy, int64, apitoken.Event) error {
	return failed("put the policy", invalid("the policy cannot be changed in a transaction of the host"))
}

// Events implements [apitoken.Store]. It numbers no events.
func (t *Tx) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	return t.eventPage(ctx, q)
}

func newTx(d *Dialect, mistake error, tx querier) *Tx {
	return &Tx{operations{&hostTransaction{dialect: d, mistake: mistake, tx: tx}}}
}

// hostTransaction runs work in a transaction of the host's, as text: a statement that the store has prepared belongs to another
// connection.
type hostTransaction struct {
	dialect *Dialect
	tx      querier
	mistake error // of the host's, for which nothing runs in the transaction; nil: none is known
	checked bool  // check has found none
}

func (h *hostTransaction) session() session {
	return session{querier: h.tx, dialect: h.dialect, prepared: &preparedStatements{}}
}

// The savepoint of a change. Changes do not nest, so it needs no other name.
const (
	setSavepoint     = "SAVEPOINT apitoken_change"
	releaseSavepoint = "RELEASE SAVEPOINT apitoken_change"
	restoreSavepoint = "ROLLBACK TO SAVEPOINT apitoken_change"
)

func (h *hostTransaction) change(ctx context.Context, what string, do work) error {
	if err := h.check(ctx); err != nil {
		return h.failed(what, err)
	}
	if _, err := h.tx.ExecContext(ctx, setSavepoint); err != nil {
		return h.failed(what, err)
	}
	err := do(ctx, h.session())
	end := releaseSavepoint
	if err != nil {
		end = restoreSavepoint
	}
	// The savepoint is removed even if the context has ended, because the host may continue with another context.
	if _, endErr := h.tx.ExecContext(context.WithoutCancel(ctx), end); endErr != nil {
		return h.failed(what, errAborted{errors.Join(err, endErr)})
	}
	if errors.Is(err, errAlreadyStored) {
		return nil
	}
	return h.failed(what, err)
}

func (h *hostTransaction) changeLocked(ctx context.Context, what string, do work) error {
	return h.change(ctx, what, do)
}

func (h *hostTransaction) changeAtOnce(ctx context.Context, what string, do work) error {
	return h.change(ctx, what, do)
}

func (h *hostTransaction) has(q query) bool { return h.dialect.has(q) }

func (h *hostTransaction) read(ctx context.Context, what string, do work) error {
	if err := h.check(ctx); err != nil {
		return h.failed(what, err)
	}
	return h.failed(what, do(ctx, h.session()))
}

// check returns the host's mistake. One of them is a level of isolation at which decisions would be made from rows that others
// have changed since: an administrator who was demoted would stay one until the transaction ends.
func (h *hostTransaction) check(ctx context.Context) error {
	if h.mistake != nil || h.checked || h.dialect.readIsolation == "" {
		return h.mistake
	}
	var level string
	if err := h.tx.QueryRowContext(ctx, h.dialect.readIsolation).Scan(&level); err != nil {
		return err
	}
	if !slices.Contains(h.dialect.isolations, level) {
		return invalid("the transaction of the host is %s: begin it as READ COMMITTED, so that it sees what others have committed",
			strings.ToUpper(level))
	}
	h.checked = true
	return nil
}

// errAborted marks an error after which the transaction is no longer usable.
type errAborted struct{ error }

func (e errAborted) Unwrap() error { return e.error }

func (h *hostTransaction) failed(what string, err error) error {
	var aborted errAborted
	switch {
	case err == nil || isResult(err):
		return err
	case errors.As(err, &aborted) || h.dialect.busy(err):
		return failed(what, fmt.Errorf("%w: %w", apitoken.ErrAborted, err))
	}
	return failed(what, err)
}
