package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	busyTimeout    = 10 * time.Second // of retries while other connections lock the database
	resolveTimeout = 2 * time.Second  // of finding out the outcome of a COMMIT
	commitGrace    = 2 * time.Second  // for the result of a COMMIT after the context has ended
	commitTimeout  = time.Second      // of repeating a COMMIT while readers finish and new ones are kept out
)

// maxLostStatements is how often a call is retried because a prepared statement was lost. A transaction that was reset loses
// its statements one by one, so each of its five may need a retry, and again after the next reset.
const maxLostStatements = 32

// errAlreadyStored is the result of a change that is stored already: there is nothing to commit, and the call succeeds.
var errAlreadyStored = errors.New("already stored")

// isResult reports whether err is the result of a change or a read, so that a retry would only return it again.
func isResult(err error) bool {
	for _, result := range []error{nil, errAlreadyStored, errOutpaced, apitoken.ErrConflict, apitoken.ErrNotFound, apitoken.ErrExists, apitoken.ErrTooMany} {
		if errors.Is(err, result) {
			return true
		}
	}
	return false
}

// change runs do in one transaction and commits it if do returns nil. If the database is busy, the whole transaction is
// retried.
//
// A COMMIT that was sent and not acknowledged may have succeeded. The transaction is then retried for resolveTimeout, even if
// the context has ended: do recognises what is stored, so its result is true. If there is no result, the error is
// [apitoken.ErrUncertain].
func (s *Store) change(ctx context.Context, what string, do work) error {
	return s.changeBy(ctx, what, s.transaction(s.dialect.txOptions), do)
}

func (s *Store) changeLocked(ctx context.Context, what string, do work) error {
	return s.changeBy(ctx, what, s.transaction(s.dialect.lockedTxOptions), do)
}

// attempt runs work once. sent says that a commit was sent: with an error, the outcome is unknown. An error without sent means
// that nothing was written. After the context has ended, the result of the commit is awaited for the grace period.
type attempt func(ctx context.Context, p *preparedStatements, do work, grace time.Duration) (sent bool, err error)

// transaction returns the attempt in a transaction.
func (s *Store) transaction(opts *sql.TxOptions) attempt { return s.committing(opts, (*sql.Tx).Commit) }

// committing returns the attempt in a transaction that ends with commit.
func (s *Store) committing(opts *sql.TxOptions, commit func(*sql.Tx) error) attempt {
	return func(ctx context.Context, p *preparedStatements, do work, grace time.Duration) (bool, error) {
		return s.attemptInTransaction(ctx, p, opts, do, commit, grace)
	}
}

// inTransaction is change with the caller's statements and patience.
func (s *Store) inTransaction(ctx context.Context, what string, p *preparedStatements, b *backoff, do work) error {
	return s.retryUntilKnown(ctx, what, p, s.transaction(s.dialect.txOptions), b, do)
}

func (s *Store) changeBy(ctx context.Context, what string, try attempt, do work) error {
	if err := ctx.Err(); err != nil {
		return failed(what, err)
	}
	prepared, err := s.openWithRetry(ctx)
	if err != nil {
		return failed(what, err)
	}
	return s.retryUntilKnown(ctx, what, prepared, try, newBackoff(busyTimeout), do)
}

func (s *Store) retryUntilKnown(ctx context.Context, what string, p *preparedStatements, try attempt, b *backoff, do work) error {
	for lost := 0; ; {
		sent, err := try(ctx, p, do, commitGrace)
		busy := s.dialect.busy(err) || errors.Is(err, errPolicyHeld)
		switch {
		case !sent && s.dialect.isStatementLost(err) && lost < maxLostStatements:
			lost++
			continue
		case errors.Is(err, errAlreadyStored) && s.dialect.has(confirm):
			return s.resolveOutcome(ctx, what, p, try, confirmStored, nil)
		case errors.Is(err, errAlreadyStored):
			return nil
		case isResult(err):
			return err
		case sent && busy && s.dialect.commitStatement != "":
			try = s.committing(s.dialect.txOptions, s.repeatCommit)
		case busy:
		case sent && !s.dialect.isCommitRefused(err):
			return s.resolveOutcome(ctx, what, p, try, do, err)
		default:
			return failed(what, s.dialect.withPoolerAdvice(err))
		}
		if waitErr := b.wait(ctx); waitErr != nil {
			return failed(what, fmt.Errorf("%w: %w", waitErr, err))
		}
	}
}

