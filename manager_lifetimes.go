package apitoken

import (
	"context"
	"maps"
	"slices"
	"time"
)

// KindLifetime is the maximum lifetime of the tokens of one kind.
type KindLifetime struct {
	Kind   Kind
	Max    time.Duration // NoExpiration: no maximum
	Source LimitSource   // where Max comes from
}

// Choices returns the lifetimes that a form should offer, the shortest first: those of 30 days, 90 days and 365 days that are
// below the maximum, and the maximum itself.
func (l KindLifetime) Choices() []time.Duration { return choicesBelow(l.Max) }

// MaxLifetimes returns the maximum lifetime of each kind of tokens that the actor may generate for the owner, at this moment. It is
// for forms: they offer what Generate permits. The kinds are in the order of their names. A token that the actor uses is a limit,
// too: what it generates does not outlive it.
//
// It requires what [Manager.Generate] requires for tokens that are bound to the resource of the actor's token, if any. The errors
// are [ErrDenied], [ErrInvalid] for an owner that cannot exist, [ErrNotFound] and [ErrUnavailable]. It reads the owner also if they
// are disabled or suspended.
func (m *Manager) MaxLifetimes(ctx context.Context, actor Actor, owner UserID) ([]KindLifetime, error) {
	op := &operation{action: ActionReadLifetimes, actor: actor, owner: owner}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) ([]KindLifetime, error) { return m.maxLifetimes(ctx, op) })
}

func (m *Manager) maxLifetimes(ctx context.Context, op *operation) ([]KindLifetime, error) {
	if err := op.owner.check("owner"); err != nil {
		return nil, err
	}
	if why := op.generate(op.owner, op.resource); why != permitted {
		return nil, m.deny(ctx, op, ErrDenied, why)
	}
	facts, err := m.facts(ctx, op)
	if err != nil {
		return nil, err
	}
	if facts.Owner == nil {
		return nil, ErrNotFound
	}
	var lifetimes []KindLifetime
	refused := permitted
	for _, k := range slices.Sorted(maps.Keys(m.kinds)) {
		if m.kinds[k].OwnOnly && !op.is(op.owner) {
			continue
		}
		token := Token{Kind: k, Resource: op.resource, Permissions: op.limit}
		why := op.generateFor(op.owner, m.roles.requiredToActOn(facts.Owner.Role), m.kinds.carries(token))
		if why != permitted {
			refused = why
			continue
		}
		limit := facts.Policy.maximumFor(*facts.Owner, k, op.at).within(op.tokenExpires, op.at)
		lifetimes = append(lifetimes, KindLifetime{k, limit.most, limit.source})
	}
	if lifetimes == nil && refused != permitted {
		return nil, m.deny(ctx, op, ErrDenied, refused)
	}
	return lifetimes, nil
}
