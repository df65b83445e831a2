package apitoken

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
)

// requestMark makes a repeated request to generate a token recognisable by the token that it generated the first time. It
// stands in the identifier of that token, in place of the random bits that follow the time, and nowhere else: no store
// keeps it, and nothing has to be tidied up.
type requestMark [8]byte

const maxIdempotencyKeyBytes = 255

// markOf is the digest of who asks, with which key, for what. Everybody has keys of his own.
func markOf(actor Actor, p GenerateParams) requestMark {
	request := fmt.Sprintf("%q %q %q %q %q %d %d",
		p.IdempotencyKey, actor.User, p.Owner, p.Name, p.Kind, p.Lifetime, instant(p.ExpiresAt).UnixMicro())
	if p.Resource != "" { // so that the marks of tokens that are bound to nothing are those that they always had
		request += fmt.Sprintf(" %q", p.Resource)
	}
	sum := sha256.Sum256([]byte(request))
	return requestMark(sum[:8])
}

// on puts the mark into an identifier. The first two bits of the eight bytes say what form of UUID it is and stay as they
// are (RFC 9562 section 4.1).
func (m requestMark) on(id TokenID) TokenID {
	const variant = 0xc0
	m[0] = id[8]&variant | m[0]&^variant
	copy(id[8:], m[:])
	return id
}

// isOn reports whether the identifier was made for the request.
func (m requestMark) isOn(id TokenID) bool { return m.on(id) == id }

// withdraw makes room for a token whose name is taken, if it is taken by what the same request generated before and nobody
// has used that. It then revokes it and answers ErrConflict: decide anew.
func (m *Manager) withdraw(ctx context.Context, op *operation, token Token, mark requestMark) error {
	if err := m.lastUsed.flush(ctx); err != nil {
		return storeError(err)
	}
	holder, err := m.holder(ctx, op, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrConflict // it has ended since
	case err != nil:
		return err
	case !mark.isOn(holder.ID):
		return ErrExists
	case !holder.LastUsedAt.IsZero():
		return ErrRepeated
	}
	before := stateOfToken(holder)
	after := before
	after.RevokedAt = op.at
	event := op.changed(before, after)
	event.ID, event.Action, event.Token = EventID(newID()), ActionRevoke, holder.ID
	_, err = m.store.RevokeToken(ctx, holder.ID, Revocation{At: op.at, By: op.actor.User}, event)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return storeError(err)
	}
	return ErrConflict
}

// holder finds the owner's live token of the same name.
func (m *Manager) holder(ctx context.Context, op *operation, token Token) (Token, error) {
	q := TokenQuery{Owner: token.Owner, Status: StatusActive, NameContains: token.Name, Limit: maxPage, Now: op.at}
	named := rows(q.Limit, func(last *Token) ([]Token, error) {
		if last != nil {
			q.After = last.ID
		}
		return m.store.Tokens(ctx, q)
	})
	for t, err := range named {
		if err != nil {
			return Token{}, storeError(err)
		}
		if t.Name == token.Name {
			return t, nil
		}
	}
	return Token{}, ErrNotFound
}
