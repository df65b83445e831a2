package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// timeRules write a time into every field that has one and read it back.
func timeRules() []rule {
	var rules []rule
	for _, c := range []struct {
		name string
		at   time.Time
	}{
		{"the start of 1970", in1970},
		{"a microsecond after the start of 1970", in1970.Add(microsecond)},
		{"a time to the microsecond", time.Date(2024, time.February, 29, 12, 34, 56, 123457000, time.UTC)},
		{"the microsecond before a second", time.Date(2016, time.December, 31, 23, 59, 59, 999999000, time.UTC)},
		{"an hour that some zones skip", time.Date(2021, time.March, 28, 2, 30, 0, 1000, time.UTC)},
		{"after 2038", time.Date(2038, time.January, 19, 3, 14, 8, 0, time.UTC)},
		{"after 2106", time.Date(2106, time.February, 7, 6, 28, 16, 1000, time.UTC)},
		{"the end of 2199", time.Date(2199, time.December, 31, 23, 59, 59, 999999000, time.UTC)},
	} {
		const promise = "A time comes back equal, in UTC, to the microsecond; the start of 1970 is a time."
		rules = append(rules,
			rule{c.name + " in a token", promise, func(f *fixture) { timeInToken(f, c.at) }},
			rule{c.name + " in a user", promise, func(f *fixture) { timeInUser(f, c.at) }},
			rule{c.name + " in the policy", promise, func(f *fixture) {
				p := newPolicy(apitoken.MaxLifetimePolicy{})
				p.UpdatedAt, p.Exemptions[0].At, p.Exemptions[0].Until = c.at, c.at, c.at
				f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
				wantEqual(f, "Policy", p, f.policy())
			}},
			rule{c.name + " in an event", promise, func(f *fixture) {
				e := denied("ada")
				e.At = c.at
				e.Before = apitoken.State{ExpiresAt: c.at, RevokedAt: c.at, DisabledAt: c.at, SuspendedAt: c.at}
				e.After = e.Before
				f.wantEvent(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
			}},
		)
	}
	return append(rules, rule{
		"one field has a time and the other none",
		"No time comes back as no time, beside fields with the start of 1970.",
		timesAndNone,
	})
}

func timeInToken(f *fixture, at time.Time) {
	ada := f.addUser("ada")
	n := draft("ada", "a")
	n.CreatedAt, n.ExpiresAt = at, at
	f.create(n)
	f.wantToken(n, ada)
	n.LastUsedAt = at
	f.touch(at, n)
	f.wantToken(n, ada)
	other := draft("ada", "b")
	other.ExpiresAt = noTime
	f.create(other)
	n = f.revoke(n, apitoken.Revocation{At: at, By: "carol"})
	f.wantToken(n, ada)
	ada = f.endEpoch(ada, apitoken.Revocation{At: at, By: "bob"})
	f.wantToken(n, ada)
	f.wantTokenRevoked(other, ada, apitoken.Revocation{At: at, By: "bob"})
}

func timeInUser(f *fixture, at time.Time) {
	u := newUser("ada")
	u.CreatedAt, u.DisabledAt, u.SuspendedAt = at, at, at
	f.createUser(u)
	n := f.addToken("ada", "a")
	wantEqual(f, "User", u, f.user("ada"))
	wantEqual(f, "Users", []apitoken.User{u}, f.users())
	f.wantToken(n, u)
}

func timesAndNone(f *fixture) {
	ada := newUser("ada")
	ada.CreatedAt = in1970
	f.createUser(ada)
	wantEqual(f, "User", ada, f.user("ada"))
	n := draft("ada", "a")
	n.CreatedAt, n.ExpiresAt = in1970, noTime
	f.create(n)
	f.wantToken(n, ada)
	m := draft("ada", "b")
	m.CreatedAt, m.ExpiresAt = in1970, in1970
	f.create(m)
	m.LastUsedAt = in1970
	f.touch(in1970, m)
	f.wantToken(m, ada)
	for _, s := range []apitoken.State{{ExpiresAt: in1970}, {RevokedAt: in1970}, {DisabledAt: in1970}, {SuspendedAt: in1970}, {}} {
		e := denied("ada")
		e.At, e.Before = in1970, s
		f.wantEvent(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
	}
}
