package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// endlessFilters are about WithoutExpiration.
func endlessFilters() []rule {
	return []rule{{
		"without expiration",
		"WithoutExpiration selects the tokens that never end, and none that ends, however early or late.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.endEpoch(ada, later(0, "ada"))
			f.addEnding("in 1970", in1970)
			f.addEnding("first", noTime)
			f.addEnding("far", far)
			f.revoke(f.addEnding("revoked", noTime), later(0, "ada"))
			f.addEnding("in an hour", base.Add(time.Hour))
			f.addEnding("last", noTime)
			f.addUser("bob")
			n := draft("bob", "of bob")
			n.ExpiresAt = noTime
			f.create(n)
			q := apitoken.TokenQuery{AnyOwner: true, WithoutExpiration: true}
			f.selects("the tokens of any owner", []string{"first", "revoked", "last", "of bob"}, q)
			q.Status = apitoken.StatusActive
			f.selects("the active tokens of any owner", []string{"first", "last", "of bob"}, q)
			q.Status = apitoken.StatusExpired
			f.selects("the expired tokens of any owner", nil, q)
			q.Status, q.ExpiresBefore = "", far.Add(microsecond)
			f.selects("those that end besides", nil, q)
			q = apitoken.TokenQuery{Owner: "ada", WithoutExpiration: true, Limit: 1}
			f.selects("the tokens of one owner", []string{"first", "revoked", "last"}, q)
		},
	}}
}

// unusedFilters are about UnusedSince, to the microsecond.
func unusedFilters() []rule {
	const says = "UnusedSince selects the tokens that were created before that time and not used at it or later; " +
		"one that was never used goes by its creation alone."
	at := base.Add(time.Hour)
	var rules []rule
	for _, c := range []struct {
		name  string
		since time.Time
		want  []string
	}{
		{"one microsecond before", at.Add(-microsecond), []string{"in 1970", "long ago", "long ago, used since"}},
		{"at the very time", at, []string{"in 1970", "long ago", "long ago, used since"}},
		{"one microsecond after", at.Add(microsecond), []string{"in 1970", "long ago", "long ago, used since", "used then", "created then"}},
		{"before all", in1970, nil},
		{"in 1970", in1970.Add(microsecond), []string{"in 1970"}},
		{"far ahead", far.Add(microsecond), []string{
			"in 1970", "long ago", "long ago, used since", "used then", "created then", "created later", "used far ahead", "just created and used",
		}},
		{"none", noTime, []string{
			"in 1970", "long ago", "long ago, used since", "used then", "created then", "created later", "used far ahead", "just created and used",
		}},
	} {
		rules = append(rules, rule{"unused since " + c.name, says, func(f *fixture) {
			f.addUser("ada")
			for _, token := range []struct {
				name          string
				created, used time.Time
			}{
				{"in 1970", in1970, noTime},
				{"long ago", base, noTime},
				{"long ago, used since", base, at.Add(-2 * microsecond)},
				{"used then", base, at},
				{"created then", at, noTime},
				{"created later", at.Add(2 * microsecond), noTime},
				{"used far ahead", base, far},
				{"just created and used", at.Add(2 * microsecond), at.Add(2 * microsecond)},
			} {
				n := draft("ada", token.name)
				n.CreatedAt, n.ExpiresAt = token.created, noTime
				f.create(n)
				if !token.used.IsZero() {
					f.touch(token.used, n)
				}
			}
			f.selects("the tokens of any owner", c.want, apitoken.TokenQuery{AnyOwner: true, UnusedSince: c.since})
			f.selects("the tokens of one owner", c.want, apitoken.TokenQuery{Owner: "ada", UnusedSince: c.since, Limit: 2})
		}})
	}
	return rules
}

// lifetimeFilters are about LivesLongerThan, to the microsecond.
func lifetimeFilters() []rule {
	const says = "LivesLongerThan selects the tokens whose end is more than that time behind their creation, and those that never end. " +
		"What has become of them since makes no difference."
	var rules []rule
	for _, c := range []struct {
		name string
		than time.Duration
		want []string
	}{
		{"one microsecond less", time.Hour - microsecond, []string{"an hour", "an hour, later", "revoked", "more", "endless", "very long"}},
		{"the very time", time.Hour, []string{"more", "endless", "very long"}},
		{"one microsecond more", time.Hour + microsecond, []string{"endless", "very long"}},
		{"one microsecond", microsecond, []string{"less", "an hour", "an hour, later", "revoked", "more", "endless", "very long"}},
		{"as long as can be", far.Sub(in1970) - microsecond, []string{"endless", "very long"}},
		{"longer than can be", far.Sub(in1970), []string{"endless"}},
		{"no expiration", apitoken.NoExpiration, []string{"endless"}},
		{"none", 0, []string{"shortest", "less", "an hour", "an hour, later", "revoked", "more", "endless", "very long"}},
	} {
		rules = append(rules, rule{"lives longer than " + c.name, says, func(f *fixture) {
			f.addUser("ada")
			for _, token := range []struct {
				name         string
				created, end time.Time
			}{
				{"shortest", base, base.Add(microsecond)},
				{"less", base, base.Add(time.Hour - microsecond)},
				{"an hour", base, base.Add(time.Hour)},
				{"an hour, later", far.Add(-time.Hour), far},
				{"revoked", in1970, in1970.Add(time.Hour)},
				{"more", base, base.Add(time.Hour + microsecond)},
				{"endless", base, noTime},
				{"very long", in1970, far},
			} {
				n := draft("ada", token.name)
				n.CreatedAt, n.ExpiresAt = token.created, token.end
				f.create(n)
				if token.name == "revoked" {
					f.revoke(n, later(0, "ada"))
				}
			}
			f.selects("the tokens of any owner", c.want, apitoken.TokenQuery{AnyOwner: true, LivesLongerThan: c.than})
			f.selects("the tokens of one owner", c.want, apitoken.TokenQuery{Owner: "ada", LivesLongerThan: c.than, Limit: 2})
		}})
	}
	return rules
}
