package boltstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Tokens implements [apitoken.Store]. The keys of both buckets are in the order of token IDs, so a page of that order begins with
// the key after q.After and needs no sorting. Every other order reads all tokens and sorts them.
func (s *Store) Tokens(ctx context.Context, q apitoken.TokenQuery) (page []apitoken.Token, err error) {
	byID := q.Order == apitoken.OrderOldest
	var from []byte
	if byID {
		from = q.After[:]
	}
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		ids := after(tx, tokens, nil, from)
		if !q.AnyOwner {
			ids = after(tx, owned, userPrefix(q.Owner), from)
		}
		for id := range ids {
			if byID && len(page) == q.Limit {
				break
			}
			r, err := showToken(tx, id)
			if err != nil {
				return err
			}
			if selects(q, q.Now(), r.Token) && q.IsAfter(r.Token) {
				page = append(page, r.Token)
			}
		}
		return nil
	})
	slices.SortFunc(page, q.Order.Compare)
	return page[:min(q.Limit, len(page))], err
}

// selects reports whether a token meets every condition. Its Status takes the end of its epoch into account, which showToken
// has added.
func selects(q apitoken.TokenQuery, now time.Time, t apitoken.Token) bool {
	endless := t.ExpiresAt.IsZero()
	switch {
	case q.Status != "" && t.Status(now) != q.Status,
		q.Kind != "" && t.Kind != q.Kind,
		q.Resource != "" && t.Resource != q.Resource,
		q.CreatedBy != "" && t.CreatedBy != q.CreatedBy,
		!q.CreatedWith.IsZero() && t.CreatedWith != q.CreatedWith,
		q.OnBehalf && t.CreatedBy == t.Owner,
		q.Hint != "" && t.Hint != q.Hint,
		q.WithoutExpiration && !endless,
		!q.ExpiresBefore.IsZero() && (endless || !t.ExpiresAt.Before(q.ExpiresBefore)),
		!q.UnusedSince.IsZero() && (!t.CreatedAt.Before(q.UnusedSince) || !t.LastUsedAt.Before(q.UnusedSince)),
		q.LivesLongerThan != 0 && !endless && t.ExpiresAt.Sub(t.CreatedAt) <= q.LivesLongerThan:
		return false
	}
	return strings.Contains(t.Name, q.NameContains)
}

// Users implements [apitoken.Store].
func (s *Store) Users(ctx context.Context, q apitoken.UserQuery) (page []apitoken.User, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		for _, row := range after(tx, users, nil, []byte(q.After)) {
			if len(page) == q.Limit {
				break
			}
			u, err := decode[apitoken.User](row)
			if err != nil {
				return err
			}
			if q.IDs != nil && !slices.Contains(q.IDs, u.ID) {
				continue
			}
			if q.Responsible != "" && u.Responsible != q.Responsible {
				continue
			}
			if strings.Contains(string(u.ID), q.Contains) || strings.Contains(u.Name, q.Contains) {
				page = append(page, u)
			}
		}
		return nil
	})
	return page, err
}
