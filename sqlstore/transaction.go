package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	busyPatience   = 10 * time.Second      // for a database that others keep locked
	settlePatience = 2 * time.Second       // for finding out what became of a COMMIT
	commitGrace    = 2 * time.Second       // for the answer to a COMMIT, when the context has ended
	insistPatience = time.Second           // for readers to finish, while new ones are kept out
	shortestPause  = time.Millisecond      // before the first further try
	longestPause   = 64 * time.Millisecond // the pauses double up to this
)

// mostLosses is how often a call is tried again because a prepared statement was lost. A transaction that was reset loses its
// statements one by one, so each of its five may need a try, and again after the next reset.
const mostLosses = 32

// errStored is the answer of a change that is stored already: there is nothing to commit, and all is well.
var errStored = errors.New("stored already")

// answered reports whether a change was decided, so that to try it again would only decide it again.
func answered(err error) bool {
	for _, answer := range []error{nil, errStored, apitoken.ErrConflict, apitoken.ErrNotFound, apitoken.ErrExists} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// work is what is done in a session. It may be run again, so it sets anew whatever it hands out.
type work func(context.Context, session) error

// change runs do in one transaction and commits it, if do answers nil. Where the database is busy, the whole transaction
// is tried again.
//
// A COMMIT that was sent and not acknowledged may have been done. Then the transaction is tried again as well, for
// settlePatience, also if the context has ended: do recognises what is stored, so its answer is what is true. Without an
// answer, the outcome is [apitoken.ErrUncertain].
func (s *Store) change(ctx context.Context, what string, do work) error {
	if err := ctx.Err(); err != nil {
		return failed(what, err)
	}
	opened, err := s.openPatiently(ctx)
	if err != nil {
		return failed(what, err)
	}
	return s.transact(ctx, what, opened, newPatience(busyPatience), do)
}

func (s *Store) transact(ctx context.Context, what string, o *opened, p *patience, do work) error {
	commit := (*sql.Tx).Commit
	for losses := 0; ; {
		sent, err := s.attempt(ctx, o, do, commit, commitGrace)
		busy := s.dialect.busy(err)
		switch {
		case !sent && s.dialect.loses(err) && losses < mostLosses:
			losses++
			continue
		case errors.Is(err, errStored) && s.dialect.has(confirm):
			return s.settle(ctx, what, o, confirmStored, commit, nil)
		case errors.Is(err, errStored):
			return nil
		case answered(err):
			return err
		case sent && busy && s.dialect.insist != "":
			commit = s.insist
		case busy:
		case sent && !s.dialect.refuses(err):
			return s.settle(ctx, what, o, do, commit, err)
		default:
			return failed(what, s.dialect.explained(err))
		}
		if waited := p.wait(ctx); waited != nil {
			return failed(what, fmt.Errorf("%w: %w", waited, err))
		}
	}
}

// settle finds out what became of a change that may be stored, by trying it again, also if the context has ended. Unknown
// is why it may be; nil where it is stored, but not confirmed. Trouble in here leaves it as it is, so the answer then is
// never that of a change that was not done.
func (s *Store) settle(ctx context.Context, what string, o *opened, do work, commit func(*sql.Tx) error, unknown error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settlePatience)
	defer cancel()
	p := newPatience(settlePatience)
	for {
		sent, err := s.attempt(ctx, o, do, commit, 0)
		switch {
		case errors.Is(err, errStored) && s.dialect.has(confirm):
			do, unknown = confirmStored, nil
			continue
		case errors.Is(err, errStored):
			return nil
		case answered(err):
			return err
		case sent && s.dialect.busy(err) && s.dialect.insist != "":
			commit = s.insist
		}
		if p.wait(ctx) != nil {
			if unknown == nil {
				unknown = fmt.Errorf("stored, but not confirmed: %w", err)
			}
			return failed(what, fmt.Errorf("%w: %w", apitoken.ErrUncertain, unknown))
		}
	}
}

// confirmStored makes sure that what is stored already, and can be read, also stays. A server that waits for a standby when
// the connection breaks lets the commit be seen without the standby, and a fail-over would undo it.
func confirmStored(ctx context.Context, tx session) error {
	_, err := tx.exec(ctx, confirm)
	return err
}

