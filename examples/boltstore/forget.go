package boltstore

import (
	"bytes"
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Forget implements [apitoken.Store].
func (s *Store) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (rows int, err error) {
	if f.Empty() {
		return 0, ctx.Err()
	}
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil
		}
		was, err := readUser(tx, f.User)
		if err != nil && !errors.Is(err, apitoken.ErrNotFound) {
			return err
		}
		if was.Revision != f.Revision { // a user who is missing is at revision 0
			return apitoken.ErrConflict
		}
		steps := []func(*bbolt.Tx, apitoken.Forgetting) (int, error){addPseudonym, forgetInTokens, forgetInEvents}
		if f.Rest {
			steps = append(steps, forgetInEpochs, forgetInPolicy, deleteUser, forgetAsResponsible, forgetInOffers)
		}
		for _, step := range steps {
			n, err := step(tx, f)
			if err != nil {
				return err
			}
			rows += n
		}
		if rows == 0 {
			return nil
		}
		return record(tx, f.On(e, rows))
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// addPseudonym copies the user's row and ended epochs to the pseudonym, unless a piece before has done it.
func addPseudonym(tx *bbolt.Tx, f apitoken.Forgetting) (int, error) {
	u, err := readUser(tx, f.User)
	if errors.Is(err, apitoken.ErrNotFound) || tx.Bucket(users).Get([]byte(f.Pseudonym)) != nil {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for epoch := range u.Epoch {
		end, err := get[apitoken.Revocation](tx, epochs, userKey(f.User, numberKey(epoch)))
		if errors.Is(err, apitoken.ErrNotFound) {
			continue // it was never begun: the row was created above the epochs of a deleted one
		}
		if err != nil {
			return 0, err
		}
		if err := put(tx, epochs, userKey(f.Pseudonym, numberKey(epoch)), end); err != nil {
			return 0, err
		}
	}
	u.ID, u.Name = f.Pseudonym, string(f.Pseudonym)
	return 1, writeUser(tx, u)
}

func forgetInTokens(tx *bbolt.Tx, f apitoken.Forgetting) (rows int, err error) {
	for _, id := range f.Tokens {
		row, err := get[tokenRow](tx, tokens, id[:])
		if errors.Is(err, apitoken.ErrNotFound) {
			continue
		}
		if err != nil {
			return rows, err
		}
		was := row.Token
		if row.Token = f.Token(was); row.Token == was {
			continue
		}
		rows++
		if err := put(tx, tokens, id[:], row); err != nil {
			return rows, err
		}
		if row.Token.Owner != was.Owner {
			if err := moveToken(tx, was, f.Pseudonym); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// moveToken moves a token to the list of another user and releases its name.
func moveToken(tx *bbolt.Tx, was apitoken.Token, to apitoken.UserID) error {
	return errors.Join(
		releaseName(tx, was),
		tx.Bucket(owned).Delete(userKey(was.Owner, was.ID[:])),
		tx.Bucket(owned).Put(userKey(to, was.ID[:]), nil),
	)
}

func forgetInEvents(tx *bbolt.Tx, f apitoken.Forgetting) (rows int, err error) {
	for _, e := range f.Events {
		place := numberKey(int64(e.Seq))
		is, err := get[apitoken.Event](tx, events, place)
		if errors.Is(err, apitoken.ErrNotFound) || err == nil && is == e {
			continue
		}
		if err != nil {
			return rows, err
		}
		rows++
		if err := put(tx, events, place, e); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// forgetInEpochs replaces the user as the one who ended epochs, and deletes the user's own.
func forgetInEpochs(tx *bbolt.Tx, f apitoken.Forgetting) (rows int, err error) {
	changed := map[string]apitoken.Revocation{} // a bucket must not change while a cursor is in it
	var gone [][]byte
	own := userPrefix(f.User)
	for key, row := range after(tx, epochs, nil, nil) {
		end, err := decode[apitoken.Revocation](row)
		switch {
		case err != nil:
			return rows, err
		case bytes.HasPrefix(key, own):
			gone = append(gone, bytes.Clone(key))
		case end.By == f.User:
			end.By = f.Pseudonym
			changed[string(key)] = end
		}
	}
	for key, end := range changed {
		if err := put(tx, epochs, []byte(key), end); err != nil {
			return rows, err
		}
	}
	for _, key := range gone {
		if err := tx.Bucket(epochs).Delete(key); err != nil {
			return rows, err
		}
	}
	return len(changed) + len(gone), nil
}

func forgetInPolicy(tx *bbolt.Tx, f apitoken.Forgetting) (int, error) {
	p, err := readPolicy(tx)
	if err != nil {
		return 0, err
	}
	p, changed := f.Policy(p)
	if !changed {
		return 0, nil
	}
	return 1, put(tx, policy, policy, p)
}

// forgetAsResponsible replaces the user as the one who answers for service accounts.
func forgetAsResponsible(tx *bbolt.Tx, f apitoken.Forgetting) (rows int, err error) {
	var changed []apitoken.User // a bucket must not change while a cursor is in it
	for _, row := range after(tx, users, nil, nil) {
		u, err := decode[apitoken.User](row)
		if err != nil {
			return rows, err
		}
		if is := f.Answered(u); is != u {
			changed = append(changed, is)
		}
	}
	for _, u := range changed {
		if err := writeUser(tx, u); err != nil {
			return rows, err
		}
	}
	return len(changed), nil
}

func deleteUser(tx *bbolt.Tx, f apitoken.Forgetting) (int, error) {
	if tx.Bucket(users).Get([]byte(f.User)) == nil {
		return 0, nil
	}
	return 1, tx.Bucket(users).Delete([]byte(f.User))
}
