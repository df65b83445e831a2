package apitoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Policy returns the maximum lifetime in force, with its limits and exemptions. It requires no permission, because pages show it.
// The exemptions name users: show them to those who may set the policy. A form for a known owner uses [Manager.MaxLifetimes].
func (m *Manager) Policy(ctx context.Context) (MaxLifetimePolicy, error) {
	p, err := m.policy(ctx)
	if err != nil {
		return MaxLifetimePolicy{}, fmt.Errorf("apitoken: policy: %w", err)
	}
	return p.clone(), nil
}

// SetPolicy sets the maximum lifetime to p.Max with p.Limits and p.Exemptions, which replace those before. Every
// [Manager.Generate] that starts after it returned obeys it, on every replica. Existing tokens do not change.
//
// It requires the permission [SetPolicy]. A p.Revision of zero replaces any policy, and [NoPolicyYet] none; with another value,
// the error is [ErrConflict] if the policy is at another revision, which precedes the refusal of an exemption. By and At of the
// exemptions and the other fields are filled in.
//
// An exemption that is new or changed has these rules:
//
//   - Until is in the future, and at most a year ahead.
//   - The user is not the actor; otherwise [ErrDenied].
//   - The actor's role includes every permission of the user's role; otherwise [ErrDenied].
//   - The user exists. An unknown one is [ErrInvalid] if the actor may see users, and [ErrDenied] if not.
//
// The host itself may exempt everybody, also a user whom it provisions later. An exemption that is as it was before stays with its
// By and At and needs none of this. One that has expired has no effect; it stays until a caller leaves it out. Leaving an exemption
// out requires no more than SetPolicy.
//
// The errors are [ErrDenied], [ErrInvalid], [ErrConflict], [ErrUnavailable] and [ErrUncertain].
func (m *Manager) SetPolicy(ctx context.Context, actor Actor, p MaxLifetimePolicy) (MaxLifetimePolicy, error) {
	op := &operation{action: ActionSetPolicy, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (MaxLifetimePolicy, error) { return m.setPolicy(ctx, op, p) })
}

func (m *Manager) setPolicy(ctx context.Context, op *operation, p MaxLifetimePolicy) (MaxLifetimePolicy, error) {
	after, err := m.newPolicy(op, p)
	if err != nil {
		return MaxLifetimePolicy{}, err
	}
	if why := op.require(SetPolicy); why != permitted {
		return MaxLifetimePolicy{}, m.deny(ctx, op, ErrDenied, why)
	}
	for range attempts {
		var facts *Facts
		facts, err = m.facts(ctx, op)
		if err != nil {
			return MaxLifetimePolicy{}, err
		}
		before := facts.Policy
		if !p.replaces(before) {
			return MaxLifetimePolicy{}, ErrConflict
		}
		after.Revision = before.Revision + 1
		if err := m.grantExemptions(ctx, op, before, after); err != nil {
			return MaxLifetimePolicy{}, err
		}
		event := op.changed(State{MaxLifetime: before.Max}, State{MaxLifetime: after.Max, Policy: after.changesFrom(before)})
		err = m.store.PutPolicy(ctx, after, before.Revision, event)
		if !errors.Is(err, ErrConflict) {
			break
		}
		op.facts = nil // the policy has changed since
	}
	if err != nil {
		return MaxLifetimePolicy{}, storeError(err)
	}
	return after.clone(), nil
}

// NoPolicyYet is the Revision of a policy that [Manager.SetPolicy] sets only if none has been set yet.
const NoPolicyYet int64 = -1

// replaces reports whether a policy that a caller wants to set may replace the one in force, by its Revision.
func (p MaxLifetimePolicy) replaces(before MaxLifetimePolicy) bool {
	switch p.Revision {
	case 0:
		return true
	case NoPolicyYet:
		return before.Revision == 0
	}
	return p.Revision == before.Revision
}

// newPolicy returns the policy to store, or refuses p.
func (m *Manager) newPolicy(op *operation, p MaxLifetimePolicy) (MaxLifetimePolicy, error) {
	p = p.clone()
	for i := range p.Exemptions {
		e := &p.Exemptions[i]
		e.User, e.By, e.At = m.canonical(e.User), "", time.Time{}
	}
	if err := checkMaximum("maximum lifetime", p.Max); err != nil {
		return p, err
	}
	if err := p.checkLayers(m.roles, m.kinds); err != nil {
		return p, err
	}
	p.Max, p.UpdatedAt, p.UpdatedBy = wholeMicroseconds(p.Max), op.at, op.actor.User
	for i := range p.Limits {
		p.Limits[i].Max = wholeMicroseconds(p.Limits[i].Max)
	}
	for i := range p.Exemptions {
		e := &p.Exemptions[i]
		e.Max, e.Until = wholeMicroseconds(e.Max), instant(e.Until)
	}
	return p, nil
}

// grantExemptions fills in who granted each exemption of the policy and when, or refuses a new one.
func (m *Manager) grantExemptions(ctx context.Context, op *operation, before, after MaxLifetimePolicy) error {
	for i := range after.Exemptions {
		e := &after.Exemptions[i]
		if was := slices.IndexFunc(before.Exemptions, e.same); was >= 0 {
			*e = before.Exemptions[was]
			continue
		}
		e.By, e.At = op.actor.User, op.at
		if err := m.grant(ctx, op, fmt.Sprintf("exemption %d", i+1), *e); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manager) grant(ctx context.Context, op *operation, field string, e Exemption) error {
	if err := e.checkNew(field, op.at); err != nil {
		return err
	}
	required := everything
	switch u, err := m.store.User(ctx, e.User); {
	case err == nil:
		required = m.roles.requiredToActOn(u.Role)
	case !errors.Is(err, ErrNotFound):
		return storeError(err)
	case op.actor.Kind != ActorSystem && op.require(ManageUsers) == permitted:
		return invalid(field+" user", "%s is not known", quoted(string(e.User)))
	}
	if why := op.exempt(e.User, required); why != permitted {
		return m.deny(ctx, op, ErrDenied, why)
	}
	return nil
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
