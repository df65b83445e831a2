package apitoken

import "context"

// Caller is an actor as the Manager sees them at one moment.
type Caller struct {
	Actor       Actor      // with the canonical user id
	Role        Role       // the role of the user; empty for the host itself
	Permissions Permission // as [Manager.Permissions] returns them
}

// Caller returns who an actor is and what they hold, read at one moment. It is for a client that asks who it is. It requires no
// permission, also for a token that may not read its owner's row.
//
// An actor who is not known or no longer authenticates is [ErrDenied]; the other error is [ErrUnavailable].
func (m *Manager) Caller(ctx context.Context, actor Actor) (Caller, error) {
	op := &operation{action: ActionReadUser, actor: actor, owner: actor.User}
	return decide(ctx, m, op, func(_ context.Context, op *operation) (Caller, error) {
		c := Caller{Actor: op.actor, Permissions: op.may}
		if op.facts != nil { // nil for the host itself
			c.Role = op.facts.Actor.User.Role
		}
		return c, nil
	})
}
