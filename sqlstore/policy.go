package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Policy implements [apitoken.Store].
func (o operations) Policy(ctx context.Context) (p apitoken.MaxLifetimePolicy, err error) {
	err = o.read(ctx, "read the policy", func(ctx context.Context, q session) error {
		return q.row(ctx, readPolicy).Scan(
			(*int64)(&p.Max), (*timeColumn)(&p.UpdatedAt), (*string)(&p.UpdatedBy), &p.Revision)
	})
	return p, err
}

// PutPolicy implements [apitoken.Store]. It waits up to 10 s for transactions that are generating tokens, such as those of the
// host: see [Store.WithTx]. Except on SQLite it waits in short attempts. Between them, other calls that need the policy continue.
func (s *Store) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	err := s.change(ctx, "put the policy", func(ctx context.Context, tx session) error {
		return tx.putPolicy(ctx, p, ifRevision, e)
	})
	if s.dialect.isLockTimeout(err) || errors.Is(err, errPolicyHeld) {
		return fmt.Errorf("%w (it waited for a transaction that generates a token%s)", err, s.openTransactions(ctx))
	}
	return err
}

// errPolicyHeld marks an attempt to lock the policy that has taken as long as it may. It is retried like a busy database.
var errPolicyHeld = errors.New("another transaction holds the policy")

func (d *Dialect) markPolicyHeld(err error) error {
	if d.policyLockTimedOut(err) {
		return fmt.Errorf("%w: %w", errPolicyHeld, err)
	}
	return err
}

func (s session) putPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	if err := s.record(ctx, e); err != nil {
		return err
	}
	if s.dialect.has(lockPolicy) {
		// A transaction of the host may hold the policy for long. Calls that queue behind this lock must be able to continue.
		if _, err := s.ExecContext(ctx, s.dialect.setLockTimeout); err != nil {
			return err
		}
		if _, err := s.exec(ctx, lockPolicy); err != nil {
			return err
		}
	}
	if text := s.dialect.lockPolicyText; text != "" {
		if _, err := s.ExecContext(ctx, text); err != nil {
			return s.dialect.markPolicyHeld(err)
		}
	}
	n, err := s.exec(ctx, updatePolicy, int64(p.Max), timeArg(p.UpdatedAt), string(p.UpdatedBy), p.Revision, ifRevision)
	if err != nil {
		return err
	}
	if n == 0 {
		return apitoken.ErrConflict
	}
	return nil
}
