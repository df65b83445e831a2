package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokenRow is a token without its owner, whose row is their own.
type tokenRow struct {
	Token  apitoken.Token
	Digest apitoken.Digest
	Epoch  int64
}

// readToken returns a token with its owner. Both are from one transaction, so they are as they are at one moment.
func readToken(tx *bbolt.Tx, id []byte) (*apitoken.Record, error) {
	row, err := get[tokenRow](tx, tokens, id)
	if err != nil {
		return nil, err
	}
	owner, err := readUser(tx, row.Token.Owner)
	if err != nil {
		return nil, err
	}
	return &apitoken.Record{
		Identity: apitoken.Identity{User: owner, Token: row.Token}, Digest: row.Digest, Epoch: row.Epoch,
	}, nil
}

// showToken is readToken with the revocation that came with the end of the token's epoch. A token that had expired by then
// stays expired.
func showToken(tx *bbolt.Tx, id []byte) (*apitoken.Record, error) {
	r, err := readToken(tx, id)
	if err != nil || r.Epoch >= r.User.Epoch || !r.Token.RevokedAt.IsZero() {
		return r, err
	}
	end, err := get[apitoken.Revocation](tx, epochs, userKey(r.User.ID, numberKey(r.Epoch)))
	if err != nil { // without its sentinel, because ErrNotFound would say that the token is missing
		return nil, fmt.Errorf("boltstore: the end of epoch %d of %q: %v", r.Epoch, r.User.ID, err)
	}
	if r.Token.Status(end.At) == apitoken.StatusExpired {
		return r, nil
	}
	r.Token.RevokedAt, r.Token.RevokedBy = end.At, end.By
	return r, nil
}

// Lookup implements [apitoken.Store].
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (r *apitoken.Record, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		r, err = readToken(tx, tx.Bucket(digests).Get(digest[:]))
		return err
	})
	return r, err
}

// Token implements [apitoken.Store].
func (s *Store) Token(ctx context.Context, id apitoken.TokenID) (r *apitoken.Record, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		r, err = showToken(tx, id[:])
		return err
	})
	return r, err
}

// CreateToken implements [apitoken.Store]. The policy and the creator cannot change between their checks and the commit,
// because no other transaction writes meanwhile.
func (s *Store) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) || bytes.Equal(tx.Bucket(digests).Get(n.Digest[:]), n.ID[:]) {
			return nil // a retry
		}
		if err := insertToken(tx, n, policyRevision); err != nil {
			return err
		}
		return record(tx, e)
	})
}

// insertToken inserts a token if its conditions hold.
func insertToken(tx *bbolt.Tx, n apitoken.NewToken, policyRevision int64) error {
	if err := mayCreate(tx, n, policyRevision); err != nil {
		return err
	}
	if tx.Bucket(digests).Get(n.Digest[:]) != nil || tx.Bucket(tokens).Get(n.ID[:]) != nil {
		return apitoken.ErrExists
	}
	if err := takeName(tx, n.Token, n.Epoch, n.CreatedAt); err != nil {
		return err
	}
	if err := checkRoom(tx, n); err != nil {
		return err
	}
	if err := put(tx, tokens, n.ID[:], tokenRow{n.Token, n.Digest, n.Epoch}); err != nil {
		return err
	}
	if err := tx.Bucket(digests).Put(n.Digest[:], n.ID[:]); err != nil {
		return err
	}
	return tx.Bucket(owned).Put(userKey(n.Owner, n.ID[:]), nil)
}

// mayCreate checks the conditions of a new token in the order of precedence.
func mayCreate(tx *bbolt.Tx, n apitoken.NewToken, policyRevision int64) error {
	p, err := readPolicy(tx)
	if err != nil {
		return err
	}
	if p.Revision != policyRevision {
		return apitoken.ErrConflict
	}
	if n.CreatorRevision != 0 {
		creator, err := readUser(tx, n.CreatedBy)
		if err != nil && !errors.Is(err, apitoken.ErrNotFound) {
			return err
		}
		if creator.Revision != n.CreatorRevision { // a creator who is missing is at revision 0
			return apitoken.ErrConflict
		}
	}
	owner, err := readUser(tx, n.Owner)
	if err != nil {
		return err // ErrNotFound
	}
	if n.OwnerRole != "" && owner.Role != n.OwnerRole {
		return apitoken.ErrConflict
	}
	return nil
}

