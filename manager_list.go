package apitoken

import (
	"context"
	"iter"
	"time"
)

// Token reads one token: one's own, or with [ListAny] anybody's. A token that the actor may not know of is [ErrNotFound].
func (m *Manager) Token(ctx context.Context, actor Actor, id TokenID) (Token, error) {
	op, err := m.begin(ctx, ActionReadToken, actor, "", id)
	if err != nil {
		return Token{}, m.end(ctx, op, err)
	}
	rec, err := m.visible(ctx, op, ListAny)
	if err != nil {
		return Token{}, m.end(ctx, op, err)
	}
	return rec.Token, m.end(ctx, op, nil)
}

// ListTokens reads one page of tokens in the order of their IDs: one's own, or with [ListAny] anybody's or everybody's.
// A page of fewer than q.Limit tokens is the last; the next begins behind the ID of the last token of this one. The
// tokens of a user that does not exist are an empty page.
//
// The errors are [ErrDenied], [ErrInvalid] for a query that selects no owner or is wrong, and [ErrUnavailable].
func (m *Manager) ListTokens(ctx context.Context, actor Actor, q TokenQuery) ([]Token, error) {
	op, err := m.begin(ctx, ActionListTokens, actor, q.Owner, TokenID{})
	if err != nil {
		return nil, m.end(ctx, op, err)
	}
	q, err = m.allowed(ctx, op, q)
	if err != nil {
		return nil, m.end(ctx, op, err)
	}
	tokens, err := m.store.Tokens(ctx, q)
	return tokens, m.end(ctx, op, storeError(err))
}

// TokenPage reads one page like [Manager.ListTokens], in a time that does not grow with the number of tokens. A condition
// that few tokens meet and that the store has no index for makes it stop early: then the page has fewer tokens than
// q.Limit, or none, and a Next all the same. The errors are those of ListTokens.
func (m *Manager) TokenPage(ctx context.Context, actor Actor, q TokenQuery) (TokenPage, error) {
	op, err := m.begin(ctx, ActionListTokens, actor, q.Owner, TokenID{})
	if err != nil {
		return TokenPage{}, m.end(ctx, op, err)
	}
	q, err = m.allowed(ctx, op, q)
	if err != nil {
		return TokenPage{}, m.end(ctx, op, err)
	}
	page, err := m.scanTokens(ctx, q)
	return page, m.end(ctx, op, storeError(err))
}

// scanBudget is how many tokens a store looks at for one page. That takes no more than a few times as long as to read a page
// of which every token is selected.
const scanBudget = 1000

func (m *Manager) scanTokens(ctx context.Context, q TokenQuery) (TokenPage, error) {
	if scanner, ok := m.store.(TokenScanner); ok {
		return scanner.ScanTokens(ctx, q, scanBudget)
	}
	limit := q.Limit
	q.Limit++ // one more tells whether there is another page
	tokens, err := m.store.Tokens(ctx, q)
	if err != nil || len(tokens) <= limit {
		return TokenPage{Tokens: tokens}, err
	}
	return TokenPage{Tokens: tokens[:limit], Next: tokens[limit-1].ID}, nil
}

// allowed gives the query for the store, if it is right and the actor may ask it.
func (m *Manager) allowed(ctx context.Context, op *operation, q TokenQuery) (TokenQuery, error) {
	q.Owner, q.CreatedBy = op.owner, m.canonical(q.CreatedBy)
	if err := q.check(); err != nil {
		return q, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return q, err
	}
	if why := op.reachAll(q.Owner, ListAny); why != permitted {
		return q, m.deny(ctx, op, ErrDenied, why)
	}
	q.Limit, q.Now = limit, op.at
	q.ExpiresBefore, q.UnusedSince = bound(q.ExpiresBefore), bound(q.UnusedSince)
	q.LivesLongerThan = wholeMicroseconds(q.LivesLongerThan)
	return q, nil
}

// bound is a time that a query compares with: within the range of the times that are stored, so that no time turns into the
// zero time, which asks for nothing.
func bound(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return withinRange(instant(t))
}

// Tokens goes through all tokens that ListTokens would page through, q.Limit at a time. After an error it ends.
func (m *Manager) Tokens(ctx context.Context, actor Actor, q TokenQuery) iter.Seq2[Token, error] {
	return rows(q.Limit, func(last *Token) ([]Token, error) {
		q := q
		if last != nil {
			q.After = last.ID
		}
		return m.ListTokens(ctx, actor, q)
	})
}

// CountTokens counts the tokens that [Manager.Tokens] would go through from the first to the last; q.After and q.Limit do
// not matter. Where the store has no index for a condition it looks at every token. The errors are those of ListTokens.
func (m *Manager) CountTokens(ctx context.Context, actor Actor, q TokenQuery) (int, error) {
	op, err := m.begin(ctx, ActionListTokens, actor, q.Owner, TokenID{})
	if err != nil {
		return 0, m.end(ctx, op, err)
	}
	q.After, q.Limit = TokenID{}, maxPage
	q, err = m.allowed(ctx, op, q)
	if err != nil {
		return 0, m.end(ctx, op, err)
	}
	n, err := m.countTokens(ctx, q)
	return n, m.end(ctx, op, storeError(err))
}

func (m *Manager) countTokens(ctx context.Context, q TokenQuery) (int, error) {
	if counter, ok := m.store.(TokenCounter); ok {
		return counter.CountTokens(ctx, q)
	}
	for n := 0; ; {
		tokens, err := m.store.Tokens(ctx, q)
		n += len(tokens)
		if err != nil || len(tokens) < q.Limit {
			return n, err
		}
		q.After = tokens[len(tokens)-1].ID
	}
}
