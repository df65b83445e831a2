package sqlstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// RotateToken implements [apitoken.Store]. It writes the two tokens that end before it inserts the new one, which takes the name of
// one of them.
func (o operations) RotateToken(ctx context.Context, r apitoken.Rotation, policyRevision int64, e apitoken.Event) error {
	return o.change(ctx, "rotate a token", func(ctx context.Context, tx session) error {
		return tx.rotateToken(ctx, r, policyRevision, e)
	})
}

func (s session) rotateToken(ctx context.Context, r apitoken.Rotation, policyRevision int64, e apitoken.Event) error {
	was, id := r.Was.Token, r.Successor.ID
	before := was.ReplacedBy
	if before.IsZero() {
		before = was.ID
	}
	n, err := s.exec(ctx, replaceToken, id[:], timeArg(r.ExpiresAt), timeArg(r.ExpiresAt),
		was.ID[:], before[:], was.Name, was.Description, permissionsArg(was.Permissions), timeArg(e.At))
	if err != nil {
		return err
	}
	if n == 0 {
		return s.whyUnchanged(ctx, was.ID, e)
	}
	if !was.ReplacedBy.IsZero() {
		_, err := s.exec(ctx, revokeUnused, timeArg(e.At), string(r.Successor.CreatedBy), id[:], was.ReplacedBy[:])
		if err != nil {
			return err
		}
	}
	if s.dialect.has(createTokenAtOnce) {
		err = s.createTokenAtOnce(ctx, r.Successor, policyRevision, e)
	} else {
		err = s.createToken(ctx, r.Successor, policyRevision, e)
	}
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertReplaces, was.ID[:], id[:])
	return err
}

// UseSuccessor implements [apitoken.Store]. The owner's row is locked first, so that no epoch ends before the first use is
// committed.
func (o operations) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, r apitoken.Revocation, e apitoken.Event,
) (first bool, err error) {
	err = o.change(ctx, "record the first use of a token", func(ctx context.Context, tx session) (err error) {
		first, err = tx.useSuccessor(ctx, id, replaces, r, e)
		return err
	})
	return first && err == nil, err
}

func (s session) useSuccessor(ctx context.Context, id, replaces apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	var owner apitoken.User
	if err := s.row(ctx, lockUser, string(e.Owner)).Scan(userFields(&owner)...); err != nil {
		return false, notFoundIfNoRows(err)
	}
	var unused flagColumn
	var revoked, recorded bool
	err := s.row(ctx, readUse, e.ID[:], id[:]).Scan(&unused, &revoked, &recorded)
	switch {
	case err != nil:
		return false, notFoundIfNoRows(err)
	case recorded:
		return true, errAlreadyStored
	case revoked:
		return false, apitoken.ErrConflict
	case !bool(unused):
		return false, s.confirmUnchanged(ctx)
	}
	// The tokens are locked in the order in which a rotation locks them.
	if _, err := s.exec(ctx, revokeReplaced, timeArg(r.At), string(r.By), replaces[:], owner.Epoch); err != nil {
		return false, err
	}
	n, err := s.exec(ctx, recordUse, id[:])
	switch {
	case err != nil:
		return false, err
	case n == 0: // a rotation has revoked it since it was read
		return false, apitoken.ErrConflict
	}
	return true, s.record(ctx, e)
}
