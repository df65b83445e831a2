package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Claim creates a token that was offered with [Manager.Offer], and returns it with its secret. The secret cannot be retrieved
// again.
//
// Only the owner in person claims a token, or for a service account the person who answers for it: never a token of theirs, and
// never the actor of Offer or an administrator. The token has the ID of the offer, and is CreatedBy the actor of Offer. Its
// lifetime counts from the claim and obeys the policy of that moment; a lifetime over the maximum is refused and not shortened.
//
// Of several calls at the same time one succeeds; the others are [ErrConflict]. Until ClaimBy, and until a use of the token is
// recorded, the same person may claim it again, for example because the response was lost. That replaces the secret: the one
// before is refused from then on. Nothing else about the token changes.
//
// The errors are [ErrNotFound], also for an offer that the actor may not claim or that was withdrawn; [ErrDenied] for an actor
// who is not known or no longer authenticates; [ErrUserDisabled] or [ErrSuspended] for the owner; [ErrRevoked] if all tokens of
// the owner or the claimed token were revoked; [ErrExpired] if the offer has ended, which is recorded as a denial, or the claimed
// token has; [ErrRepeated] if the token was claimed and used; [ErrExists] if another person has claimed it, or an active token
// of the owner has the name; [ErrInvalid], including [LifetimeError]; [TooManyError]; [ErrConflict]; [ErrUnavailable]; and
// [ErrUncertain], after which the token may exist: claim it again.
func (m *Manager) Claim(ctx context.Context, actor Actor, id TokenID) (Token, Secret, error) {
	op := &operation{action: ActionClaim, actor: actor, token: id}
	var secret Secret
	token, err := decide(ctx, m, op, func(ctx context.Context, op *operation) (token Token, err error) {
		token, secret, err = m.claim(ctx, op)
		return token, err
	})
	return token, secret, err
}

// claimed is what a claim depends on.
type claimed struct {
	offer  Offer
	owner  User
	policy MaxLifetimePolicy
	before *Record // the token that the offer has become; nil: it was not claimed
}

// digest returns the digest that a claim replaces; zero: none.
func (c claimed) digest() (d Digest) {
	if c.before != nil {
		d = c.before.Digest
	}
	return d
}

func (m *Manager) claim(ctx context.Context, op *operation) (Token, Secret, error) {
	text, digest := m.format.generate()
	var first claimed
	for i := range attempts {
		c, err := m.claimable(ctx, op)
		if err != nil {
			return Token{}, Secret{}, err
		}
		if i == 0 {
			first = c
		} else if c.digest() != first.digest() {
			break // another call was faster: its caller has the secret
		}
		token, err := m.claimOffer(ctx, op, c, digest, m.format.hint(text))
		switch {
		case err == nil:
			return token, newSecret(text), nil
		case errors.Is(err, ErrUncertain):
			return token, Secret{}, fmt.Errorf("token %s: %w", op.token, err)
		case !errors.Is(err, ErrConflict):
			return Token{}, Secret{}, err
		}
		if err := m.authorize(ctx, op); err != nil {
			return Token{}, Secret{}, err
		}
	}
	return Token{}, Secret{}, ErrConflict
}

// claimable returns what the claim depends on, if the actor may claim the offer now.
func (m *Manager) claimable(ctx context.Context, op *operation) (c claimed, err error) {
	o, facts, err := m.readOffer(ctx, op)
	if err != nil {
		return c, err
	}
	c = claimed{offer: o, policy: facts.Policy, before: facts.Token}
	if facts.Owner != nil {
		c.owner = *facts.Owner
	}
	if why := op.claim(c.owner); why != permitted {
		return c, m.deny(ctx, op, ErrNotFound, why)
	}
	if err := c.owner.mayGetTokens(); err != nil {
		return c, err
	}
	if err := o.ended(c.owner); err != nil {
		return c, err
	}
	if o.Claimed() {
		if err := c.mayRepeat(op.actor.User, op.at); err != nil {
			return c, err
		}
		if m.lastUsed.isWaiting(o.ID) {
			return c, ErrRepeated
		}
	}
	if !op.at.Before(o.ClaimBy) {
		late := refusal("the token had to be claimed before " + o.ClaimBy.Format(time.RFC3339))
		return c, m.deny(ctx, op, ErrExpired, late)
	}
	return c, nil
}

// mayRepeat decides whether the actor may claim a token again.
func (c claimed) mayRepeat(by UserID, now time.Time) error {
	if c.before == nil {
		return ErrNotFound
	}
	if c.offer.ClaimedBy != by {
		return fmt.Errorf("%w: another person has claimed it", ErrExists)
	}
	switch c.before.Token.Status(now) {
	case StatusRevoked:
		return ErrRevoked
	case StatusExpired:
		return ErrExpired
	}
	if !c.before.Token.LastUsedAt.IsZero() {
		return ErrRepeated
	}
	return nil
}

// claimOffer inserts the token, or replaces its secret, if the decision still holds.
func (m *Manager) claimOffer(ctx context.Context, op *operation, c claimed, digest Digest, hint string) (Token, error) {
	o := c.offer
	token := o.token()
	token.CreatedAt, token.Hint = op.at, hint
	var event Event
	if c.before != nil {
		token = c.before.Token
		token.Hint = hint
		event = op.changed(m.stateOf(token), m.stateOf(token))
		event.Reason = "claimed again, the secret was replaced"
	} else {
		limit, err := m.claimExpiry(&token, c, op.at)
		if err != nil {
			return Token{}, err
		}
		event = op.changed(State{}, m.stateOfNew(token, limit))
	}
	err := m.store.ClaimOffer(ctx, OfferClaim{
		NewToken: NewToken{Token: token, Digest: digest, Epoch: c.owner.Epoch, MaxActive: m.maxActive},
		By:       op.actor.User, ByRevision: op.revision, OwnerRevision: c.owner.Revision, Replaces: c.digest(),
	}, c.policy.Revision, event)
	if errors.Is(err, ErrTooMany) {
		return Token{}, &TooManyError{Max: m.maxActive}
	}
	return token, storeError(err)
}

// claimExpiry sets the expiry by the policy of this moment.
func (m *Manager) claimExpiry(token *Token, c claimed, now time.Time) (limit maximum, err error) {
	if err := m.kinds.declared("kind", token.Kind); err != nil {
		return limit, err
	}
	lifetime, err := lifetimeAsked(c.offer.Lifetime, c.offer.ExpiresAt, now)
	if err != nil {
		return limit, err
	}
	token.ExpiresAt, limit, err = m.expiryFor(c.owner, c.policy, token.Kind, lifetime, c.offer.NotAfter, now)
	return limit, err
}
