package apitoken

import (
	"context"
	"time"
)

// PolicyPlan says what a policy means for the active tokens that exist when it is made. A policy changes none of them; see
// [Manager.RevokeMany] for revoking those that are beyond it.
type PolicyPlan struct {
	// Policy is the policy to set. Its Revision is that of the policy it would replace, or [NoPolicyYet], so [Manager.SetPolicy]
	// returns [ErrConflict] if the policy has changed since.
	Policy MaxLifetimePolicy

	Beyond            int     // active tokens that live longer, from creation to expiry, than the policy permits
	Owners            int     // the users to whom these belong
	WithoutExpiration int     // those of Beyond that never expire
	Exempt            int     // active tokens that would be beyond the policy without its exemptions
	Sample            []Token // the first tokens of Beyond by ID, at most 10
}

const sampledTokens = 10

// PlanPolicy returns what [Manager.SetPolicy] with p would mean for the tokens that exist, and writes nothing. The result is
// judged by the roles of the owners and the exemptions that are live now. It examines all active tokens that may be beyond
// the policy, in many small reads; for a million tokens that takes up to half a minute.
//
// It requires [SetPolicy] and [ListAny], and refuses every policy that SetPolicy refuses. A p.Revision other than zero is
// [ErrConflict] if the policy is at another revision. The other errors are [ErrDenied], [ErrInvalid] and [ErrUnavailable].
func (m *Manager) PlanPolicy(ctx context.Context, actor Actor, p MaxLifetimePolicy) (PolicyPlan, error) {
	op := &operation{action: ActionPlanPolicy, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (PolicyPlan, error) { return m.planPolicy(ctx, op, p) })
}

func (m *Manager) planPolicy(ctx context.Context, op *operation, p MaxLifetimePolicy) (PolicyPlan, error) {
	after, err := m.newPolicy(op, p)
	if err != nil {
		return PolicyPlan{}, err
	}
	if why := op.require(SetPolicy | ListAny); why != permitted {
		return PolicyPlan{}, m.deny(ctx, op, ErrDenied, why)
	}
	facts, err := m.facts(ctx, op)
	if err != nil {
		return PolicyPlan{}, err
	}
	if !p.replaces(facts.Policy) {
		return PolicyPlan{}, ErrConflict
	}
	if err := m.grantExemptions(ctx, op, facts.Policy, after); err != nil {
		return PolicyPlan{}, err
	}
	plan, err := m.examine(ctx, after, op.at)
	if err != nil {
		return PolicyPlan{}, storeError(err)
	}
	plan.Policy = after
	plan.Policy.Revision = facts.Policy.Revision
	if plan.Policy.Revision == 0 {
		plan.Policy.Revision = NoPolicyYet
	}
	return plan, nil
}

// examine goes through the active tokens that live longer than the least maximum of the policy.
func (m *Manager) examine(ctx context.Context, p MaxLifetimePolicy, now time.Time) (plan PolicyPlan, err error) {
	unexempted := p
	unexempted.Exemptions = nil
	owners, counted := m.newOwners(), map[UserID]bool{}
	r, q := m.beyond(p, TokenQuery{AnyOwner: true, Status: StatusActive, Limit: maxPage}.At(now))
	for {
		page, err := r.scan(ctx, q)
		if err != nil {
			return plan, err
		}
		if err := owners.read(ctx, page.Tokens); err != nil {
			return plan, err
		}
		for _, t := range page.Tokens {
			switch owner := owners.known[t.Owner]; {
			case p.isBeyond(t, owner, now):
				plan.add(t)
				counted[t.Owner] = true
			case unexempted.isBeyond(t, owner, now):
				plan.Exempt++
			}
		}
		if page.Next.IsZero() {
			plan.Owners = len(counted)
			return plan, nil
		}
		q.After = page.Next
	}
}

// add counts a token that is beyond the policy.
func (p *PolicyPlan) add(t Token) {
	p.Beyond++
	if t.ExpiresAt.IsZero() {
		p.WithoutExpiration++
	}
	if len(p.Sample) < sampledTokens {
		p.Sample = append(p.Sample, t)
	}
}
