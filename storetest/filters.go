package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// filterRules are about which tokens a query selects.
func filterRules() []rule {
	return slices.Concat(
		statusFilters(), expiryFilters(), nameFilters(), kindFilters(), resourceFilters(), creatorFilters(), parentFilters(), noExpirationFilters(),
		unusedFilters(), lifetimeFilters(), combinedFilters(),
	)
}

// selects checks that a query selects the tokens of these names at base, and no others, within every budget, and that
// CountTokens counts them.
func (f *fixture) selects(what string, want []string, q apitoken.TokenQuery) {
	f.Helper()
	f.selectsAt(base, what, want, q)
}

// selectsAt is selects at another time.
func (f *fixture) selectsAt(now time.Time, what string, want []string, q apitoken.TokenQuery) {
	f.Helper()
	wantEqual(f, what, want, names(f.tokensAt(now, q)))
	if counter, ok := f.store.(apitoken.TokenCounter); ok && q.After.IsZero() && q.AfterExpiry.IsZero() {
		n, err := counter.CountTokens(f.Context(), q.At(now))
		f.must("CountTokens", err)
		wantEqual(f, what+", counted", len(want), n)
	}
	if _, ok := f.store.(apitoken.TokenPager); !ok {
		return // the rules about scans report it
	}
	for _, rows := range []int{1, 3, allRows} {
		wantEqual(f, fmt.Sprintf("%s, %d rows at a time", what, rows), want, names(f.scannedAt(now, q, rows)))
	}
}

// statusFilters are about Status, to the microsecond.
func statusFilters() []rule {
	const promise = "Status selects by the state of a token at now: revoked, itself or with its epoch, precedes expired; expired from its ExpiresAt on."
	var rules []rule
	end := base.Add(time.Hour) // of the tokens that expire
	for _, c := range []struct {
		name    string
		now     time.Time
		active  []string
		expired []string
	}{
		{"one microsecond before an expiry", end.Add(-microsecond), []string{"expires", "no expiration"}, nil},
		{"exactly at the expiry", end, []string{"no expiration"}, []string{"expires"}},
		{"one microsecond after an expiry", end.Add(microsecond), []string{"no expiration"}, []string{"expires"}},
		{"in 1970", in1970, []string{"expires", "no expiration"}, nil},
		{"far ahead", far, []string{"no expiration"}, []string{"expires"}},
	} {
		rules = append(rules, rule{"status " + c.name, promise, func(f *fixture) {
			ada := f.addUser("ada")
			old := draft("ada", "old epoch")
			old.ExpiresAt = noTime
			f.create(old)
			f.endEpoch(ada, apitoken.Revocation{At: far.Add(time.Hour), By: "ada"}) // the time does not matter
			f.addExpiringAt("expires", end)
			f.addExpiringAt("no expiration", noTime)
			f.revoke(f.addExpiringAt("revoked", end), apitoken.Revocation{At: in1970, By: "ada"})
			f.revoke(f.addExpiringAt("revoked without expiration", noTime), apitoken.Revocation{At: far.Add(time.Hour), By: ""})
			revokedNames := []string{"old epoch", "revoked", "revoked without expiration"}
			for _, q := range []apitoken.TokenQuery{{Owner: "ada"}, {AnyOwner: true}} {
				q.Status = apitoken.StatusActive
				f.selectsAt(c.now, "the active tokens", c.active, q)
				q.Status = apitoken.StatusExpired
				f.selectsAt(c.now, "the expired tokens", c.expired, q)
				q.Status = apitoken.StatusRevoked
				f.selectsAt(c.now, "the revoked tokens", revokedNames, q)
				q.Status = ""
				if n := len(f.tokensAt(c.now, q)); n != 5 {
					f.broken("without a Status %d tokens are selected, want all 5", n)
				}
			}
		}})
	}
	return append(rules, rule{"status of an expiry in 1970", promise, func(f *fixture) {
		ada := f.addUser("ada")
		f.endEpoch(ada, later(0, "ada"))
		f.addExpiringAt("expired in 1970", in1970)
		q := apitoken.TokenQuery{Owner: "ada", Status: apitoken.StatusExpired}
		f.selects("the expired tokens", []string{"expired in 1970"}, q)
		q.Status = apitoken.StatusActive
		f.selects("the active tokens", nil, q)
	}})
}

