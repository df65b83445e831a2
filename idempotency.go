package apitoken

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
)

// requestMark makes a repeated request recognisable by the token that it generated the first time. It replaces the random bits
// that follow the time in the identifier of that token. No store keeps it, so nothing has to be cleaned up.
type requestMark [8]byte

const maxIdempotencyKeyBytes = 255

// markOf returns the digest of the actor, the key and the request. Every actor has their own keys.
func markOf(actor Actor, p GenerateParams) requestMark {
	request := fmt.Sprintf("%q %q %q %q %q %d %d",
		p.IdempotencyKey, actor.User, p.Owner, p.Name, p.Kind, p.Lifetime, instant(p.ExpiresAt).UnixMicro())
	if p.Resource != "" { // unbound tokens keep the marks that they had before resources existed
		request += fmt.Sprintf(" %q", p.Resource)
	}
	if p.Description != "" {
		request += fmt.Sprintf(" description %q", p.Description) // another form than a resource
	}
	if p.Permissions != 0 {
		request += fmt.Sprintf(" permissions %d", p.Permissions)
	}
	sum := sha256.Sum256([]byte(request))
	return requestMark(sum[:8])
}

// on puts the mark into an identifier. The first two bits of the eight bytes are the variant of the UUID and stay as they are
// (RFC 9562 section 4.1).
func (m requestMark) on(id TokenID) TokenID {
	const variant = 0xc0
	m[0] = id[8]&variant | m[0]&^variant
	copy(id[8:], m[:])
	return id
}

// isOn reports whether the identifier was made for the request.
func (m requestMark) isOn(id TokenID) bool { return m.on(id) == id }

// withdraw frees a taken name if the same request generated its holder before and no use of that is recorded. It then revokes
// the holder and returns ErrConflict, so that the caller decides anew.
func (m *Manager) withdraw(ctx context.Context, op *operation, token Token, mark requestMark) error {
	if err := m.writeUses(ctx); err != nil {
		return storeError(err)
	}
	holder, err := m.holder(ctx, op, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrConflict // it has expired or been revoked since
	case err != nil:
		return err
	case !mark.isOn(holder.ID):
		return ErrExists
	case !holder.LastUsedAt.IsZero() || m.lastUsed.isWaiting(holder.ID):
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

// holder returns the owner's active token of the same name.
func (m *Manager) holder(ctx context.Context, op *operation, token Token) (Token, error) {
	q := TokenQuery{Owner: token.Owner, Status: StatusActive, NameContains: token.Name, Limit: maxPage}
	named := rows(q.Limit, func(last *Token) ([]Token, error) {
		if last != nil {
			q.After = last.ID
		}
		return m.store.Tokens(ctx, q.At(op.at))
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
