package storetest_test

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// revokes is a store whose RevokeTokens is another one.
type revokes struct {
	apitoken.Store
	revoke func(context.Context, apitoken.Revocation, []apitoken.Event) (int, error)
}

func (s revokes) RevokeTokens(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
	return s.revoke(ctx, by, events)
}

// brokenRevocationPages returns stores that revoke too few tokens of a page, or not at one moment.
func brokenRevocationPages() []broken {
	const all = "revocation/a page of tokens is revoked, and no other token"
	page := func(name, bug, found string, revoke func(apitoken.Store, context.Context, apitoken.Revocation, []apitoken.Event) (int, error)) broken {
		return broken{name, bug, []string{found}, func(s apitoken.Store) apitoken.Store {
			return revokes{s, func(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				return revoke(s, ctx, by, events)
			}}
		}}
	}
	// one by one, in the order of the events
	each := func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (n int, err error) {
		for _, e := range events {
			changed, err := s.RevokeToken(ctx, e.Token, by, e)
			if err != nil && err != apitoken.ErrNotFound {
				return 0, err
			}
			if changed {
				n++
			}
		}
		return n, nil
	}
	return []broken{
		page("revokes one by one", "revokes each token of a page in a transaction of its own", "cancellation/RevokeTokens cancelled at each step", each),
		page("revokes the first 256", "revokes no more tokens than one statement names", all,
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				return s.RevokeTokens(ctx, by, events[:min(len(events), 256)])
			}),
		page("records one event a page", "records the first event of a page only", all,
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				if len(events) == 0 {
					return 0, nil
				}
				n, err := s.RevokeTokens(ctx, by, events[:1])
				for _, e := range events[1:] {
					_, _ = s.RevokeToken(ctx, e.Token, by, events[0])
				}
				return n, err
			}),
		page("counts what was asked", "counts the tokens that it was given, and not those that it has revoked",
			"revocation/revoking nothing records nothing",
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				_, err := s.RevokeTokens(ctx, by, events)
				return len(events), err
			}),
		page("a missing token stops a page", "reports a token of a page that does not exist", "revocation/revoking nothing records nothing",
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				for _, e := range events {
					if _, err := s.Token(ctx, e.Token); err != nil {
						return 0, err
					}
				}
				return s.RevokeTokens(ctx, by, events)
			}),
		page("revokes a page again", "revokes what is left of a page if the call is repeated", "revocation/a page of revocations again",
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				n, err := s.RevokeTokens(ctx, by, events)
				again := slices.Clone(events)
				for i := range again {
					again[i].ID = apitoken.EventID(uuid.New())
				}
				more, _ := s.RevokeTokens(ctx, by, again)
				return n + more, err
			}),
		page("forgets what it revoked", "counts no token if the call is repeated", "revocation/a page of revocations again",
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				before, _ := s.Events(ctx, apitoken.EventQuery{Limit: 10_000})
				n, err := s.RevokeTokens(ctx, by, events)
				for _, e := range before {
					if len(events) > 0 && e.ID == events[0].ID {
						return 0, err
					}
				}
				return n, err
			}),
		page("revokes a token twice", "lets each of several callers revoke and record the same token", "revocation/two callers revoke each token once",
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				_, err := s.RevokeTokens(ctx, by, events)
				if err == nil {
					err = s.AppendEvents(ctx, events)
				}
				return len(events), err
			}),
		page("revokes the owner's others", "revokes every token of the owners", all,
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				n, err := s.RevokeTokens(ctx, by, events)
				for _, e := range events {
					tokens, _ := s.Tokens(ctx, apitoken.TokenQuery{Owner: e.Owner, Limit: 1000}.At(by.At))
					for _, t := range tokens {
						e.ID, e.Token = apitoken.EventID(uuid.New()), t.ID
						_, _ = s.RevokeToken(ctx, t.ID, by, e)
					}
				}
				return n, err
			}),
		page("keeps the names of a page", "leaves the names of revoked tokens in use", "revocation/a page of revocations frees the names",
			func(s apitoken.Store, ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
				n, err := s.RevokeTokens(ctx, by, events)
				for _, e := range events {
					taken := apitoken.NewToken{Token: apitoken.Token{ID: apitoken.TokenID(uuid.New()), Owner: e.Owner, Name: e.Before.Name, CreatedAt: by.At}}
					taken.Digest = sha256.Sum256(taken.ID[:])
					_ = s.CreateToken(ctx, taken, 0, apitoken.Event{ID: apitoken.EventID(uuid.New()), At: by.At})
				}
				return n, err
			}),
	}
}
