package apitoken

import (
	"context"
	"fmt"
)

// RevokeManyParams says how many tokens [Manager.RevokeMany] may revoke, and why.
type RevokeManyParams struct {
	// AtMost is the number of tokens that the caller expects, for example because an administrator has seen it: 1 or more. If
	// more match, nothing is revoked. With DryRun, 0 means any number.
	AtMost int

	Reason string // goes into the Reason of each event: at most 255 bytes, no space at either end, no invisible character; may be empty
	DryRun bool   // count, and revoke nothing
}

// RevokeManyResult is what one call of [Manager.RevokeMany] did.
type RevokeManyResult struct {
	Revoked   int // tokens that this call has revoked
	Remaining int // active tokens that match and are left; with DryRun, all that match
}

// revokedTokens is how many tokens one call of RevokeMany revokes.
const revokedTokens = 500

// RevokeMany revokes active tokens that q selects, for good. A call revokes one page of at most 500 tokens, all or none of them.
// The caller repeats it until RevokeManyResult.Remaining is 0:
//
//	q := apitoken.TokenQuery{AnyOwner: true, Kind: "machine"}
//	seen, err := m.RevokeMany(ctx, actor, q, apitoken.RevokeManyParams{DryRun: true})
//	...
//	for left := seen.Remaining; left > 0 && err == nil; {
//		var r apitoken.RevokeManyResult
//		r, err = m.RevokeMany(ctx, actor, q, apitoken.RevokeManyParams{AtMost: left, Reason: "leaked"})
//		left = r.Remaining
//	}
//
// If more than p.AtMost tokens match, the error is [ErrConflict] and nothing is revoked: tokens were generated since the caller
// has counted. A call may be repeated after any error, because a token that was revoked is not active. Each token has one event,
// that of [Manager.Revoke] with p.Reason. The token that the actor uses comes last, with the last page.
//
// The permissions are those of [Manager.RevokeAll]: users revoke their own tokens, and [RevokeAny] is required for everything
// else. q.Status may be empty or [StatusActive]; q.Order, q.After and q.Limit are not allowed. Counting may take long without an index
// for the conditions: see [Manager.CountTokens]. With q.BeyondPolicy, and limits or exemptions in the policy, each call judges
// every token that may be beyond the policy.
//
// Like Revoke it works with a clock that reads a time before 1970 or after 2199. No token has expired then, so expired tokens
// match as well.
//
// The errors are [ErrDenied]; [ErrInvalid], also inside a transaction of the host; [ErrConflict]; [ErrUnavailable] and
// [ErrUncertain], after which the page may have been revoked.
func (m *Manager) RevokeMany(ctx context.Context, actor Actor, q TokenQuery, p RevokeManyParams) (RevokeManyResult, error) {
	op := &operation{action: ActionRevokeMany, actor: actor, owner: q.Owner}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (RevokeManyResult, error) { return m.revokeMany(ctx, op, q, p) })
}

func (m *Manager) revokeMany(ctx context.Context, op *operation, q TokenQuery, p RevokeManyParams) (RevokeManyResult, error) {
	if err := p.check(); err != nil {
		return RevokeManyResult{}, err
	}
	if err := q.checkRevocable(); err != nil {
		return RevokeManyResult{}, err
	}
	q, err := m.allowed(ctx, op, q, RevokeAny)
	if err != nil {
		return RevokeManyResult{}, err
	}
	q.Status = StatusActive
	r, q, err := m.reader(ctx, op, q)
	if err != nil {
		return RevokeManyResult{}, err
	}
	page, total, err := r.firstOf(ctx, q, revokedTokens+1) // one more, because the actor's own token comes last
	if err != nil {
		return RevokeManyResult{}, storeError(err)
	}
	if p.AtMost > 0 && total > p.AtMost {
		return RevokeManyResult{}, fmt.Errorf("%w: %d tokens match, at most %d were expected", ErrConflict, total, p.AtMost)
	}
	if p.DryRun {
		return RevokeManyResult{Remaining: total}, nil
	}
	page = op.ownLast(page)
	page = page[:min(len(page), revokedTokens)]
	revoked, err := m.store.RevokeTokens(ctx, Revocation{At: op.at, By: op.actor.User}, m.revocations(op, page, p.Reason))
	if err != nil {
		return RevokeManyResult{}, storeError(err)
	}
	return RevokeManyResult{Revoked: revoked, Remaining: total - len(page)}, nil
}

// firstOf returns the first n tokens that a query selects, and how many it selects.
func (r tokenReader) firstOf(ctx context.Context, q TokenQuery, n int) (first []Token, total int, err error) {
	q.Limit = n
	first, err = r.list(ctx, q)
	if err != nil || len(first) < n {
		return first, len(first), err
	}
	q.Limit = maxPage
	total, err = r.count(ctx, q)
	return first, max(total, n), err
}

// ownLast returns the tokens with the one that the actor uses at the end.
func (op *operation) ownLast(tokens []Token) []Token {
	var others, own []Token
	for _, t := range tokens {
		if op.uses(t.ID) {
			own = append(own, t)
		} else {
			others = append(others, t)
		}
	}
	return append(others, own...)
}

// revocations returns the events of tokens that are to be revoked. They are events of Revoke, so that a reader of the events
// needs to know one action only.
func (m *Manager) revocations(op *operation, tokens []Token, reason string) []Event {
	events := make([]Event, len(tokens))
	for i, t := range tokens {
		before := m.stateOf(t)
		after := before
		after.RevokedAt = op.at
		e := op.changed(before, after)
		e.ID, e.Action, e.Owner, e.Token, e.Reason = EventID(newID()), ActionRevoke, t.Owner, t.ID, reason
		events[i] = e
	}
	return events
}

func (p RevokeManyParams) check() error {
	if p.AtMost < 0 || p.AtMost == 0 && !p.DryRun {
		return invalid("at most", "is %d, the number of tokens that are expected is needed", p.AtMost)
	}
	if p.Reason == "" {
		return nil
	}
	return checkReason("reason", p.Reason)
}

// checkRevocable refuses what would select other tokens to revoke than to count.
func (q TokenQuery) checkRevocable() error {
	switch {
	case q.Status != "" && q.Status != StatusActive:
		return invalid("status", "is %s, only active tokens can be revoked", quoted(string(q.Status)))
	case q.Order != OrderOldest:
		return invalid("order", "is %s, a revocation has no order", quoted(string(q.Order)))
	case !q.After.IsZero():
		return invalid("after", "is set, a revocation has no cursor")
	case q.Limit != 0:
		return invalid("limit", "is %d, a revocation has a page of its own", q.Limit)
	}
	return nil
}
