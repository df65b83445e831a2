package adminapi_test

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// faultyStore fails: each of its errors, if set, is the result of some methods.
type faultyStore struct {
	*memstore.Store
	lookup, down, appending, writing error
	done                             bool               // the write happens, and its result is writing
	beforeRevoke                     func(*faultyStore) // what happens between the lookup and the revocation
}

func (s *faultyStore) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	if s.lookup != nil {
		return nil, s.lookup
	}
	return s.Store.Lookup(ctx, d)
}

func (s *faultyStore) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	if s.down != nil {
		return apitoken.Facts{}, s.down
	}
	if do := s.beforeRevoke; do != nil && !q.Token.IsZero() {
		s.beforeRevoke = nil
		do(s)
	}
	return s.Store.Facts(ctx, q)
}

func (s *faultyStore) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	if s.down != nil {
		return apitoken.MaxLifetimePolicy{}, s.down
	}
	return s.Store.Policy(ctx)
}

func (s *faultyStore) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if s.appending != nil {
		return s.appending
	}
	return s.Store.AppendEvents(ctx, events)
}

func (s *faultyStore) write(do func() error) error {
	if s.writing == nil {
		return do()
	}
	if s.done {
		if err := do(); err != nil {
			return err
		}
	}
	return s.writing
}

func (s *faultyStore) CreateToken(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
	return s.write(func() error { return s.Store.CreateToken(ctx, n, rev, e) })
}

func (s *faultyStore) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, rev int64, e apitoken.Event) error {
	return s.write(func() error { return s.Store.PutPolicy(ctx, p, rev, e) })
}

func (s *faultyStore) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (is apitoken.User, err error) {
	err = s.write(func() error {
		is, err = s.Store.CreateUser(ctx, u, e)
		return err
	})
	return is, err
}

func (s *faultyStore) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (is apitoken.User, err error) {
	err = s.write(func() error {
		is, err = s.Store.ChangeUser(ctx, id, c, e)
		return err
	})
	return is, err
}

func (s *faultyStore) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	err := s.write(func() error {
		_, err := s.Store.RevokeToken(ctx, id, r, e)
		return err
	})
	return err == nil, err
}
