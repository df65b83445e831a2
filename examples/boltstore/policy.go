package boltstore

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Policy implements [apitoken.Store].
func (s *Store) Policy(ctx context.Context) (p apitoken.MaxLifetimePolicy, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		p, err = readPolicy(tx)
		return err
	})
	return p, err
}

// readPolicy returns the zero policy before the first PutPolicy.
func readPolicy(tx *bbolt.Tx) (apitoken.MaxLifetimePolicy, error) {
	p, err := get[apitoken.MaxLifetimePolicy](tx, policy, policy)
	if errors.Is(err, apitoken.ErrNotFound) {
		return p, nil
	}
	return p, err
}

// PutPolicy implements [apitoken.Store]. The policy is stored as it is given, Revision included.
//
// It cannot commit between the check and the insert of a CreateToken, because only one of them writes at a time. A stream of
// CreateToken does not starve it: bbolt's writers wait for a sync.Mutex, which goes to a writer that has waited for a
// millisecond before it goes to one that comes.
func (s *Store) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil
		}
		present, err := readPolicy(tx)
		if err != nil {
			return err
		}
		if present.Revision != ifRevision {
			return apitoken.ErrConflict
		}
		if err := put(tx, policy, policy, p); err != nil {
			return err
		}
		return record(tx, e)
	})
}
