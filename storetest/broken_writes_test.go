package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

var background = context.Background()

// brokenWrites returns stores whose writes ignore or confuse their conditions.
func brokenWrites() []broken {
	return []broken{{
		"ignores the policy revision", "inserts a token at any revision of the policy",
		[]string{"refusals/the revision before the last", "refusals/a future revision", "concurrency/no token overtakes a policy"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, _ int64, e apitoken.Event) error {
				return createAtAnyRevision(ctx, s, n, e)
			}}
		},
	}, {
		"checks the owner first", "returns ErrNotFound for a missing owner before ErrConflict for a moved policy",
		[]string{"refusals/a moved policy precedes a missing owner"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if _, err := s.User(ctx, n.Owner); err != nil {
					return err
				}
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"ignores the creator", "inserts a token at any revision of its creator",
		[]string{"refusals/the creator's revision before", "refusals/the revision of a missing creator"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.CreatorRevision = 0
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"owner as creator", "compares CreatorRevision with the row of the owner",
		[]string{"refusals/the creator's present revision", "refusals/the revision of the owner and not the creator"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if owner, err := s.User(ctx, n.Owner); err == nil && n.CreatorRevision != 0 && owner.Revision != n.CreatorRevision {
					return apitoken.ErrConflict
				}
				n.CreatorRevision = 0
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"checks the creator last", "returns ErrNotFound and ErrExists before ErrConflict for a creator who has changed",
		[]string{"refusals/a changed creator precedes a missing owner", "refusals/a changed creator precedes a held name"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if creator, err := s.User(ctx, n.CreatedBy); err != nil || creator.Revision == n.CreatorRevision {
					return s.CreateToken(ctx, n, rev, e)
				}
				if _, err := s.User(ctx, n.Owner); err != nil {
					return err
				}
				if len(liveTokens(ctx, s, n)) > 0 {
					return apitoken.ErrExists
				}
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"ignores the owner's role", "inserts a token whatever the role of its owner",
		[]string{
			"refusals/the owner's role before", "refusals/a role that nobody has", "refusals/the owner's role in another case",
			"refusals/the owner's role with a space", "refusals/the owner's role after the name of an expired token",
		},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.OwnerRole = ""
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"creator's role", "compares OwnerRole with the role of the creator",
		[]string{"refusals/the owner's present role", "refusals/the owner's role before"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if creator, err := s.User(ctx, n.CreatedBy); err == nil && n.OwnerRole != "" && creator.Role != n.OwnerRole {
					return apitoken.ErrConflict
				}
				n.OwnerRole = ""
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"checks the role last", "returns ErrExists before ErrConflict for an owner of another role",
		[]string{"refusals/another role precedes a held name"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if p, err := s.Policy(ctx); err == nil && p.Revision == rev && n.OwnerRole != "" && len(liveTokens(ctx, s, n)) > 0 {
					return apitoken.ErrExists
				}
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"exists on a repetition", "returns ErrExists for a repeated CreateToken",
		[]string{"repetition/a token again"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if _, err := s.Token(ctx, n.ID); err == nil {
					return apitoken.ErrExists
				}
				return s.CreateToken(ctx, n, rev, e)
			}}
		},
	}, {
		"no change on a repetition", "reports no change for a repeated RevokeToken",
		[]string{"repetition/a revocation again"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				if rec, err := s.Token(ctx, id); err == nil && !rec.Token.RevokedAt.IsZero() {
					return false, nil
				}
				return s.RevokeToken(ctx, id, by, e)
			}}
		},
	}, {
		"cancelled means missing", "returns ErrNotFound from a Lookup with a cancelled context",
		[]string{"cancellation/Lookup with a cancelled context does not report a missing row"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, lookup: func(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
				rec, err := s.Lookup(ctx, d)
				if err != nil {
					return nil, apitoken.ErrNotFound
				}
				return rec, nil
			}}
		},
	}, {
		"error after the insert", "inserts the token and then returns the error of the cancelled context",
		[]string{"cancellation/CreateToken with a cancelled context is atomic"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				if err := s.CreateToken(background, n, rev, e); err != nil {
					return err
				}
				return ctx.Err()
			}}
		},
	}, {
		"half a batch", "stores the first event of a batch and then returns, because the context is cancelled",
		[]string{"cancellation/AppendEvents with a cancelled context is atomic"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, append: func(ctx context.Context, events []apitoken.Event) error {
				for _, e := range events {
					if err := s.AppendEvents(background, []apitoken.Event{e}); err != nil {
						return err
					}
					if err := ctx.Err(); err != nil {
						return err
					}
				}
				return nil
			}}
		},
	}}
}

