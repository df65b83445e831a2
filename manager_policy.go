package apitoken

import (
	"context"
	"errors"
	"fmt"
)

// Policy returns the maximum lifetime in force. It requires no permission, because forms need it to offer permitted values.
func (m *Manager) Policy(ctx context.Context) (MaxLifetimePolicy, error) {
	p, err := m.policy(ctx)
	if err != nil {
		return MaxLifetimePolicy{}, fmt.Errorf("apitoken: policy: %w", err)
	}
	return p, nil
}

// SetPolicy sets the maximum lifetime to p.Max. Every [Manager.Generate] that starts after it returned obeys it, on every
// replica. Existing tokens do not change.
//
// It requires the permission [SetPolicy]. A p.Revision of zero replaces any policy; another value is [ErrConflict] if the
// policy is at another revision. The other fields are filled in. The errors are [ErrDenied], [ErrInvalid], [ErrConflict],
// [ErrUnavailable] and [ErrUncertain].
func (m *Manager) SetPolicy(ctx context.Context, actor Actor, p MaxLifetimePolicy) (MaxLifetimePolicy, error) {
	op := &operation{action: ActionSetPolicy, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (MaxLifetimePolicy, error) { return m.setPolicy(ctx, op, p) })
}

func (m *Manager) setPolicy(ctx context.Context, op *operation, p MaxLifetimePolicy) (MaxLifetimePolicy, error) {
	if err := p.check(); err != nil {
		return MaxLifetimePolicy{}, err
	}
	if why := op.require(SetPolicy); why != permitted {
		return MaxLifetimePolicy{}, m.deny(ctx, op, ErrDenied, why)
	}
	after := MaxLifetimePolicy{Max: wholeMicroseconds(p.Max), UpdatedAt: op.at, UpdatedBy: op.actor.User}
	var err error
	for range attempts {
		var facts *Facts
		facts, err = m.facts(ctx, op)
		if err != nil {
			return MaxLifetimePolicy{}, err
		}
		before := facts.Policy
		if p.Revision != 0 && p.Revision != before.Revision {
			return MaxLifetimePolicy{}, ErrConflict
		}
		after.Revision = before.Revision + 1
		event := op.changed(State{MaxLifetime: before.Max}, State{MaxLifetime: after.Max})
		err = m.store.PutPolicy(ctx, after, before.Revision, event)
		if !errors.Is(err, ErrConflict) {
			break
		}
		op.facts = nil // the policy has changed since
	}
	if err != nil {
		return MaxLifetimePolicy{}, storeError(err)
	}
	return after, nil
}

func (m *Manager) policy(ctx context.Context) (MaxLifetimePolicy, error) {
	p, err := m.store.Policy(ctx)
	if err != nil {
		return MaxLifetimePolicy{}, storeError(err)
	}
	if p.Revision == 0 {
		return m.initialPolicy, nil
	}
	return p, nil
}
