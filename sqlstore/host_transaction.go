package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

var (
	_ apitoken.Store        = (*Tx)(nil)
	_ apitoken.TokenPager   = (*Tx)(nil)
	_ apitoken.TokenCounter = (*Tx)(nil)
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
// The exception is [apitoken.ErrAborted], after a deadlock or a serialization failure: roll back and start again.
//
// Until the host commits, a revocation binds no other transaction, and a new token exists for no other. Commit soon: the
// transaction holds a shared lock on the policy after generating a token, for which a change of the policy waits. On SQLite it
// holds the lock of the only writer.
//
// PutPolicy is [apitoken.ErrInvalid]: changes of the policy would wait for the host, and everything else for them. Events
// returns no event of this transaction on a database with several writers, because events are numbered after their commit.
//
// The isolation level READ COMMITTED always works. With REPEATABLE READ or SERIALIZABLE a change may be ErrAborted, or a
// Generate ErrUnavailable, if the policy or the user was changed since the transaction began.
func (s *Store) WithTx(tx *sql.Tx) *Tx {
	return &Tx{operations{&hostTransaction{dialect: &s.dialect, tx: tx}}}
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

// hostTransaction runs work in a transaction of the host's.
type hostTransaction struct {
	dialect *Dialect
	tx      *sql.Tx
}

func (h *hostTransaction) session() session {
	return session{querier: h.tx, dialect: h.dialect, prepared: &preparedStatements{}, tx: h.tx}
}

// The savepoint of a change. Changes do not nest, so it needs no other name.
const (
	setSavepoint     = "SAVEPOINT apitoken_change"
	releaseSavepoint = "RELEASE SAVEPOINT apitoken_change"
	restoreSavepoint = "ROLLBACK TO SAVEPOINT apitoken_change"
)

func (h *hostTransaction) change(ctx context.Context, what string, do work) error {
	if _, err := h.tx.ExecContext(ctx, setSavepoint); err != nil {
		return h.failed(what, err)
	}
	err := do(ctx, h.session())
	end := releaseSavepoint
	if err != nil {
		end = restoreSavepoint
	}
	// The savepoint ends also if the context has: the host may go on with another one.
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
	return h.failed(what, do(ctx, h.session()))
}

// errAborted marks an error after which the transaction cannot go on.
type errAborted struct{ error }

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
