package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Offer offers a token to p.Owner. No secret exists until the owner claims the token with [Manager.Claim], so neither the actor
// nor anybody else ever sees it.
//
// Offer needs the permissions of [Manager.Generate], obeys the same limits and has the same errors, except that the name may be
// taken: the offer does not hold it, and the claim is refused with [ErrExists] while another active token has it. What the actor
// may do is judged now; a role that they lose later leaves the offer. [Manager.Withdraw] takes it back. The maximum lifetime and
// the state of the owner are judged now and again at the claim.
//
// An offer ends at ClaimBy, and with all tokens of the owner: by [Manager.RevokeAll] and [Manager.DisableUser]. An owner has at
// most 100 open offers; beyond that the error is a [TooManyError]. If the actor has offered a token with the same
// IdempotencyKey and otherwise the same params, and it is still open, Offer returns that one. Offering to oneself is permitted.
func (m *Manager) Offer(ctx context.Context, actor Actor, p OfferParams) (PendingToken, error) {
	op := &operation{action: ActionOffer, actor: actor, owner: p.Owner}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (PendingToken, error) { return m.offer(ctx, op, p) })
}

func (m *Manager) offer(ctx context.Context, op *operation, p OfferParams) (PendingToken, error) {
	lifetime, err := m.asked(ctx, op, &p.GenerateParams)
	if err != nil {
		return PendingToken{}, err
	}
	claimBy, err := p.deadline(op.tokenExpires, op.at)
	if err != nil {
		return PendingToken{}, err
	}
	pending := PendingToken{
		ID: TokenID(newID()), Owner: p.Owner, Name: p.Name, Kind: p.Kind, Resource: p.Resource, Description: p.Description,
		Permissions: op.limitFor(p.Permissions),
		Lifetime:    wholeMicroseconds(p.Lifetime), ExpiresAt: instant(p.ExpiresAt), NotAfter: op.tokenExpires,
		OfferedAt: op.at, OfferedBy: op.actor.User, OfferedWith: op.actor.Token, ClaimBy: claimBy,
	}
	if p.IdempotencyKey != "" {
		p.IdempotencyKey = "offer " + p.IdempotencyKey // Generate has keys of its own
		mark := markOf(op.actor, p.GenerateParams)
		pending.ID = mark.on(pending.ID)
		if before, err := m.offeredBefore(ctx, op, mark); before.ID != (TokenID{}) || err != nil {
			return before, err
		}
	}
	for range attempts {
		if err = m.insertOffer(ctx, op, pending, lifetime, p.Permissions); !errors.Is(err, ErrConflict) {
			break
		}
		if err := m.authorize(ctx, op); err != nil {
			return PendingToken{}, err
		}
		if why := op.generate(p.Owner, p.Resource); why != permitted {
			return PendingToken{}, m.deny(ctx, op, ErrDenied, why)
		}
		pending.Permissions = op.limitFor(p.Permissions)
	}
	if err != nil {
		return PendingToken{}, err
	}
	op.token = pending.ID
	return pending, nil
}

// offeredBefore returns the open offer that the same request has made; the zero PendingToken: none.
func (m *Manager) offeredBefore(ctx context.Context, op *operation, mark requestMark) (PendingToken, error) {
	facts, err := m.facts(ctx, op)
	if err != nil || facts.Owner == nil {
		return PendingToken{}, err
	}
	open, err := m.openOffers(ctx, *facts.Owner, op.at)
	for _, p := range open {
		if mark.isOn(p.ID) {
			op.token = p.ID
			return p, nil
		}
	}
	return PendingToken{}, err
}

// insertOffer decides by the present owner and policy, and inserts the offer if the decision still holds. asked is the limit that was
// asked for, 0 for none.
func (m *Manager) insertOffer(ctx context.Context, op *operation, p PendingToken, lifetime time.Duration, asked Permission) error {
	facts, err := m.facts(ctx, op)
	if err != nil {
		return err
	}
	owner := facts.Owner
	if owner == nil {
		return ErrNotFound
	}
	carries := m.kinds.carries(p.token())
	if why := op.generateFor(owner.ID, m.roles.requiredToActOn(owner.Role), carries); why != permitted {
		return m.deny(ctx, op, ErrDenied, why)
	}
	if err := owner.mayGetTokens(); err != nil {
		return err
	}
	if err := checkLimit(asked, m.roles.grants(owner.Role)&carries); err != nil {
		return err
	}
	if _, _, err := m.expiryFor(*owner, facts.Policy, p.Kind, lifetime, op.tokenExpires, op.at); err != nil {
		return err
	}
	event := op.changed(State{}, m.stateOf(p.token()))
	event.Token, event.Reason = p.ID, "to be claimed by "+p.ClaimBy.Format(time.RFC3339)
	n := NewOffer{
		Offer:   Offer{PendingToken: p, Epoch: owner.Epoch, OwnerCreatedAt: owner.CreatedAt},
		MaxOpen: maxOpenOffers,
	}
	if !op.is(owner.ID) {
		n.CreatorRevision = op.revision
	}
	err = m.store.CreateOffer(ctx, n, event)
	if errors.Is(err, ErrTooMany) {
		return &TooManyError{Max: maxOpenOffers, Offers: true}
	}
	return storeError(err)
}

