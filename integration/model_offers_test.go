package integration_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func (s *sequence) offer(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor := s.actor(o)
	p := apitoken.OfferParams{GenerateParams: s.params(actor, o)}
	if o.pick(4) == 3 {
		p.ClaimBy = choose(o, []time.Time{
			s.ref.now.Add(time.Hour), s.ref.now.Add(apitoken.Days(30)), s.ref.now.Add(apitoken.Days(30) + time.Microsecond),
			s.ref.now, p.ExpiresAt, p.ExpiresAt.Add(time.Microsecond),
		})
	}
	got, err := m.Offer(s.ctx, actor, p)
	want, wantErr := s.ref.offer(actor, p, got.ID)
	return fmt.Sprintf("%+v %+v", actor, p), answer{got, err}, answer{want, wantErr}
}

// claim claims a token, mostly as its owner.
func (s *sequence) claim(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.offerID(o)
	if what, got, want := s.writeUsesOf(id); got != want {
		return what, got, want
	}
	if offered := s.ref.offered(id); !offered.ID.IsZero() && o.pick(8) > 0 {
		actor = apitoken.As(offered.Owner)
	}
	before := s.secrets[id]
	got, secret, err := m.Claim(s.ctx, actor, id)
	text := secret.Reveal()
	want, wantErr := s.ref.claim(actor, id, "tok_..."+text[max(0, len(text)-4):])
	if err == nil {
		s.secrets[id] = text
		if _, err := m.Authenticate(s.ctx, before); before != "" && !errors.Is(err, apitoken.ErrUnknownToken) {
			return "the secret before the one of " + id.String(), answer{err: err}, answer{err: apitoken.ErrUnknownToken}
		}
	}
	return fmt.Sprintf("%+v %s", actor, id), answer{got, err}, answer{want, wantErr}
}

func (s *sequence) withdraw(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.offerID(o)
	if what, got, want := s.writeUsesOf(id); got != want {
		return what, got, want
	}
	return fmt.Sprintf("%+v %s", actor, id), answer{err: m.Withdraw(s.ctx, actor, id)}, answer{err: s.ref.withdraw(actor, id)}
}

func (s *sequence) listOffers(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, owner := s.actor(o), someUsers.choose(o)
	got, err := m.Offers(s.ctx, actor, owner)
	want, wantErr := s.ref.openOffers(actor, owner)
	return fmt.Sprintf("%+v %s", actor, owner), answer{got, err}, answer{want, wantErr}
}

// writeUsesOf writes the uses of all tokens if the offer was claimed. A Manager writes only those that it
// has seen itself.
func (s *sequence) writeUsesOf(id apitoken.TokenID) (string, answer, answer) {
	if !s.ref.offered(id).Claimed() {
		return "", answer{}, answer{}
	}
	return s.flush(nil, nil)
}

// offerID chooses one of the newest offers, or sometimes an unknown ID.
func (s *sequence) offerID(o *operands) apitoken.TokenID {
	n := len(s.ref.offers)
	if n == 0 || o.pick(16) == 15 {
		return apitoken.TokenID{1}
	}
	return s.ref.offers[n-1-o.pick(min(n, 3))].ID
}

