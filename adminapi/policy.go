package adminapi

import (
	"encoding/json"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// policyJSON is the form of the policy in a response. It has exactly one of the first two members.
type policyJSON struct {
	MaxLifetimeSeconds json.Number     `json:"max_lifetime_seconds,omitempty"`
	NoMaximum          bool            `json:"no_maximum,omitempty"`
	Revision           int64           `json:"revision"`
	UpdatedAt          string          `json:"updated_at,omitempty"`
	UpdatedBy          apitoken.UserID `json:"updated_by,omitempty"`
}

func (a *api) policy(r *http.Request, _ apitoken.Actor) (response, error) {
	p, err := a.manager.Policy(r.Context())
	if err != nil {
		return response{}, err
	}
	return policyResponse(p), nil
}

func (a *api) setPolicy(r *http.Request, actor apitoken.Actor) (response, error) {
	condition, err := readPrecondition(r) // the policy always exists, so * requires nothing
	if err != nil {
		return response{}, err
	}
	b := readBody(r, "max_lifetime_seconds", "no_maximum")
	p := apitoken.MaxLifetimePolicy{Max: b.seconds("max_lifetime_seconds"), Revision: condition.revision}
	if b.flag("no_maximum") {
		p.Max = apitoken.NoExpiration
	}
	b.exactlyOne("max_lifetime_seconds", "no_maximum")
	if b.err != nil {
		return response{}, b.err
	}
	p, err = a.manager.SetPolicy(r.Context(), actor, p)
	if err != nil {
		return response{}, condition.explain(err)
	}
	return policyResponse(p), nil
}

func policyResponse(p apitoken.MaxLifetimePolicy) response {
	body := policyJSON{Revision: p.Revision, UpdatedAt: formatTime(p.UpdatedAt), UpdatedBy: p.UpdatedBy}
	if p.Max == apitoken.NoExpiration {
		body.NoMaximum = true
	} else {
		body.MaxLifetimeSeconds = secondsOf(p.Max)
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
	var body choicesJSON
	for _, lifetime := range p.Choices() {
		choice := choiceJSON{NoExpiration: true}
		if lifetime != apitoken.NoExpiration {
			choice = choiceJSON{LifetimeSeconds: secondsOf(lifetime)}
		}
		body.Choices = append(body.Choices, choice)
	}
	return response{status: http.StatusOK, body: body}, nil
}
