package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// noExpirationFilters are about WithoutExpiration.
func noExpirationFilters() []rule {
	return []rule{{
		"without expiration",
		"WithoutExpiration selects the tokens that never expire, and no others.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.endEpoch(ada, later(0, "ada"))
			f.addExpiringAt("in 1970", in1970)
			f.addExpiringAt("first", noTime)
			f.addExpiringAt("far", far)
			f.revoke(f.addExpiringAt("revoked", noTime), later(0, "ada"))
			f.addExpiringAt("in an hour", base.Add(time.Hour))
			f.addExpiringAt("last", noTime)
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
			f.selects("those that also expire", nil, q)
			q = apitoken.TokenQuery{Owner: "ada", WithoutExpiration: true, Limit: 1}
			f.selects("the tokens of one owner", []string{"first", "revoked", "last"}, q)
		},
	}}
}

// unusedFilters are about UnusedSince, to the microsecond.
func unusedFilters() []rule {
	const promise = "UnusedSince selects the tokens that were created before that time and not used at it or later; " +
		"for a token that was never used, only its creation counts."
	at := base.Add(time.Hour)
	var rules []rule
	for _, c := range []struct {
		name  string
		since time.Time
		want  []string
	}{
		{"one microsecond before", at.Add(-microsecond), []string{"in 1970", "long ago", "long ago, used since"}},
		{"exactly at the time", at, []string{"in 1970", "long ago", "long ago, used since"}},
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
		rules = append(rules, rule{"unused since " + c.name, promise, func(f *fixture) {
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
	const promise = "LivesLongerThan selects the tokens that expire more than that time after their creation, and those that never expire. " +
		"A revocation does not matter."
	var rules []rule
	for _, c := range []struct {
		name string
		than time.Duration
		want []string
	}{
		{"one microsecond less", time.Hour - microsecond, []string{"an hour", "an hour, later", "revoked", "more", "no expiration", "very long"}},
		{"exactly the time", time.Hour, []string{"more", "no expiration", "very long"}},
		{"one microsecond more", time.Hour + microsecond, []string{"no expiration", "very long"}},
		{"one microsecond", microsecond, []string{"less", "an hour", "an hour, later", "revoked", "more", "no expiration", "very long"}},
		{"the longest lifetime", far.Sub(in1970) - microsecond, []string{"no expiration", "very long"}},
		{"longer than the longest lifetime", far.Sub(in1970), []string{"no expiration"}},
		{"no expiration", apitoken.NoExpiration, []string{"no expiration"}},
		{"none", 0, []string{"shortest", "less", "an hour", "an hour, later", "revoked", "more", "no expiration", "very long"}},
	} {
		rules = append(rules, rule{"lives longer than " + c.name, promise, func(f *fixture) {
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
				{"no expiration", base, noTime},
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
