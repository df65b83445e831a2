package boltstore

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Remove implements [apitoken.Store]. The ended epochs stay: showToken reads them, and firstEpoch.
func (s *Store) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (removed apitoken.Removed, err error) {
	if r.Empty() {
		return removed, ctx.Err()
	}
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil
		}
		for _, id := range r.Tokens {
			gone, err := removeToken(tx, id)
			if err != nil {
				return err
			}
			if gone {
				removed.Tokens++
			}
		}
		if removed.Offers, err = removeOffers(tx, r.Offers); err != nil {
			return err
		}
		if removed.Events, err = removeEvents(tx, r.EventsTo); err != nil {
			return err
		}
		if removed == (apitoken.Removed{}) {
			return nil
		}
		return record(tx, removed.On(e))
	})
	if err != nil {
		return apitoken.Removed{}, err
	}
	return removed, nil
}

// removeToken removes a token from every bucket, and reports whether it was there.
func removeToken(tx *bbolt.Tx, id apitoken.TokenID) (bool, error) {
	row, err := get[tokenRow](tx, tokens, id[:])
	if errors.Is(err, apitoken.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(
		releaseName(tx, row.Token),
		tx.Bucket(tokens).Delete(id[:]),
		tx.Bucket(digests).Delete(row.Digest[:]),
		tx.Bucket(owned).Delete(userKey(row.Token.Owner, id[:])),
	)
}

// removeEvents removes the events up to one of them. Their numbers are not given again, because NextSequence goes on.
func removeEvents(tx *bbolt.Tx, to apitoken.EventSeq) (n int, err error) {
	c := tx.Bucket(events).Cursor()
	for place, row := c.First(); place != nil && parseNumberKey(place) <= int64(to); place, row = c.First() {
		e, err := decode[apitoken.Event](row)
		if err != nil {
			return n, err
		}
		if err := errors.Join(tx.Bucket(eventIDs).Delete(e.ID[:]), c.Delete()); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
