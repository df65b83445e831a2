package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// combinedFilters are about several conditions at once.
func combinedFilters() []rule {
	const promise = "A token is selected if every condition of the query holds."
	return []rule{
		{"all conditions together", promise, allConditions},
		{"any two conditions together", promise, anyTwoConditions},
	}
}

func allConditions(f *fixture) {
	end := base.Add(time.Hour)
	ada := f.addUser("ada")
	f.endEpoch(ada, later(0, "ada"))
	f.addUser("bob")
	f.addExpiringAt("build 1", end)
	f.addExpiringAt("build 2", end)
	f.addExpiringAt("Build 3", end)
	f.addExpiringAt("build 4", end.Add(time.Hour))
	f.addExpiringAt("build 5", noTime)
	f.revoke(f.addExpiringAt("build 6", end), later(0, "ada"))
	f.addExpiringAt("build 7", base)
	f.addExpiringAt("deploy", end)
	f.addExpiringAt("build 8", end)
	f.addToken("bob", "build 9")
	q := apitoken.TokenQuery{
		Owner: "ada", Status: apitoken.StatusActive, ExpiresBefore: end.Add(microsecond), NameContains: "build",
	}
	for _, q.Limit = range []int{1, 2, 3, 4} {
		f.selects("what Owner, Status, ExpiresBefore and NameContains select", []string{"build 1", "build 2", "build 8"}, q)
	}
	q.Owner, q.AnyOwner = "", true
	for _, q.Limit = range []int{1, 4, 5} {
		f.selects("what AnyOwner, Status, ExpiresBefore and NameContains select", []string{"build 1", "build 2", "build 8", "build 9"}, q)
	}
}

// anyTwoConditions queries tokens that differ in every field that has a condition, by two conditions at a time, in every part of
// the list.
func anyTwoConditions(f *fixture) {
	all := f.addAssorted()
	conditions := assortedConditions()
	for i, a := range conditions {
		for _, b := range conditions[:i] {
			if a.field == b.field {
				continue
			}
			for _, of := range []apitoken.TokenQuery{{AnyOwner: true}, {Owner: "ada"}, {AnyOwner: true, After: all[9].ID}} {
				q := of
				q.Limit = 5
				a.narrow(&q)
				b.narrow(&q)
				var want []string
				for _, t := range all {
					if (q.AnyOwner || t.Owner == q.Owner) && t.ID.String() > q.After.String() && a.holds(t) && b.holds(t) {
						want = append(want, t.Name)
					}
				}
				wantEqual(f, a.name+" and "+b.name, want, names(f.tokens(q)))
			}
		}
	}
}

// addAssorted stores tokens of two owners that differ in every field that has a condition, and returns them as Tokens should.
func (f *fixture) addAssorted() []apitoken.Token {
	f.Helper()
	ada := f.addUser("ada")
	f.addUser("bob")
	var all []apitoken.Token
	for i, id := range newTokenIDs(24) {
		n := draft([]apitoken.UserID{"ada", "bob"}[i%2], []string{"build ", "deploy ", "Build "}[i%3]+id.String())
		n.ID = id
		n.Kind = []apitoken.Kind{apitoken.KindUser, "machine", apitoken.KindUser, "Machine"}[i%4]
		n.Resource = []string{"", "project:web", "", "project:api", "project:web", "", "Project:web"}[i%7]
		n.CreatedBy = []apitoken.UserID{"ada", "root", ""}[i%3]
		n.Hint = []string{"tok_...wxyz", "tok_...WXYZ", "old_...wxyz"}[i%3]
		n.CreatedWith = []apitoken.TokenID{{}, {}, {7}, {}, {8}}[i%5]
		n.CreatedAt = base.Add(-time.Duration(i%5) * time.Hour)
		n.ExpiresAt = []time.Time{noTime, base, base.Add(time.Hour), base.Add(24 * time.Hour)}[i%4]
		f.create(n)
		if i%3 == 1 {
			n.LastUsedAt = base.Add(-time.Duration(i%2) * 3 * time.Hour)
			f.touch(n.LastUsedAt, n)
		}
		if i%6 == 5 {
			n = f.revoke(n, later(0, "root"))
		}
		all = append(all, n.Token)
	}
	end := later(microsecond, "root")
	f.endEpoch(ada, end)
	n := draft("ada", "of the next epoch")
	n.Epoch = 1
	f.create(n)
	for i := range all {
		if all[i].Owner == "ada" && all[i].Status(end.At) == apitoken.StatusActive {
			all[i].RevokedAt, all[i].RevokedBy = end.At, end.By
		}
	}
	return append(all, n.Token)
}

