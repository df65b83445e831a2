package integration_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// plant puts a bug into a store. torn is the same store with a pause before its calls.
type plant func(store, torn apitoken.Store, clock apitoken.Clock) apitoken.Store

// The planted bugs: Stores that break one point of the contract.

// policyUnchecked inserts tokens without checking the revision of the policy.
type policyUnchecked struct{ apitoken.Store }

func (b policyUnchecked) CreateToken(ctx context.Context, t apitoken.NewToken, _ int64, e apitoken.Event) error {
	for {
		p, err := b.Policy(ctx)
		if err != nil {
			return err
		}
		if err = b.Store.CreateToken(ctx, t, p.Revision, e); !errors.Is(err, apitoken.ErrConflict) {
			return err
		}
	}
}

// epochIgnored shows every token as one of the present epoch of its owner.
type epochIgnored struct{ apitoken.Store }

func (b epochIgnored) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	r, err := b.Store.Lookup(ctx, d)
	if err != nil {
		return nil, err
	}
	fresh := *r
	fresh.Epoch = r.User.Epoch
	return &fresh, nil
}

// lateToAuthenticate accepts a token at its expiry: <= in place of <.
type lateToAuthenticate struct {
	apitoken.Store
	clock apitoken.Clock
}

func (b lateToAuthenticate) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	r, err := b.Store.Lookup(ctx, d)
	if err != nil || !r.Token.ExpiresAt.Equal(b.clock.Now().Truncate(time.Microsecond)) {
		return r, err
	}
	late := *r
	late.Token.ExpiresAt = r.Token.ExpiresAt.Add(time.Microsecond)
	return &late, nil
}

// notFinal forgets the revocations of single tokens when their owner is changed.
type notFinal struct {
	apitoken.Store
	mu      sync.Mutex
	revived map[apitoken.TokenID]bool
}

func (b *notFinal) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	u, err := b.Store.ChangeUser(ctx, id, c, e)
	if err != nil {
		return u, err
	}
	tokens, err := b.Tokens(ctx, apitoken.TokenQuery{Owner: id, Limit: 1000}.At(e.At))
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range tokens {
		b.revived[t.ID] = true
	}
	return u, err
}

func (b *notFinal) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	r, err := b.Store.Lookup(ctx, d)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.revived[r.Token.ID] {
		return r, nil
	}
	fresh := *r
	fresh.Token.RevokedAt, fresh.Token.RevokedBy = time.Time{}, ""
	return &fresh, nil
}

// checkedThenInserted checks whether a name is free, and inserts in another step. The store below would refuse the
// duplicate, so it gets a unique name for every token.
type checkedThenInserted struct {
	apitoken.Store
	mu      sync.Mutex
	holders map[string]apitoken.Digest
}

// nameEnd separates the name from the unique part. It is in no name of a test.
const nameEnd = "\x1f"

func holding(owner apitoken.UserID, name string) string { return string(owner) + nameEnd + name }

func (b *checkedThenInserted) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	key := holding(t.Owner, t.Name)
	b.mu.Lock()
	digest, held := b.holders[key]
	b.mu.Unlock()
	if held {
		r, err := b.Store.Lookup(ctx, digest)
		if err != nil {
			return err
		}
		if r.Epoch >= t.Epoch && r.Token.Status(t.CreatedAt) == apitoken.StatusActive {
			return apitoken.ErrExists
		}
	}
	t.Name += nameEnd + t.ID.String()
	if err := b.Store.CreateToken(ctx, t, policyRevision, e); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holders[key] = t.Digest
	return nil
}

func (b *checkedThenInserted) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	return renamed(b.Store.Lookup(ctx, d))
}

func (b *checkedThenInserted) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	f, err := b.Store.Facts(ctx, q)
	for _, r := range []**apitoken.Record{&f.Actor, &f.Token} {
		if *r != nil {
			*r, _ = renamed(*r, nil)
		}
	}
	return f, err
}

func (b *checkedThenInserted) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return renamed(b.Store.Token(ctx, id))
}

func (b *checkedThenInserted) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	tokens, err := b.Store.Tokens(ctx, q)
	tokens = slices.Clone(tokens)
	for i := range tokens {
		tokens[i].Name, _, _ = strings.Cut(tokens[i].Name, nameEnd)
	}
	return tokens, err
}

func renamed(r *apitoken.Record, err error) (*apitoken.Record, error) {
	if err != nil {
		return nil, err
	}
	fresh := *r
	fresh.Token.Name, _, _ = strings.Cut(r.Token.Name, nameEnd)
	return &fresh, nil
}

// touchOfAllColumns reads a token, changes its last use, and writes back all columns, including the revocation as it was read.
type touchOfAllColumns struct {
	apitoken.Store
	torn apitoken.Store // the same, with pauses

	mu      sync.Mutex
	revoked map[apitoken.TokenID]apitoken.Revocation // of single tokens, in the store below
	written map[apitoken.TokenID]apitoken.Revocation // the column as written last
}

func (b *touchOfAllColumns) Touch(ctx context.Context, touches []apitoken.Touch) error {
	b.mu.Lock()
	stale := maps.Clone(b.written)
	b.mu.Unlock()
	if err := b.torn.Touch(ctx, touches); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, touch := range touches {
		b.written[touch.Token] = stale[touch.Token]
	}
	return nil
}

func (b *touchOfAllColumns) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed, err := b.Store.RevokeToken(ctx, id, r, e)
	if changed {
		b.revoked[id] = r
	}
	b.written[id] = b.revoked[id]
	return changed, err
}

// shown returns the token with the column as written last. A revocation with the epoch is not in that column. The lock is held.
func (b *touchOfAllColumns) shown(t apitoken.Token) apitoken.Token {
	if r, ok := b.revoked[t.ID]; ok && t.RevokedAt.Equal(r.At) && t.RevokedBy == r.By {
		t.RevokedAt, t.RevokedBy = b.written[t.ID].At, b.written[t.ID].By
	}
	return t
}

func (b *touchOfAllColumns) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record(b.Store.Lookup(ctx, d))
}

func (b *touchOfAllColumns) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record(b.Store.Token(ctx, id))
}

func (b *touchOfAllColumns) record(r *apitoken.Record, err error) (*apitoken.Record, error) {
	if err != nil {
		return nil, err
	}
	fresh := *r
	fresh.Token = b.shown(r.Token)
	return &fresh, nil
}

func (b *touchOfAllColumns) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	every := q
	every.Status = ""
	tokens, err := b.Store.Tokens(ctx, every)
	var page []apitoken.Token
	for _, t := range tokens {
		if t = b.shown(t); q.Status == "" || t.Status(q.Now()) == q.Status {
			page = append(page, t)
		}
	}
	return page, err
}
