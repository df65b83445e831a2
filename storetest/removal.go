package storetest

import (
	"slices"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// removalRules are about what is deleted because it has served its time.
func removalRules() []rule {
	return []rule{{
		"removed tokens are gone, and no others",
		"Remove deletes the tokens that it is given: Lookup and Token find none of them, and every other token stays as it is.",
		removedTokens,
	}, {
		"removing writes exactly its event",
		"Remove records one event, that of Removed.On with the numbers of rows that it has deleted.",
		func(f *fixture) {
			f.addUser("ada")
			a := f.addToken("ada", "a")
			f.addToken("ada", "b")
			e := removing()
			f.wantRemoved(apitoken.Removed{Tokens: 1, Events: 2}, apitoken.Removal{Tokens: []apitoken.TokenID{a.ID}, EventsTo: 2}, e)
			feed := f.feed()
			want := apitoken.Removed{Tokens: 1, Events: 2}.On(e)
			want.Seq = 4
			wantEqual(f, "the last event", want, feed[len(feed)-1])
		},
	}, {
		"removing nothing records nothing",
		"Tokens that do not exist are skipped. If nothing is deleted, no event is recorded.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			f.wantUnchanged("Remove of nothing", func() {
				f.wantRemoved(apitoken.Removed{}, apitoken.Removal{}, removing())
				f.wantRemoved(apitoken.Removed{}, apitoken.Removal{Tokens: newTokenIDs(3)}, removing())
			})
		},
	}, {
		"removing again does nothing",
		"Remove with a stored event returns the zero Removed and changes nothing, even if there is something to remove.",
		func(f *fixture) {
			f.addUser("ada")
			a, b := f.addToken("ada", "a"), f.addToken("ada", "b")
			e := removing()
			f.wantRemoved(apitoken.Removed{Tokens: 1}, apitoken.Removal{Tokens: []apitoken.TokenID{a.ID}}, e)
			f.wantUnchanged("Remove again", func() {
				f.wantRemoved(apitoken.Removed{}, apitoken.Removal{Tokens: []apitoken.TokenID{a.ID, b.ID}}, e)
			})
		},
	}, {
		"a removed token holds no name",
		"A token that expired holds its name until another takes it. Once it is removed, the name is free.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addExpiring("a", base.Add(time.Minute), 0)
			f.remove(n)
			before := draft("ada", "a") // created when n had not expired
			f.create(before)
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
		},
	}, {
		"a name that has passed on stays with its holder",
		"Removing a token leaves the name to the token that holds it now.",
		func(f *fixture) {
			f.addUser("ada")
			old := f.addExpiring("a", base, 0)
			f.addToken("ada", "a")
			f.remove(old)
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
		},
	}, {
		"a late retry does not bring a removed token back",
		"A CreateToken whose event is stored changes nothing, also after its token was removed.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "a")
			e := generated(n)
			f.must("CreateToken", f.store.CreateToken(f.Context(), n, 0, e))
			f.revoke(n, later(time.Minute, "ada"))
			f.remove(n)
			f.wantUnchanged("the late CreateToken", func() { _ = f.store.CreateToken(f.Context(), n, 0, e) })
		},
	}, {
		"a token can be created again after its event was removed too",
		"Once token and event are removed, nothing is left of them that refuses the same ID, digest and name.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.wantRemoved(apitoken.Removed{Tokens: 1, Events: 2}, apitoken.Removal{Tokens: []apitoken.TokenID{n.ID}, EventsTo: 2}, removing())
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"the other tokens of an ended epoch keep its end",
		"Removing tokens leaves the ended epochs: tokens of them that remain, or that are inserted late, show the end of their epoch.",
		func(f *fixture) {
			ada := f.addUser("ada")
			a, b := f.addToken("ada", "a"), f.addToken("ada", "b")
			end := later(time.Minute, "carol")
			ada = f.endEpoch(ada, end)
			f.remove(a)
			f.wantTokenRevoked(b, ada, end)
			f.remove(b)
			late := f.addToken("ada", "late")
			f.wantTokenRevoked(late, ada, end)
		},
	}, {
		"removed events are gone, and no others",
		"Remove deletes the events up to EventsTo, which is included. The others keep their Seq in every read.",
		removedEvents,
	}, {
		"no Seq is given again",
		"The Seq of new events go on after the removed ones, even if all events were removed.",
		func(f *fixture) {
			for range 3 {
				f.appendEvents(denied("ada"), denied("bob"))
				feed := f.feed()
				last := feed[len(feed)-1].Seq
				f.wantRemoved(apitoken.Removed{Events: len(feed)}, apitoken.Removal{EventsTo: last}, removing())
				var seqs []apitoken.EventSeq
				for _, e := range f.feed() {
					seqs = append(seqs, e.Seq)
				}
				wantEqual(f, "the Seq of what is left", []apitoken.EventSeq{last + 1}, seqs)
			}
		},
	}, {
		"two callers remove each row once",
		"If several callers remove the same rows, each row is counted by one of them.",
		removedTogether,
	}}
}

// removing returns the event of a Remove.
func removing() apitoken.Event { return newEvent(apitoken.ActionSweep, base.Add(48*time.Hour)) }

