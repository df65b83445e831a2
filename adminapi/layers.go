package adminapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// maximumJSON is a maximum lifetime. It has exactly one of the members.
type maximumJSON struct {
	MaxLifetimeSeconds json.Number `json:"max_lifetime_seconds,omitempty"`
	NoMaximum          bool        `json:"no_maximum,omitempty"`
}

func newMaximumJSON(most time.Duration) maximumJSON {
	if most == apitoken.NoExpiration {
		return maximumJSON{NoMaximum: true}
	}
	return maximumJSON{MaxLifetimeSeconds: secondsOf(most)}
}

// limitJSON is a limit of the policy. Its members are those that PUT /policy reads.
type limitJSON struct {
	Role               apitoken.Role `json:"role,omitempty"`
	Kind               apitoken.Kind `json:"kind,omitempty"`
	MaxLifetimeSeconds json.Number   `json:"max_lifetime_seconds"`
}

// exemptionJSON is an exemption of the policy. Its members but the last two are those that PUT /policy reads, which ignores the
// others: what GET /policy returns can be sent back.
type exemptionJSON struct {
	User apitoken.UserID `json:"user"`
	Kind apitoken.Kind   `json:"kind,omitempty"`
	maximumJSON
	Until  string          `json:"until"`
	Reason string          `json:"reason"`
	By     apitoken.UserID `json:"by,omitempty"`
	At     string          `json:"at,omitempty"`
}

func newLimitsJSON(limits []apitoken.LifetimeLimit) (all []limitJSON) {
	for _, l := range limits {
		all = append(all, limitJSON{l.Role, l.Kind, secondsOf(l.Max)})
	}
	return all
}

func newExemptionsJSON(exemptions []apitoken.Exemption) (all []exemptionJSON) {
	for _, e := range exemptions {
		all = append(all, exemptionJSON{
			User: e.User, Kind: e.Kind, maximumJSON: newMaximumJSON(e.Max),
			Until: formatTime(e.Until), Reason: e.Reason, By: e.By, At: formatTime(e.At),
		})
	}
	return all
}

// limits reads the limits of a policy.
func (b *body) limits() (limits []apitoken.LifetimeLimit) {
	for _, o := range b.objects("limits", "role", "kind", "max_lifetime_seconds") {
		limits = append(limits, apitoken.LifetimeLimit{
			Role: apitoken.Role(o.text("role")), Kind: apitoken.Kind(o.text("kind")), Max: o.seconds("max_lifetime_seconds"),
		})
		o.exactlyOne("max_lifetime_seconds")
		b.failWith(o)
	}
	return limits
}

// exemptions reads the exemptions of a policy.
func (b *body) exemptions() (exemptions []apitoken.Exemption) {
	for _, o := range b.objects("exemptions", "user", "kind", "max_lifetime_seconds", "no_maximum", "until", "reason", "by", "at") {
		e := apitoken.Exemption{
			User: apitoken.UserID(o.text("user")), Kind: apitoken.Kind(o.text("kind")), Max: o.maximum(),
			Until: o.instant("until"), Reason: o.text("reason"),
		}
		o.text("by")
		o.instant("at")
		exemptions = append(exemptions, e)
		b.failWith(o)
	}
	return exemptions
}

// maximum reads the members of maximumJSON.
func (b *body) maximum() time.Duration {
	most := b.seconds("max_lifetime_seconds")
	if b.flag("no_maximum") {
		most = apitoken.NoExpiration
	}
	b.exactlyOne("max_lifetime_seconds", "no_maximum")
	return most
}

func (b *body) failWith(o *body) {
	if o.err != nil {
		b.fail(o.err)
	}
}

// sourceJSON says where a maximum comes from.
type sourceJSON struct {
	Layer  apitoken.Layer `json:"layer"`
	Role   apitoken.Role  `json:"role,omitempty"`
	Kind   apitoken.Kind  `json:"kind,omitempty"`
	Until  string         `json:"until,omitempty"`
	Reason string         `json:"reason,omitempty"`
	Text   string         `json:"text"`
}

// newSourceJSON returns nil for the maximum of the policy.
func newSourceJSON(s apitoken.LimitSource) *sourceJSON {
	if s.Layer == apitoken.LayerMax {
		return nil
	}
	return &sourceJSON{Layer: s.Layer, Role: s.Role, Kind: s.Kind, Until: formatTime(s.Until), Reason: s.Reason, Text: s.String()}
}

// lifetimeJSON is the maximum of one kind of tokens, with the lifetimes that a form should offer.
type lifetimeJSON struct {
	Kind apitoken.Kind `json:"kind"`
	maximumJSON
	Source  *sourceJSON  `json:"source,omitempty"`
	Choices []choiceJSON `json:"choices"`
}

type lifetimesJSON struct {
	Lifetimes []lifetimeJSON `json:"lifetimes"`
}

func (a *api) lifetimes(r *http.Request, actor apitoken.Actor, owner apitoken.UserID) (response, error) {
	lifetimes, err := a.manager.MaxLifetimes(r.Context(), actor, owner)
	if err != nil {
		return response{}, err
	}
	body := lifetimesJSON{Lifetimes: []lifetimeJSON{}}
	for _, l := range lifetimes {
		body.Lifetimes = append(body.Lifetimes, lifetimeJSON{
			Kind: l.Kind, maximumJSON: newMaximumJSON(l.Max),
			Source: newSourceJSON(l.Source), Choices: newChoicesJSON(l.Choices()),
		})
	}
	return response{status: http.StatusOK, body: body}, nil
}
