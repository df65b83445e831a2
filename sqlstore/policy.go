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
		return q.row(ctx, readPolicy).Scan(policyFields(&p)...)
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
	args, err := policyArgs(p)
	if err != nil {
		return err
	}
	args = append(args, ifRevision)
	if s.dialect.has(lockPolicy) {
		return s.putLockedPolicy(ctx, args, e)
	}
	if err := s.record(ctx, e); err != nil {
		return err
	}
	if text := s.dialect.lockPolicyText; text != "" {
		if _, err := s.ExecContext(ctx, text); err != nil {
			return s.dialect.markPolicyHeld(err)
		}
	}
	n, err := s.exec(ctx, updatePolicy, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return apitoken.ErrConflict
	}
	return nil
}

// putLockedPolicy locks the policy for a short time only: a host's transaction may hold it for long, and everything that waits
// behind the lock has to go on meanwhile.
func (s session) putLockedPolicy(ctx context.Context, args []any, e apitoken.Event) error {
	event, err := eventArgs(e)
	if err != nil {
		return err
	}
	if _, err := s.ExecContext(ctx, s.dialect.setLockTimeout); err != nil {
		return err
	}
	if _, err := s.exec(ctx, lockPolicy); err != nil {
		return err
	}
	var updated, recorded bool
	err = s.write(ctx, updatePolicyAtOnce, append(args, event...), &updated, &recorded)
	switch {
	case err != nil || updated:
		return err
	case recorded:
		return errAlreadyStored
	}
	return apitoken.ErrConflict
}
