package storetest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// removes is a store whose Remove is another one.
type removes struct {
	apitoken.Store
	remove func(context.Context, apitoken.Removal, apitoken.Event) (apitoken.Removed, error)
}

func (s removes) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
	return s.remove(ctx, r, e)
}

// brokenRemovals returns stores that delete too much or too little.
func brokenRemovals() []broken {
	return []broken{{
		"removes an event too many", "also removes the event after EventsTo",
		[]string{"removal/removed events are gone, and no others"},
		func(s apitoken.Store) apitoken.Store {
			return removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				if r.EventsTo > 0 {
					r.EventsTo++
				}
				return s.Remove(ctx, r, e)
			}}
		},
	}, {
		"keeps an event", "keeps the event EventsTo",
		[]string{"removal/removed events are gone, and no others", "removal/no Seq is given again"},
		func(s apitoken.Store) apitoken.Store {
			return removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				r.EventsTo = max(r.EventsTo-1, 0)
				return s.Remove(ctx, r, e)
			}}
		},
	}, {
		"numbers again", "numbers the events that are left from 1 on",
		[]string{"removal/removed events are gone, and no others", "removal/no Seq is given again"},
		func(s apitoken.Store) apitoken.Store { return &shown{Store: s} },
	}, {
		"removes the first 256", "removes no more tokens than one statement names",
		[]string{"removal/removed tokens are gone, and no others"},
		func(s apitoken.Store) apitoken.Store {
			return removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				r.Tokens = r.Tokens[:min(len(r.Tokens), 256)]
				return s.Remove(ctx, r, e)
			}}
		},
	}, {
		"removes more than asked", "removes every token of the owners of the tokens",
		[]string{"removal/removed tokens are gone, and no others", "removal/a name that has passed on stays with its holder"},
		func(s apitoken.Store) apitoken.Store {
			return removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				for _, id := range r.Tokens {
					rec, err := s.Token(ctx, id)
					if err != nil {
						continue
					}
					all, _ := s.Tokens(ctx, apitoken.TokenQuery{Owner: rec.Token.Owner, Limit: 1000}.At(e.At))
					for _, t := range all {
						r.Tokens = append(r.Tokens, t.ID)
					}
					break
				}
				return s.Remove(ctx, r, e)
			}}
		},
	}, {
		"counts what it was asked", "counts the tokens that it was given, and not those that were there",
		[]string{"removal/removing nothing records nothing", "removal/two callers remove each row once"},
		func(s apitoken.Store) apitoken.Store {
			return removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				removed, err := s.Remove(ctx, r, e)
				removed.Tokens = len(r.Tokens)
				return removed, err
			}}
		},
	}, {
		"removes again", "removes once more if the call is repeated",
		[]string{"removal/removing again does nothing"},
		func(s apitoken.Store) apitoken.Store {
			return removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				e.ID = apitoken.EventID(uuid.New())
				return s.Remove(ctx, r, e)
			}}
		},
	}, {
		"removes without an event", "records no event of a removal",
		[]string{"removal/removing writes exactly its event"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool { return e.Action != apitoken.ActionSweep }}
		},
	}, {
		"removes the ended epochs", "removes the ends of epochs with the tokens",
		[]string{"removal/the other tokens of an ended epoch keep its end"},
		func(s apitoken.Store) apitoken.Store {
			var gone atomic.Bool
			return &shown{Store: removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				gone.Store(true)
				return s.Remove(ctx, r, e)
			}}, token: func(t *apitoken.Token) {
				if gone.Load() && t.RevokedBy == "carol" {
					t.RevokedAt, t.RevokedBy = time.Time{}, ""
				}
			}}
		},
	}, {
		"keeps the name", "keeps the name of a removed token in use",
		[]string{"removal/a removed token holds no name"},
		func(s apitoken.Store) apitoken.Store {
			var held sync.Map
			return &otherwise{Store: removes{s, func(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
				for _, id := range r.Tokens {
					if rec, err := s.Token(ctx, id); err == nil && rec.Token.RevokedAt.IsZero() {
						held.Store(rec.Token.Name, rec.Token.ExpiresAt)
					}
				}
				return s.Remove(ctx, r, e)
			}}, create: func(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
				if _, ok := held.Load(n.Name); ok {
					return apitoken.ErrExists
				}
				return s.CreateToken(ctx, n, revision, e)
			}}
		},
	}, {
		"revives a removed token", "inserts a token again although its event is stored",
		[]string{"removal/a late retry does not bring a removed token back"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
				err := s.CreateToken(ctx, n, revision, e)
				if _, missing := s.Token(ctx, n.ID); err == nil && missing != nil {
					e.ID = apitoken.EventID(uuid.New())
					return s.CreateToken(ctx, n, revision, e)
				}
				return err
			}}
		},
	}}
}
