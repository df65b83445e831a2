package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// forgettingRules are about a pseudonym that takes the place of a user.
func forgettingRules() []rule {
	return []rule{{
		"a pseudonym takes the place of the user everywhere",
		"After Forget of the user's tokens, of the events and of the rest, every row is as f.Token, f.ID and f.Events say, and no other " +
			"row has changed. The user's row is that of the pseudonym.",
		forgottenEverywhere,
	}, {
		"the user is forgotten in exemptions that others have set",
		"With f.Rest, the policy becomes what f.Policy makes of it, also if the user did not set it. Its Revision stays.",
		func(f *fixture) {
			f.addUser("ada")
			p := newPolicy(apitoken.MaxLifetimePolicy{})
			p.UpdatedBy = "carol"
			f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
			forgetting := forgettingOf(f.disable("ada", later(time.Minute, "carol")))
			want, _ := forgetting.Policy(p)
			forgetting.Rest = true
			f.forget(forgetting)
			wantEqual(f, "Policy", want, f.policy())
		},
	}, {
		"the tokens of the user show the end of their epoch at any time",
		"The row of the pseudonym comes with the ended epochs of the user, and theirs stay until f.Rest.",
		func(f *fixture) {
			f.addUser("ada")
			a, b := f.addToken("ada", "a"), f.addToken("ada", "b")
			end := later(time.Minute, "carol")
			ada := f.disable("ada", end)
			forgetting := forgettingOf(ada)
			forgetting.Tokens = []apitoken.TokenID{a.ID}
			f.forget(forgetting)
			f.wantTokenRevoked(b, ada, end)
			a.Token = forgetting.Token(a.Token)
			f.wantTokenRevoked(a, f.user(forgetting.Pseudonym), end)
			forgetting.Tokens = []apitoken.TokenID{b.ID}
			f.forget(forgetting)
			forgetting.Rest = true
			f.forget(forgetting)
			b.Token = forgetting.Token(b.Token)
			f.wantTokenRevoked(b, f.user(forgetting.Pseudonym), end)
		},
	}, {
		"a user who was changed is not forgotten",
		"Forget is ErrConflict if the user is not at f.Revision, or exists although f.Revision is zero.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			ada := f.disable("ada", later(time.Minute, "carol"))
			for _, revision := range []int64{0, ada.Revision - 1, ada.Revision + 1} {
				forgetting := forgettingOf(ada)
				forgetting.Revision, forgetting.Tokens, forgetting.Rest = revision, []apitoken.TokenID{n.ID}, true
				f.wantRefused("Forget", apitoken.ErrConflict, func() error {
					_, err := f.store.Forget(f.Context(), forgetting, forgettingEvent())
					return err
				})
			}
		},
	}, {
		"forgetting again does nothing",
		"Forget with a stored event returns 0 and changes nothing, even if there is something to replace.",
		func(f *fixture) {
			f.addUser("ada")
			a, b := f.addToken("ada", "a"), f.addToken("ada", "b")
			forgetting, e := forgettingOf(f.disable("ada", later(time.Minute, "carol"))), forgettingEvent()
			forgetting.Tokens = []apitoken.TokenID{a.ID}
			_, err := f.store.Forget(f.Context(), forgetting, e)
			f.must("Forget", err)
			forgetting.Tokens = []apitoken.TokenID{b.ID}
			f.wantUnchanged("Forget again", func() {
				rows, err := f.store.Forget(f.Context(), forgetting, e)
				f.must("Forget again", err)
				wantEqual(f, "the number of rows", 0, rows)
			})
		},
	}, {
		"forgetting nothing records nothing",
		"If Forget changes no row, it records no event. Rows that do not exist are skipped.",
		func(f *fixture) {
			f.addUser("bob")
			n := f.addToken("bob", "a")
			unknown := forgettingOf(apitoken.User{ID: "ada"})
			rest, tokens, missing := unknown, unknown, unknown
			rest.Rest, tokens.Tokens, missing.Tokens = true, []apitoken.TokenID{n.ID}, newTokenIDs(1)
			f.wantUnchanged("Forget", func() {
				for _, forgetting := range []apitoken.Forgetting{{}, unknown, rest, tokens, missing} {
					rows, err := f.store.Forget(f.Context(), forgetting, forgettingEvent())
					f.must("Forget", err)
					wantEqual(f, "the number of rows", 0, rows)
				}
			})
		},
	}, {
		"a user of the same ID is a new one",
		"Once a user is forgotten, their ID is free. A new user of that ID has none of the tokens, and the tokens stay revoked.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			end := later(time.Minute, "carol")
			forgetting := forgettingOf(f.disable("ada", end))
			forgetting.Tokens, forgetting.Rest = []apitoken.TokenID{n.ID}, true
			f.forget(forgetting)
			_, err := f.store.CreateUser(f.Context(), newUser("ada"), userCreated(newUser("ada")))
			f.must("CreateUser", err)
			if left := f.tokens(apitoken.TokenQuery{Owner: "ada"}); len(left) > 0 {
				f.broken("the new user has the tokens %v", left)
			}
			n.Token = forgetting.Token(n.Token)
			f.wantTokenRevoked(n, f.user(forgetting.Pseudonym), end)
		},
	}}
}

