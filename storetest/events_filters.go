package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// eventFilterRules are about the conditions of an EventQuery.
func eventFilterRules() []rule {
	const promise = "An event is selected if every condition of the query holds, byte by byte; the events come in the order and with the Seq of " +
		"the whole feed, or in reverse, by pages of any size."
	var rules []rule
	conditions := eventConditions()
	for i, a := range conditions {
		rules = append(rules, rule{"events selected by " + a.name, promise, func(f *fixture) {
			whole := f.assortedEvents()
			f.eventsBy(whole, a)
			for _, b := range conditions[:i] {
				if a.field != b.field {
					f.eventsBy(whole, a, b)
				}
			}
		}})
	}
	return append(rules, rule{"events selected by all conditions", promise, func(f *fixture) {
		whole := f.assortedEvents()
		of := func(name string) eventCondition {
			return conditions[slices.IndexFunc(conditions, func(c eventCondition) bool { return c.name == name })]
		}
		since, before := conditions[2], eventConditions()[3]
		for _, owner := range []string{"owner ada", "owner Ada"} {
			f.eventsBy(whole, of(owner), of("actor ada"), of("action token.revoke"), of("outcome done"), of("a token"), since)
			f.eventsBy(whole, of(owner), of("actor ada"), of("a token"), before)
		}
	}}, rule{
		"texts of an event",
		"Reason and Origin come back byte for byte, up to 255 bytes each.",
		func(f *fixture) {
			for _, text := range []string{"", strings.Repeat("r", 255), strings.Repeat("\u00e9", 127), `' "\ %`, "\U0001F418"} {
				e := denied("ada")
				e.Reason = text
				e.Actor.Origin = apitoken.Origin{Address: text, UserAgent: text, RequestID: text}
				f.wantEvent(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
			}
		},
	}, rule{
		"events that count several",
		"Count and FirstAt come back equal; an event that counts none has 0 and no time.",
		func(f *fixture) {
			for _, count := range []int64{0, 1, 1<<53 + 1} {
				e := denied("ada")
				e.At, e.Count = far, count
				if count > 0 {
					e.FirstAt = in1970
				}
				f.wantEvent(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
			}
		},
	})
}

// assortedEvents stores events that differ in every field that has a condition.
func (f *fixture) assortedEvents() []apitoken.Event {
	f.Helper()
	var batch []apitoken.Event
	for i := range 72 {
		e := denied([]apitoken.UserID{"ada", "bob", "", "Ada", "ada"}[i%5])
		e.Action = []apitoken.Action{apitoken.ActionListTokens, apitoken.ActionRevoke, apitoken.ActionGenerate, "TOKEN.LIST"}[i%4]
		e.Outcome = []apitoken.Outcome{apitoken.OutcomeDone, apitoken.OutcomeDenied, apitoken.OutcomeDone}[i%3]
		e.At = []time.Time{base, base.Add(5 * microsecond), base.Add(2 * microsecond), base.Add(3 * microsecond), in1970, far}[i%6] // not in order
		if i%4 > 1 {
			e.Token = []apitoken.TokenID{{15: 7}, {15: 8}}[i%2]
		}
		switch i % 7 {
		case 0:
			e.Actor = apitoken.System()
		case 1, 2:
			e.Actor = apitoken.As("ada")
		case 3:
			e.Actor = apitoken.Actor{Kind: apitoken.ActorToken, User: "ada", Token: newTokenID()}
		case 4:
			e.Actor = apitoken.Actor{}
		}
		batch = append(batch, e)
		if len(batch) == 9 {
			f.appendEvents(batch...)
			batch = nil
		}
	}
	return f.feed()
}

// eventsBy checks that a query with these conditions selects the events of the feed that meet them.
func (f *fixture) eventsBy(whole []apitoken.Event, conditions ...eventCondition) {
	f.Helper()
	var q apitoken.EventQuery
	var names []string
	for _, c := range conditions {
		c.narrow(&q)
		names = append(names, c.name)
	}
	var want []apitoken.Event
	for _, e := range whole {
		if !slices.ContainsFunc(conditions, func(c eventCondition) bool { return !c.holds(e) }) {
			want = append(want, e)
		}
	}
	what := strings.Join(names, ", ")
	for _, q.NewestFirst = range []bool{false, true} {
		for _, q.Limit = range []int{1, 4, wholePage} {
			q.After = 0
			wantEqual(f, fmt.Sprintf("events by %s, %d a page, newest first: %t,", what, q.Limit, q.NewestFirst), want, f.events(q))
		}
		if len(want) > 1 {
			q.After = want[0].Seq
			wantEqual(f, fmt.Sprintf("events by %s after %d, newest first: %t,", what, q.After, q.NewestFirst), want[1:], f.events(q))
		}
		slices.Reverse(want)
	}
}

// eventCondition is one condition of a query, and the equivalent in Go.
type eventCondition struct {
	field  string
	name   string
	narrow func(q *apitoken.EventQuery)
	holds  func(e apitoken.Event) bool
}

func eventConditions() []eventCondition {
	owner := func(id apitoken.UserID) eventCondition {
		return eventCondition{"Owner", fmt.Sprintf("owner %s", id), func(q *apitoken.EventQuery) { q.Owner = id },
			func(e apitoken.Event) bool { return e.Owner == id }}
	}
	actor := func(id apitoken.UserID) eventCondition {
		return eventCondition{"Actor", fmt.Sprintf("actor %s", id), func(q *apitoken.EventQuery) { q.Actor = id },
			func(e apitoken.Event) bool { return e.Actor.User == id }}
	}
	action := func(a apitoken.Action) eventCondition {
		return eventCondition{"Action", fmt.Sprintf("action %s", a), func(q *apitoken.EventQuery) { q.Action = a },
			func(e apitoken.Event) bool { return e.Action == a }}
	}
	outcome := func(o apitoken.Outcome) eventCondition {
		return eventCondition{"Outcome", fmt.Sprintf("outcome %s", o), func(q *apitoken.EventQuery) { q.Outcome = o },
			func(e apitoken.Event) bool { return e.Outcome == o }}
	}
	token := func(name string, id apitoken.TokenID) eventCondition {
		return eventCondition{"Token", name, func(q *apitoken.EventQuery) { q.Token = id }, func(e apitoken.Event) bool { return e.Token == id }}
	}
	since := func(at time.Time) eventCondition {
		return eventCondition{"Since", fmt.Sprintf("since %s", at), func(q *apitoken.EventQuery) { q.Since = at },
			func(e apitoken.Event) bool { return !e.At.Before(at) }}
	}
	before := func(at time.Time) eventCondition {
		return eventCondition{"Before", fmt.Sprintf("before %s", at), func(q *apitoken.EventQuery) { q.Before = at },
			func(e apitoken.Event) bool { return e.At.Before(at) }}
	}
	return []eventCondition{
		token("a token", apitoken.TokenID{15: 7}), token("an unknown token", apitoken.TokenID{15: 9}),
		since(base.Add(3 * microsecond)), before(base.Add(3 * microsecond)), since(in1970), before(in1970),
		owner("ada"), owner("Ada"), owner("ad"), owner("carol"),
		actor("ada"), actor("root"), actor("ADA"),
		action(apitoken.ActionListTokens), action(apitoken.ActionRevoke), action("token.li"), action("TOKEN.LIST"),
		outcome(apitoken.OutcomeDone), outcome(apitoken.OutcomeDenied),
	}
}