// addExpiringAt stores a token of ada's second epoch.
func (f *fixture) addExpiringAt(name string, end time.Time) apitoken.NewToken {
	f.Helper()
	n := draft("ada", name)
	n.ExpiresAt, n.Epoch = end, 1
	f.create(n)
	return n
}

// expiryFilters are about ExpiresBefore, to the microsecond.
func expiryFilters() []rule {
	const promise = "ExpiresBefore selects the tokens that expire before that time, not at it, and never a token without expiration."
	var rules []rule
	end := base.Add(time.Hour)
	for _, c := range []struct {
		name   string
		before time.Time
		want   []string
	}{
		{"one microsecond before an expiry", end.Add(-microsecond), []string{"in 1970"}},
		{"exactly at the expiry", end, []string{"in 1970"}},
		{"one microsecond after an expiry", end.Add(microsecond), []string{"in 1970", "in an hour"}},
		{"in 1970", in1970, nil},
		{"a microsecond after 1970", in1970.Add(microsecond), []string{"in 1970"}},
		{"far ahead", far.Add(microsecond), []string{"in 1970", "in an hour", "far"}},
		{"none", noTime, []string{"in 1970", "in an hour", "no expiration", "far"}},
	} {
		rules = append(rules, rule{"expires before " + c.name, promise, func(f *fixture) {
			ada := f.addUser("ada")
			f.endEpoch(ada, later(0, "ada"))
			f.addExpiringAt("in 1970", in1970)
			f.addExpiringAt("in an hour", end)
			f.addExpiringAt("no expiration", noTime)
			f.addExpiringAt("far", far)
			f.selects("the tokens of one owner", c.want, apitoken.TokenQuery{Owner: "ada", ExpiresBefore: c.before})
			f.selects("the tokens of any owner", c.want, apitoken.TokenQuery{AnyOwner: true, ExpiresBefore: c.before})
		}})
	}
	return rules
}

// nameFilters are about NameContains.
func nameFilters() []rule {
	const promise = "NameContains selects the tokens whose name contains the text, byte for byte; no character is a wildcard."
	all := []string{
		"Alpha", "alpha", "beta%", "beta_", `beta\`, "bet", "caf\u00e9", "cafe\u0301", "caf\u00c9", "100% of _it", `a'b"c`, "\U0001F418\U0001F419", "end ",
	}
	var rules []rule
	for _, c := range []struct {
		name, contains string
		want           []string
	}{
		{"nothing", "", all},
		{"a capital", "A", []string{"Alpha"}},
		{"a small letter", "alpha", []string{"alpha"}},
		{"a common part", "lph", []string{"Alpha", "alpha"}},
		{"a percent sign", "%", []string{"beta%", "100% of _it"}},
		{"an underscore", "_", []string{"beta_", "100% of _it"}},
		{"a backslash", `\`, []string{`beta\`}},
		{"two backslashes", `\\`, nil},
		{"an escaped percent sign", `\%`, nil},
		{"a percent sign and more", "0% o", []string{"100% of _it"}},
		{"a pattern", "b%a", nil},
		{"any one character", "b_t", nil},
		{"a star", "*", nil},
		{"a question mark", "?", nil},
		{"a bracket", "[a-z]", nil},
		{"a quote", "'", []string{`a'b"c`}},
		{"a double quote", `"`, []string{`a'b"c`}},
		{"an accent", "\u00e9", []string{"caf\u00e9"}},
		{"a letter without its accent", "fe", []string{"cafe\u0301"}},
		{"a combining accent", "\u0301", []string{"cafe\u0301"}},
		{"a capital with an accent", "\u00c9", []string{"caf\u00c9"}},
		{"four bytes", "\U0001F419", []string{"\U0001F418\U0001F419"}},
		{"a trailing space", "d ", []string{"end "}},
		{"the whole name", "beta%", []string{"beta%"}},
		{"more than the name", "alphabet", nil},
	} {
		rules = append(rules, rule{"name contains " + c.name, promise, func(f *fixture) {
			f.addUser("ada")
			for _, name := range all {
				f.addToken("ada", name)
			}
			f.selects("the tokens of one owner", c.want, apitoken.TokenQuery{Owner: "ada", NameContains: c.contains})
			f.selects("the tokens of any owner", c.want, apitoken.TokenQuery{AnyOwner: true, NameContains: c.contains, Limit: 2})
		}})
	}
	return rules
}
