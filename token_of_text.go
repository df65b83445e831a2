package apitoken

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"
)

// TokenOfText returns the token whose text is given, in whatever state it is, for example to find out whose a leaked text is. It
// accepts every text that [Manager.Authenticate] accepts. It does not count as a use of the token, and neither an event nor an error
// contains the text.
//
// Users see every token of theirs whose text they present. Every other actor needs [ListAny]; without it the error is [ErrNotFound],
// whether or not the token exists.
//
// The errors are [ErrNotFound], also for a text that is no token; [ErrDenied] for an actor who is not known or no longer
// authenticates; [ErrUnavailable].
func (m *Manager) TokenOfText(ctx context.Context, actor Actor, text string) (Token, error) {
	op := &operation{action: ActionReadToken, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Token, error) {
		var token Token // zero: the text is no token
		rec, err := m.find(ctx, text)
		switch {
		case err == nil:
			token = rec.Token
			op.token, op.owner = token.ID, token.Owner
		case !errors.Is(err, ErrUnauthenticated):
			return Token{}, err
		}
		if why := op.reachWithText(token, ListAny); why != permitted {
			return Token{}, m.deny(ctx, op, ErrNotFound, why)
		}
		if rec == nil {
			return Token{}, ErrNotFound
		}
		rec, err = m.store.Token(ctx, token.ID) // with a revocation of all tokens of the owner
		if err != nil {
			return Token{}, storeError(err)
		}
		return rec.Token, nil
	})
}

// HintsOf returns what Token.Hint may be of a token that the Manager generated and whose text ends with these four characters: one
// for the prefix, and one for each former prefix. For any other text it returns nil. An imported token has the hint of its import.
func (m *Manager) HintsOf(lastFour string) (hints []string) {
	if len(lastFour) != hintChars || !utf8.ValidString(lastFour) {
		return nil
	}
	for _, f := range append([]format{m.format}, m.accepted.own...) {
		if hint := f.hint(lastFour); !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return hints
}
