package sqlstore

import (
	"context"

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

// PutPolicy implements [apitoken.Store].
func (s *Store) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	return s.change(ctx, "put the policy", func(ctx context.Context, tx session) error {
		return tx.putPolicy(ctx, p, ifRevision, e)
	})
}

func (s session) putPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	if err := s.record(ctx, e); err != nil {
		return err
	}
	if s.dialect.has(lockPolicy) {
		if _, err := s.exec(ctx, lockPolicy); err != nil {
			return err
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
