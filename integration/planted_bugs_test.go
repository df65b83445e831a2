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

// roleUnchecked inserts tokens whatever the role of their owner.
type roleUnchecked struct{ apitoken.Store }

func (b roleUnchecked) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	t.OwnerRole = ""
	return b.Store.CreateToken(ctx, t, policyRevision, e)
}

// edited is a Store that changes what it returns. A nil function changes nothing.
type edited struct {
	apitoken.Store
	record func(*apitoken.Record) // of Lookup
	token  func(*apitoken.Token)  // of Lookup, Facts, Token and Tokens
}

func (b edited) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	r, err := b.edit(b.Store.Lookup(ctx, d))
	if err == nil && b.record != nil {
		b.record(r)
	}
	return r, err
}

func (b edited) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return b.edit(b.Store.Token(ctx, id))
}

func (b edited) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	f, err := b.Store.Facts(ctx, q)
	for _, r := range []**apitoken.Record{&f.Actor, &f.Token} {
		if *r != nil {
			*r, _ = b.edit(*r, nil)
		}
	}
	return f, err
}

func (b edited) edit(r *apitoken.Record, err error) (*apitoken.Record, error) {
	if err != nil {
		return nil, err
	}
	fresh := *r
	if b.token != nil {
		b.token(&fresh.Token)
	}
	return &fresh, nil
}

func (b edited) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	tokens, err := b.Store.Tokens(ctx, q)
	if b.token != nil {
		tokens = slices.Clone(tokens)
		for i := range tokens {
			b.token(&tokens[i])
		}
	}
	return tokens, err
}

// epochIgnored shows every token as one of the present epoch of its owner.
func epochIgnored(store apitoken.Store) apitoken.Store {
	return edited{Store: store, record: func(r *apitoken.Record) { r.Epoch = r.User.Epoch }}
}

// lateToAuthenticate accepts a token at its expiry: <= in place of <.
func lateToAuthenticate(store apitoken.Store, clock apitoken.Clock) apitoken.Store {
	return edited{Store: store, record: func(r *apitoken.Record) {
		if r.Token.ExpiresAt.Equal(clock.Now().Truncate(time.Microsecond)) {
			r.Token.ExpiresAt = r.Token.ExpiresAt.Add(time.Microsecond)
		}
	}}
}

// notFinal forgets the revocations of single tokens when their owner is changed.
type notFinal struct {
	edited
	mu      sync.Mutex
	revived map[apitoken.TokenID]bool
}

func newNotFinal(store apitoken.Store) *notFinal {
	b := &notFinal{revived: map[apitoken.TokenID]bool{}}
	b.edited = edited{Store: store, record: func(r *apitoken.Record) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.revived[r.Token.ID] {
			r.Token.RevokedAt, r.Token.RevokedBy = time.Time{}, ""
		}
	}}
	return b
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

// checkedThenInserted checks whether a name is free, and inserts in another step. The store below would refuse the
// duplicate, so it gets a unique name for every token.
type checkedThenInserted struct {
	edited
	mu      sync.Mutex
	holders map[string]apitoken.Digest
}

func newCheckedThenInserted(store apitoken.Store) *checkedThenInserted {
	withoutUniquePart := func(t *apitoken.Token) { t.Name, _, _ = strings.Cut(t.Name, nameEnd) }
	return &checkedThenInserted{edited: edited{Store: store, token: withoutUniquePart}, holders: map[string]apitoken.Digest{}}
}

// nameEnd separates the name from the unique part. It is in no name of a test.
const nameEnd = "\x1f"

func (b *checkedThenInserted) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	key := string(t.Owner) + nameEnd + t.Name
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

// touchOfAllColumns reads a token, changes its last use, and writes back all columns, including the revocation as it was read.
type touchOfAllColumns struct {
	edited
	torn apitoken.Store // the same, with pauses

	mu      sync.Mutex
	revoked map[apitoken.TokenID]apitoken.Revocation // of single tokens, in the store below
	written map[apitoken.TokenID]apitoken.Revocation // the column as written last
}

func newTouchOfAllColumns(store, torn apitoken.Store) *touchOfAllColumns {
	b := &touchOfAllColumns{torn: torn, revoked: map[apitoken.TokenID]apitoken.Revocation{}, written: map[apitoken.TokenID]apitoken.Revocation{}}
	b.edited = edited{Store: store, token: b.show}
	return b
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

// show shows the column as written last. A revocation with the epoch is not in that column.
func (b *touchOfAllColumns) show(t *apitoken.Token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, ok := b.revoked[t.ID]; ok && t.RevokedAt.Equal(r.At) && t.RevokedBy == r.By {
		t.RevokedAt, t.RevokedBy = b.written[t.ID].At, b.written[t.ID].By
	}
}

// Tokens selects by the column as written last.
func (b *touchOfAllColumns) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	every := q
	every.Status = ""
	tokens, err := b.edited.Tokens(ctx, every)
	return slices.DeleteFunc(tokens, func(t apitoken.Token) bool { return q.Status != "" && t.Status(q.Now()) != q.Status }), err
}
