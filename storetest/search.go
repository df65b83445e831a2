package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// usersByText are about the Contains of a UserQuery.
func usersByText() []rule {
	const promise = "Contains selects the users whose ID or name contains the text, byte for byte; no character is a wildcard."
	people := []apitoken.User{
		{ID: "100%", Name: "A. Hundred"}, {ID: "Ada"}, {ID: "a_b", Name: "Under"}, {ID: "ada", Name: "Lovelace"}, {ID: "bob", Name: "Bob adamant"},
		{ID: "étage", Name: "Grüße"}, {ID: "日本", Name: `back\slash`},
	}
	var rules []rule
	for _, c := range []struct {
		name, contains string
		want           []apitoken.UserID
	}{
		{"nothing", "", []apitoken.UserID{"100%", "Ada", "a_b", "ada", "bob", "étage", "日本"}},
		{"a text in IDs and names", "ada", []apitoken.UserID{"ada", "bob"}},
		{"a capital", "Ada", []apitoken.UserID{"Ada"}},
		{"a percent sign", "%", []apitoken.UserID{"100%"}},
		{"an underscore", "_", []apitoken.UserID{"a_b"}},
		{"a backslash", `\`, []apitoken.UserID{"日本"}},
		{"other scripts", "本", []apitoken.UserID{"日本"}},
		{"an accent", "é", []apitoken.UserID{"étage"}},
		{"no accent", "e", []apitoken.UserID{"100%", "a_b", "ada", "étage"}},
		{"more than the name", "adamantine", nil},
		{"a quotation mark", "'", nil},
	} {
		rules = append(rules, rule{"users found by " + c.name, promise, func(f *fixture) {
			for _, u := range people {
				u.Role, u.CreatedAt, u.Revision = apitoken.RoleUser, base, 1
				f.createUser(u)
			}
			for _, limit := range []int{1, 2, wholePage} {
				var got []apitoken.UserID
				for _, u := range f.usersBy(apitoken.UserQuery{Contains: c.contains, Limit: limit}) {
					got = append(got, u.ID)
				}
				wantEqual(f, fmt.Sprint("pages of ", limit), c.want, got)
			}
		}})
	}
	return rules
}

// usersByID are about the IDs of a UserQuery.
func usersByID() []rule {
	const promise = "IDs selects the users who have one of the IDs and meet the other conditions, each once, by ID. IDs that no user has are skipped."
	return []rule{{
		"users found by their IDs",
		promise,
		func(f *fixture) {
			var users []apitoken.User
			var ids []apitoken.UserID
			for i := range 300 { // more than most stores name in one statement
				u := f.addUser(apitoken.UserID(fmt.Sprintf("user %03d", i)))
				if i%3 > 0 {
					users, ids = append(users, u), append(ids, u.ID, "nobody "+u.ID)
				}
			}
			slices.Reverse(ids)
			ids = append(ids, "user", "user 0010", "USER 001", ids[0])
			for _, limit := range []int{7, 200, wholePage} {
				wantEqual(f, fmt.Sprint("pages of ", limit), users, f.usersBy(apitoken.UserQuery{IDs: ids, Limit: limit}))
			}
			users = slices.DeleteFunc(users, func(u apitoken.User) bool { return !strings.Contains(string(u.ID), "01") })
			wantEqual(f, "the users whose ID contains a text", users, f.usersBy(apitoken.UserQuery{IDs: ids, Contains: "01", Limit: wholePage}))
		},
	}, {
		"no IDs are the IDs of no user",
		promise + " An empty list selects nobody; nil is no condition.",
		func(f *fixture) {
			ada := f.addUser("ada")
			wantEqual(f, "an empty list", 0, len(f.usersBy(apitoken.UserQuery{IDs: []apitoken.UserID{}, Limit: 10})))
			wantEqual(f, "nil", []apitoken.User{ada}, f.usersBy(apitoken.UserQuery{Limit: 10}))
		},
	}}
}

// eventsBackwards are about the NewestFirst of an EventQuery.
func eventsBackwards() []rule {
	const promise = "With NewestFirst, Events returns the feed from the last event to the first, with the same Seq, and After selects the events " +
		"before it."
	return []rule{{
		"events backwards by pages of any size",
		promise,
		func(f *fixture) {
			for i := range 7 {
				f.appendEvents(denied([]apitoken.UserID{"ada", "bob", ""}[i%3]))
			}
			whole := f.feed()
			slices.Reverse(whole)
			for limit := 1; limit <= 8; limit++ {
				wantEqual(f, fmt.Sprint("pages of ", limit), whole, f.events(apitoken.EventQuery{NewestFirst: true, Limit: limit}))
			}
		},
	}, {
		"events backwards before they were read",
		promise,
		func(f *fixture) {
			f.appendEvents(denied("ada"), denied("bob"), denied("carol"))
			got := f.events(apitoken.EventQuery{NewestFirst: true, Limit: 2})
			whole := f.feed()
			slices.Reverse(whole)
			wantEqual(f, "the events", whole, got)
		},
	}, {
		"events backwards before one of them",
		promise,
		func(f *fixture) {
			f.appendEvents(denied("ada"), denied("bob"), denied("carol"))
			whole := f.feed()
			for i, e := range whole {
				want := slices.Clone(whole[:i])
				slices.Reverse(want)
				if len(want) == 0 {
					want = nil
				}
				wantEqual(f, fmt.Sprint("events before ", e.Seq), want, f.events(apitoken.EventQuery{NewestFirst: true, After: e.Seq, Limit: wholePage}))
			}
			slices.Reverse(whole)
			wantEqual(f, "events before a future Seq", whole, f.events(apitoken.EventQuery{NewestFirst: true, After: 100, Limit: wholePage}))
		},
	}, {
		"events backwards about one user",
		promise,
		func(f *fixture) {
			for i := range 9 {
				f.appendEvents(denied([]apitoken.UserID{"ada", "Ada", ""}[i%3]))
			}
			want := f.events(apitoken.EventQuery{Owner: "ada", Limit: wholePage})
			slices.Reverse(want)
			for _, limit := range []int{1, 2, 3, wholePage} {
				wantEqual(f, fmt.Sprint("pages of ", limit), want, f.events(apitoken.EventQuery{Owner: "ada", NewestFirst: true, Limit: limit}))
			}
		},
	}, {
		"no events backwards",
		promise,
		func(f *fixture) {
			wantEqual(f, "the events", nil, f.events(apitoken.EventQuery{NewestFirst: true, Limit: 1}))
		},
	}}
}
