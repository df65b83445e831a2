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
			"events/a full event of CreateToken", "events/a full event of RevokeToken", "events/a full event of ChangeUser",
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
// is seen.
func numbersFirst(s apitoken.Store) apitoken.Store {
	var mu sync.Mutex
	numbers := map[apitoken.EventID]apitoken.EventSeq{}
	number := func(e apitoken.Event) {
		mu.Lock()
		if numbers[e.ID] == 0 {
			numbers[e.ID] = apitoken.EventSeq(len(numbers) + 1)
		}
		mu.Unlock()
		pause()
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
		insert: func(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
			number(e)
			return s.CreateUser(ctx, u, e)
		},
		change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
			number(e)
			return s.ChangeUser(ctx, id, c, e)
		},
		append: func(ctx context.Context, events []apitoken.Event) error {
			for _, e := range events {
				number(e)
			}
			return s.AppendEvents(ctx, events)
		},
		events: func(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
			all, err := s.Events(ctx, apitoken.EventQuery{Owner: q.Owner, Actor: q.Actor, Action: q.Action, Outcome: q.Outcome, Limit: math.MaxInt})
			mu.Lock()
			for i, e := range all {
				all[i].Seq = cmp.Or(numbers[e.ID], e.Seq)
			}
			mu.Unlock()
			all = slices.DeleteFunc(all, func(e apitoken.Event) bool { return e.Seq <= q.After })
			slices.SortFunc(all, func(a, b apitoken.Event) int { return cmp.Compare(a.Seq, b.Seq) })
			return all[:min(q.Limit, len(all))], err
		},
	}
}
