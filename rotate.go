package apitoken

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// RotateParams describes how a token is replaced.
type RotateParams struct {
	Overlap   time.Duration // how long the old token lives on at most, 1 second to 30 days; 0: Options.RotationOverlap
	Lifetime  time.Duration // of the new token, as in [GenerateParams]
	ExpiresAt time.Time     // instead of Lifetime

	// IdempotencyKey makes it possible to tell a repeated request from a new one, as in [GenerateParams]. If the same actor rotated
	// the token before with the same key and the same params, and the successor was used since, the error is [ErrRepeated]
	// rather than [ErrReplaced]. While the successor is unused, it is replaced, with a key and without.
	IdempotencyKey string
}

const (
	leastOverlap = time.Second
	mostOverlap  = 30 * day
)

// Rotate generates a successor of a token and returns it with its secret, which cannot be retrieved again. The successor has the
// owner, the name, the kind, the resource, the permissions and the description of the old token. Its expiry is judged by the policy of this moment,
// like that of a generated token.
//
// Both tokens authenticate until the successor is used for the first time. That use revokes the old token, so one of the two
// always works: deploy the successor, and the old token ends by itself. If the successor is never used, the old token expires
// after the overlap, or at its own expiry if that is earlier. Its expiry never moves later.
//
// Rotating again while the successor is unused replaces the successor: its response may have been lost. The old token keeps
// the expiry of the first rotation. Rotating the unused successor itself does the same, as long as the old token is active. So a
// token has at most one unused successor that is active. [Manager.Revoke] of an unused successor leaves the old token as it is,
// and the other way round.
//
// The permissions are those of [Manager.Generate] for the same owner, kind and resource, and the actor has to see the token:
// their own, or with [ListAny] those of others. A successor that is generated with a token expires no later than that token. A
// token may rotate itself if it carries [GenerateOwn]. With [KindRule.SelfRenewing] it may rotate itself in any case, and the
// policy alone limits the successor. A token whose successor another actor has generated does not rotate itself.
//
// The old token does not count for [Options.MaxActivePerOwner] any more, and the limit refuses no rotation. A request with the
// old token after it was replaced is refused with [ErrReplaced], which the Observer receives; nothing else follows from it. If
// the write at the first use fails, that use succeeds, the Observer is told, and the next use tries again.
//
// The errors are [ErrInvalid], including [LifetimeError] with the limit; [ErrDenied]; [ErrNotFound], also for a token that the
// actor may not know of; [ErrUserDisabled] or [ErrSuspended] for the owner; [ErrRevoked] or [ErrExpired] if the token is no longer
// active, where [ErrReplaced], which is ErrRevoked, says that its successor was used; [ErrRepeated]; [ErrExists] if another active
// token of the owner has taken the name, which is possible after the successor was revoked; [ErrUnavailable]. On [ErrUncertain]
// the successor may exist: the result contains its ID but no secret. Rotate the token again.
func (m *Manager) Rotate(ctx context.Context, actor Actor, id TokenID, p RotateParams) (Token, Secret, error) {
	op := &operation{action: ActionRotate, actor: actor, token: id}
	var secret Secret
	token, err := decide(ctx, m, op, func(ctx context.Context, op *operation) (token Token, err error) {
		token, secret, err = m.rotate(ctx, op, p)
		return token, err
	})
	return token, secret, err
}

func (m *Manager) rotate(ctx context.Context, op *operation, p RotateParams) (Token, Secret, error) {
	if p.Overlap == 0 {
		p.Overlap = m.overlap
	}
	if err := p.check(); err != nil {
		return Token{}, Secret{}, err
	}
	lifetime, err := lifetimeAsked(p.Lifetime, p.ExpiresAt, op.at)
	if err != nil {
		return Token{}, Secret{}, err
	}
	text, digest := m.format.generate()
	successor := Token{
		ID: TokenID(newID()), CreatedAt: op.at, CreatedBy: op.actor.User, CreatedWith: op.actor.Token, Hint: m.format.hint(text),
	}
	mark := markOfRotation(op.actor, op.token, p)
	if p.IdempotencyKey != "" {
		successor.ID = mark.on(successor.ID)
	}
	for range attempts {
		err = m.replace(ctx, op, p, mark, &successor, digest, lifetime)
		if !errors.Is(err, ErrConflict) {
			break
		}
		if err := m.authorize(ctx, op); err != nil {
			return Token{}, Secret{}, err
		}
	}
	switch {
	case errors.Is(err, ErrConflict):
		return Token{}, Secret{}, unavailable(err)
	case errors.Is(err, ErrUncertain) && op.denied == permitted:
		op.token = successor.ID
		return successor, Secret{}, fmt.Errorf("token %s: %w", successor.ID, err)
	case err != nil:
		return Token{}, Secret{}, err
	}
	op.token = successor.ID
	return successor, newSecret(text), nil
}

