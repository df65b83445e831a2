package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// eventRules are about the feed of events.
func eventRules() []rule {
	return append(fullEvents(), []rule{{
		"the feed counts from one",
		"The Seq of the events are 1, 2, 3 and so on, and later writes come after those that were read.",
		oneEventEach,
	}, {
		"an event keeps its Seq",
		"An event has the same Seq in every read, whatever is written in the meantime.",
		func(f *fixture) {
			f.appendEvents(denied("ada"), denied("bob"))
			first := f.feed()
			f.appendEvents(denied("ada"))
			wantEqual(f, "the first two events", first, f.feed()[:len(first)])
		},
	}, {
		"a smaller event ID does not precede the events that were read",
		"Events are not ordered by ID: an event with a smaller ID that is written later comes after the events that were read.",
		func(f *fixture) {
			early, late := denied("ada"), denied("bob")
			f.wantEvent(late, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{late}) })
			f.wantEvent(early, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{early}) })
		},
	}, {
		"an earlier time does not precede the events that were read",
		"Events are not ordered by time, because clocks differ and go back.",
		func(f *fixture) {
			for _, at := range []time.Time{far, base, base, in1970, base} {
				e := denied("ada")
				e.At = at
				f.wantEvent(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
			}
		},
	}, {
		"events by pages of any size",
		pageByPage,
		func(f *fixture) {
			for i := range 7 {
				f.appendEvents(denied([]apitoken.UserID{"ada", "bob", ""}[i%3]))
			}
			whole := f.feed()
			for limit := 1; limit <= 8; limit++ {
				wantEqual(f, fmt.Sprint("pages of ", limit), whole, f.events(apitoken.EventQuery{Limit: limit}))
			}
		},
	}, {
		"a page begins after the last event read",
		"Events returns the events after q.After; after the last one there are none.",
		func(f *fixture) {
			f.appendEvents(denied("ada"), denied("bob"), denied("carol"))
			whole := f.feed()
			for i, e := range whole {
				want := slices.Clone(whole[i+1:])
				if len(want) == 0 {
					want = nil
				}
				wantEqual(f, fmt.Sprint("events after ", e.Seq), want, f.events(apitoken.EventQuery{After: e.Seq, Limit: wholePage}))
			}
			wantEqual(f, "events after a future Seq", nil, f.events(apitoken.EventQuery{After: 100, Limit: wholePage}))
		},
	}, {
		"events about one user",
		"Owner selects the events about that user, byte by byte, in the order and with the Seq of the whole feed.",
		eventsAboutOne,
	}, {
		"a batch is stored whole",
		"AppendEvents stores all of its events, once, each with a Seq of its own.",
		wholeBatch,
	}, {
		"an empty batch is no error",
		"AppendEvents without events changes nothing.",
		func(f *fixture) {
			f.appendEvents(denied("ada"))
			f.wantUnchanged("AppendEvents without events", func() {
				f.must("AppendEvents of nil", f.store.AppendEvents(f.Context(), nil))
				f.must("AppendEvents of an empty slice", f.store.AppendEvents(f.Context(), []apitoken.Event{}))
			})
		},
	}}...)
}

// oneEventEach reads the feed after each kind of write.
func oneEventEach(f *fixture) {
	ada, n, p := newUser("ada"), draft("ada", "a"), newPolicy(apitoken.MaxLifetimePolicy{})
	put, set, refusal := userCreated(ada), policyPut(apitoken.MaxLifetimePolicy{}, p), denied("bob")
	created, gone := generated(n), revoked(n, later(microsecond, "ada"))
	end := apitoken.UserChange{EndEpoch: true}
	_, ended := applied(ada, end, ending("ada", later(microsecond, "ada")))
	f.wantEvent(put, func() error {
		_, err := f.store.CreateUser(f.Context(), ada, put)
		return err
	})
	f.wantEvent(set, func() error { return f.store.PutPolicy(f.Context(), p, 0, set) })
	f.wantEvent(created, func() error { return f.store.CreateToken(f.Context(), n, p.Revision, created) })
	f.wantEvent(refusal, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{refusal}) })
	f.wantEvent(gone, func() error {
		_, err := f.store.RevokeToken(f.Context(), n.ID, later(microsecond, "ada"), gone)
		return err
	})
	f.wantEvent(ended, func() error { return f.changes("ada", end, ended) })
}

