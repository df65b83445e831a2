package apitoken

import (
	"context"
	"time"
)

// tokenReader reads the tokens that a query selects.
type tokenReader struct {
	store Store
	keep  func(context.Context, []Token) ([]Token, error) // what the store cannot judge; nil: every token is kept
}

// reader returns the reader of a query, and the query for the store.
func (m *Manager) reader(ctx context.Context, op *operation, q TokenQuery) (tokenReader, TokenQuery, error) {
	q = q.At(op.at)
	r, search := tokenReader{store: m.store}, q.Search
	q.Search = ""
	if q.BeyondPolicy {
		facts, err := m.facts(ctx, op)
		if err != nil {
			return tokenReader{}, q, err
		}
		r, q = m.beyond(facts.Policy, q)
	}
	if search != "" {
		r = m.searching(r, search)
	}
	return r, q, nil
}

// beyond returns a reader of the tokens that are beyond a policy. The store filters by the least maximum of all layers. That
// decides if there is only one; otherwise each token is judged.
func (m *Manager) beyond(p MaxLifetimePolicy, q TokenQuery) (tokenReader, TokenQuery) {
	q.BeyondPolicy = false
	q.LivesLongerThan = max(q.LivesLongerThan, p.Strictest())
	if q.LivesLongerThan == NoExpiration && p.Strictest() == NoExpiration {
		q.ExpiresBefore = firstInstant // no token does: none is beyond a policy without a maximum
	}
	r := tokenReader{store: m.store}
	if len(p.Limits)+len(p.Exemptions) > 0 {
		owners := m.newOwners()
		r.keep = func(ctx context.Context, tokens []Token) (kept []Token, err error) {
			if err := owners.read(ctx, tokens); err != nil {
				return nil, err
			}
			for _, t := range tokens {
				if p.isBeyond(t, owners.known[t.Owner], q.now) {
					kept = append(kept, t)
				}
			}
			return kept, nil
		}
	}
	return r, q
}

// isBeyond reports whether a token lives longer, from its creation to its expiry, than the policy permits its owner at now.
func (p MaxLifetimePolicy) isBeyond(t Token, owner User, now time.Time) bool {
	most, _ := p.MaxFor(owner, t.Kind, now)
	return most != NoExpiration && (t.ExpiresAt.IsZero() || t.ExpiresAt.Sub(t.CreatedAt) > most)
}

// owners are the owners of tokens that were read so far in one call.
type owners struct {
	store Store
	known map[UserID]User
}

func (m *Manager) newOwners() *owners { return &owners{m.store, map[UserID]User{}} }

// read reads the owners of tokens that are not known yet, in one call. An owner whose row is missing has no role.
func (o *owners) read(ctx context.Context, tokens []Token) error {
	var ids []UserID
	for _, t := range tokens {
		if _, known := o.known[t.Owner]; !known {
			o.known[t.Owner] = User{ID: t.Owner}
			ids = append(ids, t.Owner)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	users, err := o.store.Users(ctx, UserQuery{IDs: ids, Limit: len(ids)})
	for _, u := range users {
		o.known[u.ID] = u
	}
	return err
}

// list returns one page like [Store.Tokens].
func (r tokenReader) list(ctx context.Context, q TokenQuery) ([]Token, error) {
	if r.keep == nil {
		return r.store.Tokens(ctx, q)
	}
	var tokens []Token
	for {
		page, err := r.page(ctx, q)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, page.Tokens...)
		if len(tokens) >= q.Limit || page.Next.IsZero() {
			return tokens[:min(len(tokens), q.Limit)], nil
		}
		q = q.following(page.Next, page.NextExpiry)
	}
}

// judged reads one page and keeps some of its tokens.
func (r tokenReader) judged(ctx context.Context, q TokenQuery) (TokenPage, error) {
	page, err := r.scan(ctx, q)
	if err == nil && r.keep != nil {
		page.Tokens, err = r.keep(ctx, page.Tokens)
	}
	return page, err
}

// page returns one page in bounded time, like [TokenPager]. If the tokens have to be judged, it reads as many as a page without a
// condition of the Manager may examine.
func (r tokenReader) page(ctx context.Context, q TokenQuery) (TokenPage, error) {
	if r.keep == nil {
		return r.scan(ctx, q)
	}
	limit := q.Limit
	q.Limit = maxPage
	page, err := r.judged(ctx, q)
	if err == nil && len(page.Tokens) > limit {
		page.Tokens = page.Tokens[:limit]
		next := q.following(page.Tokens[limit-1].ID, page.Tokens[limit-1].ExpiresAt)
		page.Next, page.NextExpiry = next.After, next.AfterExpiry
	}
	return page, err
}

// count returns how many tokens there are, like [TokenCounter].
func (r tokenReader) count(ctx context.Context, q TokenQuery) (int, error) {
	if r.keep == nil {
		return r.countInStore(ctx, q)
	}
	for n := 0; ; {
		page, err := r.page(ctx, q)
		n += len(page.Tokens)
		if err != nil || page.Next.IsZero() {
			return n, err
		}
		q = q.following(page.Next, page.NextExpiry)
	}
}
