package memstore

import (
	"bytes"
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// CreateOffer implements [apitoken.Store].
func (s *Store) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, taken := s.offer(n.ID)
	switch {
	case s.seen[e.ID]:
		return nil
	case n.CreatorRevision != 0 && s.revision(n.OfferedBy) != n.CreatorRevision:
		return apitoken.ErrConflict
	case s.users[n.Owner] == nil:
		return apitoken.ErrNotFound
	case taken:
		return apitoken.ErrExists
	case s.open(n) >= n.MaxOpen:
		return apitoken.ErrTooMany
	}
	s.offers = slices.Insert(s.offers, at, n.Offer)
	s.record(e)
	return nil
}

// open returns how many offers to the owner are open. The caller holds the lock.
func (s *Store) open(n apitoken.NewOffer) (count int) {
	for _, o := range s.offers {
		if o.Owner == n.Owner && !o.Claimed() && o.ClaimBy.After(n.OfferedAt) && o.Epoch >= n.Epoch {
			count++
		}
	}
	return count
}

// ClaimOffer implements [apitoken.Store].
func (s *Store) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, policyRevision int64, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, found := s.offer(c.ID)
	switch {
	case s.seen[e.ID]:
		return nil
	case !found:
		return apitoken.ErrNotFound
	case s.offers[at].Claimed() != c.Again(),
		s.revision(c.Owner) != c.OwnerRevision || s.users[c.Owner] == nil,
		s.revision(c.By) != c.ByRevision || s.users[c.By] == nil:
		return apitoken.ErrConflict
	case c.Again():
		return s.replaceDigest(c, e)
	}
	if err := s.mayCreate(c.NewToken, policyRevision, nil, nil); err != nil {
		return err
	}
	s.add(c.NewToken, false)
	s.offers[at].ClaimedAt, s.offers[at].ClaimedBy = c.CreatedAt, c.By
	s.record(e)
	return nil
}

// replaceDigest gives a claimed token another digest. The caller holds the lock.
func (s *Store) replaceDigest(c apitoken.OfferClaim, e apitoken.Event) error {
	t := s.token(c.ID)
	if t == nil || t.digest != c.Replaces {
		return apitoken.ErrConflict
	}
	is := *s.digests.lookup(t.digest)
	if !is.Token.RevokedAt.IsZero() || !is.Token.LastUsedAt.IsZero() {
		return apitoken.ErrConflict
	}
	is.Digest, is.Token.Hint = c.Digest, c.Hint
	s.digests.remove(t.digest)
	t.digest = c.Digest
	s.digests.add(&is)
	s.record(e)
	return nil
}

// DeleteOffer implements [apitoken.Store].
func (s *Store) DeleteOffer(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, found := s.offer(id)
	switch {
	case s.seen[e.ID]:
		return nil
	case !found:
		return apitoken.ErrNotFound
	case s.offers[at].Claimed():
		return apitoken.ErrConflict
	}
	s.offers = slices.Delete(s.offers, at, at+1)
	s.record(e)
	return nil
}

// Offers implements [apitoken.Store].
func (s *Store) Offers(ctx context.Context, q apitoken.OfferQuery) ([]apitoken.Offer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, found := s.offer(q.After)
	if found {
		at++
	}
	var page []apitoken.Offer
	for _, o := range s.offers[at:] {
		if len(page) == q.Limit {
			break
		}
		if (q.ID.IsZero() || o.ID == q.ID) && (q.Owner == "" || o.Owner == q.Owner) {
			page = append(page, o)
		}
	}
	return page, nil
}

// offer returns where an offer is, or belongs. The caller holds the lock.
func (s *Store) offer(id apitoken.TokenID) (at int, found bool) {
	return slices.BinarySearchFunc(s.offers, id, func(o apitoken.Offer, id apitoken.TokenID) int { return bytes.Compare(o.ID[:], id[:]) })
}

func (s *Store) removeOffers(ids []apitoken.TokenID) int {
	before := len(s.offers)
	s.offers = slices.DeleteFunc(s.offers, func(o apitoken.Offer) bool { return slices.Contains(ids, o.ID) })
	return before - len(s.offers)
}

// forgetInOffers removes the offers to the user, and replaces the user in the others.
func (s *Store) forgetInOffers(f apitoken.Forgetting) (rows int) {
	before := len(s.offers)
	s.offers = slices.DeleteFunc(s.offers, func(o apitoken.Offer) bool { return o.Owner == f.User })
	rows = before - len(s.offers)
	for i, o := range s.offers {
		if is := f.Offer(o); is != o {
			s.offers[i] = is
			rows++
		}
	}
	return rows
}
