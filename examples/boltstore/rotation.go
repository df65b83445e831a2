package boltstore

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// RotateToken implements [apitoken.Store].
func (s *Store) RotateToken(ctx context.Context, rot apitoken.Rotation, policyRevision int64, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil
		}
		was, n := rot.Was.Token, rot.Successor
		r, err := readToken(tx, was.ID[:])
		if err != nil {
			return err
		}
		if r.Epoch < r.User.Epoch || r.Token.Status(e.At) != apitoken.StatusActive || r.Token.ReplacedBy != was.ReplacedBy ||
			r.Token.Name != was.Name || r.Token.Description != was.Description || r.Token.Permissions != was.Permissions {
			return apitoken.ErrConflict
		}
		if isStored(tx, n) {
			return nil
		}
		if err := replaceToken(tx, r, rot); err != nil {
			return err
		}
		by := apitoken.Revocation{At: e.At, By: n.CreatedBy}
		if err := revokeUnused(tx, was.ReplacedBy, n.ID, by); err != nil {
			return err
		}
		n.Replaces = was.ID
		if err := insertToken(tx, n, policyRevision, true); err != nil {
			return err
		}
		return record(tx, e)
	})
}

// replaceToken writes the token that is replaced.
func replaceToken(tx *bbolt.Tx, r *apitoken.Record, rot apitoken.Rotation) error {
	if was := r.Token.ExpiresAt; was.IsZero() || was.After(rot.ExpiresAt) {
		r.Token.ExpiresAt = rot.ExpiresAt
	}
	r.Token.ReplacedBy, r.Unused = rot.Successor.ID, false
	if err := put(tx, tokens, r.Token.ID[:], rowOf(r)); err != nil {
		return err
	}
	return releaseName(tx, r.Token)
}

// revokeUnused revokes a successor that was not used, and is replaced by another one.
func revokeUnused(tx *bbolt.Tx, id, by apitoken.TokenID, revocation apitoken.Revocation) error {
	r, err := readToken(tx, id[:])
	switch {
	case errors.Is(err, apitoken.ErrNotFound):
		return nil
	case err != nil || !r.Unused || !r.Token.RevokedAt.IsZero() || r.Epoch < r.User.Epoch:
		return err
	}
	r.Token.RevokedAt, r.Token.RevokedBy = revocation.At, revocation.By
	r.Token.ReplacedBy, r.Unused = by, false
	if err := put(tx, tokens, id[:], rowOf(r)); err != nil {
		return err
	}
	return releaseName(tx, r.Token)
}

// UseSuccessor implements [apitoken.Store].
func (s *Store) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event,
) (first bool, err error) {
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		first = recorded(tx, e.ID)
		r, err := readToken(tx, id[:])
		switch {
		case err != nil || first:
			return err
		case !r.Token.RevokedAt.IsZero() || r.Epoch < r.User.Epoch:
			return apitoken.ErrConflict
		case !r.Unused:
			return nil
		}
		if _, err := revoke(tx, replaces, by, nil); err != nil && !errors.Is(err, apitoken.ErrNotFound) {
			return err
		}
		first, r.Unused = true, false
		if err := put(tx, tokens, id[:], rowOf(r)); err != nil {
			return err
		}
		return record(tx, e)
	})
	return first && err == nil, err
}
