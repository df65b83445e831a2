package memstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// token is a token as lists hold it. The index has the rest.
type token struct {
	id      apitoken.TokenID
	digest  apitoken.Digest
	removed bool
}

// withRevocation returns the token with its owner. If the end of its epoch revoked it, the token has that revocation; a token
// that had expired when the epoch ended stays expired. The caller holds the lock.
func (s *Store) withRevocation(t *token) *apitoken.Record {
	r := s.digests.lookup(t.digest)
	if r.Epoch >= r.User.Epoch || !r.Token.RevokedAt.IsZero() {
		return &r.Record
	}
	revoked := r.Record
	end := r.owner.ended[r.Epoch]
	if revoked.Token.Status(end.At) == apitoken.StatusExpired {
		return &r.Record
	}
	revoked.Token.RevokedAt, revoked.Token.RevokedBy = end.At, end.By
	return &revoked
}

// Lookup implements [apitoken.Store].
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := s.digests.lookup(digest)
	if r == nil {
		return nil, apitoken.ErrNotFound
	}
	return &r.Record, nil
}

// CreateToken implements [apitoken.Store].
func (s *Store) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if byID := s.token(n.ID); byID != nil && byID.digest == n.Digest || s.seen[e.ID] {
		return nil
	}
	if err := s.mayCreate(n, policyRevision); err != nil {
		return err
	}
	s.addToken(n)
	s.record(e)
	return nil
}

// mayCreate checks the conditions of a new token in the order of precedence. The caller holds the lock.
func (s *Store) mayCreate(n apitoken.NewToken, policyRevision int64) error {
	owner := s.users[n.Owner]
	switch {
	case s.policy.Revision != policyRevision:
		return apitoken.ErrConflict
	case n.CreatorRevision != 0 && s.revision(n.CreatedBy) != n.CreatorRevision:
		return apitoken.ErrConflict
	case owner == nil:
		return apitoken.ErrNotFound
	case n.OwnerRole != "" && owner.current.Load().Role != n.OwnerRole:
		return apitoken.ErrConflict
	case s.token(n.ID) != nil || s.digests.lookup(n.Digest) != nil || s.nameInUse(owner, n.Name, n.Epoch, n.CreatedAt):
		return apitoken.ErrExists
	case n.MaxActive > 0 && s.active(owner, n.Epoch, n.CreatedAt) >= n.MaxActive:
		return apitoken.ErrTooMany
	}
	return nil
}

// addToken adds a token whose keys are free. The caller holds the lock.
func (s *Store) addToken(n apitoken.NewToken) {
	owner := s.users[n.Owner]
	t := &token{id: n.ID, digest: n.Digest}
	owner.names[n.Name] = t
	owner.tokens = insert(owner.tokens, t)
	s.tokens = insert(s.tokens, t)
	current := owner.current.Load()
	s.digests.add(&record{
		Record: apitoken.Record{
			Identity: apitoken.Identity{User: *current, Token: n.Token},
			Digest:   n.Digest,
			Epoch:    n.Epoch,
		},
		owner:     owner,
		ownerCopy: current,
	})
}

// revision returns the revision of a user, 0 if there is none. The caller holds the lock.
func (s *Store) revision(id apitoken.UserID) int64 {
	u := s.users[id]
	if u == nil {
		return 0
	}
	return u.current.Load().Revision
}

// nameInUse reports whether a token of the epoch or later that is active at a time holds the name.
func (s *Store) nameInUse(owner *user, name string, epoch int64, at time.Time) bool {
	holder := owner.names[name]
	if holder == nil {
		return false
	}
	r := s.digests.lookup(holder.digest)
	return r.Epoch >= epoch && r.Token.Status(at) == apitoken.StatusActive
}

// active returns how many tokens of the epoch or later are active at a time. The caller holds the lock.
func (s *Store) active(owner *user, epoch int64, at time.Time) (n int) {
	for _, t := range owner.tokens {
		r := s.digests.lookup(t.digest)
		if r.Epoch >= epoch && r.Token.Status(at) == apitoken.StatusActive {
			n++
		}
	}
	return n
}

// ChangeToken implements [apitoken.Store].
func (s *Store) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.token(is.ID)
	switch {
	case s.seen[e.ID]:
		return nil
	case t == nil:
		return apitoken.ErrNotFound
	}
	r := s.digests.lookup(t.digest)
	now := r.Token
	switch {
	case r.Epoch < r.User.Epoch, now.Status(e.At) != apitoken.StatusActive,
		now.Name != was.Token.Name, now.Description != was.Token.Description:
		return apitoken.ErrConflict
	case is.Name != now.Name && s.nameInUse(r.owner, is.Name, r.Epoch, e.At):
		return apitoken.ErrExists
	}
	if names := r.owner.names; is.Name != now.Name {
		if names[now.Name] == t { // it may have passed to another token
			delete(names, now.Name)
		}
		names[is.Name] = t
	}
	s.digests.change(t.digest, func(r *record) { r.Token.Name, r.Token.Description = is.Name, is.Description })
	s.record(e)
	return nil
}

// RevokeToken implements [apitoken.Store].
func (s *Store) RevokeToken(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.token(id)
	switch {
	case t == nil:
		return false, apitoken.ErrNotFound
	case s.seen[e.ID]:
		return true, nil
	}
	return s.revoke(t, by, e), nil
}

// RevokeTokens implements [apitoken.Store].
func (s *Store) RevokeTokens(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (revoked int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if s.seen[e.ID] {
			revoked++
		}
	}
	if revoked > 0 { // by an earlier try
		return revoked, nil
	}
	for _, e := range events {
		if t := s.token(e.Token); t != nil && s.revoke(t, by, e) {
			revoked++
		}
	}
	return revoked, nil
}

// revoke revokes a token that is not revoked, itself or with its epoch. The caller holds the lock.
func (s *Store) revoke(t *token, by apitoken.Revocation, e apitoken.Event) bool {
	r := s.withRevocation(t)
	if !r.Token.RevokedAt.IsZero() || r.Epoch < r.User.Epoch {
		return false
	}
	s.digests.change(t.digest, func(r *record) { r.Token.RevokedAt, r.Token.RevokedBy = by.At, by.By })
	if names := s.users[r.Token.Owner].names; names[r.Token.Name] == t {
		delete(names, r.Token.Name)
	}
	s.record(e)
	return true
}

// Touch implements [apitoken.Store].
func (s *Store) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, touch := range touches {
		if t := s.token(touch.Token); t != nil {
			s.digests.change(t.digest, func(r *record) {
				if touch.Moves(r.Token.LastUsedAt) {
					r.Token.LastUsedAt = touch.At
				}
			})
		}
	}
	return nil
}

// Token implements [apitoken.Store].
func (s *Store) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.token(id)
	if t == nil {
		return nil, apitoken.ErrNotFound
	}
	return s.withRevocation(t), nil
}

// token returns a token by ID, or nil. The caller holds the lock.
func (s *Store) token(id apitoken.TokenID) *token {
	at, found := slices.BinarySearchFunc(s.tokens, id, compareTokenID)
	if !found {
		return nil
	}
	return s.tokens[at]
}

// insert keeps the tokens sorted. New IDs are nearly always the largest, so it nearly always appends.
func insert(tokens []*token, t *token) []*token {
	at := len(tokens)
	if at > 0 && compareTokenID(tokens[at-1], t.id) > 0 {
		at, _ = slices.BinarySearchFunc(tokens, t.id, compareTokenID)
	}
	return slices.Insert(tokens, at, t)
}

func compareTokenID(t *token, id apitoken.TokenID) int { return bytes.Compare(t.id[:], id[:]) }