// checkRoom refuses a token whose owner has as many active ones as they may have.
func checkRoom(tx *bbolt.Tx, n apitoken.NewToken) error {
	if n.MaxActive == 0 {
		return nil
	}
	active := 0
	for id := range after(tx, owned, userPrefix(n.Owner), nil) {
		row, err := get[tokenRow](tx, tokens, id)
		if err != nil {
			return err
		}
		if row.Epoch >= n.Epoch && row.Token.Status(n.CreatedAt) == apitoken.StatusActive {
			active++
		}
	}
	if active >= n.MaxActive {
		return apitoken.ErrTooMany
	}
	return nil
}

// takeName gives a token its name, unless the holder has neither expired at a time nor an earlier epoch. If the token is not
// written after all, the transaction fails and the holder keeps the name.
func takeName(tx *bbolt.Tx, t apitoken.Token, epoch int64, at time.Time) error {
	name := userKey(t.Owner, []byte(t.Name))
	if holder := tx.Bucket(names).Get(name); holder != nil {
		row, err := get[tokenRow](tx, tokens, holder)
		if err != nil {
			return err
		}
		if row.Epoch >= epoch && row.Token.Status(at) == apitoken.StatusActive {
			return apitoken.ErrExists
		}
	}
	return tx.Bucket(names).Put(name, t.ID[:])
}

// releaseName takes a token's name from it. The name may have passed to another token.
func releaseName(tx *bbolt.Tx, t apitoken.Token) error {
	name := userKey(t.Owner, []byte(t.Name))
	if !bytes.Equal(tx.Bucket(names).Get(name), t.ID[:]) {
		return nil
	}
	return tx.Bucket(names).Delete(name)
}

// ChangeToken implements [apitoken.Store].
func (s *Store) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			return nil
		}
		r, err := readToken(tx, is.ID[:])
		if err != nil {
			return err
		}
		now := r.Token
		if r.Epoch < r.User.Epoch || now.Status(e.At) != apitoken.StatusActive ||
			now.Name != was.Token.Name || now.Description != was.Token.Description {
			return apitoken.ErrConflict
		}
		r.Token.Name, r.Token.Description = is.Name, is.Description
		if now.Name != is.Name {
			if err := takeName(tx, r.Token, r.Epoch, e.At); err != nil {
				return err
			}
			if err := releaseName(tx, now); err != nil {
				return err
			}
		}
		if err := put(tx, tokens, is.ID[:], tokenRow{r.Token, r.Digest, r.Epoch}); err != nil {
			return err
		}
		return record(tx, e)
	})
}

// RevokeToken implements [apitoken.Store].
func (s *Store) RevokeToken(
	ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event,
) (changed bool, err error) {
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		if recorded(tx, e.ID) {
			changed = true
			return nil
		}
		changed, err = revoke(tx, id, by, e)
		return err
	})
	return changed && err == nil, err
}

// RevokeTokens implements [apitoken.Store].
func (s *Store) RevokeTokens(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (revoked int, err error) {
	err = s.write(ctx, func(tx *bbolt.Tx) error {
		for _, e := range events {
			if recorded(tx, e.ID) {
				revoked++
			}
		}
		if revoked > 0 { // by an earlier try
			return nil
		}
		for _, e := range events {
			changed, err := revoke(tx, e.Token, by, e)
			if err != nil && !errors.Is(err, apitoken.ErrNotFound) {
				return err
			}
			if changed {
				revoked++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}

// revoke revokes a token that is not revoked, itself or with its epoch.
func revoke(tx *bbolt.Tx, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (changed bool, err error) {
	r, err := readToken(tx, id[:])
	if err != nil {
		return false, err
	}
	if !r.Token.RevokedAt.IsZero() || r.Epoch < r.User.Epoch {
		return false, nil
	}
	r.Token.RevokedAt, r.Token.RevokedBy = by.At, by.By
	if err := put(tx, tokens, id[:], tokenRow{r.Token, r.Digest, r.Epoch}); err != nil {
		return false, err
	}
	if err := releaseName(tx, r.Token); err != nil {
		return false, err
	}
	return true, record(tx, e)
}

// Touch implements [apitoken.Store]. It writes back the whole row. No revocation is lost by that, because none is written
// since the row was read.
func (s *Store) Touch(ctx context.Context, touches []apitoken.Touch) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		for _, t := range touches {
			row, err := get[tokenRow](tx, tokens, t.Token[:])
			switch {
			case errors.Is(err, apitoken.ErrNotFound):
				continue
			case err != nil:
				return err
			case !t.Moves(row.Token.LastUsedAt):
				continue
			}
			row.Token.LastUsedAt = t.At
			if err := put(tx, tokens, t.Token[:], row); err != nil {
				return err
			}
		}
		return nil
	})
}
