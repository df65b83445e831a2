package memstore

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// token is a token and its owner. Its record is put together anew when one of the two has changed.
type token struct {
	digest apitoken.Digest
	id     apitoken.TokenID
	owner  *user
	now    atomic.Pointer[record]
}

// record is what Lookup returns while the token and its owner stay as they are. It is never modified.
type record struct {
	apitoken.Record
	owner *apitoken.User
}

// present is the token with its owner as they are at one moment.
func (t *token) present() *apitoken.Record {
	for {
		r, owner := t.now.Load(), t.owner.now.Load()
		switch {
		case r != t.now.Load(): // the token changed before its owner was read
		case r.owner == owner:
			return &r.Record
		default:
			fresh := *r
			fresh.User, fresh.owner = *owner, owner
			t.now.CompareAndSwap(r, &fresh)
		}
	}
}

// change replaces the token by what edit makes of it. The store's lock is held, but a Lookup may put a new owner into the
// record at the same time.
func (t *token) change(edit func(*apitoken.Token)) {
	for {
		r := t.now.Load()
		fresh := *r
		edit(&fresh.Token)
		if t.now.CompareAndSwap(r, &fresh) {
			return
		}
	}
}

// revealed is the present record with the revocation that came with its epoch. The store's lock is held.
func (t *token) revealed() *apitoken.Record {
	r := t.present()
	if r.Epoch >= r.User.Epoch || !r.Token.RevokedAt.IsZero() {
		return r
	}
	dead := *r
	end := t.owner.ended[r.Epoch]
	dead.Token.RevokedAt, dead.Token.RevokedBy = end.At, end.By
	return &dead
}

// Lookup implements [apitoken.Store].
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.digests.find(digest)
	if t == nil {
		return nil, apitoken.ErrNotFound
	}
	return t.present(), nil
}

// CreateToken implements [apitoken.Store].
func (s *Store) CreateToken(ctx context.Context, n apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	byID, byDigest, owner := s.token(n.ID), s.digests.find(n.Digest), s.users[n.Owner]
	switch {
	case byID != nil && byID == byDigest:
		return nil
	case s.policy.Revision != policyRevision:
		return apitoken.ErrConflict
	case owner == nil:
		return apitoken.ErrNotFound
	case byID != nil || byDigest != nil || owner.holds(n):
		return apitoken.ErrExists
	}
	t := newToken(n, owner)
	owner.names[n.Name] = t
	owner.tokens = insert(owner.tokens, t)
	s.tokens = insert(s.tokens, t)
	s.digests.add(t)
	s.record(e)
	return nil
}

func newToken(n apitoken.NewToken, owner *user) *token {
	present := owner.now.Load()
	t := &token{digest: n.Digest, id: n.ID, owner: owner}
	t.now.Store(&record{
		Record: apitoken.Record{
			Identity: apitoken.Identity{User: *present, Token: n.Token},
			Digest:   n.Digest,
			Epoch:    n.Epoch,
		},
		owner: present,
	})
	return t
}

// holds reports whether a token that still counts when n is created has its name.
func (u *user) holds(n apitoken.NewToken) bool {
	holder := u.names[n.Name]
	if holder == nil {
		return false
	}
	r := holder.present()
	return r.Epoch >= n.Epoch && r.Token.Status(n.CreatedAt) == apitoken.StatusActive
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
	r := t.revealed()
	if !r.Token.RevokedAt.IsZero() {
		return false, nil
	}
	t.change(func(t *apitoken.Token) { t.RevokedAt, t.RevokedBy = by.At, by.By })
	if t.owner.names[r.Token.Name] == t {
		delete(t.owner.names, r.Token.Name)
	}
	s.record(e)
	return true, nil
}

// Touch implements [apitoken.Store].
func (s *Store) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, touch := range touches {
		if t := s.token(touch.Token); t != nil && t.present().Token.LastUsedAt.Before(touch.At) {
			t.change(func(t *apitoken.Token) { t.LastUsedAt = touch.At })
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
	return t.revealed(), nil
}

// Tokens implements [apitoken.Store].
func (s *Store) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.tokens
	if !q.AnyOwner {
		owner := s.users[q.Owner]
		if owner == nil {
			return nil, nil
		}
		all = owner.tokens
	}
	start, found := slices.BinarySearchFunc(all, q.After, compareTokenID)
	if found {
		start++
	}
	var page []apitoken.Token
	for _, t := range all[start:] {
		if len(page) == q.Limit {
			break
		}
		if r := t.revealed(); selects(q, r.Token) {
			page = append(page, r.Token)
		}
	}
	return page, nil
}

func selects(q apitoken.TokenQuery, t apitoken.Token) bool {
	switch {
	case q.Status != "" && t.Status(q.Now) != q.Status:
		return false
	case !q.ExpiresBefore.IsZero() && (t.ExpiresAt.IsZero() || !t.ExpiresAt.Before(q.ExpiresBefore)):
		return false
	}
	return strings.Contains(t.Name, q.NameContains)
}

// token finds a token by id. The lock is held.
func (s *Store) token(id apitoken.TokenID) *token {
	at, found := slices.BinarySearchFunc(s.tokens, id, compareTokenID)
	if !found {
		return nil
	}
	return s.tokens[at]
}

// insert keeps the tokens sorted. New ids are nearly always the largest, so this nearly always appends.
func insert(tokens []*token, t *token) []*token {
	at := len(tokens)
	if at > 0 && compareTokenID(tokens[at-1], t.id) > 0 {
		at, _ = slices.BinarySearchFunc(tokens, t.id, compareTokenID)
	}
	return slices.Insert(tokens, at, t)
}

func compareTokenID(t *token, id apitoken.TokenID) int { return bytes.Compare(t.id[:], id[:]) }
