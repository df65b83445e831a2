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
	insistPatience = time.Second           // for readers to finish, while new ones are kept out
	shortestPause  = time.Millisecond      // before the first further try
	longestPause   = 64 * time.Millisecond // the pauses double up to this
)

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
	return s.transact(ctx, what, opened, do)
}

func (s *Store) transact(ctx context.Context, what string, o *opened, do work) error {
	var unknown error // why the outcome of a COMMIT is unknown
	commit := (*sql.Tx).Commit
	p := newPatience(busyPatience)
	for {
		sent, err := s.attempt(ctx, o, do, commit)
		busy := s.dialect.busy(err)
		switch {
		case errors.Is(err, errStored) && s.dialect.has(confirm):
			do = confirmStored
			continue
		case errors.Is(err, errStored):
			return nil
		case answered(err):
			return err
		case busy && sent && s.dialect.insist != "":
			commit = s.insist
		case busy || unknown != nil:
		case sent:
			unknown = err
			p = newPatience(settlePatience)
			detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), settlePatience)
			defer cancel()
			ctx = detached
		default:
			return failed(what, err)
		}
		if waited := p.wait(ctx); waited != nil {
			if unknown != nil {
				return failed(what, fmt.Errorf("%w: %w", apitoken.ErrUncertain, unknown))
			}
			return failed(what, fmt.Errorf("%w: %w", waited, err))
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
func (s *Store) attempt(ctx context.Context, o *opened, do work, commit func(*sql.Tx) error) (sent bool, err error) {
	// The transaction's context ends with the caller's until the moment before the COMMIT, and not after it: a context
	// that ends while the COMMIT is under way would leave its outcome unknown for no reason.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	detach := context.AfterFunc(ctx, cancel)
	defer detach()

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
	return true, commit(tx)
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

// read runs do, which reads with one query. Where the database is busy, do is run again.
func (s *Store) read(ctx context.Context, what string, do work) error {
	if err := ctx.Err(); err != nil {
		return failed(what, err)
	}
	opened, err := s.openPatiently(ctx)
	if err != nil {
		return failed(what, err)
	}
	err = s.patiently(ctx, func() error {
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

// patiently tries again while the database is busy. The answer is that of the last try.
func (s *Store) patiently(ctx context.Context, try func() error) error {
	p := newPatience(busyPatience)
	for {
		err := try()
		if err == nil || !s.dialect.busy(err) {
			return err
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
	pause := time.NewTimer(p.pause/2 + rand.N(p.pause/2))
	defer pause.Stop()
	p.pause = min(2*p.pause, longestPause)
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// because gives the caller's own context error where that is why something failed, and not that of a context within.
func because(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && errors.Is(err, context.Canceled) {
		return ended
	}
	return err
}
