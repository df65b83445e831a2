package apitoken

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Token returns one token: the actor's own, or with [ListAny] anybody's. Every token may read itself. A token that the actor
// may not know of is [ErrNotFound].
func (m *Manager) Token(ctx context.Context, actor Actor, id TokenID) (Token, error) {
	op := &operation{action: ActionReadToken, actor: actor, token: id}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Token, error) {
		rec, err := m.visible(ctx, op, ListAny)
		if err != nil {
			return Token{}, err
		}
		return rec.Token, nil
	})
}

// ListTokens returns one page of tokens in the order of q: the actor's own, or with [ListAny] those of any user or of all users.
// A page of fewer than q.Limit tokens is the last. The cursor of the next page is the ID of the last token of this one, with its
// expiry if q.Order is [OrderExpiry]. A user who does not exist has no tokens.
//
// The errors are [ErrDenied], [ErrInvalid] for a query without an owner or with a wrong field, and [ErrUnavailable].
func (m *Manager) ListTokens(ctx context.Context, actor Actor, q TokenQuery) ([]Token, error) {
	return list(ctx, m, actor, q, tokenReader.list)
}

// TokenPage returns one page like [Manager.ListTokens], in bounded time. If few tokens meet a condition for which the store
// has no index, it stops early: the page then has fewer than q.Limit tokens, perhaps none, and Next is set nevertheless. The
// errors are those of ListTokens.
func (m *Manager) TokenPage(ctx context.Context, actor Actor, q TokenQuery) (TokenPage, error) {
	return list(ctx, m, actor, q, tokenReader.page)
}

// list runs one operation that reads from the store with a query.
func list[T any](
	ctx context.Context, m *Manager, actor Actor, q TokenQuery, read func(tokenReader, context.Context, TokenQuery) (T, error),
) (T, error) {
	op := &operation{action: ActionListTokens, actor: actor, owner: q.Owner}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (result T, err error) {
		q, err := m.allowed(ctx, op, q, ListAny)
		if err != nil {
			return result, err
		}
		r, q, err := m.reader(ctx, op, q)
		if err != nil {
			return result, err
		}
		result, err = read(r, ctx, q)
		return result, storeError(err)
	})
}

// pageBudget is how many tokens a store examines for one page. That takes at most a few times as long as reading a page on
// which every token is selected.
const pageBudget = 1000

// scan returns one page of the store in bounded time.
func (r tokenReader) scan(ctx context.Context, q TokenQuery) (TokenPage, error) {
	if q.isContradictory() {
		return TokenPage{}, nil
	}
	if pager, ok := r.store.(TokenPager); ok {
		page, err := pager.ScanTokens(ctx, q, pageBudget)
		if !errors.Is(err, errors.ErrUnsupported) {
			return page, err
		}
	}
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	tokens, err := r.store.Tokens(ctx, q)
	if err != nil || len(tokens) <= limit {
		return TokenPage{Tokens: tokens, Examined: len(tokens)}, err
	}
	last := tokens[limit-1]
	return TokenPage{Tokens: tokens[:limit], Next: last.ID, NextExpiry: q.following(last.ID, last.ExpiresAt).AfterExpiry, Examined: limit}, nil
}

// allowed returns the query for the store if it is valid and the actor may ask it. need is the permission for the tokens of others.
func (m *Manager) allowed(ctx context.Context, op *operation, q TokenQuery, need Permission) (TokenQuery, error) {
	q.Owner, q.CreatedBy = op.owner, m.canonical(q.CreatedBy)
	if err := q.check(); err != nil {
		return q, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return q, err
	}
	if why := op.reachAll(q.Owner, need); why != permitted {
		return q, m.deny(ctx, op, ErrDenied, why)
	}
	q.Limit = limit
	q.ExpiresBefore, q.UnusedSince, q.AfterExpiry = clamped(q.ExpiresBefore), clamped(q.UnusedSince), clamped(q.AfterExpiry)
	q.LivesLongerThan = wholeMicroseconds(q.LivesLongerThan)
	return q, nil
}

// clamped returns a time of a query within the range of the stored times. So no time becomes the zero time, which is no
// condition.
func clamped(t time.Time) time.Time {
	switch {
	case t.IsZero():
		return t
	case t.Before(firstInstant):
		return firstInstant
	case t.After(ceiling):
		return ceiling // and not the last time before it, at which a token may expire
	}
	return instant(t)
}

// Tokens iterates over the tokens of all pages of ListTokens, reading q.Limit at a time. It stops after an error.
func (m *Manager) Tokens(ctx context.Context, actor Actor, q TokenQuery) iter.Seq2[Token, error] {
	return rows(q.Limit, func(last *Token) ([]Token, error) {
		q := q
		if last != nil {
			q = q.following(last.ID, last.ExpiresAt)
		}
		return m.ListTokens(ctx, actor, q)
	})
}

// CountTokens returns the number of tokens that q selects, whatever q.After and q.Limit are. Without an index for a
// condition the store examines every token; [Manager.TallyTokens] is bounded. The errors are those of ListTokens.
func (m *Manager) CountTokens(ctx context.Context, actor Actor, q TokenQuery) (int, error) {
	q.After, q.AfterExpiry, q.Limit = TokenID{}, time.Time{}, maxPage
	return list(ctx, m, actor, q, tokenReader.count)
}

func (r tokenReader) countInStore(ctx context.Context, q TokenQuery) (int, error) {
	if counter, ok := r.store.(TokenCounter); ok {
		n, err := counter.CountTokens(ctx, q)
		if !errors.Is(err, errors.ErrUnsupported) {
			return n, err
		}
	}
	for n := 0; ; {
		tokens, err := r.store.Tokens(ctx, q)
		n += len(tokens)
		if err != nil || len(tokens) < q.Limit {
			return n, err
		}
		last := tokens[len(tokens)-1]
		q = q.following(last.ID, last.ExpiresAt)
	}
}