// attempt runs do in a transaction of its own. Sent says that the COMMIT was sent: with an error, nobody knows what became
// of it. An error without that has written nothing.
func (s *Store) attempt(
	ctx context.Context, o *opened, do work, commit func(*sql.Tx) error, grace time.Duration,
) (sent bool, err error) {
	// The transaction's context ends with the caller's until the moment before the COMMIT, and not after it: a context
	// that ends while the COMMIT is under way would leave its outcome unknown for no reason.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	detach := context.AfterFunc(ctx, cancel)
	defer detach()

	if err := o.restore(inner, s.db, &s.dialect); err != nil {
		return false, because(ctx, err)
	}
	if s.turn != nil {
		select {
		case <-s.turn:
			defer func() { s.turn <- struct{}{} }()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	tx, err := s.db.BeginTx(inner, s.dialect.begin)
	if err != nil {
		return false, because(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after a COMMIT it does nothing

	err = do(inner, session{querier: tx, dialect: &s.dialect, opened: o, tx: tx})
	if err != nil {
		return false, because(ctx, err)
	}
	if !detach() {
		return false, ctx.Err()
	}
	if s.dialect.local {
		return true, commit(tx)
	}
	return true, answer(ctx, grace, func() error { return commit(tx) })
}

// answer waits for the answer to a COMMIT, but not for ever: a server that waits for its standby, or that nobody reaches any
// more, need not answer at all. When the context has ended there is some grace, and then the answer is the context's.
func answer(ctx context.Context, grace time.Duration, commit func() error) error {
	if ctx.Done() == nil {
		return commit()
	}
	answer := make(chan error, 1)
	go func() { answer <- commit() }()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	end := time.NewTimer(grace)
	defer end.Stop()
	select {
	case err := <-answer:
		return err
	case <-end.C:
		return ctx.Err()
	}
}

// insist sends the COMMIT until it is no longer answered busy. The Rollback that follows finds nothing to do; where
// somebody reads for longer than insistPatience, it undoes everything.
func (s *Store) insist(tx *sql.Tx) error {
	p := newPatience(insistPatience)
	for {
		_, err := tx.Exec(s.dialect.insist)
		if err == nil || !s.dialect.busy(err) || p.wait(context.Background()) != nil {
			return err
		}
	}
}

// read runs do, which reads with one query or a few. Where the database is busy, do is run again.
func (s *Store) read(ctx context.Context, what string, do work) error {
	if err := ctx.Err(); err != nil {
		return failed(what, err)
	}
	opened, err := s.openPatiently(ctx)
	if err != nil {
		return failed(what, err)
	}
	err = s.patiently(ctx, func() error {
		if err := opened.restore(ctx, s.db, &s.dialect); err != nil {
			return err
		}
		return do(ctx, session{querier: s.db, dialect: &s.dialect, opened: opened})
	})
	if err != nil && !answered(err) {
		return failed(what, err)
	}
	return err
}

func (s *Store) openPatiently(ctx context.Context) (o *opened, err error) {
	err = s.patiently(ctx, func() error {
		o, err = s.open(ctx)
		return err
	})
	return o, err
}

// patiently tries again while the database is busy, and where a prepared statement was lost. The answer is that of the
// last try.
func (s *Store) patiently(ctx context.Context, try func() error) error {
	p := newPatience(busyPatience)
	for losses := 0; ; {
		err := try()
		switch {
		case err == nil || answered(err):
			return err
		case s.dialect.loses(err) && losses < mostLosses:
			losses++
			continue
		case !s.dialect.busy(err):
			return s.dialect.explained(err)
		}
		if waited := p.wait(ctx); waited != nil {
			return fmt.Errorf("%w: %w", waited, err)
		}
	}
}

// patience is how long to go on trying, and the pause before the next try.
type patience struct {
	end   time.Time
	pause time.Duration
}

func newPatience(d time.Duration) *patience {
	return &patience{end: time.Now().Add(d), pause: shortestPause}
}

var errImpatient = errors.New("gave up trying")

// wait waits for the next try, each time longer and never quite as long as others that wait too. It is an error when
// there is to be no further try.
func (p *patience) wait(ctx context.Context) error {
	if !time.Now().Before(p.end) {
		return errImpatient
	}
	pause := p.pause/2 + rand.N(p.pause/2)
	p.pause = min(2*p.pause, longestPause)
	return sleep(ctx, pause)
}

// sleep waits for a while, or until the context ends, which is an error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	end := time.NewTimer(d)
	defer end.Stop()
	select {
	case <-end.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// because gives the caller's own context error where that is why something failed, and not that of a context within. A
// driver need not say why: a context that ends in the wrong moment is a broken connection to some.
func because(ctx context.Context, err error) error {
	ended := ctx.Err()
	switch {
	case ended == nil || answered(err):
		return err
	case errors.Is(err, context.Canceled):
		return ended
	}
	return fmt.Errorf("%w: %w", ended, err)
}
