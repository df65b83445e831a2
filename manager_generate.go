package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// GenerateParams say what token is wanted.
type GenerateParams struct {
	Owner     UserID        // required, also for oneself: an empty owner is a mistake, not the actor
	Name      string        // 1 to 100 characters; no outer space, no control, format or zero-width character
	Kind      Kind          // empty: KindUser
	Lifetime  time.Duration // 1 s or more, whole microseconds; 0: the maximum, or DefaultLifetime where there is none; NoExpiration: if allowed
	ExpiresAt time.Time     // instead of Lifetime

	// Resource binds the token to one of the host's own things, in the host's own words, such as "project:web": at most 255
	// bytes, no outer space, no invisible character. It is fixed for the token's life; see [Token.Resource]. Empty: it is
	// bound to nothing.
	Resource string

	// IdempotencyKey makes it safe to ask again where the answer was lost: 1 to 255 bytes, no invisible character; make a
	// new one for each token that is wanted, such as a UUID. If the same actor has generated a token with the same key and
	// otherwise the same params before, and it is alive, then it is revoked and a fresh one takes its place; if it was
	// used meanwhile, as far as that is recorded, the answer is [ErrRepeated] and it stays. Empty: a name that is taken is
	// [ErrExists].
	IdempotencyKey string
}

// Generate makes a token for p.Owner and returns it with its text, which nobody can read again.
//
// Generating for oneself requires [GenerateOwn]. Generating for another user requires [GenerateForOthers] and a role that
// includes every permission of the owner's role. The maximum lifetime applies to everyone.
//
// A token generated with another token expires no later than that token, carries no more than it, whatever the role of the
// owner is or becomes, and is bound to the same resource. The other token has to carry GenerateOwn, also to generate for
// others.
//
// A token generated on behalf of a user carries what its kind carries of the user's role at each use: after a promotion it
// carries more than when it was generated. [TokenQuery.OnBehalf] selects such tokens.
//
// The actor's permissions are read before the write. If the actor is disabled or changed meanwhile, the decision is made
// anew, except for a change that commits while the token is being inserted: such a token stays.
//
// The errors are [ErrDenied]; [ErrInvalid], among them a [LifetimeError] that carries the limit; [ErrNotFound] and
// [ErrUserDisabled] for the owner; [ErrExists] for the name of a token that is neither expired nor revoked, [ErrRepeated]
// if it is what the same request generated before; [ErrUnavailable]. With [ErrUncertain] the token may exist: it is
// returned without its secret; revoke its ID, and ask again.
func (m *Manager) Generate(ctx context.Context, actor Actor, p GenerateParams) (Token, Secret, error) {
	op, err := m.begin(ctx, ActionGenerate, actor, p.Owner, TokenID{})
	if err != nil {
		return Token{}, Secret{}, m.end(ctx, op, err)
	}
	token, secret, err := m.generate(ctx, op, p)
	return token, secret, m.end(ctx, op, err)
}

func (m *Manager) generate(ctx context.Context, op *operation, p GenerateParams) (Token, Secret, error) {
	p.Owner = op.owner
	if p.Kind == "" {
		p.Kind = KindUser
	}
	lifetime, err := m.checkGenerate(op, p)
	if err != nil {
		return Token{}, Secret{}, err
	}
	if why := op.generate(p.Owner, p.Resource); why != permitted {
		return Token{}, Secret{}, m.deny(ctx, op, ErrDenied, why)
	}
	text, digest := m.format.generate()
	token := Token{
		ID: TokenID(newID()), Owner: p.Owner, Name: p.Name, Kind: p.Kind, Resource: p.Resource,
		CreatedAt: op.at, CreatedBy: op.actor.User, CreatedWith: op.actor.Token,
		Hint: m.format.hint(text),
	}
	var mark requestMark
	if p.IdempotencyKey != "" {
		mark = markOf(op.actor, p)
		token.ID = mark.on(token.ID)
	}
	for range attempts {
		err = m.insert(ctx, op, &token, digest, lifetime)
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

// insert decides by what the store holds now, sets the token's end, and writes it if all that still holds then.
func (m *Manager) insert(ctx context.Context, op *operation, token *Token, digest Digest, lifetime time.Duration) error {
	owner, err := m.store.User(ctx, token.Owner)
	if err != nil {
		return storeError(err)
	}
	why := op.generateFor(owner.ID, m.roles.shields(owner.Role), m.kinds.carries(token.Kind, token.Resource))
	if why != permitted {
		return m.deny(ctx, op, ErrDenied, why)
	}
	if owner.Disabled() {
		return ErrUserDisabled
	}
	policy, err := m.policy(ctx)
	if err != nil {
		return err
	}
	token.ExpiresAt, err = m.expiry(op, policy, lifetime)
	if err != nil {
		return err
	}
	event := op.changed(State{}, State{
		Name: token.Name, Kind: token.Kind, Resource: token.Resource, ExpiresAt: token.ExpiresAt, MaxLifetime: policy.Max,
	})
	event.Token = token.ID
	n := NewToken{Token: *token, Digest: digest, Epoch: owner.Epoch}
	if !op.is(owner.ID) {
		n.CreatorRevision = op.revision
	}
	return storeError(m.store.CreateToken(ctx, n, policy.Revision, event))
}

// expiry applies the policy. The end of the token that the actor uses is a second maximum.
func (m *Manager) expiry(op *operation, policy MaxLifetimePolicy, lifetime time.Duration) (time.Time, error) {
	if !op.until.IsZero() {
		policy.Max = min(policy.Max, op.until.Sub(op.at))
	}
	if lifetime == 0 && policy.Max == NoExpiration {
		lifetime = m.defaultLifetime
	}
	return policy.Expiry(op.at, lifetime)
}

// checkGenerate holds the parameters to the rules that need no look into the store, and gives the lifetime asked for.
func (m *Manager) checkGenerate(op *operation, p GenerateParams) (time.Duration, error) {
	if err := p.Owner.check("owner"); err != nil {
		return 0, err
	}
	if err := checkName("name", p.Name, maxTokenNameRunes); err != nil {
		return 0, err
	}
	if err := m.kinds.check(p.Kind, op.is(p.Owner)); err != nil {
		return 0, err
	}
	if n := len(p.IdempotencyKey); n > maxIdempotencyKeyBytes {
		return 0, invalid("idempotency key", "is %d bytes long, at most %d are allowed", n, maxIdempotencyKeyBytes)
	}
	if err := checkVisible("idempotency key", p.IdempotencyKey); err != nil {
		return 0, err
	}
	if err := checkResource(p.Resource); err != nil {
		return 0, err
	}
	if p.ExpiresAt.IsZero() {
		return p.Lifetime, checkLifetime(p.Lifetime)
	}
	end := instant(p.ExpiresAt)
	switch {
	case p.Lifetime != 0:
		return 0, invalid("lifetime", "is given twice, as a lifetime and as an expiry")
	case !end.After(op.at):
		return 0, invalid("expiry", "is not in the future")
	case !end.Before(ceiling):
		return 0, invalid("expiry", "is in %d, the year 2200 is the limit", end.Year())
	}
	return end.Sub(op.at), nil // between 1970 and 2200 a difference fits into a Duration
}
