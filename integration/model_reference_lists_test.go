package integration_test

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func (r *reference) list(actor apitoken.Actor, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionListTokens, actor, q.Owner, apitoken.TokenID{})
	switch {
	case err != nil:
		return nil, err
	case !validQuery(q):
		return nil, apitoken.ErrInvalid
	case !c.manages(q.Owner) && !c.may.Has(apitoken.ListAny):
		return nil, c.deny(apitoken.ErrDenied)
	}
	page := r.selected(q, c.event.At)
	return page[:min(len(page), limitOr100(q.Limit))], nil
}

// page is [apitoken.Manager.TokenPage] without a budget.
func (r *reference) page(actor apitoken.Actor, q apitoken.TokenQuery) (apitoken.TokenPage, error) {
	tokens, err := r.list(actor, q)
	if err != nil {
		return apitoken.TokenPage{}, err
	}
	page := apitoken.TokenPage{Tokens: tokens}
	if all := r.selected(q, r.now.Truncate(time.Microsecond)); len(all) > len(tokens) {
		page.Next = tokens[len(tokens)-1].ID
		if q.Order == apitoken.OrderExpiry {
			page.NextExpiry = tokens[len(tokens)-1].ExpiresAt
		}
	}
	return page, nil
}

// selected returns all tokens that a query selects at a time.
func (r *reference) selected(q apitoken.TokenQuery, now time.Time) (all []apitoken.Token) {
	expires, unused := q.ExpiresBefore.Truncate(time.Microsecond), q.UnusedSince.Truncate(time.Microsecond)
	longer := q.LivesLongerThan
	if longer != apitoken.NoExpiration {
		longer = longer.Truncate(time.Microsecond)
	}
	for _, t := range r.tokens {
		ends := !t.ExpiresAt.IsZero()
		switch {
		case !q.AnyOwner && t.Owner != q.Owner, q.Status != "" && t.Status(now) != q.Status,
			!q.IsAfter(t.Token), !strings.Contains(t.Name, q.NameContains),
			q.Kind != "" && t.Kind != q.Kind, q.Resource != "" && t.Resource != q.Resource, q.CreatedBy != "" && t.CreatedBy != q.CreatedBy,
			!q.CreatedWith.IsZero() && t.CreatedWith != q.CreatedWith, q.OnBehalf && t.CreatedBy == t.Owner,
			q.Hint != "" && t.Hint != q.Hint,
			!q.ExpiresBefore.IsZero() && !(ends && t.ExpiresAt.Before(expires)),
			q.WithoutExpiration && ends,
			!q.UnusedSince.IsZero() && !(t.CreatedAt.Before(unused) && t.LastUsedAt.Before(unused)),
			longer > 0 && ends && t.ExpiresAt.Sub(t.CreatedAt) <= longer,
			q.BeyondPolicy && !r.isBeyond(r.policy, t.Token, now):
			continue
		}
		all = append(all, t.Token)
	}
	slices.SortFunc(all, q.Order.Compare)
	return all
}

func limitOr100(limit int) int {
	if limit == 0 {
		return 100
	}
	return limit
}