// forgettingEvent returns the event of a Forget.
func forgettingEvent() apitoken.Event {
	e := newEvent(apitoken.ActionForgetUser, base.Add(time.Hour))
	e.Owner = "forgotten-1"
	return e
}

func forgettingOf(u apitoken.User) apitoken.Forgetting {
	return apitoken.Forgetting{User: u.ID, Pseudonym: "forgotten-1", Revision: u.Revision}
}

// disable disables a user.
func (f *fixture) disable(id apitoken.UserID, by apitoken.Revocation) apitoken.User {
	f.Helper()
	return f.changeUserBy(f.user(id), apitoken.UserChange{Disable: true}, ending(id, by))
}

// forget replaces rows and checks that the event has their number.
func (f *fixture) forget(forgetting apitoken.Forgetting) {
	f.Helper()
	e := forgettingEvent()
	before := f.feed()
	rows, err := f.store.Forget(f.Context(), forgetting, e)
	f.must("Forget", err)
	if rows < 1 {
		f.broken("Forget has changed %d rows, want some", rows)
	}
	feed := f.feed()
	e = forgetting.On(e, rows)
	e.Seq = apitoken.EventSeq(len(before) + 1)
	wantEqual(f, "the event of Forget", e, feed[len(feed)-1])
}

func forgottenEverywhere(f *fixture) {
	f.addUser("ada")
	bob := f.addUser("bob")
	f.addUser("ad")
	service := newUser("ci")
	service.Service, service.Responsible = true, "ada"
	f.createUser(service)
	byAda := later(time.Minute, "ada")
	f.addToken("ad", "ada's") // a name may contain the ID
	described := draft("ada", "a")
	described.Description = "for ada"
	f.create(described)
	f.revoke(f.addToken("ada", "b"), byAda)
	f.revoke(f.addToken("bob", "c"), byAda)
	d := draft("bob", "d")
	d.CreatedBy, d.Description = "ada", "stays"
	f.create(d)
	f.endEpoch(bob, byAda)
	was := f.policy()
	is := newPolicy(was)
	f.must("PutPolicy", f.store.PutPolicy(f.Context(), is, was.Revision, policyPut(was, is)))
	f.appendEvents(denied("ada"), denied("ad"), denied("bob"))
	ada := f.disable("ada", later(2*time.Minute, "ada"))

	forgetting := forgettingOf(ada)
	want := f.everything()
	for _, t := range want.Tokens {
		if forgetting.Token(t) != t {
			forgetting.Tokens = append(forgetting.Tokens, t.ID)
		}
	}
	for i, e := range want.Events {
		if e.Owner == "ada" || e.Actor.User == "ada" {
			want.Events[i].Owner, want.Events[i].Actor = forgetting.ID(e.Owner), apitoken.Actor{Kind: e.Actor.Kind, User: forgetting.ID(e.Actor.User)}
			want.Events[i].Before, want.Events[i].After = apitoken.State{Name: "forgotten-1"}, apitoken.State{}
			want.Events[i].Reason = "another reason"
			forgetting.Events = append(forgetting.Events, want.Events[i])
		}
	}
	want.asForgotten(forgetting)
	f.forget(forgetting)
	rest := forgettingOf(ada)
	rest.Rest = true
	f.forget(rest)
	got := f.everything()
	got.Events = got.Events[:len(got.Events)-2] // forget has checked the other two
	wantEqual(f, "the store after Forget", want, got)
}

// asForgotten makes of everything but the events what Forget makes of it.
func (all *everything) asForgotten(f apitoken.Forgetting) {
	all.Policy, _ = f.Policy(all.Policy)
	for i, t := range all.Tokens {
		all.Tokens[i] = f.Token(t)
	}
	user := func(u apitoken.User) apitoken.User {
		if u.ID == f.User {
			u.ID, u.Name = f.Pseudonym, string(f.Pseudonym)
		}
		return f.Answered(u)
	}
	for _, records := range [][]apitoken.Record{all.Records, all.Lookups} {
		for i, r := range records {
			records[i].Token, records[i].User = f.Token(r.Token), user(r.User)
		}
	}
	for i, u := range all.Users {
		all.Users[i] = user(u)
	}
	slices.SortFunc(all.Users, func(a, b apitoken.User) int { return strings.Compare(string(a.ID), string(b.ID)) })
}

// forgottenWrite is a Forget as a write of the rules about all writes.
func forgottenWrite(f *fixture, i int) attempt {
	id := f.addNumbered(i)
	forgetting := forgettingOf(f.disable(id, later(microsecond, "carol")))
	forgetting.Pseudonym += id
	forgetting.Rest = true
	e := forgettingEvent()
	return attempt{e, func(ctx context.Context) error {
		_, err := f.store.Forget(ctx, forgetting, e)
		return err
	}, func() bool {
		_, err := f.store.User(f.Context(), id)
		return !f.exists(err)
	}}
}