func createAtAnyRevision(ctx context.Context, s apitoken.Store, n apitoken.NewToken, e apitoken.Event) error {
	for last := int64(-1); ; {
		p, err := s.Policy(ctx)
		if err != nil {
			return err
		}
		err = s.CreateToken(ctx, n, p.Revision, e)
		if !errors.Is(err, apitoken.ErrConflict) || p.Revision == last { // the conflict is that of the creator
			return err
		}
		last = p.Revision
	}
}

// overrides are what is shown of tokens instead of the stored values.
type overrides struct {
	mu     sync.Mutex
	tokens map[apitoken.TokenID]func(*apitoken.Token)
}

func (o *overrides) set(id apitoken.TokenID, as func(*apitoken.Token)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tokens == nil {
		o.tokens = map[apitoken.TokenID]func(*apitoken.Token){}
	}
	o.tokens[id] = as
}

func (o *overrides) show(t *apitoken.Token) {
	o.mu.Lock()
	defer o.mu.Unlock()
	edit(o.tokens[t.ID], t)
}

// brokenTokens returns stores that write or show a token wrongly.
func brokenTokens() []broken {
	return []broken{{
		"touch goes backwards", "writes the time of a touch over any last use",
		[]string{
			"touch/a touch never goes backwards", "touch/each token of a batch is compared on its own",
			"concurrency/a concurrent touch does not undo another",
		},
		func(s apitoken.Store) apitoken.Store {
			var last overrides
			return &otherwise{Store: &shown{Store: s, token: last.show}, touch: func(_ context.Context, touches []apitoken.Touch) error {
				for _, touch := range touches {
					last.set(touch.Token, func(t *apitoken.Token) { t.LastUsedAt = touch.At })
				}
				return nil
			}}
		},
	}, {
		"last use of a clock that was ahead", "moves the last use only forward, even if it is years ahead",
		[]string{"touch/a last use of a clock that was ahead is replaced"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, touch: func(ctx context.Context, touches []apitoken.Touch) error {
				var forward []apitoken.Touch
				for _, t := range touches {
					rec, err := s.Token(ctx, t.Token)
					if err != nil || rec.Token.LastUsedAt.Before(t.At) {
						forward = append(forward, t)
					}
				}
				return s.Touch(ctx, forward)
			}}
		},
	}, {
		"compares with the use", "replaces a last use as that of a clock ahead, because an old use is written late",
		[]string{"touch/a use that is written late does not go backwards"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, touch: func(ctx context.Context, touches []apitoken.Touch) error {
				at := slices.Clone(touches)
				for i := range at {
					at[i].Now = at[i].At
				}
				return s.Touch(ctx, at)
			}}
		},
	}, {
		"last of a batch", "takes the last instead of the latest touch of a token in a batch",
		[]string{"touch/of several uses of a token in a batch the latest counts"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, touch: func(ctx context.Context, touches []apitoken.Touch) error {
				last := map[apitoken.TokenID]time.Time{}
				for _, t := range touches {
					last[t.Token] = t.At
				}
				for id, at := range last {
					if err := s.Touch(ctx, []apitoken.Touch{{Token: id, At: at}}); err != nil {
						return err
					}
				}
				return nil
			}}
		},
	}, {
		"touch of an unknown token", "returns ErrNotFound for a batch with an unknown token",
		[]string{"touch/an unknown token is ignored"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, touch: func(ctx context.Context, touches []apitoken.Touch) error {
				for _, t := range touches {
					if _, err := s.Token(ctx, t.Token); err != nil {
						return err
					}
				}
				return s.Touch(ctx, touches)
			}}
		},
	}, {
		"second revocation", "overwrites the first revocation by a second",
		[]string{"revocation/the first revocation stays"},
		func(s apitoken.Store) apitoken.Store {
			var second overrides
			outside := &shown{Store: s, token: second.show}
			return &otherwise{Store: outside, revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				changed, err := s.RevokeToken(ctx, id, by, e)
				if err == nil && !changed {
					second.set(id, func(t *apitoken.Token) { t.RevokedAt, t.RevokedBy = by.At, by.By })
				}
				return changed, err
			}}
		},
	}, {
		"revokes twice", "writes a revocation, with an event, to a token whose epoch has ended",
		[]string{"revocation/a token revoked with its epoch is not revoked again", "revocation/a token that was revoked on insertion is not revoked again"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				changed, err := s.RevokeToken(ctx, id, by, e)
				if rec, _ := s.Token(ctx, id); err == nil && !changed && rec.Epoch < rec.User.Epoch {
					return true, s.AppendEvents(ctx, []apitoken.Event{e})
				}
				return changed, err
			}}
		},
	}, {
		"no epochs", "ignores the epoch in Token and Tokens",
		[]string{"epochs/raising the epoch revokes all tokens of the owner", "filters/status exactly at the expiry"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, token: func(t *apitoken.Token) {
				rec, _ := s.Token(background, t.ID)
				rec, _ = s.Lookup(background, rec.Digest)
				*t = rec.Token
			}}
		},
	}, {
		"last epoch", "reports the end of the last epoch for the tokens of every epoch",
		[]string{"epochs/each token shows the end of its own epoch", "epochs/a token inserted epochs late shows the end of its own epoch"},
		lastEpoch,
	}, {
		"epoch by mass update", "ends an epoch by marking the stored tokens, so that a late one stays active",
		[]string{
			"epochs/a token inserted with an earlier epoch is revoked at once", "concurrency/no token outlives the end of its epoch",
			"concurrency/no token outlives the disabling of its owner", "concurrency/enabling at the same time revives no token",
		},
		massUpdate,
	}, {
		"modified record", "returns one *Record for each token and modifies it",
		[]string{"kept values/a record of Lookup is never modified"},
		func(s apitoken.Store) apitoken.Store {
			var mu sync.Mutex
			kept := map[apitoken.Digest]*apitoken.Record{}
			return &otherwise{Store: s, lookup: func(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
				rec, err := s.Lookup(ctx, d)
				if err != nil {
					return nil, err
				}
				mu.Lock()
				defer mu.Unlock()
				if kept[d] == nil {
					kept[d] = new(apitoken.Record)
				}
				*kept[d] = *rec
				return kept[d], nil
			}}
		},
	}, {
		"cached record", "returns the result of the first Lookup for ever",
		[]string{"users/a token shows the current owner", "concurrency/Lookup sees every write that has returned"},
		func(s apitoken.Store) apitoken.Store {
			var cache sync.Map
			return &otherwise{Store: s, lookup: func(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
				if rec, ok := cache.Load(d); ok {
					return rec.(*apitoken.Record), nil
				}
				rec, err := s.Lookup(ctx, d)
				if err == nil {
					cache.Store(d, rec)
				}
				return rec, err
			}}
		},
	}, {
		"caches a missing row", "returns ErrNotFound for a digest that it did not find before",
		[]string{"tokens/a missing token is found once it is created", "concurrency/each writer sees its own tokens while many are created"},
		func(s apitoken.Store) apitoken.Store {
			var missing sync.Map
			return &otherwise{Store: s, lookup: func(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
				if _, ok := missing.Load(d); ok {
					return nil, apitoken.ErrNotFound
				}
				rec, err := s.Lookup(ctx, d)
				if errors.Is(err, apitoken.ErrNotFound) {
					missing.Store(d, true)
				}
				return rec, err
			}}
		},
	}, {
		"half a digest", "compares the first half of a digest",
		[]string{"tokens/a digest with one other bit is another digest"},
		func(s apitoken.Store) apitoken.Store {
			var halves sync.Map
			half := func(d apitoken.Digest) [16]byte { return [16]byte(d[:16]) }
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				err := s.CreateToken(ctx, n, rev, e)
				if err == nil {
					halves.Store(half(n.Digest), n.Digest)
				}
				return err
			}, lookup: func(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
				if whole, ok := halves.Load(half(d)); ok {
					d = whole.(apitoken.Digest)
				}
				return s.Lookup(ctx, d)
			}}
		},
	}}
}
