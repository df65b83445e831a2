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

// epoch is the time that all stores have as zero.
var epoch = time.Unix(0, 0).UTC()

// brokenEvents returns stores that lose, alter or repeat events.
func brokenEvents() []broken {
	return []broken{{
		"drops an event", "revokes a token without storing the event",
		[]string{"revocation/revoking writes exactly its event", "events/a full event of RevokeToken", "concurrency/a reader that follows the feed misses nothing"},
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
		"drops Before", "stores events without Before",
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
		"drops the origin", "stores events without the origin of the request",
		[]string{"events/a full event of CreateToken", "events/a full event of AppendEvents", "events/texts of an event"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool {
				e.Actor.Origin = apitoken.Origin{}
				return true
			}}
		},
	}, {
		"drops the count", "stores events without Count and FirstAt",
		[]string{"events/a full event of AppendEvents", "events/events that count several"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, event: func(e *apitoken.Event) bool {
				e.Count, e.FirstAt = 0, time.Time{}
				return true
			}}
		},
	}, {
		"a batch is one write", "skips a whole batch if one of its events is stored",
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
		"ignores the actor", "ignores the Actor of an EventQuery",
		[]string{"events/events selected by actor ada", "events/events selected by all conditions"},
		selectingEvents(func(q *apitoken.EventQuery) { q.Actor = "" }),
	}, {
		"ignores the action if there is an owner", "selects only by the first condition of an EventQuery",
		[]string{"events/events selected by action token.revoke", "events/events selected by outcome denied"},
		selectingEvents(func(q *apitoken.EventQuery) {
			if q.Owner != "" {
				q.Actor, q.Action, q.Outcome = "", "", ""
			}
		}),
	}, {
		"ignores the token", "ignores the Token of an EventQuery",
		[]string{"events/events selected by a token", "events/events selected by all conditions"},
		selectingEvents(func(q *apitoken.EventQuery) { q.Token = apitoken.TokenID{} }),
	}, {
		"after since", "selects by Since the events after that time, not those at it",
		[]string{"events/events selected by since " + epoch.String()},
		selectingEvents(func(q *apitoken.EventQuery) {
			if !q.Since.IsZero() {
				q.Since = q.Since.Add(time.Microsecond)
			}
		}),
	}, {
		"up to before", "selects by Before also the events at that time",
		[]string{"events/events selected by before " + epoch.String()},
		selectingEvents(func(q *apitoken.EventQuery) {
			if !q.Before.IsZero() {
				q.Before = q.Before.Add(time.Microsecond)
			}
		}),
	}, {
		"ignores the usual outcome", "ignores OutcomeDone as the Outcome of an EventQuery",
		[]string{"events/events selected by outcome done"},
		selectingEvents(func(q *apitoken.EventQuery) {
			if q.Outcome == apitoken.OutcomeDone {
				q.Outcome = ""
			}
		}),
	}, {
		"actions in any case", "selects by Action ignoring case",
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
		"rounds NoExpiration", "stores a maximum lifetime in microseconds, which changes NoExpiration",
		[]string{"policy/a maximum of no expiration is read back"},
		func(s apitoken.Store) apitoken.Store {
			return &shown{Store: s, policy: func(p *apitoken.MaxLifetimePolicy) { p.Max -= p.Max % 1000 }}
		},
	}, {
		"repeats denials", "stores events again",
		[]string{"repetition/denials again", "one winner/denials repeated at the same time"},
		func(s apitoken.Store) apitoken.Store {
			var mu sync.Mutex
			given := map[apitoken.EventID]apitoken.EventID{} // by the ID in the store below
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
		"numbers before it writes", "draws the number of an event before it writes the event, so a reader skips a late one",
		[]string{"concurrency/a reader that follows the feed misses nothing"},
		numbersFirst,
	}}
}

// selectingEvents changes the queries.
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

// numbersFirst numbers events as databases do on insert: when the write begins, not when it becomes visible. The event of the
// first token is held between the two until a reader has received one with a higher number.
func numbersFirst(s apitoken.Store) apitoken.Store {
	const late = "the first token"
	var mu sync.Mutex
	numbers := map[apitoken.EventID]apitoken.EventSeq{}
	writing := hold{under: "concurrency/a reader that follows the feed misses nothing"}
	var held apitoken.EventSeq // of the late event
	number := func(e apitoken.Event) {
		mu.Lock()
		if numbers[e.ID] == 0 {
			numbers[e.ID] = apitoken.EventSeq(len(numbers) + 1)
		}
		if held == 0 && e.Action == apitoken.ActionGenerate {
			held = numbers[e.ID]
		}
		var released <-chan struct{}
		isHeld := false
		if held == numbers[e.ID] { // before anybody draws a higher number
			released, isHeld = writing.begin(late)
		}
		mu.Unlock()
		if isHeld {
			<-released
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
			release := writing.releaser(late)
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
				release()
			}
			return page, err
		},
	}
}
