package apitoken

import (
	"context"
	"errors"
	"time"
)

// TokenTally is the number of tokens in each state, among the first ones that a query examines.
type TokenTally struct {
	Active, Expired, Revoked int
	Examined                 int  // how many tokens were examined, at most
	More                     bool // there are tokens that were not examined, so each number may be higher
}

// Of returns the number of a state; the empty Status is all of them.
func (t TokenTally) Of(s Status) int {
	switch s {
	case StatusActive:
		return t.Active
	case StatusExpired:
		return t.Expired
	case StatusRevoked:
		return t.Revoked
	}
	return t.Active + t.Expired + t.Revoked
}

// Add counts a token at a time.
func (t *TokenTally) Add(token Token, now time.Time) {
	switch token.Status(now) {
	case StatusActive:
		t.Active++
	case StatusExpired:
		t.Expired++
	case StatusRevoked:
		t.Revoked++
	}
}

const maxTally = 10_000

// TallyTokens counts the tokens that q selects, by their state, in bounded time: among the first rows tokens after q.After in the
// order of q, 1 to 10,000. These are tokens that the index for one of the conditions gives, or all tokens. If there are more of
// them, TokenTally.More is set, and each number says how many there are at least. With q.BeyondPolicy, and limits or exemptions in
// the policy, at most 1,000 are examined. It ignores q.Limit. The errors are those of [Manager.ListTokens].
func (m *Manager) TallyTokens(ctx context.Context, actor Actor, q TokenQuery, rows int) (TokenTally, error) {
	q.Limit = maxPage
	return list(ctx, m, actor, q, func(r tokenReader, ctx context.Context, q TokenQuery) (TokenTally, error) {
		if rows < 1 || rows > maxTally {
			return TokenTally{}, invalid("rows", "is %d, 1 to %d are allowed", rows, maxTally)
		}
		return r.tally(ctx, q, rows)
	})
}

func (r tokenReader) tally(ctx context.Context, q TokenQuery, rows int) (TokenTally, error) {
	if q.isContradictory() {
		return TokenTally{}, nil
	}
	counter, ok := r.store.(TokenCounter)
	if r.keep == nil && ok {
		tally, err := counter.TallyTokens(ctx, q, rows)
		if !errors.Is(err, errors.ErrUnsupported) {
			return tally, err
		}
	}
	if r.keep != nil {
		rows = min(rows, pageBudget)
	}
	var tally TokenTally
	for {
		q.Limit = min(maxPage, rows-tally.Examined)
		page, err := r.judged(ctx, q)
		if err != nil {
			return TokenTally{}, err
		}
		for _, t := range page.Tokens {
			tally.Add(t, q.now)
		}
		tally.Examined += page.Examined
		switch {
		case page.Next.IsZero():
			return tally, nil
		case tally.Examined >= rows:
			tally.More = true
			return tally, nil
		}
		q = q.following(page.Next, page.NextExpiry)
	}
}
