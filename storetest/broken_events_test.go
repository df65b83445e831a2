package storetest_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

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
		"forgets where a request came from", "stores events without the origin of the request",
		[]string{"events/a full event of CreateToken", "events/a full event of AppendEvents", "events/texts of an event"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool {
				e.Actor.Origin = apitoken.Origin{}
				return true
			}}
		},
	}, {
		"forgets how many", "stores events without Count and FirstAt",
		[]string{"events/a full event of AppendEvents", "events/events that stand for several"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool {
				e.Count, e.FirstAt = 0, time.Time{}
				return true
			}}
		},
	}, {
		"a batch is one write", "takes a batch in which an event is stored already for stored",
		[]string{"repetition/denials again among others"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, append: func(ctx context.Context, events []apitoken.Event) error {
				stored, _ := s.Events(ctx, apitoken.EventQuery{Limit: math.MaxInt})
				if slices.ContainsFunc(events, func(e apitoken.Event) bool { return contains(stored, e.ID) }) && ctx.Err() == nil {
					return nil
				}
				return s.AppendEvents(ctx, events)
			}}
		},
	}, {
		"knows no actor", "ignores the Actor of an EventQuery",
		[]string{"events/events selected by actor ada", "events/events selected by all conditions"},
		selectingEvents(func(q *apitoken.EventQuery) { q.Actor = "" }),
	}, {
		"knows no action where there is an owner", "selects by the first condition of an EventQuery alone",
		[]string{"events/events selected by action token.revoke", "events/events selected by outcome denied"},
		selectingEvents(func(q *apitoken.EventQuery) {
			if q.Owner != "" {
				q.Actor, q.Action, q.Outcome = "", "", ""
			}
		}),
	}, {
		"knows denials alone", "ignores the Outcome of an EventQuery where it is OutcomeDone",
		[]string{"events/events selected by outcome done"},
		selectingEvents(func(q *apitoken.EventQuery) {
			if q.Outcome == apitoken.OutcomeDone {
				q.Outcome = ""
			}
		}),
	}, {
		"actions in any case", "selects by Action without regard to case",
		[]string{"events/events selected by action token.list"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, events: func(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
				action := q.Action
				q.Action = ""
				limit := q.Limit
				q.Limit = math.MaxInt
				all, err := s.Events(ctx, q)
				all = slices.DeleteFunc(all, func(e apitoken.Event) bool {
					return action != "" && !strings.EqualFold(string(e.Action), string(action))
				})
				return all[:min(limit, len(all)):min(limit, len(all))], err
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

// selectingEvents asks the store for something else.
func selectingEvents(by func(q *apitoken.EventQuery)) func(apitoken.Store) apitoken.Store {
	return func(s apitoken.Store) apitoken.Store {
		return &otherwise{Store: s, events: func(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
			by(&q)
			return s.Events(ctx, q)
		}}
	}
}

func contains(events []apitoken.Event, id apitoken.EventID) bool {
	return slices.ContainsFunc(events, func(e apitoken.Event) bool { return e.ID == id })
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
