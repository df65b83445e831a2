package storetest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenPermissions returns stores that let a token carry more than it is limited to.
func brokenPermissions() []broken {
	storing := func(name, bug, found string, as func(apitoken.Permission) apitoken.Permission) broken {
		return broken{name, bug, []string{found}, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.Permissions = as(n.Permissions)
				return s.CreateToken(ctx, n, rev, e)
			}}
		}}
	}
	return []broken{
		storing("drops the limit", "stores tokens that are not limited", "tokens/a created token is read back with every field",
			func(apitoken.Permission) apitoken.Permission { return apitoken.Unlimited }),
		storing("63 permissions", "drops the highest of the permissions", "tokens/a created token is read back with every field",
			func(p apitoken.Permission) apitoken.Permission { return p &^ (1 << 63) }),
		storing("no permission is no limit", "stores no permission as no limit", "tokens/a token with nothing optional is read back",
			func(p apitoken.Permission) apitoken.Permission {
				if p == 0 {
					return apitoken.Unlimited
				}
				return p
			}),
	}
}

// brokenNarrowings returns stores that narrow a token in the wrong way, or one that they should not.
func brokenNarrowings() []broken {
	type narrowing = func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error)
	narrows := func(name, bug string, found []string, narrow narrowing) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, narrow: func(
				ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
			) (apitoken.Token, error) {
				if err := ctx.Err(); err != nil {
					return apitoken.Token{}, err
				}
				return narrow(s, id, n, e)
			}}
		}}
	}
	return []broken{
		narrows("keeps all permissions", "brings the expiry forward and leaves the permissions",
			[]string{"narrowing/a narrowed token is read back", "one winner/narrowings of one token at the same time"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				n.Keep = 0
				return s.NarrowToken(background, id, n, e)
			}),
		narrows("keeps the expiry", "takes permissions and leaves the expiry",
			[]string{"narrowing/a narrowed token is read back", "narrowing/a token that never expires is narrowed"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				n.ExpiresAt = time.Time{}
				return s.NarrowToken(background, id, n, e)
			}),
		narrows("narrows at any time", "narrows a token that has expired", []string{"narrowing/an expired token is not narrowed"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				if rec, err := s.Token(background, id); err == nil {
					e.At = rec.Token.CreatedAt
				}
				return s.NarrowToken(background, id, n, e)
			}),
		narrows("narrows a revoked token", "reports success for a token that is no longer active",
			[]string{"narrowing/a revoked token is not narrowed", "narrowing/an expired token is not narrowed"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				is, err := s.NarrowToken(background, id, n, e)
				if errors.Is(err, apitoken.ErrConflict) {
					return n.Read, nil
				}
				return is, err
			}),
		narrows("conflict for a missing token to narrow", "returns ErrConflict for a token that does not exist",
			[]string{"narrowing/a missing token is not narrowed"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				is, err := s.NarrowToken(background, id, n, e)
				if errors.Is(err, apitoken.ErrNotFound) {
					return is, apitoken.ErrConflict
				}
				return is, err
			}),
		narrows("narrows again", "does not recognise a narrowing that is repeated", []string{"narrowing/a narrowing again"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				e.ID = apitoken.EventID(uuid.Must(uuid.NewV7()))
				return s.NarrowToken(background, id, n, e)
			}),
		narrows("returns the token as read", "returns from NarrowToken the token as it was before", []string{"narrowing/a narrowed token is read back"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				_, err := s.NarrowToken(background, id, n, e)
				return n.Read, err
			}),
		narrows("records what changes nothing", "records an event of a narrowing that takes nothing away",
			[]string{"narrowing/narrowing never widens"},
			func(s apitoken.Store, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
				is, err := s.NarrowToken(background, id, n, e)
				if err == nil {
					err = s.AppendEvents(background, []apitoken.Event{e})
				}
				return is, err
			}),
		{"narrows from what was read", "replaces the permissions and the expiry by those that the caller has decided, whatever others have taken away",
			[]string{"narrowing/narrowing never widens", "one winner/narrowings of one token at the same time"},
			func(s apitoken.Store) apitoken.Store { return replacing(s) }},
		{"records what was read", "records the state of the token as the caller has read it, whatever others have taken away",
			[]string{"narrowing/narrowing writes exactly its event", "one winner/narrowings of one token at the same time"},
			func(s apitoken.Store) apitoken.Store { return recordingRead(s) }},
	}
}

// replacing returns a store whose tokens are, after a narrowing, what its caller has decided.
func replacing(s apitoken.Store) apitoken.Store {
	var mu sync.Mutex
	decided := map[apitoken.TokenID]apitoken.Token{}
	narrows := &otherwise{Store: s}
	narrows.narrow = func(ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		is, err := s.NarrowToken(ctx, id, n, e)
		if err == nil && n.Read.ID == id {
			is, _ = n.Apply(n.Read, e)
			decided[id] = is
		}
		return is, err
	}
	return &shown{Store: narrows, token: func(t *apitoken.Token) {
		mu.Lock()
		defer mu.Unlock()
		if d, ok := decided[t.ID]; ok {
			t.Permissions, t.ExpiresAt = d.Permissions, d.ExpiresAt
		}
	}}
}

// recordingRead returns a store whose events of narrowings begin with what the caller has read.
func recordingRead(s apitoken.Store) apitoken.Store {
	var mu sync.Mutex
	read := map[apitoken.EventID]apitoken.State{}
	narrows := &otherwise{Store: s}
	narrows.narrow = func(ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event) (apitoken.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		if n.Read.ID == id {
			_, was := n.Apply(n.Read, e)
			read[e.ID] = was.Before
		}
		return s.NarrowToken(ctx, id, n, e)
	}
	return &shown{Store: narrows, event: func(e *apitoken.Event) (keep bool) {
		mu.Lock()
		defer mu.Unlock()
		if before, ok := read[e.ID]; ok {
			e.Before = before
		}
		return true
	}}
}
