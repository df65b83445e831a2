package apitoken

import (
	"context"
	"errors"
	"time"
)

// Narrowing says what [Manager.Narrow] leaves of a token. Each field is an upper bound.
type Narrowing struct {
	// Keep is the permissions that the token may keep. It loses all others. A permission that it does not have is no mistake: the
	// token does not gain it. Zero: its permissions stay.
	Keep Permission

	// ExpiresAt is when the token expires at the latest: after now. An expiry that is earlier stays. Zero: its expiry stays.
	ExpiresAt time.Time
}

// Narrow takes permissions from an active token, or brings its expiry forward, and returns the token as it is then. It only ever
// takes away: any number of calls, in any order and on any replica, leave what all of them keep. If nothing changes, nothing is
// written. A token that is left without permissions still authenticates, and may see and revoke itself.
//
// An actor who may revoke a token may narrow it, and every token may narrow itself. An actor who may not see the token is returned its
// ID, Permissions and ExpiresAt alone. Tokens that it has generated stay as they are: see [TokenQuery.CreatedWith].
//
// The errors are [ErrInvalid], also for permissions that no declared role and kind have in common, and for an expiry that is not
// after now: revoke the token instead; [ErrNotFound], also for a token that the actor may not know of; [ErrDenied] for an actor
// who is not known or no longer authenticates; [ErrRevoked] or [ErrExpired] if the token is no longer active; [ErrUnavailable];
// and [ErrUncertain], after which the same call may be repeated.
func (m *Manager) Narrow(ctx context.Context, actor Actor, id TokenID, n Narrowing) (Token, error) {
	op := &operation{action: ActionNarrow, actor: actor, token: id}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Token, error) { return m.narrow(ctx, op, n) })
}

func (m *Manager) narrow(ctx context.Context, op *operation, n Narrowing) (Token, error) {
	if err := n.check(op.at, m.GrantablePermissions()); err != nil {
		return Token{}, err
	}
	for range attempts {
		token, err := m.narrowToken(ctx, op, n)
		if !errors.Is(err, ErrConflict) {
			return token, err
		}
		if err := m.authorize(ctx, op); err != nil {
			return Token{}, err
		}
	}
	return Token{}, unavailable(ErrConflict)
}

// narrowToken decides by the token as it is now. [ErrConflict]: it is no longer active.
func (m *Manager) narrowToken(ctx context.Context, op *operation, n Narrowing) (Token, error) {
	rec, err := m.visible(ctx, op, RevokeAny)
	if err != nil {
		return Token{}, err
	}
	switch rec.Token.Status(op.at) {
	case StatusRevoked:
		return Token{}, ErrRevoked
	case StatusExpired:
		return Token{}, ErrExpired
	}
	token := rec.Token
	if n.of(token) != token {
		narrowing := TokenNarrowing{Narrowing: n, Read: token, Names: m.permissionNames}
		token, err = m.store.NarrowToken(ctx, token.ID, narrowing, op.event(OutcomeDone))
		if err != nil {
			return Token{}, storeError(err)
		}
	}
	if op.reach(token, ListAny) != permitted {
		token = Token{ID: token.ID, Permissions: token.Permissions, ExpiresAt: token.ExpiresAt}
	}
	return token, nil
}

// of returns the token without what the narrowing takes away.
func (n Narrowing) of(t Token) Token {
	if n.Keep != 0 {
		t.Permissions &= n.Keep
	}
	if expires := instant(n.ExpiresAt); !n.ExpiresAt.IsZero() && (t.ExpiresAt.IsZero() || expires.Before(t.ExpiresAt)) {
		t.ExpiresAt = expires
	}
	return t
}

func (n Narrowing) check(now time.Time, grantable Permission) error {
	switch {
	case n.Keep == 0 && n.ExpiresAt.IsZero():
		return invalid("narrowing", "takes nothing away: set the permissions to keep, or an expiry")
	case n.Keep != Unlimited && !grantable.Has(n.Keep):
		return invalid("permissions", "no declared role and kind have %s in common", n.Keep&^grantable)
	case n.ExpiresAt.IsZero():
		return nil
	case !instant(n.ExpiresAt).After(now):
		return invalid("expires at", "is not in the future; revoke the token instead")
	case !storable(n.ExpiresAt):
		return invalid("expires at", "is after the year 2199")
	}
	return nil
}

// TokenNarrowing is a [Narrowing] for [Store.NarrowToken].
type TokenNarrowing struct {
	Narrowing

	// Read is the token as the caller has read it, perhaps some time ago. A store may try the narrowing on it before it reads the
	// token itself. The zero Token: not read.
	Read Token

	// Names are those of the host's own permissions, for the event. A permission without a name is a number there.
	Names map[Permission]string
}

// Apply returns the token after the narrowing, and the event with Before and After filled in. If the narrowing takes nothing away,
// it returns the token as it was.
//
// Every [Store] calls Apply for the new row, so all stores narrow a token in the same way.
func (n TokenNarrowing) Apply(was Token, e Event) (Token, Event) {
	is := n.of(was)
	e.Owner, e.Token = was.Owner, was.ID
	e.Before, e.After = stateOfToken(was, n.Names), stateOfToken(is, n.Names)
	return is, e
}
