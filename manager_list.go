package apitoken

import (
	"context"
	"iter"
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
	tokens, err := m.listTokens(ctx, op, q)
	return tokens, m.end(ctx, op, err)
}

func (m *Manager) listTokens(ctx context.Context, op *operation, q TokenQuery) ([]Token, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return nil, err
	}
	if !op.own() && !op.may.Has(ListAny) {
		return nil, m.deny(ctx, op, ErrDenied)
	}
	q.Limit, q.Now, q.ExpiresBefore = limit, op.at, instant(q.ExpiresBefore)
	tokens, err := m.store.Tokens(ctx, q)
	return tokens, storeError(err)
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
