package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// GenerateParams describes the token to generate.
type GenerateParams struct {
	Owner     UserID        // required, also for the actor's own tokens
	Name      string        // 1 to 100 characters; no space at either end; no invisible character except joiners in scripts that need them
	Kind      Kind          // empty: KindUser
	Lifetime  time.Duration // 1 s or more, whole microseconds; 0: the maximum, or DefaultLifetime without one; NoExpiration: never expires, if the maximum permits it
	ExpiresAt time.Time     // instead of Lifetime

	// Description says what the token is for, to people: at most 255 bytes on one line, no space at either end, no invisible
	// character except joiners in scripts that need them. No decision depends on it. Empty: none.
	Description string

	// Resource binds the token to one of the host's own things, in the host's own words, such as "project:web": at most 255
	// bytes, no space at either end, no invisible character. It never changes. Empty: the token is not bound.
	//
	// As an Actor, the holder of a bound token has none of the permissions of this package except GenerateOwn, and that one
	// only for tokens bound to the same resource. The token also sees and revokes itself.
	Resource string

	// Permissions limits the token to some permissions of its owner: it never carries another one, whatever becomes of the
	// owner's role. [ErrInvalid]: one of them is not in the owner's role, or the kind does not carry it. [Manager.Narrow] takes
	// more away.
	//
	// 0: what the kind carries of the owner's role at each use. If a token generates it, it inherits the limit of that token.
	Permissions Permission

	// IdempotencyKey makes it safe to repeat a request whose response was lost: 1 to 255 bytes, no invisible character. Use
	// a new one, such as a UUID, for each token. If the same actor generated a token before with the same key and otherwise
	// the same params, and it is active, it is revoked and replaced by a new one. If a use of it is recorded, the error is
	// [ErrRepeated] and the token stays. Empty: a taken name is [ErrExists].
	IdempotencyKey string
}

// Generate creates a token for p.Owner and returns it with its secret. The secret cannot be retrieved again.
//
// Generating for oneself requires [GenerateOwn]. Generating for another user requires [GenerateForOthers] and a role that
// includes every permission of the owner's role. The maximum lifetime applies to everyone.
//
// A token that is generated with another token, its parent, obeys these limits:
//
//   - It expires no later than the parent.
//   - It carries no permission that the parent does not carry, also after the role of the owner has changed.
//   - If the parent is bound to a resource, it is bound to the same one.
//   - The parent must carry GenerateOwn, also to generate for others.
//
// A token generated on behalf of a user carries what its kind carries of the user's role at each use: after a promotion it
// carries more than when it was generated. [TokenQuery.OnBehalf] selects such tokens.
//
// The actor's permissions are read before the write. If the actor is disabled or changed meanwhile, the decision is made
// anew, except for a change that commits while the token is being inserted: such a token stays. So does one that is being
// generated while only the token that the actor uses is revoked: look for it with [TokenQuery.CreatedWith].
//
// The errors are [ErrDenied]; [ErrInvalid], including [LifetimeError] with the limit; [ErrNotFound], [ErrUserDisabled] or
// [ErrSuspended] for the owner; [ErrExists] if an active token of the owner has the name, or [ErrRepeated] if the same request
// generated it; [TooManyError] if the owner has as many active tokens as [Options.MaxActivePerOwner] allows; [ErrUnavailable]. On
// [ErrUncertain] the token may exist: the result contains its ID but no secret. Revoke that ID and try again. If Revoke returns
// [ErrNotFound], a write that is still on its way may create the token later. Nobody has its secret.
func (m *Manager) Generate(ctx context.Context, actor Actor, p GenerateParams) (Token, Secret, error) {
	op := &operation{action: ActionGenerate, actor: actor, owner: p.Owner}
	var secret Secret
	token, err := decide(ctx, m, op, func(ctx context.Context, op *operation) (token Token, err error) {
		token, secret, err = m.generate(ctx, op, p)
		return token, err
	})
	return token, secret, err
}

func (m *Manager) generate(ctx context.Context, op *operation, p GenerateParams) (Token, Secret, error) {
	lifetime, err := m.asked(ctx, op, &p)
	if err != nil {
		return Token{}, Secret{}, err
	}
	text, digest := m.format.generate()
	token := Token{
		ID: TokenID(newID()), Owner: p.Owner, Name: p.Name, Description: p.Description, Kind: p.Kind, Resource: p.Resource,
		Permissions: op.limitFor(p.Permissions), CreatedAt: op.at, CreatedBy: op.actor.User, CreatedWith: op.actor.Token,
		Hint: m.format.hint(text),
	}
	var mark requestMark
	if p.IdempotencyKey != "" {
		mark = markOf(op.actor, p)
		token.ID = mark.on(token.ID)
	}
	for range attempts {
		err = m.insert(ctx, op, &token, digest, lifetime, p.Permissions)
		if errors.Is(err, ErrExists) && p.IdempotencyKey != "" {
			err = m.withdraw(ctx, op, token, mark)
		}
		if !errors.Is(err, ErrConflict) {
			break
		}
		if err := m.authorize(ctx, op); err != nil {
			return Token{}, Secret{}, err
		}
		if why := op.generate(p.Owner, p.Resource); why != permitted {
			return Token{}, Secret{}, m.deny(ctx, op, ErrDenied, why)
		}
		token.Permissions = op.limitFor(p.Permissions)
	}
	switch {
	case errors.Is(err, ErrUncertain) && op.denied == permitted:
		op.token = token.ID
		return token, Secret{}, fmt.Errorf("token %s: %w", token.ID, err)
	case err != nil:
		return Token{}, Secret{}, err
	}
	op.token = token.ID
	return token, newSecret(text), nil
}