// wantRemoved removes and checks the numbers. It reads the events first: a store may number them only then.
func (f *fixture) wantRemoved(want apitoken.Removed, r apitoken.Removal, e apitoken.Event) {
	f.Helper()
	f.feed()
	got, err := f.store.Remove(f.Context(), r, e)
	f.must("Remove", err)
	wantEqual(f, "the result of Remove", want, got)
}

// remove removes one token.
func (f *fixture) remove(n apitoken.NewToken) {
	f.Helper()
	f.wantRemoved(apitoken.Removed{Tokens: 1}, apitoken.Removal{Tokens: []apitoken.TokenID{n.ID}}, removing())
}

func removedTokens(f *fixture) {
	f.addUser("ada")
	f.addUser("bob")
	var all, gone []apitoken.NewToken
	var ids []apitoken.TokenID
	for i := range 330 { // more than most stores name in one statement
		n := draft([]apitoken.UserID{"ada", "bob"}[i%2], "a"+string(rune('a'+i/26/26))+string(rune('a'+i/26%26))+string(rune('a'+i%26)))
		f.must("CreateToken", f.store.CreateToken(f.Context(), n, 0, generated(n)))
		if all = append(all, n); i%5 > 0 {
			gone, ids = append(gone, n), append(ids, n.ID)
		}
	}
	slices.Reverse(ids)
	f.wantRemoved(apitoken.Removed{Tokens: len(ids)}, apitoken.Removal{Tokens: append(ids, newTokenID())}, removing())
	for _, n := range gone[:20] {
		_, err := f.store.Token(f.Context(), n.ID)
		f.wantError("Token of a removed token", apitoken.ErrNotFound, err)
		_, err = f.store.Lookup(f.Context(), n.Digest)
		f.wantError("Lookup of a removed token", apitoken.ErrNotFound, err)
		_, err = f.store.RevokeToken(f.Context(), n.ID, later(time.Hour, "ada"), revoked(n, later(time.Hour, "ada")))
		f.wantError("RevokeToken of a removed token", apitoken.ErrNotFound, err)
	}
	want := slices.DeleteFunc(all, func(n apitoken.NewToken) bool { return slices.Contains(ids, n.ID) })
	for _, q := range []apitoken.TokenQuery{{AnyOwner: true}, {Owner: "ada"}, {Owner: "bob"}} {
		var names, left []string
		for _, n := range want {
			if q.AnyOwner || n.Owner == q.Owner {
				names = append(names, n.Name)
			}
		}
		for _, t := range f.tokens(q) {
			left = append(left, t.Name)
		}
		wantEqual(f, "the names of the tokens that are left", names, left)
	}
	for _, n := range want {
		wantEqual(f, "a token that is left", n.Token, f.lookup(n.Digest).Token)
	}
}

func removedEvents(f *fixture) {
	for i := range 12 {
		f.appendEvents(denied([]apitoken.UserID{"ada", "bob", ""}[i%3]))
	}
	whole := f.feed()
	f.wantRemoved(apitoken.Removed{Events: 7}, apitoken.Removal{EventsTo: 7}, removing())
	whole = append(whole[7:], f.feed()[5])
	for limit := 1; limit <= 7; limit++ {
		wantEqual(f, "what is left", whole, f.events(apitoken.EventQuery{Limit: limit}))
	}
	newestFirst := slices.Clone(whole)
	slices.Reverse(newestFirst)
	for _, after := range []apitoken.EventSeq{0, 3, 7, 8, 10, 13} {
		page, err := f.store.Events(f.Context(), apitoken.EventQuery{After: after, Limit: wholePage})
		f.must("Events", err)
		var want []apitoken.Event
		for _, e := range whole {
			if e.Seq > after {
				want = append(want, e)
			}
		}
		wantEqual(f, "events after a cursor", want, page)
		page, err = f.store.Events(f.Context(), apitoken.EventQuery{NewestFirst: true, After: after, Limit: wholePage})
		f.must("Events", err)
		want = nil
		for _, e := range newestFirst {
			if after == 0 || e.Seq < after {
				want = append(want, e)
			}
		}
		wantEqual(f, "events before a cursor", want, page)
	}
	ofAda := f.events(apitoken.EventQuery{Owner: "ada", Limit: 1})
	if len(ofAda) != 1 || ofAda[0].Seq != 10 {
		f.broken("the events about ada that are left are %v, want one with the Seq 10", ofAda)
	}
}

func removedTogether(f *fixture) {
	f.addUser("ada")
	var ids []apitoken.TokenID
	for i := range 40 {
		ids = append(ids, f.addToken("ada", string(rune('A'+i))).ID)
	}
	f.feed()
	removal := apitoken.Removal{Tokens: ids, EventsTo: 41}
	var removed [4]apitoken.Removed
	var errs [4]error
	var wg sync.WaitGroup
	for i := range removed {
		e := removing()
		wg.Go(func() { removed[i], errs[i] = f.store.Remove(f.Context(), removal, e) })
	}
	wg.Wait()
	var sum apitoken.Removed
	events := 0
	for i, r := range removed {
		f.must("Remove", errs[i])
		sum.Tokens, sum.Events = sum.Tokens+r.Tokens, sum.Events+r.Events
		if r != (apitoken.Removed{}) {
			events++
		}
	}
	wantEqual(f, "what all of them have removed", apitoken.Removed{Tokens: 40, Events: 41}, sum)
	if got := len(f.feed()); got != events {
		f.broken("%d events are left, want one of each of the %d callers that have removed something", got, events)
	}
}
