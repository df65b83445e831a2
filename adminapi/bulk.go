package adminapi

import (
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// revocationJSON is what one call has revoked.
type revocationJSON struct {
	Revoked   int `json:"revoked"`
	Remaining int `json:"remaining"`
}

// revocable are the query parameters that select tokens to revoke. Only active ones are revoked, so there is no status.
var revocable = tokenConditions[1:]

func (a *api) revokeMany(r *http.Request, actor apitoken.Actor) (response, error) {
	q := readQuery(r)
	wanted := q.tokens(apitoken.TokenQuery{AnyOwner: true})
	if q.err != nil {
		return response{}, q.err
	}
	b := readBody(r, "at_most", "reason", "dry_run")
	p := apitoken.RevokeManyParams{AtMost: b.count("at_most"), Reason: b.text("reason"), DryRun: b.flag("dry_run")}
	if b.err == nil && !p.DryRun {
		b.exactlyOne("at_most")
	}
	if b.err != nil {
		return response{}, b.err
	}
	revoked, err := a.manager.RevokeMany(r.Context(), actor, wanted, p)
	if errors.Is(err, apitoken.ErrConflict) {
		problem := problemOf(err)
		problem.Detail = "More tokens match than at_most. Nothing was revoked."
		return response{}, errors.Join(problem, err)
	}
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, body: revocationJSON(revoked)}, nil
}

// planJSON is what a policy would mean for the active tokens that exist.
type planJSON struct {
	Beyond            int         `json:"beyond"`
	Owners            int         `json:"owners"`
	WithoutExpiration int         `json:"without_expiration"`
	Exempt            int         `json:"exempt"`
	Sample            []tokenJSON `json:"sample"`
}

// planPolicy reads the body of PUT /policy. Its ETag is that of the policy in force, from which the layers come that the request
// leaves out.
func (a *api) planPolicy(r *http.Request, actor apitoken.Actor) (response, error) {
	p, keep, err := readPolicy(r)
	if err != nil {
		return response{}, err
	}
	if p, err = a.withLayers(r, p, keep); err != nil {
		return response{}, err
	}
	revision := p.Revision
	p.Revision = 0
	plan, err := a.manager.PlanPolicy(r.Context(), actor, p)
	if err != nil {
		return response{}, err
	}
	if keep == (keptLayers{}) {
		revision = max(plan.Policy.Revision, 0)
	}
	body := planJSON{
		Beyond: plan.Beyond, Owners: plan.Owners, WithoutExpiration: plan.WithoutExpiration, Exempt: plan.Exempt, Sample: []tokenJSON{},
	}
	now := a.manager.Now()
	for _, t := range plan.Sample {
		body.Sample = append(body.Sample, a.newTokenJSON(t, now))
	}
	return response{status: http.StatusOK, body: body, etag: etag(revision)}, nil
}
