package memstore

import (
	"context"
	"slices"
	"strings"
	"time"

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
			s.setNext(&page, q, tokens[i-1])
			break
		}
		r := s.withRevocation(t)
		if !selects(q, r.Token) {
			continue
		}
		if len(page.Tokens) == q.Limit {
			s.setNext(&page, q, s.token(page.Tokens[q.Limit-1].ID))
			break
		}
		page.Tokens = append(page.Tokens, r.Token)
	}
	page.Examined = min(rows, len(tokens))
	return page, nil
}

// setNext sets the cursor of the next page. The caller holds the lock.
func (s *Store) setNext(page *apitoken.TokenPage, q apitoken.TokenQuery, last *token) {
	page.Next = last.id
	if q.Order == apitoken.OrderExpiry {
		page.NextExpiry = s.withRevocation(last).Token.ExpiresAt
	}
}

// CountTokens implements [apitoken.TokenCounter].
func (s *Store) CountTokens(ctx context.Context, q apitoken.TokenQuery) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	q.After, q.AfterExpiry = apitoken.TokenID{}, time.Time{}
	for _, t := range s.tokensAfter(q) {
		if selects(q, s.withRevocation(t).Token) {
			n++
		}
	}
	return n, nil
}

// TallyTokens implements [apitoken.TokenCounter].
func (s *Store) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (tally apitoken.TokenTally, err error) {
	if err := ctx.Err(); err != nil {
		return tally, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	tokens := s.tokensAfter(q)
	tally.Examined, tally.More = min(rows, len(tokens)), len(tokens) > rows
	for _, t := range tokens[:tally.Examined] {
		if r := s.withRevocation(t); selects(q, r.Token) {
			tally.Add(r.Token, q.Now())
		}
	}
	return tally, nil
}

// tokensAfter returns the tokens of the owner, or of all owners, after the cursor in the order of q. The caller holds the lock.
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
	switch q.Order {
	case apitoken.OrderNewest:
		if q.After.IsZero() {
			start = len(all)
		}
		before := slices.Clone(all[:start])
		slices.Reverse(before)
		return before
	case apitoken.OrderExpiry:
		return s.byExpiry(q, all)
	}
	if found {
		start++
	}
	return all[start:]
}

// byExpiry returns those of the tokens that expire, in that order, after the cursor. The caller holds the lock.
func (s *Store) byExpiry(q apitoken.TokenQuery, all []*token) (sorted []*token) {
	var records []*apitoken.Record
	for _, t := range all {
		if r := s.withRevocation(t); q.IsAfter(r.Token) {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b *apitoken.Record) int { return q.Order.Compare(a.Token, b.Token) })
	for _, r := range records {
		sorted = append(sorted, s.token(r.Token.ID))
	}
	return sorted
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
		q.Hint != "" && t.Hint != q.Hint,
		q.WithoutExpiration && !noExpiration,
		!q.ExpiresBefore.IsZero() && (noExpiration || !t.ExpiresAt.Before(q.ExpiresBefore)),
		!q.UnusedSince.IsZero() && (!t.CreatedAt.Before(q.UnusedSince) || !t.LastUsedAt.Before(q.UnusedSince)),
		q.LivesLongerThan != 0 && !noExpiration && t.ExpiresAt.Sub(t.CreatedAt) <= q.LivesLongerThan:
		return false
	}
	return strings.Contains(t.Name, q.NameContains)
}
