package adminapi

import (
	"encoding/json"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// eventJSON is an event as the client sees it.
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
}

// actorJSON is who acted. The zero value is nobody.
type actorJSON struct {
	Kind  apitoken.ActorKind `json:"kind,omitempty"`
	User  apitoken.UserID    `json:"user,omitempty"`
	Token apitoken.TokenID   `json:"token,omitzero"`
}

// stateJSON is what an event remembers.
type stateJSON struct {
	Name               string        `json:"name,omitempty"`
	Kind               apitoken.Kind `json:"kind,omitempty"`
	Resource           string        `json:"resource,omitempty"`
	ExpiresAt          string        `json:"expires_at,omitempty"`
	RevokedAt          string        `json:"revoked_at,omitempty"`
	Role               apitoken.Role `json:"role,omitempty"`
	DisabledAt         string        `json:"disabled_at,omitempty"`
	Epoch              int64         `json:"epoch,omitempty"`
	MaxLifetimeSeconds json.Number   `json:"max_lifetime_seconds,omitempty"`
	NoMaximum          bool          `json:"no_maximum,omitempty"`
}

type eventPageJSON struct {
	Events []eventJSON       `json:"events"`
	Next   apitoken.EventSeq `json:"next"`
	More   bool              `json:"more,omitempty"`
}

func newEventJSON(e apitoken.Event) eventJSON {
	return eventJSON{
		Seq: e.Seq, ID: e.ID.String(), At: timeText(e.At), Action: e.Action, Outcome: e.Outcome,
		Actor: actorJSON{Kind: e.Actor.Kind, User: e.Actor.User, Token: e.Actor.Token},
		Owner: e.Owner, Token: e.Token, Before: newStateJSON(e.Before), After: newStateJSON(e.After),
	}
}

func newStateJSON(s apitoken.State) stateJSON {
	state := stateJSON{
		Name: s.Name, Kind: s.Kind, Resource: s.Resource, ExpiresAt: timeText(s.ExpiresAt), RevokedAt: timeText(s.RevokedAt),
		Role: s.Role, DisabledAt: timeText(s.DisabledAt), Epoch: s.Epoch,
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

func (a *api) events(r *http.Request, actor apitoken.Actor) (answer, error) {
	q := readQuery(r)
	after, owner, limit := q.afterEvent(), apitoken.UserID(q.text("owner")), q.limit()
	if q.err != nil {
		return answer{}, q.err
	}
	page := eventPageJSON{Events: []eventJSON{}, Next: after}
	// One more tells whether there are more; it is of the same read.
	wanted := apitoken.EventQuery{After: after, Owner: owner, Limit: limit + 1}
	for e, err := range a.manager.Events(r.Context(), actor, wanted) {
		if err != nil {
			return answer{}, err
		}
		if len(page.Events) == limit {
			page.More = true
			break
		}
		page.Events = append(page.Events, newEventJSON(e))
		page.Next = e.Seq
	}
	return answer{status: http.StatusOK, body: page}, nil
}
