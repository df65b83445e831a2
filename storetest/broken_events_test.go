package storetest_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenEvents lose, alter or repeat events.
func brokenEvents() []broken {
	return []broken{{
		"drops an event", "revokes a token and stores no event",
		[]string{"revocation/revoking writes exactly its event", "events/a full event of RevokeToken", "concurrency/a follower misses nothing"},
		func(s apitoken.Store) apitoken.Store {
			var dropped sync.Map
			kept := &shown{Store: s, event: func(e *apitoken.Event) bool {
				_, gone := dropped.Load(e.ID)
				return !gone
			}}
			return &otherwise{Store: kept, revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
				dropped.Store(e.ID, true)
				return s.RevokeToken(ctx, id, by, e)
			}}
		},
	}, {
		"forgets what was", "stores events without Before",
		[]string{
			"events/a full event of CreateToken", "events/a full event of RevokeToken", "events/a full event of PutUser",
			"events/a full event of PutPolicy", "events/a full event of AppendEvents",
		},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool {
				e.Before = apitoken.State{}
				return true
			}}
		},
	}, {
		"forgets the token of the actor", "stores who did it and not with which token",
		[]string{"events/a full event of CreateToken"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool {
				e.Actor.Token = apitoken.TokenID{}
				return true
			}}
		},
	}, {
		"rounds what has no end", "stores a maximum lifetime in microseconds, so that NoExpiration becomes a number like others",
		[]string{"policy/a maximum of no expiration is read back"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, policy: func(p *apitoken.MaxLifetimePolicy) { p.Max -= p.Max % 1000 }}
		},
	}, {
		"repeats denials", "stores events again that are stored",
		[]string{"repetition/denials again", "one winner/denials repeated at one moment"},
		func(s apitoken.Store) apitoken.Store {
			var mu sync.Mutex
			given := map[apitoken.EventID]apitoken.EventID{} // by the id below
			own := &shown{Store: s, event: func(e *apitoken.Event) bool {
				mu.Lock()
				defer mu.Unlock()
				if id, ok := given[e.ID]; ok {
					e.ID = id
				}
				return true
			}}
			return &otherwise{Store: own, append: func(ctx context.Context, events []apitoken.Event) error {
				mu.Lock()
				defer mu.Unlock()
				fresh := slices.Clone(events)
				for i, e := range events {
					fresh[i].ID = apitoken.EventID(uuid.New())
					given[fresh[i].ID] = e.ID
				}
				return s.AppendEvents(ctx, fresh)
			}}
		},
	}, {
		"numbers before it writes", "takes the number of an event before it writes it, so that a reader passes over one that is late",
		[]string{"concurrency/a follower misses nothing"},
		numbersFirst,
	}}
}

// numbersFirst numbers events as databases do when they fill in a number on insert: when the write begins, not when it
// is seen. The first token's event is held between the two until a reader has been given one of a higher number.
func numbersFirst(s apitoken.Store) apitoken.Store {
	const late = "the first token"
	var mu sync.Mutex
	numbers := map[apitoken.EventID]apitoken.EventSeq{}
	writing := hold{under: "concurrency/a follower misses nothing"}
	var held apitoken.EventSeq // of the event that is late
	number := func(e apitoken.Event) {
		mu.Lock()
		if numbers[e.ID] == 0 {
			numbers[e.ID] = apitoken.EventSeq(len(numbers) + 1)
		}
		if held == 0 && e.Action == apitoken.ActionGenerate {
			held = numbers[e.ID]
		}
		first := held == numbers[e.ID]
		mu.Unlock()
		if first {
			writing.wait(late)
		}
	}
	return &otherwise{
		Store: s,
		create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
			number(e)
			return s.CreateToken(ctx, n, rev, e)
		},
		revoke: func(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
			number(e)
			return s.RevokeToken(ctx, id, by, e)
		},
		putUser: func(ctx context.Context, u apitoken.User, rev int64, e apitoken.Event) error {
			number(e)
			return s.PutUser(ctx, u, rev, e)
		},
		append: func(ctx context.Context, events []apitoken.Event) error {
			for _, e := range events {
				number(e)
			}
			return s.AppendEvents(ctx, events)
		},
		events: func(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
			all, err := s.Events(ctx, apitoken.EventQuery{Owner: q.Owner, Limit: math.MaxInt})
			mu.Lock()
			for i, e := range all {
				all[i].Seq = cmp.Or(numbers[e.ID], e.Seq)
			}
			mu.Unlock()
			all = slices.DeleteFunc(all, func(e apitoken.Event) bool { return e.Seq <= q.After })
			slices.SortFunc(all, func(a, b apitoken.Event) int { return cmp.Compare(a.Seq, b.Seq) })
			page := all[:min(q.Limit, len(all))]
			mu.Lock()
			defer mu.Unlock()
			if held > 0 && len(page) > 0 && page[len(page)-1].Seq > held {
				writing.release(late)
			}
			return page, err
		},
	}
}