// assortedCondition is one condition of a query, and the equivalent in Go.
type assortedCondition struct {
	field  string
	name   string
	narrow func(q *apitoken.TokenQuery)
	holds  func(t apitoken.Token) bool
}

func assortedConditions() []assortedCondition {
	before := base.Add(2 * time.Hour)
	unused := base.Add(-time.Hour)
	return []assortedCondition{
		{"", "none", func(*apitoken.TokenQuery) {}, func(apitoken.Token) bool { return true }},
		{"Status", "active", func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusActive },
			func(t apitoken.Token) bool { return t.Status(base) == apitoken.StatusActive }},
		{"Status", "expired", func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusExpired },
			func(t apitoken.Token) bool { return t.Status(base) == apitoken.StatusExpired }},
		{"Status", "revoked", func(q *apitoken.TokenQuery) { q.Status = apitoken.StatusRevoked },
			func(t apitoken.Token) bool { return t.Status(base) == apitoken.StatusRevoked }},
		{"ExpiresBefore", "ExpiresBefore", func(q *apitoken.TokenQuery) { q.ExpiresBefore = before },
			func(t apitoken.Token) bool { return !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(before) }},
		{"NameContains", "NameContains", func(q *apitoken.TokenQuery) { q.NameContains = "uild" },
			func(t apitoken.Token) bool { return t.Name[0] == 'b' || t.Name[0] == 'B' }},
		{"Kind", "the usual Kind", func(q *apitoken.TokenQuery) { q.Kind = apitoken.KindUser },
			func(t apitoken.Token) bool { return t.Kind == apitoken.KindUser }},
		{"Kind", "another Kind", func(q *apitoken.TokenQuery) { q.Kind = "machine" },
			func(t apitoken.Token) bool { return t.Kind == "machine" }},
		{"Resource", "a Resource", func(q *apitoken.TokenQuery) { q.Resource = "project:web" },
			func(t apitoken.Token) bool { return t.Resource == "project:web" }},
		{"Resource", "a rare Resource", func(q *apitoken.TokenQuery) { q.Resource = "project:api" },
			func(t apitoken.Token) bool { return t.Resource == "project:api" }},
		{"CreatedBy", "CreatedBy", func(q *apitoken.TokenQuery) { q.CreatedBy = "root" },
			func(t apitoken.Token) bool { return t.CreatedBy == "root" }},
		{"CreatedWith", "CreatedWith", func(q *apitoken.TokenQuery) { q.CreatedWith = apitoken.TokenID{7} },
			func(t apitoken.Token) bool { return t.CreatedWith == apitoken.TokenID{7} }},
		{"Hint", "Hint", func(q *apitoken.TokenQuery) { q.Hint = "tok_...wxyz" },
			func(t apitoken.Token) bool { return t.Hint == "tok_...wxyz" }},
		{"OnBehalf", "OnBehalf", func(q *apitoken.TokenQuery) { q.OnBehalf = true },
			func(t apitoken.Token) bool { return t.CreatedBy != t.Owner }},
		{"WithoutExpiration", "WithoutExpiration", func(q *apitoken.TokenQuery) { q.WithoutExpiration = true },
			func(t apitoken.Token) bool { return t.ExpiresAt.IsZero() }},
		{"UnusedSince", "UnusedSince", func(q *apitoken.TokenQuery) { q.UnusedSince = unused },
			func(t apitoken.Token) bool { return t.CreatedAt.Before(unused) && t.LastUsedAt.Before(unused) }},
		{"LivesLongerThan", "LivesLongerThan", func(q *apitoken.TokenQuery) { q.LivesLongerThan = 3 * time.Hour },
			func(t apitoken.Token) bool {
				return t.ExpiresAt.IsZero() || t.ExpiresAt.Sub(t.CreatedAt) > 3*time.Hour
			}},
	}
}
