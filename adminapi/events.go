package adminapi

import (
	"encoding/json"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// eventJSON is the form of an event in a response.
type eventJSON struct {
	Seq     apitoken.EventSeq `json:"seq"`
	ID      string            `json:"id"`
	At      string            `json:"at"`
	Action  apitoken.Action   `json:"action"`
	Outcome apitoken.Outcome  `json:"outcome"`
	Actor   actorJSON         `json:"actor,omitzero"`
	Owner   apitoken.UserID   `json:"owner,omitempty"`
	Token   apitoken.TokenID  `json:"token,omitzero"`
	Before  stateJSON         `json:"before,omitzero"`
	After   stateJSON         `json:"after,omitzero"`
	Reason  string            `json:"reason,omitempty"`
	Count   int64             `json:"count,omitempty"`
	FirstAt string            `json:"first_at,omitempty"`
}

// actorJSON is the actor of an event. It is absent if zero.
type actorJSON struct {
	Kind   apitoken.ActorKind `json:"kind,omitempty"`
	User   apitoken.UserID    `json:"user,omitempty"`
	Token  apitoken.TokenID   `json:"token,omitzero"`
	Origin originJSON         `json:"origin,omitzero"`
}

// originJSON is the origin of the request.
type originJSON struct {
	Address   string `json:"address,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// stateJSON is the state of an object before or after an event.
type stateJSON struct {
	Name               string          `json:"name,omitempty"`
	Description        string          `json:"description,omitempty"`
	Kind               apitoken.Kind   `json:"kind,omitempty"`
	Resource           string          `json:"resource,omitempty"`
	ExpiresAt          string          `json:"expires_at,omitempty"`
	RevokedAt          string          `json:"revoked_at,omitempty"`
	Role               apitoken.Role   `json:"role,omitempty"`
	DisabledAt         string          `json:"disabled_at,omitempty"`
	SuspendedAt        string          `json:"suspended_at,omitempty"`
	Service            bool            `json:"service,omitempty"`
	Responsible        apitoken.UserID `json:"responsible,omitempty"`
	Epoch              int64           `json:"epoch,omitempty"`
	MaxLifetimeSeconds json.Number     `json:"max_lifetime_seconds,omitempty"`
	NoMaximum          bool            `json:"no_maximum,omitempty"`
	Policy             string          `json:"policy,omitempty"`
}

type eventPageJSON struct {
	Events []eventJSON       `json:"events"`
	Next   apitoken.EventSeq `json:"next"`
	More   bool              `json:"more,omitempty"`
}

func newEventJSON(e apitoken.Event) eventJSON {
	return eventJSON{
		Seq: e.Seq, ID: e.ID.String(), At: formatTime(e.At), Action: e.Action, Outcome: e.Outcome,
		Actor: newActorJSON(e.Actor),
		Owner: e.Owner, Token: e.Token, Before: newStateJSON(e.Before), After: newStateJSON(e.After),
		Reason: e.Reason, Count: e.Count, FirstAt: formatTime(e.FirstAt),
	}
}

// newActorJSON leaves out an actor without a kind, so that clients can rely on the kind. Only denials of the zero Actor,
// or of actors of several kinds, have such an actor.
func newActorJSON(a apitoken.Actor) actorJSON {
	if a.Kind == "" {
		return actorJSON{}
	}
	return actorJSON{Kind: a.Kind, User: a.User, Token: a.Token, Origin: originJSON(a.Origin)}
}

func newStateJSON(s apitoken.State) stateJSON {
	state := stateJSON{
		Name: s.Name, Description: s.Description, Kind: s.Kind, Resource: s.Resource, ExpiresAt: formatTime(s.ExpiresAt), RevokedAt: formatTime(s.RevokedAt),
		Role: s.Role, DisabledAt: formatTime(s.DisabledAt), SuspendedAt: formatTime(s.SuspendedAt), Service: s.Service, Responsible: s.Responsible,
		Epoch: s.Epoch, Policy: s.Policy,
	}
	switch s.MaxLifetime {
	case 0:
	case apitoken.NoExpiration:
		state.NoMaximum = true
	default:
		state.MaxLifetimeSeconds = secondsOf(s.MaxLifetime)
	}
	return state
}

// eventConditions are the query parameters that select events.
var eventConditions = []string{"owner", "actor", "action", "outcome"}

// recordedActions are the actions that events have. Another one in a query is refused: it is misspelled, and would find
// nothing.
var recordedActions = []apitoken.Action{
	apitoken.ActionGenerate, apitoken.ActionImport, apitoken.ActionOffer, apitoken.ActionClaim, apitoken.ActionWithdraw,
	apitoken.ActionListOffers, apitoken.ActionReadToken, apitoken.ActionUpdateToken,
	apitoken.ActionListTokens, apitoken.ActionRevoke,
	apitoken.ActionLeaked, apitoken.ActionRevokeAll, apitoken.ActionRevokeMany, apitoken.ActionSetPolicy, apitoken.ActionPlanPolicy,
	apitoken.ActionPutUser, apitoken.ActionReadUser, apitoken.ActionListUsers,
	apitoken.ActionDisableUser, apitoken.ActionEnableUser, apitoken.ActionSuspendUser, apitoken.ActionResumeUser, apitoken.ActionReadEvents,
	apitoken.ActionForgetUser, apitoken.ActionSweep, apitoken.ActionReadLifetimes,
	apitoken.ActionLeaseNotices, apitoken.ActionNoticeSent,
}

func (a *api) events(r *http.Request, actor apitoken.Actor) (response, error) {
	q := readQuery(r)
	limit := q.limit()
	wanted := apitoken.EventQuery{
		Owner:   apitoken.UserID(q.text("owner")),
		Actor:   apitoken.UserID(q.text("actor")),
		Action:  oneOf(q, "action", recordedActions...),
		Outcome: oneOf(q, "outcome", apitoken.OutcomeDone, apitoken.OutcomeDenied),
		After:   q.afterEvent(),
		Limit:   limit + 1, // one more in the same read shows whether there are more
	}
	if q.err != nil {
		return response{}, q.err
	}
	page := eventPageJSON{Events: []eventJSON{}, Next: wanted.After}
	for e, err := range a.manager.Events(r.Context(), actor, wanted) {
		if err != nil {
			return response{}, withQueryField(err)
		}
		if len(page.Events) == limit {
			page.More = true
			break
		}
		page.Events = append(page.Events, newEventJSON(e))
		page.Next = e.Seq
	}
	return response{status: http.StatusOK, body: page}, nil
}
