package apitoken

import (
	"context"
	"errors"
)

// Revoke revokes a token for good. Once it has returned, every [Manager.Authenticate] that starts later refuses the token, on
// every replica. Revoking a revoked token returns nil and changes nothing.
//
// Users may always revoke their own tokens, and every token may revoke itself; revoking those of others requires [RevokeAny].
// Revoking works even if the clock reads a time before 1970 or after 2199. The time of the revocation is then the nearest one
// in that range.
//
// The errors are [ErrNotFound], also for a token that the actor may not know of; [ErrDenied] for an actor who is not known or
// no longer authenticates; [ErrUnavailable] and [ErrUncertain], after which the token may still be active: revoke it again.
func (m *Manager) Revoke(ctx context.Context, actor Actor, id TokenID) error {
	_, err := decide(ctx, m, &operation{action: ActionRevoke, actor: actor, token: id}, m.revoke)
	return err
}

func (m *Manager) revoke(ctx context.Context, op *operation) (changed bool, err error) {
	rec, err := m.visible(ctx, op, RevokeAny)
	if err != nil {
		return false, err
	}
	before := m.stateOf(rec.Token)
	after := before
	after.RevokedAt = op.at
	changed, err = m.store.RevokeToken(ctx, op.token, Revocation{At: op.at, By: op.actor.User}, op.changed(before, after))
	return changed, storeError(err)
}

// RevokeAll revokes all tokens of a user for good, including one that is being generated at this moment. It costs the same
// for one token and for a million.
//
// Users may always revoke their own tokens. Revoking those of others requires [RevokeAny]; without it the error is
// [ErrDenied], whether or not the user exists. The other errors are [ErrNotFound], [ErrInvalid], [ErrUnavailable] and
// [ErrUncertain].
//
// Every call changes the user's row and records an event, so hosts should limit its rate, as for every call that writes.
func (m *Manager) RevokeAll(ctx context.Context, actor Actor, owner UserID) error {
	_, err := decide(ctx, m, &operation{action: ActionRevokeAll, actor: actor, owner: owner}, m.revokeAll)
	return err
}

func (m *Manager) revokeAll(ctx context.Context, op *operation) (User, error) {
	if err := op.owner.check("owner"); err != nil {
		return User{}, err
	}
	if why := op.reachAll(op.owner, RevokeAny); why != permitted {
		return User{}, m.deny(ctx, op, ErrDenied, why)
	}
	u, err := m.store.ChangeUser(ctx, op.owner, UserChange{EndEpoch: true, Read: op.readOwner()}, op.event(OutcomeDone))
	if errors.Is(err, ErrNotFound) {
		return User{}, m.absent(ctx, op)
	}
	return u, storeError(err)
}

// visible returns the operation's token if the actor may reach it. For an actor without the permission, a token of another user
// and one that does not exist have the same error, the same event and the same cost.
func (m *Manager) visible(ctx context.Context, op *operation, need Permission) (*Record, error) {
	facts, err := m.facts(ctx, op)
	if err != nil {
		return nil, err
	}
	rec := facts.Token
	var token Token
	if rec != nil {
		token = rec.Token
		op.owner = token.Owner
	}
	if why := op.reach(token, need); why != permitted {
		return nil, m.deny(ctx, op, ErrNotFound, why)
	}
	if rec == nil {
		return nil, ErrNotFound
	}
	return rec, nil
}

// stateOf returns what an event records about a token.
func (m *Manager) stateOf(t Token) State { return stateOfToken(t, m.permissionNames) }

func stateOfToken(t Token, names map[Permission]string) State {
	return State{
		Name: t.Name, Description: t.Description, Kind: t.Kind, Resource: t.Resource, Permissions: limitText(t.Permissions, names),
		ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt,
	}
}
