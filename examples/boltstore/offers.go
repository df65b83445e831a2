package boltstore

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateOffer implements [apitoken.Store].
func (s *Store) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil // a retry
		}
		if n.CreatorRevision != 0 {
			if err := isAt(tx, n.OfferedBy, n.CreatorRevision); err != nil {
				return err
			}
		}
		if _, err := readUser(tx, n.Owner); err != nil {
			return err // ErrNotFound
		}
		if tx.Bucket(offers).Get(n.ID[:]) != nil {
			return apitoken.ErrExists
		}
		open := 0
		for _, row := range after(tx, offers, nil, nil) {
			o, err := decode[apitoken.Offer](row)
			if err != nil {
				return err
			}
			if o.Owner == n.Owner && !o.Claimed() && o.ClaimBy.After(n.OfferedAt) && o.Epoch >= n.Epoch {
				open++
			}
		}
		if open >= n.MaxOpen {
			return apitoken.ErrTooMany
		}
		return errors.Join(put(tx, offers, n.ID[:], n.Offer), record(tx, e))
	})
}

// isAt returns ErrConflict if a user is missing or at another revision.
func isAt(tx *bbolt.Tx, id apitoken.UserID, revision int64) error {
	u, err := readUser(tx, id)
	if errors.Is(err, apitoken.ErrNotFound) || err == nil && u.Revision != revision {
		return apitoken.ErrConflict
	}
	return err
}

// ClaimOffer implements [apitoken.Store].
func (s *Store) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, policyRevision int64, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil // a retry
		}
		o, err := get[apitoken.Offer](tx, offers, c.ID[:])
		if err != nil {
			return err
		}
		if o.Claimed() != c.Again() {
			return apitoken.ErrConflict
		}
		if err := isAt(tx, o.Owner, c.OwnerRevision); err != nil {
			return err
		}
		if err := isAt(tx, c.By, c.ByRevision); err != nil {
			return err
		}
		if c.Again() {
			err = replaceDigest(tx, c)
		} else {
			o.ClaimedAt, o.ClaimedBy = c.CreatedAt, c.By
			err = errors.Join(put(tx, offers, o.ID[:], o), insertToken(tx, c.NewToken, policyRevision, false))
		}
		if err != nil {
			return err
		}
		return record(tx, e)
	})
}

// replaceDigest gives a claimed token another digest.
func replaceDigest(tx *bbolt.Tx, c apitoken.OfferClaim) error {
	row, err := get[tokenRow](tx, tokens, c.ID[:])
	switch {
	case errors.Is(err, apitoken.ErrNotFound):
		return apitoken.ErrConflict
	case err != nil:
		return err
	case row.Digest != c.Replaces, !row.Token.RevokedAt.IsZero(), !row.Token.LastUsedAt.IsZero():
		return apitoken.ErrConflict
	}
	row.Digest, row.Token.Hint = c.Digest, c.Hint
	return errors.Join(
		tx.Bucket(digests).Delete(c.Replaces[:]),
		tx.Bucket(digests).Put(c.Digest[:], c.ID[:]),
		put(tx, tokens, c.ID[:], row),
	)
}

// DeleteOffer implements [apitoken.Store].
func (s *Store) DeleteOffer(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil // a retry
		}
		o, err := get[apitoken.Offer](tx, offers, id[:])
		if err != nil {
			return err
		}
		if o.Claimed() {
			return apitoken.ErrConflict
		}
		return errors.Join(tx.Bucket(offers).Delete(id[:]), record(tx, e))
	})
}

// Offers implements [apitoken.Store].
func (s *Store) Offers(ctx context.Context, q apitoken.OfferQuery) (page []apitoken.Offer, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		for _, row := range after(tx, offers, nil, q.After[:]) {
			if len(page) == q.Limit {
				return nil
			}
			o, err := decode[apitoken.Offer](row)
			if err != nil {
				return err
			}
			if (q.ID.IsZero() || o.ID == q.ID) && (q.Owner == "" || o.Owner == q.Owner) {
				page = append(page, o)
			}
		}
		return nil
	})
	return page, err
}

// removeOffers removes the offers that exist.
func removeOffers(tx *bbolt.Tx, ids []apitoken.TokenID) (n int, err error) {
	for _, id := range ids {
		if tx.Bucket(offers).Get(id[:]) == nil {
			continue
		}
		if err := tx.Bucket(offers).Delete(id[:]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// forgetInOffers removes the offers to the user, and replaces the user in the others.
func forgetInOffers(tx *bbolt.Tx, f apitoken.Forgetting) (rows int, err error) {
	var gone []apitoken.TokenID // a bucket must not change while a cursor is in it
	var changed []apitoken.Offer
	for _, row := range after(tx, offers, nil, nil) {
		o, err := decode[apitoken.Offer](row)
		if err != nil {
			return rows, err
		}
		if o.Owner == f.User {
			gone = append(gone, o.ID)
		} else if is := f.Offer(o); is != o {
			changed = append(changed, is)
		}
	}
	for _, o := range changed {
		if err := put(tx, offers, o.ID[:], o); err != nil {
			return rows, err
		}
	}
	n, err := removeOffers(tx, gone)
	return n + len(changed), err
}
