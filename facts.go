package apitoken

import "context"

// FactsQuery names the rows that a decision depends on. An empty field names no row.
type FactsQuery struct {
	Actor UserID
	With  TokenID // the token that the actor uses
	Owner UserID
	Token TokenID // the token to decide about; Owner is empty then, and Facts.Owner is that of the token
}

// Facts are the rows of a [FactsQuery] and the policy, as they are at one moment. A row that does not exist is nil.
type Facts struct {
	// Actor is the actor's row with the token of With: nil if that token does not exist or belongs to another user. Without
	// With there is no token, and Epoch is that of the user.
	Actor *Record

	Owner  *User
	Token  *Record // as [Store] returns it from Token
	Policy MaxLifetimePolicy
}

// query returns what the operation depends on. A user id that cannot exist names no row.
func (op *operation) query() FactsQuery {
	q := FactsQuery{Token: op.token}
	if q.Token.IsZero() {
		q.Owner = recordable(op.owner)
	}
	if op.actor.withoutOrigin() != System() {
		q.Actor, q.With = recordable(op.actor.User), op.actor.Token
	}
	return q
}

// readOwner returns the owner as read with the actor, for [UserChange]; the zero User if they were not read or do not exist.
func (op *operation) readOwner() User {
	if op.facts == nil || op.facts.Owner == nil {
		return User{}
	}
	return *op.facts.Owner
}

// read reads what the operation depends on. The role, the owner and the policy of one decision are of one moment.
func (m *Manager) read(ctx context.Context, op *operation) error {
	f, err := m.factsOf(ctx, op.query())
	op.facts = f
	return err
}

// factsOf reads facts. Until a policy is set, the initial one is in force.
func (m *Manager) factsOf(ctx context.Context, q FactsQuery) (*Facts, error) {
	f, err := m.store.Facts(ctx, q)
	if err != nil {
		return nil, storeError(err)
	}
	if f.Policy.Revision == 0 {
		f.Policy = m.initialPolicy
	}
	return &f, nil
}

// facts returns what the operation depends on. It was read with the actor, unless the actor is the host itself.
func (m *Manager) facts(ctx context.Context, op *operation) (*Facts, error) {
	if op.facts == nil {
		if err := m.read(ctx, op); err != nil {
			return nil, err
		}
	}
	return op.facts, nil
}
