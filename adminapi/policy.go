package adminapi

import (
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
	b := readBody(r, "max_lifetime_seconds", "no_maximum", "limits[]", "exemptions[]")
	p := apitoken.MaxLifetimePolicy{Max: b.maximum(), Limits: b.limits(), Exemptions: b.exemptions(), Revision: condition.revision}
	if b.err != nil {
		return response{}, b.err
	}
	p, err = a.putPolicy(r, actor, p, !b.has("limits"), !b.has("exemptions"))
	if err != nil {
		return response{}, condition.explain(err)
	}
	return policyResponse(p), nil
}

// policyAttempts is how often a policy that keeps layers is set, each time after the policy has changed meanwhile.
const policyAttempts = 8

// putPolicy sets the policy. The layers that a request leaves out stay as they are: a client that knows only the maximum must not
// remove them.
func (a *api) putPolicy(r *http.Request, actor apitoken.Actor, p apitoken.MaxLifetimePolicy, keepLimits, keepExemptions bool) (apitoken.MaxLifetimePolicy, error) {
	required := p.Revision
	for attempt := 1; ; attempt++ {
		if keepLimits || keepExemptions {
			present, err := a.manager.Policy(r.Context())
			if err != nil {
				return present, err
			}
			if keepLimits {
				p.Limits = present.Limits
			}
			if keepExemptions {
				p.Exemptions = present.Exemptions
			}
			if required == 0 {
				p.Revision = present.Revision
			}
		}
		set, err := a.manager.SetPolicy(r.Context(), actor, p)
		if required != 0 || p.Revision == 0 || attempt == policyAttempts || !errors.Is(err, apitoken.ErrConflict) {
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
