package memstore

import (
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// Remove implements [apitoken.Store].
func (s *Store) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.Removed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[e.ID] {
		return apitoken.Removed{}, nil
	}
	removed := apitoken.Removed{
		Tokens: s.removeTokens(r.Tokens), Offers: s.removeOffers(r.Offers), Events: s.removeEvents(r.EventsTo),
	}
	if removed != (apitoken.Removed{}) {
		s.record(removed.On(e))
	}
	return removed, nil
}

func (s *Store) removeTokens(ids []apitoken.TokenID) (n int) {
	owners := map[*user]bool{}
	for _, id := range ids {
		t := s.token(id)
		if t == nil || t.removed {
			continue
		}
		r := s.digests.lookup(t.digest)
		if names := r.owner.names; names[r.Token.Name] == t {
			delete(names, r.Token.Name)
		}
		owners[r.owner] = true
		s.digests.remove(t.digest)
		t.removed = true
		n++
	}
	if n == 0 {
		return 0
	}
	gone := func(t *token) bool { return t.removed } // the lists are gone through once, and not once a token
	s.tokens = slices.DeleteFunc(s.tokens, gone)
	for key := range s.notices {
		if s.token(key.token) == nil {
			delete(s.notices, key)
		}
	}
	for owner := range owners {
		owner.tokens = slices.DeleteFunc(owner.tokens, gone)
	}
	return n
}

func (s *Store) removeEvents(to apitoken.EventSeq) int {
	n := int(min(max(to-s.removedTo, 0), apitoken.EventSeq(len(s.events))))
	for _, e := range s.events[:n] {
		delete(s.seen, e.ID)
	}
	clear(s.events[:n])
	s.events = s.events[n:]
	s.removedTo += apitoken.EventSeq(n)
	return n
}
