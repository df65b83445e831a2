package memstore

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// RotateToken implements [apitoken.Store].
func (s *Store) RotateToken(ctx context.Context, rot apitoken.Rotation, policyRevision int64, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, n := s.token(rot.Was.Token.ID), rot.Successor
	switch {
	case s.seen[e.ID]:
		return nil
	case t == nil:
		return apitoken.ErrNotFound
	case !s.isAs(t, rot.Was.Token, e):
		return apitoken.ErrConflict
	}
	unused := s.token(rot.Was.Token.ReplacedBy)
	if s.isStored(n, e) {
		return nil
	}
	if err := s.mayCreate(n, policyRevision, t, unused); err != nil {
		return err
	}
	s.releaseName(t)
	s.digests.change(t.digest, func(r *record) {
		if was := r.Token.ExpiresAt; was.IsZero() || was.After(rot.ExpiresAt) {
			r.Token.ExpiresAt = rot.ExpiresAt
		}
		r.Token.ReplacedBy, r.Unused = n.ID, false
	})
	if unused != nil && s.digests.lookup(unused.digest).Unused &&
		s.revoke(unused, apitoken.Revocation{At: e.At, By: n.CreatedBy}, nil) {
		s.digests.change(unused.digest, func(r *record) { r.Token.ReplacedBy, r.Unused = n.ID, false })
	}
	n.Replaces = t.id
	s.add(n, true)
	s.record(e)
	return nil
}

// isAs reports whether a token is active at the event's At and still has what a rotation depends on. The caller holds the lock.
func (s *Store) isAs(t *token, was apitoken.Token, e apitoken.Event) bool {
	r := s.digests.lookup(t.digest)
	is := r.Token
	return r.Epoch >= r.User.Epoch && is.Status(e.At) == apitoken.StatusActive &&
		is.Name == was.Name && is.Description == was.Description && is.Permissions == was.Permissions && is.ReplacedBy == was.ReplacedBy
}

// UseSuccessor implements [apitoken.Store].
func (s *Store) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event,
) (first bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.token(id)
	if t == nil {
		return false, apitoken.ErrNotFound
	}
	r := s.digests.lookup(t.digest)
	switch {
	case s.seen[e.ID]:
		return true, nil
	case !r.Token.RevokedAt.IsZero() || r.Epoch < r.User.Epoch:
		return false, apitoken.ErrConflict
	case !r.Unused:
		return false, nil
	}
	if old := s.token(replaces); old != nil {
		s.revoke(old, by, nil)
	}
	s.digests.change(t.digest, func(r *record) { r.Unused = false })
	s.record(e)
	return true, nil
}
