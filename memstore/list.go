package memstore

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Tokens implements [apitoken.Store].
func (s *Store) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var page []apitoken.Token
	for _, t := range s.tokensAfter(q) {
		if len(page) == q.Limit {
			break
		}
		if r := s.withRevocation(t); selects(q, r.Token) {
			page = append(page, r.Token)
		}
	}
	return page, nil
}

// ScanTokens implements [apitoken.TokenPager].
func (s *Store) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.TokenPage{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var page apitoken.TokenPage
	tokens := s.tokensAfter(q)
	for i, t := range tokens {
		if i == rows {
			page.Next = tokens[i-1].id
			break
		}
		r := s.withRevocation(t)
		if !selects(q, r.Token) {
			continue
		}
		if len(page.Tokens) == q.Limit {
			page.Next = page.Tokens[q.Limit-1].ID
			break
		}
		page.Tokens = append(page.Tokens, r.Token)
	}
	return page, nil
}

// CountTokens implements [apitoken.TokenCounter].
func (s *Store) CountTokens(ctx context.Context, q apitoken.TokenQuery) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	q.After = apitoken.TokenID{}
	for _, t := range s.tokensAfter(q) {
		if selects(q, s.withRevocation(t).Token) {
			n++
		}
	}
	return n, nil
}

// tokensAfter returns the tokens of the owner, or of all owners, after q.After. The caller holds the lock.
func (s *Store) tokensAfter(q apitoken.TokenQuery) []*token {
	all := s.tokens
	if !q.AnyOwner {
		owner := s.users[q.Owner]
		if owner == nil {
			return nil
		}
		all = owner.tokens
	}
	start, found := slices.BinarySearchFunc(all, q.After, compareTokenID)
	if found {
		start++
	}
	return all[start:]
}

// selects reports whether the token meets every condition of q at now.
func selects(q apitoken.TokenQuery, t apitoken.Token) bool {
	noExpiration := t.ExpiresAt.IsZero()
	switch {
	case q.Status != "" && t.Status(q.Now()) != q.Status,
		q.Kind != "" && t.Kind != q.Kind,
		q.Resource != "" && t.Resource != q.Resource,
		q.CreatedBy != "" && t.CreatedBy != q.CreatedBy,
		!q.CreatedWith.IsZero() && t.CreatedWith != q.CreatedWith,
		q.OnBehalf && t.CreatedBy == t.Owner,
		q.WithoutExpiration && !noExpiration,
		!q.ExpiresBefore.IsZero() && (noExpiration || !t.ExpiresAt.Before(q.ExpiresBefore)),
		!q.UnusedSince.IsZero() && (!t.CreatedAt.Before(q.UnusedSince) || !t.LastUsedAt.Before(q.UnusedSince)),
		q.LivesLongerThan != 0 && !noExpiration && t.ExpiresAt.Sub(t.CreatedAt) <= q.LivesLongerThan:
		return false
	}
	return strings.Contains(t.Name, q.NameContains)
}
