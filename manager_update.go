package apitoken

import (
	"context"
	"errors"
)

// TokenChange says what [Manager.UpdateToken] changes about a token. A nil field leaves what is there.
type TokenChange struct {
	Name        *string // as in [GenerateParams]
	Description *string // as in [GenerateParams]; an empty text removes it
}

// UpdateToken changes the name and the description of an active token, and returns the token. If nothing changes, nothing is
// written. Only what people read changes: the secret, the expiry and everything that a token may do stay.
//
// Users may change their own tokens, signed in or with a token that carries [GenerateOwn] and is not bound to a resource.
// Changing those of others requires [ListAny] and [GenerateForOthers], and the owner's role may not grant a permission that the
// actor lacks.
//
// The errors are [ErrInvalid]; [ErrNotFound], also for a token that the actor may not know of; [ErrDenied]; [ErrRevoked] or
// [ErrExpired] if the token is no longer active; [ErrExists] if another active token of the owner has the name;
// [ErrUnavailable]; and [ErrUncertain], after which the same call may be repeated.
func (m *Manager) UpdateToken(ctx context.Context, actor Actor, id TokenID, c TokenChange) (Token, error) {
	op := &operation{action: ActionUpdateToken, actor: actor, token: id}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Token, error) { return m.updateToken(ctx, op, c) })
}

func (m *Manager) updateToken(ctx context.Context, op *operation, c TokenChange) (Token, error) {
	if err := c.check(); err != nil {
		return Token{}, err
	}
	for range attempts {
		token, err := m.changeToken(ctx, op, c)
		if !errors.Is(err, ErrConflict) {
			return token, err
		}
		if err := m.authorize(ctx, op); err != nil {
			return Token{}, err
		}
	}
	return Token{}, unavailable(ErrConflict)
}

// changeToken decides by the token as it is now, and changes it if the decision still holds.
func (m *Manager) changeToken(ctx context.Context, op *operation, c TokenChange) (Token, error) {
	rec, err := m.visible(ctx, op, ListAny)
	if err != nil {
		return Token{}, err
	}
	if why := op.describe(rec.Token.Owner, m.roles.requiredToActOn(rec.User.Role)); why != permitted {
		return Token{}, m.deny(ctx, op, ErrDenied, why)
	}
	switch rec.Token.Status(op.at) {
	case StatusRevoked:
		return Token{}, ErrRevoked
	case StatusExpired:
		return Token{}, ErrExpired
	}
	is := c.apply(rec.Token)
	if is == rec.Token {
		return is, nil
	}
	err = m.store.ChangeToken(ctx, *rec, is, op.changed(m.stateOf(rec.Token), m.stateOf(is)))
	if err != nil {
		return Token{}, storeError(err)
	}
	return is, nil
}

func (c TokenChange) apply(t Token) Token {
	if c.Name != nil {
		t.Name = *c.Name
	}
	if c.Description != nil {
		t.Description = *c.Description
	}
	return t
}

func (c TokenChange) check() error {
	if c.Name != nil {
		if err := checkName("name", *c.Name, maxTokenNameRunes); err != nil {
			return err
		}
	}
	if c.Description != nil {
		return checkDescription(*c.Description)
	}
	return nil
}
