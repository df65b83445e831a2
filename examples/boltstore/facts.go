package boltstore

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Facts implements [apitoken.Store]. All rows are from one transaction, so they are as they are at one moment.
func (s *Store) Facts(ctx context.Context, q apitoken.FactsQuery) (f apitoken.Facts, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) (err error) {
		f, err = readFacts(tx, q)
		return err
	})
	return f, err
}

func readFacts(tx *bbolt.Tx, q apitoken.FactsQuery) (f apitoken.Facts, err error) {
	if f.Policy, err = readPolicy(tx); err != nil {
		return f, err
	}
	if f.Actor, err = readActor(tx, q); err != nil {
		return f, err
	}
	if f.Owner, err = ifThere(present(readUser(tx, q.Owner))); err != nil {
		return f, err
	}
	if f.Token, err = ifThere(showToken(tx, q.Token[:])); err != nil || f.Token == nil {
		return f, err
	}
	f.Owner = &f.Token.User
	return f, nil
}

// readActor returns the user with the token that they use: nil if one of the two does not exist, or if the token belongs to
// another user.
func readActor(tx *bbolt.Tx, q apitoken.FactsQuery) (*apitoken.Record, error) {
	u, err := readUser(tx, q.Actor)
	if q.With.IsZero() {
		return ifThere(&apitoken.Record{Identity: apitoken.Identity{User: u}, Epoch: u.Epoch}, err)
	}
	rec, err := ifThere(showToken(tx, q.With[:]))
	if rec == nil || rec.User.ID != q.Actor {
		return nil, err
	}
	return rec, nil
}

func present[T any](row T, err error) (*T, error) { return &row, err }

// ifThere returns nil for a row that does not exist.
func ifThere[T any](row *T, err error) (*T, error) {
	switch {
	case errors.Is(err, apitoken.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return row, nil
}