// resolveOutcome finds out whether a change was stored, by running it again, even if the context has ended. cause is why the
// outcome is unknown; nil means the change is stored but not yet confirmed. A failure in here leaves the outcome unknown, so
// the error never says that the change was not made.
func (s *Store) resolveOutcome(
	ctx context.Context, what string, p *preparedStatements, try attempt, do work, cause error,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
	defer cancel()
	b := newBackoff(resolveTimeout)
	for {
		sent, err := try(ctx, p, do, 0)
		switch {
		case errors.Is(err, errAlreadyStored) && s.dialect.has(confirm):
			do, cause = confirmStored, nil
			continue
		case errors.Is(err, errAlreadyStored):
			return nil
		case isResult(err):
			return err
		case sent && s.dialect.busy(err) && s.dialect.commitStatement != "":
			try = s.committing(s.dialect.txOptions, s.repeatCommit)
		}
		if b.wait(ctx) != nil {
			if cause == nil {
				cause = fmt.Errorf("stored, but not confirmed: %w", err)
			}
			return failed(what, fmt.Errorf("%w: %w", apitoken.ErrUncertain, cause))
		}
	}
}

// confirmStored ensures that a change that is stored already, and can be read, also survives. If the connection breaks while a
// server waits for a standby, the commit becomes visible without the standby, and a fail-over would undo it.
func confirmStored(ctx context.Context, tx session) error {
	_, err := tx.exec(ctx, confirm)
	return err
}

// attemptInTransaction runs do in a transaction of its own.
func (s *Store) attemptInTransaction(
	ctx context.Context, p *preparedStatements, opts *sql.TxOptions, do work, commit func(*sql.Tx) error, grace time.Duration,
) (sent bool, err error) {
	// The transaction's context ends with the caller's until just before COMMIT, and not after that: a context that ends
	// during COMMIT would leave the outcome unknown for no reason.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	detach := context.AfterFunc(ctx, cancel)
	defer detach()

	if err := p.restore(inner, s.db, &s.dialect); err != nil {
		return false, preferContextError(ctx, err)
	}
	if s.writeTurn != nil {
		select {
		case <-s.writeTurn:
			defer func() { s.writeTurn <- struct{}{} }()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	tx, err := s.db.BeginTx(inner, opts)
	if err != nil {
		return false, preferContextError(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after COMMIT

	err = do(inner, session{querier: overSQL{tx}, dialect: &s.dialect, prepared: p, tx: tx})
	if err != nil {
		return false, preferContextError(ctx, err)
	}
	if !detach() {
		return false, ctx.Err()
	}
	if s.dialect.local {
		return true, commit(tx)
	}
	return true, awaitCommit(ctx, grace, func() error { return commit(tx) })
}

// awaitCommit waits for the result of a COMMIT, but not without limit: a server that waits for its standby, or that cannot be
// reached any more, may never return one. After the context has ended it waits for the grace period, and then returns the
// context's error.
func awaitCommit(ctx context.Context, grace time.Duration, commit func() error) error {
	if ctx.Done() == nil {
		return commit()
	}
	result := make(chan error, 1)
	go func() { result <- commit() }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	timeout := time.NewTimer(grace)
	defer timeout.Stop()
	select {
	case err := <-result:
		return err
	case <-timeout.C:
		return ctx.Err()
	}
}

// repeatCommit sends COMMIT until it is no longer busy. The Rollback that follows then finds no transaction. If another
// connection reads for longer than commitTimeout, the Rollback undoes everything.
func (s *Store) repeatCommit(tx *sql.Tx) error {
	b := newBackoff(commitTimeout)
	for {
		_, err := tx.Exec(s.dialect.commitStatement)
		if err == nil || !s.dialect.busy(err) || b.wait(context.Background()) != nil {
			return err
		}
	}
}

// read runs do, which reads with one query or two. If the database is busy, do is run again.
func (s *Store) read(ctx context.Context, what string, do work) error {
	if err := ctx.Err(); err != nil {
		return failed(what, err)
	}
	prepared, err := s.openWithRetry(ctx)
	if err != nil {
		return failed(what, err)
	}
	err = s.retry(ctx, func() error {
		if err := prepared.restore(ctx, s.db, &s.dialect); err != nil {
			return err
		}
		return do(ctx, session{querier: s.pool, dialect: &s.dialect, prepared: prepared})
	})
	if err != nil && !isResult(err) {
		return failed(what, err)
	}
	return err
}

func (s *Store) openWithRetry(ctx context.Context) (p *preparedStatements, err error) {
	err = s.retry(ctx, func() error {
		p, err = s.open(ctx)
		return err
	})
	return p, err
}
