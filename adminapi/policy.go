package adminapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// policyJSON is the form of the policy in a response.
type policyJSON struct {
	maximumJSON
	Limits     []limitJSON     `json:"limits,omitempty"`
	Exemptions []exemptionJSON `json:"exemptions,omitempty"`
	Revision   int64           `json:"revision"`
	UpdatedAt  string          `json:"updated_at,omitempty"`
	UpdatedBy  apitoken.UserID `json:"updated_by,omitempty"`
}

// policy shows the exemptions to those who may set the policy only: they name users.
func (a *api) policy(r *http.Request, actor apitoken.Actor) (response, error) {
	p, err := a.manager.Policy(r.Context())
	if err != nil {
		return response{}, err
	}
	if len(p.Exemptions) > 0 {
		may, err := a.manager.Permissions(r.Context(), actor)
		if err != nil {
			return response{}, err
		}
		if !may.Has(apitoken.SetPolicy) {
			p.Exemptions = nil
		}
	}
	return policyResponse(p), nil
}

func (a *api) setPolicy(r *http.Request, actor apitoken.Actor) (response, error) {
	condition, err := readPrecondition(r) // the policy always exists, so * requires nothing
	if err != nil {
		return response{}, err
	}
	p, keep, err := readPolicy(r)
	if err != nil {
		return response{}, err
	}
	p.Revision = condition.revision
	p, err = a.putPolicy(r, actor, p, keep)
	if err != nil {
		return response{}, condition.explain(err)
	}
	return policyResponse(p), nil
}

// keptLayers are the layers that a request leaves out. They stay as they are: a client that knows only the maximum must not remove
// them.
type keptLayers struct{ limits, exemptions bool }

// readPolicy reads the body of a request that states a policy.
func readPolicy(r *http.Request) (apitoken.MaxLifetimePolicy, keptLayers, error) {
	b := readBody(r, "max_lifetime_seconds", "no_maximum", "limits[]", "exemptions[]")
	p := apitoken.MaxLifetimePolicy{Max: b.maximum(), Limits: b.limits(), Exemptions: b.exemptions()}
	return p, keptLayers{!b.has("limits"), !b.has("exemptions")}, b.err
}

// withLayers returns the policy with the layers in force that the request leaves out, at the revision that they were read at. A
// revision that the policy has already stays.
func (a *api) withLayers(r *http.Request, p apitoken.MaxLifetimePolicy, keep keptLayers) (apitoken.MaxLifetimePolicy, error) {
	if !keep.limits && !keep.exemptions {
		return p, nil
	}
	present, err := a.manager.Policy(r.Context())
	if err != nil {
		return p, err
	}
	if keep.limits {
		p.Limits = present.Limits
	}
	if keep.exemptions {
		p.Exemptions = present.Exemptions
	}
	if p.Revision == 0 {
		p.Revision = cmp.Or(present.Revision, apitoken.NoPolicyYet)
	}
	return p, nil
}

// policyAttempts is how often a policy that keeps layers is set, each time after the policy has changed meanwhile.
const policyAttempts = 8

func (a *api) putPolicy(r *http.Request, actor apitoken.Actor, p apitoken.MaxLifetimePolicy, keep keptLayers) (apitoken.MaxLifetimePolicy, error) {
	for attempt := 1; ; attempt++ {
		complete, err := a.withLayers(r, p, keep)
		if err != nil {
			return p, err
		}
		set, err := a.manager.SetPolicy(r.Context(), actor, complete)
		if p.Revision != 0 || complete.Revision == 0 || attempt == policyAttempts || !errors.Is(err, apitoken.ErrConflict) {
			return set, err
		}
	}
}

func policyResponse(p apitoken.MaxLifetimePolicy) response {
	body := policyJSON{
		maximumJSON: newMaximumJSON(p.Max), Limits: newLimitsJSON(p.Limits), Exemptions: newExemptionsJSON(p.Exemptions),
		Revision: p.Revision, UpdatedAt: formatTime(p.UpdatedAt), UpdatedBy: p.UpdatedBy,
	}
	return response{status: http.StatusOK, body: body, etag: etag(p.Revision)}
}

// choiceJSON is a lifetime that a form should offer. Its members are those that generate reads.
type choiceJSON struct {
	LifetimeSeconds json.Number `json:"lifetime_seconds,omitempty"`
	NoExpiration    bool        `json:"no_expiration,omitempty"`
}

type choicesJSON struct {
	Choices []choiceJSON `json:"choices"`
}

func (a *api) choices(r *http.Request, _ apitoken.Actor) (response, error) {
	p, err := a.manager.Policy(r.Context())
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusOK, body: choicesJSON{newChoicesJSON(p.Choices())}}, nil
}

func newChoicesJSON(lifetimes []time.Duration) (choices []choiceJSON) {
	for _, lifetime := range lifetimes {
		choice := choiceJSON{NoExpiration: true}
		if lifetime != apitoken.NoExpiration {
			choice = choiceJSON{LifetimeSeconds: secondsOf(lifetime)}
		}
		choices = append(choices, choice)
	}
	return choices
}
