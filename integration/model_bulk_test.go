package integration_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// revokeMany revokes what a query selects, in one page: no sequence has as many tokens as two pages.
func (s *sequence) revokeMany(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor := s.actor(o)
	q := s.query(actor, o)
	switch o.pick(8) {
	case 0: // a query of any kind, with a limit
	case 1, 2, 3:
		q = apitoken.TokenQuery{AnyOwner: true} // most of them have more than one token
	default:
		q.Limit = 0
	}
	q.BeyondPolicy = o.pick(3) == 2
	p := apitoken.RevokeManyParams{AtMost: choose(o, []int{1, 1000, 1, 2, 0, 1000, -1}), DryRun: o.pick(3) == 2, Reason: choose(o, []string{"", "leaked"})}
	got, err := m.RevokeMany(s.ctx, actor, q, p)
	want, wantErr := s.ref.revokeMany(actor, q, p)
	return fmt.Sprintf("%+v %+v %+v", actor, q, p), answer{got, err}, answer{want, wantErr}
}

func (r *reference) revokeMany(actor apitoken.Actor, q apitoken.TokenQuery, p apitoken.RevokeManyParams) (apitoken.RevokeManyResult, error) {
	var none apitoken.RevokeManyResult
	c, err := r.begin(apitoken.ActionRevokeMany, actor, q.Owner, apitoken.TokenID{})
	switch {
	case err != nil:
		return none, err
	case p.AtMost < 0, p.AtMost == 0 && !p.DryRun, q.Limit != 0, q.Status != "" && q.Status != apitoken.StatusActive:
		return none, apitoken.ErrInvalid
	case !validQuery(q):
		return none, apitoken.ErrInvalid
	case !c.manages(q.Owner) && !c.may.Has(apitoken.RevokeAny):
		return none, c.deny(apitoken.ErrDenied)
	}
	q.Status = apitoken.StatusActive
	matching := r.selected(q, c.event.At)
	if p.AtMost > 0 && len(matching) > p.AtMost {
		return none, apitoken.ErrConflict
	}
	if p.DryRun {
		return apitoken.RevokeManyResult{Remaining: len(matching)}, nil
	}
	if own := slices.IndexFunc(matching, func(t apitoken.Token) bool { return t.ID == actor.Token }); own >= 0 {
		matching = append(slices.Delete(slices.Clone(matching), own, own+1), matching[own])
	}
	for _, selected := range matching {
		t := r.find(selected.ID)
		before := stateOf(t.Token)
		t.RevokedAt, t.RevokedBy = c.event.At, actor.User
		e := c
		e.event.Action, e.event.Owner, e.event.Token, e.event.Reason = apitoken.ActionRevoke, t.Owner, t.ID, p.Reason
		e.record(before, stateOf(t.Token))
	}
	return apitoken.RevokeManyResult{Revoked: len(matching)}, nil
}

// validQuery reports whether a list may be asked for the query.
func validQuery(q apitoken.TokenQuery) bool {
	return q.AnyOwner == (q.Owner == "") && q.Limit >= 0 && q.Limit <= 1000 && (q.AnyOwner || validID(q.Owner)) &&
		q.LivesLongerThan >= 0 && q.CreatedBy != invisible && q.Kind != invisible && validResource(q.Resource)
}

// planPolicy plans a policy, and compares the numbers.
func (s *sequence) planPolicy(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, p := s.actor(o), apitoken.MaxLifetimePolicy{Max: someLifetimes.choose(o)}
	p.Revision = choose(o, []int64{0, 0, s.ref.policy.Revision, s.ref.policy.Revision - 1, 7})
	s.layers(&p, o)
	got, err := m.PlanPolicy(s.ctx, actor, p)
	want, wantErr := s.ref.planPolicy(actor, p)
	return fmt.Sprintf("%+v %+v", actor, p), answer{got, err}, answer{want, wantErr}
}

func (r *reference) planPolicy(actor apitoken.Actor, p apitoken.MaxLifetimePolicy) (plan apitoken.PolicyPlan, err error) {
	c, err := r.begin(apitoken.ActionPlanPolicy, actor, "", apitoken.TokenID{})
	switch {
	case err != nil:
		return plan, err
	case !validMaximum(p.Max), !r.validLayers(p):
		return plan, apitoken.ErrInvalid
	case !c.may.Has(apitoken.SetPolicy | apitoken.ListAny):
		return plan, c.deny(apitoken.ErrDenied)
	case !r.mayReplacePolicy(p.Revision):
		return plan, apitoken.ErrConflict
	}
	p, err = c.granted(p)
	if err != nil {
		return plan, err
	}
	if p.Max != apitoken.NoExpiration {
		p.Max = p.Max.Truncate(time.Microsecond)
	}
	p.UpdatedAt, p.UpdatedBy, p.Revision = c.event.At, actor.User, r.policy.Revision
	plan.Policy = p
	bare := p
	bare.Exemptions = nil
	if r.policy.Revision == 0 {
		plan.Policy.Revision = apitoken.NoPolicyYet
	}
	owners := map[apitoken.UserID]bool{}
	for _, t := range r.selected(apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}, c.event.At) {
		if !r.isBeyond(p, t, c.event.At) {
			if r.isBeyond(bare, t, c.event.At) {
				plan.Exempt++
			}
			continue
		}
		plan.Beyond++
		owners[t.Owner] = true
		if t.ExpiresAt.IsZero() {
			plan.WithoutExpiration++
		}
		if len(plan.Sample) < 10 {
			plan.Sample = append(plan.Sample, t)
		}
	}
	plan.Owners = len(owners)
	return plan, nil
}

func (r *reference) mayReplacePolicy(revision int64) bool {
	return revision == 0 || revision == r.policy.Revision || revision == apitoken.NoPolicyYet && r.policy.Revision == 0
}

// isBeyond reports whether a token lives longer than a policy permits its owner at now.
func (r *reference) isBeyond(p apitoken.MaxLifetimePolicy, t apitoken.Token, now time.Time) bool {
	under := *r
	under.policy = p
	most, _ := referenceCall{reference: &under, event: apitoken.Event{At: now}}.permitted(r.users[t.Owner], t.Kind)
	return livesBeyond(t, most)
}

func livesBeyond(t apitoken.Token, most time.Duration) bool {
	return most != apitoken.NoExpiration && (t.ExpiresAt.IsZero() || t.ExpiresAt.Sub(t.CreatedAt) > most)
}