// asked completes a request, decides what it can before the owner is read, and returns the lifetime that is asked for; 0: none.
func (m *Manager) asked(ctx context.Context, op *operation, p *GenerateParams) (time.Duration, error) {
	p.Owner = op.owner
	if p.Kind == "" {
		p.Kind = KindUser
	}
	if err := p.check(); err != nil {
		return 0, err
	}
	if err := m.kinds.check(p.Kind, op.is(p.Owner)); err != nil {
		return 0, err
	}
	lifetime, err := lifetimeAsked(p.Lifetime, p.ExpiresAt, op.at)
	if err != nil {
		return 0, err
	}
	if why := op.generate(p.Owner, p.Resource); why != permitted {
		return 0, m.deny(ctx, op, ErrDenied, why)
	}
	return lifetime, nil
}

// insert decides by the present owner and policy, sets the token's expiry, and inserts the token if the decision still holds.
// asked is the limit that was asked for, 0 for none.
func (m *Manager) insert(
	ctx context.Context, op *operation, token *Token, digest Digest, lifetime time.Duration, asked Permission,
) error {
	n, after, err := m.admit(ctx, op, token, digest, lifetime, asked, op.tokenExpires)
	if err != nil {
		return err
	}
	n.MaxActive = m.maxActive
	event := op.changed(State{}, after)
	event.Token = token.ID
	err = m.store.CreateToken(ctx, n, op.facts.Policy.Revision, event)
	if errors.Is(err, ErrTooMany) {
		return &TooManyError{Max: m.maxActive}
	}
	return storeError(err)
}

// admit decides by the present owner and policy whether a token may be inserted that expires no later than its parent, and sets its
// expiry. It returns the token to insert, and what the event records of it.
func (m *Manager) admit(
	ctx context.Context, op *operation, token *Token, digest Digest, lifetime time.Duration, asked Permission, parentExpires time.Time,
) (n NewToken, after State, err error) {
	facts, err := m.facts(ctx, op)
	if err != nil {
		return n, after, err
	}
	owner := facts.Owner
	if owner == nil {
		return n, after, ErrNotFound
	}
	why := op.generateFor(owner.ID, m.roles.requiredToActOn(owner.Role), m.kinds.carries(*token))
	if why != permitted {
		return n, after, m.deny(ctx, op, ErrDenied, why)
	}
	if err := owner.mayGetTokens(); err != nil {
		return n, after, err
	}
	if err := checkLimit(asked, m.roles.grants(owner.Role)&m.kinds.carries(*token)); err != nil {
		return n, after, err
	}
	var limit maximum
	token.ExpiresAt, limit, err = m.expiryFor(*owner, facts.Policy, token.Kind, lifetime, parentExpires, op.at)
	if err != nil {
		return n, after, err
	}
	after = m.stateOfNew(*token, limit)
	n = NewToken{Token: *token, Digest: digest, Epoch: owner.Epoch, OwnerRole: owner.Role}
	if !op.is(owner.ID) {
		n.CreatorRevision = op.revision
	}
	return n, after, nil
}

// expiryFor returns when a token expires that the owner gets at now, and the maximum that the policy has for it.
func (m *Manager) expiryFor(
	owner User, policy MaxLifetimePolicy, k Kind, asked time.Duration, parentExpires, now time.Time,
) (time.Time, maximum, error) {
	limit := policy.maximumFor(owner, k, now)
	expiry, err := limit.within(parentExpires, now).resolve(asked, now, m.defaultLifetime)
	return expiry, limit, err
}

// stateOfNew returns what an event records about a token that is created under a maximum.
func (m *Manager) stateOfNew(t Token, limit maximum) State {
	s := m.stateOf(t)
	s.MaxLifetime, s.Policy = limit.most, limit.inEvent()
	return s
}

// check validates what needs neither the store nor the clock.
func (p GenerateParams) check() error {
	if err := p.Owner.check("owner"); err != nil {
		return err
	}
	if err := checkName("name", p.Name, maxTokenNameRunes); err != nil {
		return err
	}
	if err := checkDescription(p.Description); err != nil {
		return err
	}
	if err := checkIdempotencyKey(p.IdempotencyKey); err != nil {
		return err
	}
	return checkResource(p.Resource)
}