// offer takes the ID, which only the Manager can make.
func (r *reference) offer(actor apitoken.Actor, p apitoken.OfferParams, id apitoken.TokenID) (apitoken.PendingToken, error) {
	c, err := r.begin(apitoken.ActionOffer, actor, p.Owner, apitoken.TokenID{})
	if err != nil {
		return apitoken.PendingToken{}, err
	}
	lifetime, err := c.askedFor(p.GenerateParams)
	if err != nil {
		return apitoken.PendingToken{}, err
	}
	expires := p.ExpiresAt.UTC().Truncate(time.Microsecond)
	by, valid := c.claimBy(p.ClaimBy, expires)
	if !valid {
		return apitoken.PendingToken{}, apitoken.ErrInvalid
	}
	t, err := c.admit(p.GenerateParams)
	if err != nil {
		return apitoken.PendingToken{}, err
	}
	owner := r.users[p.Owner]
	if _, err := c.expiry(owner, t.Kind, lifetime); err != nil {
		return apitoken.PendingToken{}, err
	}
	pending := apitoken.PendingToken{
		ID: id, Owner: t.Owner, Name: t.Name, Kind: t.Kind, Resource: t.Resource, Description: t.Description, Permissions: t.Permissions,
		Lifetime: p.Lifetime, ExpiresAt: expires, NotAfter: c.until,
		OfferedAt: c.event.At, OfferedBy: actor.User, OfferedWith: actor.Token, ClaimBy: by,
	}
	if p.Lifetime != apitoken.NoExpiration {
		pending.Lifetime = p.Lifetime.Truncate(time.Microsecond)
	}
	r.offers = append(r.offers, apitoken.Offer{PendingToken: pending, Epoch: owner.Epoch, OwnerCreatedAt: owner.CreatedAt})
	c.event.Token, c.event.Reason = id, "to be claimed by "+by.Format(time.RFC3339)
	c.record(apitoken.State{}, stateOf(becomes(pending)))
	return pending, nil
}

// claimBy returns until when a token can be claimed that is offered now, and whether that is valid.
func (c referenceCall) claimBy(asked, expires time.Time) (by time.Time, valid bool) {
	now := c.event.At
	if !asked.IsZero() {
		by = asked.UTC().Truncate(time.Microsecond)
		return by, by.After(now) && !by.After(now.Add(apitoken.Days(30))) &&
			(expires.IsZero() || !by.After(expires)) && (c.until.IsZero() || !by.After(c.until))
	}
	by = now.Add(72 * time.Hour)
	for _, end := range []time.Time{expires, c.until} {
		if !end.IsZero() && end.Before(by) {
			by = end
		}
	}
	return by, true
}

// becomes returns the token of an offer, without what the claim decides.
func becomes(p apitoken.PendingToken) apitoken.Token {
	return apitoken.Token{
		ID: p.ID, Owner: p.Owner, Name: p.Name, Kind: p.Kind, Resource: p.Resource, Description: p.Description, Permissions: p.Permissions,
		CreatedBy: p.OfferedBy, CreatedWith: p.OfferedWith, ExpiresAt: p.ExpiresAt,
	}
}

// offered returns an offer; the zero Offer if it does not exist.
func (r *reference) offered(id apitoken.TokenID) apitoken.Offer {
	at := slices.IndexFunc(r.offers, func(o apitoken.Offer) bool { return o.ID == id })
	if at < 0 {
		return apitoken.Offer{}
	}
	return r.offers[at]
}

// claim takes the Hint, which only the Manager can make.
func (r *reference) claim(actor apitoken.Actor, id apitoken.TokenID, hint string) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionClaim, actor, "", id)
	if err != nil {
		return apitoken.Token{}, err
	}
	o, t := r.offered(id), r.find(id)
	c.event.Owner = o.Owner
	owner := r.users[o.Owner]
	if o.Claimed() && t == nil { // the token was removed
		owner = apitoken.User{}
	}
	if actor != apitoken.As(owner.ID) && !(owner.Service && actor == apitoken.As(owner.Responsible)) {
		return apitoken.Token{}, c.deny(apitoken.ErrNotFound)
	}
	if err := mayGetTokens(owner); err != nil {
		return apitoken.Token{}, err
	}
	late := !c.event.At.Before(o.ClaimBy)
	switch {
	case o.Epoch < owner.Epoch:
		return apitoken.Token{}, apitoken.ErrRevoked
	case !o.Claimed() && late:
		return apitoken.Token{}, c.deny(apitoken.ErrExpired)
	case !o.Claimed():
		return c.claimFirst(o, hint)
	case o.ClaimedBy != actor.User:
		return apitoken.Token{}, apitoken.ErrExists
	case t.Status(c.event.At) == apitoken.StatusRevoked:
		return apitoken.Token{}, apitoken.ErrRevoked
	case t.Status(c.event.At) == apitoken.StatusExpired:
		return apitoken.Token{}, apitoken.ErrExpired
	case !t.LastUsedAt.IsZero():
		return apitoken.Token{}, apitoken.ErrRepeated
	case late:
		return apitoken.Token{}, c.deny(apitoken.ErrExpired)
	}
	t.Hint = hint
	c.event.Reason = "claimed again, the secret was replaced"
	c.record(stateOf(t.Token), stateOf(t.Token))
	return t.Token, nil
}

