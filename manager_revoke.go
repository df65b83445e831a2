package apitoken

import "context"

// Revoke ends a token for good. Once it has returned, every [Manager.Authenticate] that starts later refuses the token, on
// every replica. Revoking a token that is revoked already changes nothing and is no error.
//
// One's own tokens one may always revoke, anybody's with [RevokeAny]. The errors are [ErrNotFound], also for a token that
// the actor may not know of; [ErrDenied] for an actor who is nobody; [ErrUnavailable] and [ErrUncertain], after which the
// token may still live: revoke it again.
func (m *Manager) Revoke(ctx context.Context, actor Actor, id TokenID) error {
	op, err := m.begin(ctx, ActionRevoke, actor, "", id)
	if err == nil {
		err = m.revoke(ctx, op)
	}
	return m.end(ctx, op, err)
}

func (m *Manager) revoke(ctx context.Context, op *operation) error {
	rec, err := m.visible(ctx, op, RevokeAny)
	if err != nil {
		return err
	}
	before := stateOfToken(rec.Token)
	after := before
	after.RevokedAt = op.at
	_, err = m.store.RevokeToken(ctx, op.token, Revocation{At: op.at, By: op.actor.User}, op.changed(before, after))
	return storeError(err)
}

// RevokeAll ends all tokens of a user for good, also one that is being generated at this moment. It costs the same for
// one token and for a million.
//
// One's own tokens one may always revoke, anybody's with [RevokeAny]; without it the answer is [ErrDenied], whether or not
// there is such a user. The other errors are [ErrNotFound], [ErrInvalid], [ErrUnavailable] and [ErrUncertain].
func (m *Manager) RevokeAll(ctx context.Context, actor Actor, owner UserID) error {
	op, err := m.begin(ctx, ActionRevokeAll, actor, owner, TokenID{})
	if err == nil {
		err = m.revokeAll(ctx, op)
	}
	return m.end(ctx, op, err)
}

func (m *Manager) revokeAll(ctx context.Context, op *operation) error {
	if err := op.owner.check("owner"); err != nil {
		return err
	}
	if !op.own() && !op.may.Has(RevokeAny) {
		return m.deny(ctx, op, ErrDenied)
	}
	_, err := m.changeUser(ctx, op, func(was User) (User, error) {
		if was.Revision == 0 {
			return User{}, ErrNotFound
		}
		is := was
		is.Epoch++
		return is, nil
	})
	return err
}

// visible reads the operation's token if it is the actor's own or the actor has the permission. A token that he may not
// know of answers like one that does not exist.
func (m *Manager) visible(ctx context.Context, op *operation, need Permission) (*Record, error) {
	rec, err := m.store.Token(ctx, op.token)
	if err != nil {
		return nil, storeError(err)
	}
	op.owner = rec.Token.Owner
	if !op.own() && !op.may.Has(need) {
		return nil, m.deny(ctx, op, ErrNotFound)
	}
	return rec, nil
}

func stateOfToken(t Token) State {
	return State{Name: t.Name, Kind: t.Kind, Resource: t.Resource, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt}
}
