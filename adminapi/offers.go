package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// offerJSON is the form of a token that waits for its owner.
type offerJSON struct {
	ID              apitoken.TokenID `json:"id"`
	Owner           apitoken.UserID  `json:"owner"`
	Name            string           `json:"name"`
	Kind            apitoken.Kind    `json:"kind"`
	Resource        string           `json:"resource,omitempty"`
	Permissions     []string         `json:"permissions,omitzero"` // nil: not limited
	Description     string           `json:"description,omitempty"`
	LifetimeSeconds json.Number      `json:"lifetime_seconds,omitempty"`
	NoExpiration    bool             `json:"no_expiration,omitempty"`
	ExpiresAt       string           `json:"expires_at,omitempty"`
	NotAfter        string           `json:"not_after,omitempty"`
	OfferedAt       string           `json:"offered_at"`
	OfferedBy       apitoken.UserID  `json:"offered_by,omitempty"`
	OfferedWith     apitoken.TokenID `json:"offered_with,omitzero"`
	ClaimBy         string           `json:"claim_by"`
}

type offersJSON struct {
	Offers []offerJSON `json:"offers"`
}

func (a *api) newOfferJSON(p apitoken.PendingToken) offerJSON {
	o := offerJSON{
		ID: p.ID, Owner: p.Owner, Name: p.Name, Kind: p.Kind, Resource: p.Resource, Permissions: a.limit(p.Permissions),
		Description: p.Description,
		ExpiresAt:   formatTime(p.ExpiresAt), NotAfter: formatTime(p.NotAfter), OfferedAt: formatTime(p.OfferedAt),
		OfferedBy: p.OfferedBy, OfferedWith: p.OfferedWith, ClaimBy: formatTime(p.ClaimBy),
	}
	switch p.Lifetime {
	case 0:
	case apitoken.NoExpiration:
		o.NoExpiration = true
	default:
		o.LifetimeSeconds = secondsOf(p.Lifetime)
	}
	return o
}

func (a *api) offer(r *http.Request, actor apitoken.Actor, owner apitoken.UserID) (response, error) {
	b := readBody(r, append([]string{"claim_by"}, generateMembers...)...)
	params := apitoken.OfferParams{GenerateParams: a.generateParams(b, owner), ClaimBy: b.instant("claim_by")}
	if b.err != nil {
		return response{}, b.err
	}
	var err error
	params.IdempotencyKey, err = idempotencyKey(r.Header.Values("Idempotency-Key"))
	if err != nil {
		return response{}, err
	}
	pending, err := a.manager.Offer(r.Context(), actor, params)
	if err != nil {
		return response{}, lifetimeProblem(params.ExpiresAt, err)
	}
	return response{status: http.StatusCreated, body: a.newOfferJSON(pending)}, nil
}

func (a *api) listOffers(r *http.Request, actor apitoken.Actor, owner apitoken.UserID) (response, error) {
	pending, err := a.manager.Offers(r.Context(), actor, owner)
	if err != nil {
		return response{}, err
	}
	list := offersJSON{Offers: []offerJSON{}}
	for _, p := range pending {
		list.Offers = append(list.Offers, a.newOfferJSON(p))
	}
	return response{status: http.StatusOK, body: list}, nil
}

func (a *api) claim(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	token, secret, err := a.manager.Claim(r.Context(), actor, id)
	switch {
	case errors.Is(err, apitoken.ErrUserDisabled):
	case errors.Is(err, apitoken.ErrRevoked), errors.Is(err, apitoken.ErrExpired):
		return response{}, errors.Join(&offerEnded, err)
	}
	return a.generated(token, secret, err, time.Time{})
}

func (a *api) withdraw(r *http.Request, actor apitoken.Actor) (response, error) {
	id, err := tokenID(r)
	if err != nil {
		return response{}, err
	}
	err = a.manager.Withdraw(r.Context(), actor, id)
	if errors.Is(err, apitoken.ErrConflict) {
		return response{}, errors.Join(&offerClaimed, err)
	}
	return response{}, err
}