// claimFirst creates the token of an offer. What was asked for counts from now.
func (c referenceCall) claimFirst(o apitoken.Offer, hint string) (apitoken.Token, error) {
	lifetime, valid := c.lifetimeAsked(o.Lifetime, o.ExpiresAt)
	if !valid {
		return apitoken.Token{}, apitoken.ErrInvalid
	}
	t := becomes(o.PendingToken)
	t.CreatedAt, t.Hint, c.until = c.event.At, hint, o.NotAfter
	var err error
	if t.ExpiresAt, err = c.expiry(c.users[o.Owner], t.Kind, lifetime); err != nil {
		return apitoken.Token{}, err
	}
	if err := c.insert(t); err != nil {
		return apitoken.Token{}, err
	}
	at := slices.IndexFunc(c.offers, func(other apitoken.Offer) bool { return other.ID == o.ID })
	c.offers[at].ClaimedAt, c.offers[at].ClaimedBy = c.event.At, c.event.Actor.User
	return t, nil
}

func (r *reference) withdraw(actor apitoken.Actor, id apitoken.TokenID) error {
	c, err := r.begin(apitoken.ActionWithdraw, actor, "", id)
	if err != nil {
		return err
	}
	o := r.offered(id)
	c.event.Owner = o.Owner
	made := !o.ID.IsZero() && (actor.Kind == apitoken.ActorToken && actor.Token == o.OfferedWith || c.manages(o.OfferedBy))
	switch {
	case !made && !c.seesOffers(r.users[o.Owner], apitoken.RevokeAny):
		return c.deny(apitoken.ErrNotFound)
	case o.ID.IsZero():
		return apitoken.ErrNotFound
	case o.Claimed():
		return apitoken.ErrConflict
	}
	r.offers = slices.DeleteFunc(r.offers, func(other apitoken.Offer) bool { return other.ID == id })
	c.record(stateOf(becomes(o.PendingToken)), apitoken.State{})
	return nil
}

// seesOffers reports whether the actor sees the offers to the owner; need is the permission for another user.
func (c referenceCall) seesOffers(owner apitoken.User, need apitoken.Permission) bool {
	return c.may.Has(need) || owner.ID != "" && c.manages(owner.ID) || owner.Service && c.manages(owner.Responsible)
}

func (r *reference) openOffers(actor apitoken.Actor, owner apitoken.UserID) (open []apitoken.PendingToken, err error) {
	c, err := r.begin(apitoken.ActionListOffers, actor, owner, apitoken.TokenID{})
	if err != nil {
		return nil, err
	}
	user, known := r.users[owner]
	switch {
	case !validID(owner):
		return nil, apitoken.ErrInvalid
	case !known && !c.may.Has(apitoken.ListAny), known && !c.seesOffers(user, apitoken.ListAny):
		return nil, c.deny(apitoken.ErrDenied)
	}
	for _, o := range r.offers {
		if o.Owner == owner && !o.Claimed() && c.event.At.Before(o.ClaimBy) && o.Epoch == user.Epoch {
			open = append(open, o.PendingToken)
		}
	}
	return open, nil
}
