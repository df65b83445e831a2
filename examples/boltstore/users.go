package boltstore

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

func readUser(tx *bbolt.Tx, id apitoken.UserID) (apitoken.User, error) {
	return get[apitoken.User](tx, users, []byte(id))
}

func writeUser(tx *bbolt.Tx, u apitoken.User) error { return put(tx, users, []byte(u.ID), u) }

// User implements [apitoken.Store].
func (s *Store) User(ctx context.Context, id apitoken.UserID) (u apitoken.User, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		u, err = readUser(tx, id)
		return err
	})
	return u, err
}

// CreateUser implements [apitoken.Store]. A retry returns the row as it is now.
func (s *Store) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (created apitoken.User, err error) {
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			created, err = readUser(tx, u.ID)
			return err
		}
		if tx.Bucket(users).Get([]byte(u.ID)) != nil {
			return apitoken.ErrExists
		}
		created = u
		created.Revision = 1
		if created.Epoch, err = firstEpoch(tx, u.ID); err != nil {
			return err
		}
		for epoch := range created.Epoch {
			if err := endEpoch(tx, u.ID, epoch, e); err != nil {
				return err
			}
		}
		if err := writeUser(tx, created); err != nil {
			return err
		}
		e.After = created.State()
		return record(tx, e)
	})
	return created, err
}

// firstEpoch returns 0 for an ID that was never there. No method deletes a user; but if somebody deletes the row from the
// file, tokens and ended epochs of the ID are left. A user who is created again starts above them, or the tokens that were
// revoked with their epoch would authenticate. The deleted row was one epoch above the last that had ended.
func firstEpoch(tx *bbolt.Tx, id apitoken.UserID) (first int64, err error) {
	for epoch := range after(tx, epochs, userPrefix(id), nil) {
		first = max(first, parseNumberKey(epoch)+2)
	}
	for token := range after(tx, owned, userPrefix(id), nil) {
		row, err := get[tokenRow](tx, tokens, token)
		if err != nil {
			return 0, err
		}
		first = max(first, row.Epoch+1)
	}
	return first, nil
}

// endEpoch stores who ended an epoch and when, unless it has ended before. The tokens of the epoch keep their rows. Lookup
// returns their epoch and the owner's to the caller, who compares them; showToken finds the revocation here.
func endEpoch(tx *bbolt.Tx, id apitoken.UserID, epoch int64, e apitoken.Event) error {
	key := userKey(id, numberKey(epoch))
	if tx.Bucket(epochs).Get(key) != nil {
		return nil
	}
	return put(tx, epochs, key, apitoken.Revocation{At: e.At, By: e.Actor.User})
}

// ChangeUser implements [apitoken.Store]. The lock of the row is that of the whole file: a crowd delays the change, and none
// of its writes comes between the read and the write. A retry returns the row as it is now.
func (s *Store) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (changed apitoken.User, err error) {
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		was, err := readUser(tx, id)
		if err != nil {
			return err
		}
		if recorded(tx, e.ID) {
			changed = was
			return nil
		}
		changed, e, err = c.Apply(was, e)
		if err != nil || changed == was {
			return err
		}
		if changed.Epoch > was.Epoch { // by one
			if err := endEpoch(tx, id, was.Epoch, e); err != nil {
				return err
			}
		}
		if err := writeUser(tx, changed); err != nil {
			return err
		}
		return record(tx, e)
	})
	return changed, err
}