func eventsAboutOne(f *fixture) {
	for i := range 12 {
		f.appendEvents(denied([]apitoken.UserID{"ada", "Ada", "ad", "ada ", "", "_da"}[i%6]))
	}
	whole := f.feed()
	for _, owner := range []apitoken.UserID{"ada", "Ada", "ada ", "_da"} {
		var want []apitoken.Event
		for _, e := range whole {
			if e.Owner == owner {
				want = append(want, e)
			}
		}
		for limit := 1; limit <= 3; limit++ {
			wantEqual(f, fmt.Sprintf("events about %q", owner), want, f.events(apitoken.EventQuery{Owner: owner, Limit: limit}))
		}
		wantEqual(f, fmt.Sprintf("later events about %q", owner), want[1:], f.events(apitoken.EventQuery{Owner: owner, After: want[0].Seq, Limit: wholePage}))
	}
	wantEqual(f, "events about an unknown user", nil, f.events(apitoken.EventQuery{Owner: "bob", Limit: wholePage}))
}

func wholeBatch(f *fixture) {
	var batch []apitoken.Event
	for i := range 120 {
		e := denied("ada")
		e.At = base.Add(time.Duration(i) * microsecond)
		batch = append(batch, e)
	}
	f.appendEvents(batch...)
	got := f.feed()
	for i := range got {
		if want := apitoken.EventSeq(i + 1); got[i].Seq != want {
			f.broken("event %d of the feed has Seq %d", want, got[i].Seq)
		}
		got[i].Seq = 0
	}
	slices.SortFunc(got, func(a, b apitoken.Event) int { return bytes.Compare(a.ID[:], b.ID[:]) }) // in the order of their creation
	wantEqual(f, "the batch", batch, got)
}

// eventAbout makes an event about a user and a token.
type eventAbout func(owner apitoken.UserID, token apitoken.TokenID) apitoken.Event

// fullEvents write, with each method, an event with all fields set, and one with only the required fields.
func fullEvents() []rule {
	const promise = "An event comes back equal in every field: time, action, outcome, actor with origin, owner, token, before and after, reason, count and first time; the store adds the " +
		"Seq, and to the event of a user's change the States before and after."
	var rules []rule
	for _, c := range []struct {
		name  string
		write func(f *fixture, about eventAbout) (apitoken.Event, func() error)
	}{
		{"CreateToken", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			f.addUser("ada")
			n := draft("ada", "a")
			event := about("ada", n.ID)
			return event, func() error { return f.store.CreateToken(f.Context(), n, 0, event) }
		}},
		{"RevokeToken", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			event := about("ada", n.ID)
			return event, func() error {
				_, err := f.store.RevokeToken(f.Context(), n.ID, later(microsecond, "ada"), event)
				return err
			}
		}},
		{"CreateUser", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			u := newUser("ada")
			event := about("ada", apitoken.TokenID{})
			stored := event
			stored.After = u.State()
			return stored, func() error {
				_, err := f.store.CreateUser(f.Context(), u, event)
				return err
			}
		}},
		{"ChangeUser", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			c, event := apitoken.UserChange{Name: "Ada L.", Role: "auditor", Disable: true}, about("ada", apitoken.TokenID{})
			_, stored := applied(f.addUser("ada"), c, event)
			return stored, func() error { return f.changes("ada", c, event) }
		}},
		{"PutPolicy", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			p := newPolicy(apitoken.MaxLifetimePolicy{})
			event := about("", apitoken.TokenID{})
			return event, func() error { return f.store.PutPolicy(f.Context(), p, 0, event) }
		}},
		{"Remove", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			event := about("", apitoken.TokenID{})
			return apitoken.Removed{Tokens: 1}.On(event), func() error {
				_, err := f.store.Remove(f.Context(), apitoken.Removal{Tokens: []apitoken.TokenID{n.ID}}, event)
				return err
			}
		}},
		{"AppendEvents", func(f *fixture, about eventAbout) (apitoken.Event, func() error) {
			event := about("ada", newTokenID())
			event.Outcome = apitoken.OutcomeDenied
			return event, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{event}) }
		}},
	} {
		rules = append(rules, rule{"a full event of " + c.name, promise, func(f *fixture) {
			f.wantEvent(c.write(f, func(owner apitoken.UserID, token apitoken.TokenID) apitoken.Event {
				return fullEvent(apitoken.ActionGenerate, owner, token)
			}))
		}}, rule{"a minimal event of " + c.name, promise, func(f *fixture) {
			f.wantEvent(c.write(f, func(apitoken.UserID, apitoken.TokenID) apitoken.Event {
				return apitoken.Event{ID: newEventID(), At: in1970, Action: apitoken.ActionPutUser, Outcome: apitoken.OutcomeDone}
			}))
		}})
	}
	return rules
}
