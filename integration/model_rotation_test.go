package integration_test

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// someOverlaps are those of rotations.
var someOverlaps = pool[time.Duration]{
	usual: []time.Duration{0, time.Hour, time.Second, apitoken.Days(30)},
	odd:   []time.Duration{-1, time.Second - 1, apitoken.Days(30) + 1},
}

func (s *sequence) rotate(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor, id := s.actor(o), s.tokenID(o)
	if t := s.ref.find(id); t != nil && o.pick(4) == 3 {
		actor = apitoken.Identity{User: apitoken.User{ID: t.Owner}, Token: t.Token}.Actor() // it rotates itself
	}
	p := apitoken.RotateParams{Overlap: someOverlaps.choose(o)}
	switch o.pick(4) {
	case 2:
		p.Lifetime = someLifetimes.choose(o)
	case 3:
		p.ExpiresAt = s.instant(o)
	}
	got, secret, err := m.Rotate(s.ctx, actor, id, p)
	text := secret.Reveal()
	want, wantErr := s.ref.rotate(actor, id, p, got.ID, "tok_..."+text[max(0, len(text)-4):])
	if err == nil {
		s.secrets[got.ID] = text
	}
	return fmt.Sprintf("%+v %s %+v", actor, id, p), answer{got, err}, answer{want, wantErr}
}

// rotate takes the ID and the Hint of the successor, which only the Manager can make.
func (r *reference) rotate(
	actor apitoken.Actor, id apitoken.TokenID, p apitoken.RotateParams, successor apitoken.TokenID, hint string,
) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionRotate, actor, "", id)
	if err != nil {
		return apitoken.Token{}, err
	}
	overlap := p.Overlap
	if overlap == 0 {
		overlap = 24 * time.Hour
	}
	lifetime, valid := c.lifetimeAsked(p.Lifetime, p.ExpiresAt)
	if !valid || overlap < time.Second || overlap > apitoken.Days(30) {
		return apitoken.Token{}, apitoken.ErrInvalid
	}
	t, err := c.visible(apitoken.ListAny)
	if err != nil {
		return apitoken.Token{}, err
	}
	owner := r.users[t.Owner]
	if !c.mayGenerate(t.Owner, t.Resource) || !c.mayGenerateFor(owner, carriedBy(t.Token)) {
		return apitoken.Token{}, c.deny(apitoken.ErrDenied)
	}
	if err := r.refusal(t); err != nil {
		return apitoken.Token{}, err
	}
	old := t
	switch replaced := r.find(t.Replaces); {
	case actor.Token == t.ID:
		if lost := r.find(t.ReplacedBy); lost != nil && r.refusal(lost) == nil {
			if lost.CreatedWith != t.ID {
				return apitoken.Token{}, c.deny(apitoken.ErrDenied)
			}
			c.until = lost.ExpiresAt
		}
		r.useFirst(t)
	case t.unused && replaced != nil && replaced.ReplacedBy == t.ID && r.refusal(replaced) == nil:
		old = replaced
	}
	end, err := c.expiry(owner, t.Kind, lifetime)
	if err != nil {
		return apitoken.Token{}, err
	}
	lost := r.find(old.ReplacedBy)
	for _, other := range r.tokens {
		if other != old && other != lost && r.holds(other, t.Owner, t.Name) {
			return apitoken.Token{}, apitoken.ErrExists
		}
	}
	is := &referenceToken{Token: apitoken.Token{
		ID: successor, Owner: t.Owner, Name: t.Name, Description: t.Description, Kind: t.Kind, Resource: t.Resource, CreatedAt: c.event.At, ExpiresAt: end,
		CreatedBy: actor.User, CreatedWith: actor.Token, Hint: hint, Permissions: t.Permissions, Replaces: old.ID,
	}, epoch: owner.Epoch, unused: true}
	before, after := stateOf(old.Token), stateOf(is.Token)
	most, source := c.permitted(owner, t.Kind)
	after.MaxLifetime, after.Policy = most, decidedInWords(source)
	if deadline := c.event.At.Add(overlap); old.ReplacedBy.IsZero() && (old.ExpiresAt.IsZero() || deadline.Before(old.ExpiresAt)) {
		old.ExpiresAt = deadline
	}
	after.ReplacedExpiresAt = old.ExpiresAt
	old.ReplacedBy, old.unused, old.nameless = successor, false, true
	if lost != nil && lost.unused && lost.RevokedAt.IsZero() && lost.epoch == owner.Epoch {
		lost.RevokedAt, lost.RevokedBy, lost.ReplacedBy, lost.unused = c.event.At, actor.User, successor, false
	}
	r.tokens = append(r.tokens, is)
	c.event.Token = successor
	c.record(before, after)
	return is.Token, nil
}

// useFirst ends the token that t has replaced, if this is the first use of t.
func (r *reference) useFirst(t *referenceToken) {
	if !t.unused {
		return
	}
	t.unused = false
	at := r.now.Truncate(time.Microsecond)
	if old := r.find(t.Replaces); old != nil && old.RevokedAt.IsZero() && old.epoch == r.users[old.Owner].Epoch {
		old.RevokedAt, old.RevokedBy = at, t.Owner
	}
	r.append(apitoken.Event{
		At: at, Action: apitoken.ActionReplaced, Outcome: apitoken.OutcomeDone, Owner: t.Owner, Token: t.Replaces,
		Actor: apitoken.Actor{Kind: apitoken.ActorToken, User: t.Owner, Token: t.ID},
		After: apitoken.State{RevokedAt: at, ReplacedBy: t.ID},
	})
}