// Offers returns the tokens that wait for a user to claim them, ordered by ID: at most about 100. It needs what listing the
// tokens of the user needs; the person who answers for a service account may see the offers to it, too. A user who does not
// exist has none. The errors are [ErrDenied], [ErrInvalid] and [ErrUnavailable].
func (m *Manager) Offers(ctx context.Context, actor Actor, owner UserID) ([]PendingToken, error) {
	op := &operation{action: ActionListOffers, actor: actor, owner: owner}
	return decide(ctx, m, op, m.offers)
}

func (m *Manager) offers(ctx context.Context, op *operation) ([]PendingToken, error) {
	if err := op.owner.check("owner"); err != nil {
		return nil, err
	}
	facts, err := m.facts(ctx, op)
	if err != nil {
		return nil, err
	}
	owner := User{ID: op.owner}
	if facts.Owner != nil {
		owner = *facts.Owner
	}
	if why := op.reachOffers(owner, ListAny); why != permitted {
		return nil, m.deny(ctx, op, ErrDenied, why)
	}
	return m.openOffers(ctx, owner, op.at)
}

func (m *Manager) openOffers(ctx context.Context, owner User, now time.Time) (open []PendingToken, err error) {
	all := rows(maxPage, func(last *Offer) ([]Offer, error) {
		q := OfferQuery{Owner: owner.ID, Limit: maxPage}
		if last != nil {
			q.After = last.ID
		}
		return m.store.Offers(ctx, q)
	})
	for o, err := range all {
		if err != nil {
			return nil, storeError(err)
		}
		if o.isOpen(owner, now) {
			open = append(open, o.PendingToken)
		}
	}
	return open, nil
}

// Withdraw takes an offer back: once it has returned, nobody can claim the token, on any replica. The offer is gone then, so a
// repeated call is [ErrNotFound].
//
// The owner, the person who answers for a service account, and the actor of Offer may always withdraw; others need [RevokeAny].
// The errors are [ErrNotFound], also for an offer that the actor may not know of; [ErrDenied] for an actor who is not known or no
// longer authenticates; [ErrConflict] if it was claimed: revoke the token, which has the same ID; [ErrUnavailable] and
// [ErrUncertain].
func (m *Manager) Withdraw(ctx context.Context, actor Actor, id TokenID) error {
	op := &operation{action: ActionWithdraw, actor: actor, token: id}
	_, err := decide(ctx, m, op, m.withdrawOffer)
	return err
}

func (m *Manager) withdrawOffer(ctx context.Context, op *operation) (Offer, error) {
	o, facts, err := m.readOffer(ctx, op)
	if err != nil {
		return o, err
	}
	owner := User{ID: o.Owner}
	if facts.Owner != nil {
		owner = *facts.Owner
	}
	if why := op.withdraw(o.PendingToken, owner); why != permitted {
		return o, m.deny(ctx, op, ErrNotFound, why)
	}
	if o.ID.IsZero() {
		return o, ErrNotFound
	}
	err = m.store.DeleteOffer(ctx, op.token, op.changed(m.stateOf(o.token()), State{}))
	if errors.Is(err, ErrConflict) {
		return o, fmt.Errorf("%w: the token was claimed, so it can only be revoked", ErrConflict)
	}
	return o, storeError(err)
}

// readOffer reads the offer of the operation with its owner and the policy, and the token that it has become. An offer that does
// not exist is the zero Offer, and takes as many reads.
func (m *Manager) readOffer(ctx context.Context, op *operation) (o Offer, facts *Facts, err error) {
	found, err := m.store.Offers(ctx, OfferQuery{ID: op.token, Limit: 1})
	if err != nil {
		return o, nil, storeError(err)
	}
	if len(found) > 0 {
		o = found[0]
		op.owner = o.Owner
	}
	q := FactsQuery{Owner: o.Owner}
	if o.Claimed() {
		if err := m.writeUses(ctx); err != nil {
			return o, nil, storeError(err)
		}
		q = FactsQuery{Token: o.ID}
	}
	facts, err = m.factsOf(ctx, q)
	return o, facts, err
}
