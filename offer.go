package apitoken

import (
	"fmt"
	"time"
)

// OfferParams describes the token to offer.
type OfferParams struct {
	GenerateParams // Lifetime counts from the claim

	// ClaimBy is when the offer ends: in the future, at most 30 days ahead, and not after ExpiresAt or the expiry of the token
	// that the actor uses. Zero: 72 hours ahead, or the earliest of those two expiries if that is sooner.
	ClaimBy time.Time
}

// PendingToken is a token that is offered to its owner. It does not exist before the owner claims it with [Manager.Claim], so it
// has no secret that anybody could see.
type PendingToken struct {
	ID          TokenID // of the offer, and of the token once it is claimed
	Owner       UserID
	Name        string
	Kind        Kind
	Resource    string
	Description string
	Permissions Permission // what the token is limited to: see [Token]

	Lifetime  time.Duration // from the claim on, as it was asked for: see [GenerateParams]; 0: none was
	ExpiresAt time.Time     // as it was asked for instead of Lifetime; zero: none was
	NotAfter  time.Time     // the token expires no later: the expiry of the token that the actor of Offer used; zero: no such limit

	OfferedAt   time.Time
	OfferedBy   UserID    // becomes Token.CreatedBy; empty: the host itself
	OfferedWith TokenID   // becomes Token.CreatedWith; zero: no token was used
	ClaimBy     time.Time // the first instant at which it can no longer be claimed
}

// Offer is a stored [PendingToken]. It stays stored after it was claimed, so that its claim can be repeated.
type Offer struct {
	PendingToken
	Epoch          int64     // the owner's epoch when the token was offered
	OwnerCreatedAt time.Time // CreatedAt of the owner then: an offer does not pass to another user of the same ID
	ClaimedAt      time.Time // zero: not claimed
	ClaimedBy      UserID
}

// Claimed reports whether the offer was claimed.
func (o Offer) Claimed() bool { return !o.ClaimedAt.IsZero() }

// NewOffer is an offer to insert.
type NewOffer struct {
	Offer

	// CreatorRevision is the revision of the user OfferedBy when the decision was made. The offer is inserted only if the user
	// is still at that revision. Zero: no condition.
	CreatorRevision int64

	MaxOpen int // how many open offers the owner may have, with this one
}

// OfferClaim is a token to insert in the place of an offer. It has the ID and the owner of the offer.
type OfferClaim struct {
	NewToken
	By            UserID // who claims it
	ByRevision    int64  // the revision of By when the decision was made
	OwnerRevision int64  // the revision of the owner then

	// Replaces is the digest of the token that the offer became before, of which only the digest and the hint are replaced. Zero:
	// the offer was not claimed.
	Replaces Digest
}

// Again reports whether the offer was claimed before.
func (c OfferClaim) Again() bool { return c.Replaces != Digest{} }

// OfferQuery selects a page of offers, claimed or not, ordered by ID.
type OfferQuery struct {
	ID    TokenID // only this offer; zero: all
	Owner UserID  // only offers to this user; empty: to anybody
	After TokenID // the cursor: only offers after this one; zero: from the first
	Limit int     // offers per page, 1 to 1,000
}

const (
	defaultClaimTime = 72 * time.Hour
	maxClaimTime     = 30 * day
	maxOpenOffers    = 100 // of one owner, so that nobody fills a store with them
)

// deadline returns until when a token that is offered at now can be claimed. No offer outlives the token that it would become.
func (p OfferParams) deadline(parentExpires, now time.Time) (time.Time, error) {
	const field = "claim by"
	if p.ClaimBy.IsZero() {
		by := now.Add(defaultClaimTime)
		for _, end := range []time.Time{instant(p.ExpiresAt), parentExpires} {
			if hasExpired(end, by) {
				by = end
			}
		}
		return by, nil
	}
	by := instant(p.ClaimBy)
	switch {
	case !by.After(now):
		return time.Time{}, invalid(field, "is not in the future")
	case by.After(now.Add(maxClaimTime)):
		return time.Time{}, invalid(field, "is too far ahead, at most %s are allowed", lifetimeText(maxClaimTime))
	case !p.ExpiresAt.IsZero() && by.After(instant(p.ExpiresAt)):
		return time.Time{}, invalid(field, "is after the expiry of the token")
	case !parentExpires.IsZero() && by.After(parentExpires):
		return time.Time{}, invalid(field, "is after the expiry of the token in use")
	}
	return by, nil
}

// ended returns why nobody can claim the offer any more, as far as its owner decides: the tokens of that epoch were revoked, or
// the owner is another user, whose row was created again.
func (o Offer) ended(owner User) error {
	if o.Epoch < owner.Epoch || !o.OwnerCreatedAt.Equal(owner.CreatedAt) {
		return fmt.Errorf("%w: the offer ended with all tokens of its owner", ErrRevoked)
	}
	return nil
}

// isOpen reports whether the offer can be claimed at now, as far as the offer decides.
func (o Offer) isOpen(owner User, now time.Time) bool {
	return !o.Claimed() && now.Before(o.ClaimBy) && o.ended(owner) == nil
}

// token returns the token that the offer becomes, without what the claim decides. Its expiry is what was asked for.
func (p PendingToken) token() Token {
	return Token{
		ID: p.ID, Owner: p.Owner, Name: p.Name, Kind: p.Kind, Resource: p.Resource, Description: p.Description, Permissions: p.Permissions,
		CreatedBy: p.OfferedBy, CreatedWith: p.OfferedWith, ExpiresAt: p.ExpiresAt,
	}
}