// replace decides by the present token, owner and policy, and inserts the successor if the decision still holds.
func (m *Manager) replace(
	ctx context.Context, op *operation, p RotateParams, mark requestMark, successor *Token, digest Digest, lifetime time.Duration,
) error {
	model, err := m.visible(ctx, op, ListAny)
	if err != nil {
		return err
	}
	if err := m.kinds.check(model.Token.Kind, op.is(model.Token.Owner)); err != nil {
		return err
	}
	rule := m.kinds[model.Token.Kind]
	why := op.rotate(model.Token, rule)
	if why == permitted {
		t := model.Token
		why = op.generateFor(t.Owner, m.roles.requiredToActOn(model.User.Role), m.kinds.carries(t))
	}
	if why != permitted {
		return m.deny(ctx, op, ErrDenied, why)
	}
	if model, err = m.rotatable(ctx, op, model, p, mark); err != nil {
		return err
	}
	was, end, err := m.replacedBySuccessorOf(ctx, op, model, rule)
	if err != nil {
		return err
	}
	t := model.Token
	successor.Owner, successor.Name, successor.Kind, successor.Resource = t.Owner, t.Name, t.Kind, t.Resource
	successor.Description, successor.Permissions, successor.Replaces = t.Description, t.Permissions, TokenID{}
	n, after, err := m.admit(ctx, op, successor, digest, lifetime, 0, end)
	if err != nil {
		return err
	}
	successor.Replaces, after.Replaces = was.Token.ID, was.Token.ID
	r := Rotation{Was: *was, Successor: n, ExpiresAt: was.Token.ExpiresAt}
	if r.ExpiresAt.IsZero() || was.Token.ReplacedBy.IsZero() {
		r.ExpiresAt = earlier(r.ExpiresAt, instant(op.at.Add(p.Overlap)))
	}
	after.ReplacedExpiresAt = r.ExpiresAt
	event := op.changed(m.stateOf(was.Token), after)
	event.Token = successor.ID
	return storeError(m.store.RotateToken(ctx, r, op.facts.Policy.Revision, event))
}

// rotatable returns the token to rotate, or why there is none. For a repeated request, that is the unused successor of its first
// attempt.
func (m *Manager) rotatable(ctx context.Context, op *operation, rec *Record, p RotateParams, mark requestMark) (*Record, error) {
	refused := rec.refusal(op.at)
	if !errors.Is(refused, ErrReplaced) || p.IdempotencyKey == "" || !mark.isOn(rec.Token.ReplacedBy) {
		return rec, refused
	}
	next, err := m.store.Token(ctx, rec.Token.ReplacedBy)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, refused
	case err != nil:
		return nil, storeError(err)
	case !next.Unused:
		return nil, ErrRepeated
	}
	return next, next.refusal(op.at)
}

// replacedBySuccessorOf returns the token that is replaced by rotating rec: rec itself, or the active token of which rec is the
// unused successor. end is when the successor expires at the latest because of the token that the actor uses; zero: no limit.
func (m *Manager) replacedBySuccessorOf(
	ctx context.Context, op *operation, rec *Record, rule KindRule,
) (was *Record, end time.Time, err error) {
	end = op.tokenExpires
	if op.uses(rec.Token.ID) {
		return m.replacedByItself(ctx, op, rec, rule)
	}
	if !rec.Unused {
		return rec, end, nil
	}
	was, err = m.store.Token(ctx, rec.Token.Replaces)
	switch {
	case errors.Is(err, ErrNotFound):
		return rec, end, nil
	case err != nil:
		return nil, end, storeError(err)
	case was.Token.ReplacedBy != rec.Token.ID || was.refusal(op.at) != nil:
		return rec, end, nil
	}
	return was, end, nil
}

// replacedByItself is replacedBySuccessorOf for a token that rotates itself. It is in use, so it is not an unused successor, even if
// that could not be recorded.
//
// After a first rotation whose response was lost, the expiry of the lost successor is the limit: the overlap has shortened the
// token's own.
func (m *Manager) replacedByItself(
	ctx context.Context, op *operation, rec *Record, rule KindRule,
) (was *Record, end time.Time, err error) {
	end = op.tokenExpires
	if !rec.Token.ReplacedBy.IsZero() {
		lost, err := m.store.Token(ctx, rec.Token.ReplacedBy)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, end, storeError(err)
		case lost.refusal(op.at) == nil:
			if why := op.rotateAgain(lost.Token); why != permitted {
				return nil, end, m.deny(ctx, op, ErrDenied, why)
			}
			end = lost.Token.ExpiresAt
		}
	}
	if rule.SelfRenewing {
		end = time.Time{}
	}
	if rec.Unused {
		if err := m.useFirst(ctx, rec, op.at); err != nil {
			return nil, end, err
		}
	}
	return rec, end, nil
}

// earlier returns the earlier of an expiry, which may be zero for none, and a time.
func earlier(expiry, at time.Time) time.Time {
	if hasExpired(expiry, at) {
		return expiry
	}
	return at
}

// check validates what needs neither the store nor the clock.
func (p RotateParams) check() error {
	if err := checkOverlap("overlap", p.Overlap); err != nil {
		return err
	}
	return checkIdempotencyKey(p.IdempotencyKey)
}

func checkOverlap(field string, d time.Duration) error {
	if d < 0 || d > mostOverlap {
		return invalid(field, "is %s, %s to %s are allowed", lifetimeText(d), leastOverlap, lifetimeText(mostOverlap))
	}
	return checkUnit(field, d, leastOverlap)
}

// markOfRotation returns the digest of the actor, the key and the request.
func markOfRotation(actor Actor, id TokenID, p RotateParams) requestMark {
	sum := sha256.Sum256(fmt.Appendf(nil, "rotate %q %q %s %d %d %d",
		p.IdempotencyKey, actor.User, id, p.Overlap, p.Lifetime, instant(p.ExpiresAt).UnixMicro()))
	return requestMark(sum[:8])
}
