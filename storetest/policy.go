package storetest

import (
	"fmt"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// policyRules are about the policy.
func policyRules() []rule {
	rules := []rule{{
		"before the first policy it is zero",
		"Before the first PutPolicy, Policy returns the zero MaxLifetimePolicy and no error.",
		func(f *fixture) { wantEqual(f, "Policy", apitoken.MaxLifetimePolicy{}, f.policy()) },
	}, {
		"a policy set by the host has no setter",
		"UpdatedBy of a policy that the host itself set is empty.",
		func(f *fixture) {
			p := newPolicy(apitoken.MaxLifetimePolicy{})
			p.UpdatedBy = ""
			f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
			wantEqual(f, "Policy", p, f.policy())
		},
	}, {
		"setting the policy writes exactly its event",
		"The event of a PutPolicy is stored with it, once, with all of its fields.",
		func(f *fixture) {
			was := f.setPolicy()
			is := newPolicy(was)
			e := policyPut(was, is)
			f.wantEvent(e, func() error { return f.store.PutPolicy(f.Context(), is, was.Revision, e) })
		},
	}, {
		"a policy is replaced as a whole",
		"PutPolicy replaces every field of the policy.",
		func(f *fixture) {
			was := f.setPolicy()
			is := apitoken.MaxLifetimePolicy{Max: apitoken.Days(7), UpdatedAt: far, UpdatedBy: "carol", Revision: 2}
			f.must("PutPolicy", f.store.PutPolicy(f.Context(), is, 1, policyPut(was, is)))
			wantEqual(f, "Policy", is, f.policy())
		},
	}, {
		"limits and exemptions come and go",
		"Policy returns the limits and exemptions of the last PutPolicy, in their order: also some after none, others, and none after some.",
		func(f *fixture) {
			var was apitoken.MaxLifetimePolicy
			full := newPolicy(was)
			for _, p := range []apitoken.MaxLifetimePolicy{
				plainPolicy(was), full, {Limits: full.Limits[:1]}, {Exemptions: full.Exemptions[1:]}, plainPolicy(was), full,
			} {
				is := plainPolicy(was)
				is.Limits, is.Exemptions = p.Limits, p.Exemptions
				f.must("PutPolicy", f.store.PutPolicy(f.Context(), is, was.Revision, policyPut(was, is)))
				wantEqual(f, "Policy", is, f.policy())
				facts, err := f.store.Facts(f.Context(), apitoken.FactsQuery{})
				f.must("Facts", err)
				wantEqual(f, "the policy of Facts", is, facts.Policy)
				was = is
			}
		},
	}, {
		"the longest policy is read back",
		"A policy of 100 limits and 100 exemptions with the longest texts is read back.",
		func(f *fixture) {
			p := newPolicy(apitoken.MaxLifetimePolicy{})
			p.Limits, p.Exemptions = nil, nil
			for i := range 100 {
				number := fmt.Sprintf("%03d", i)
				role := number + strings.Repeat("ü", 97)
				p.Limits = append(p.Limits, apitoken.LifetimeLimit{Role: apitoken.Role(role), Kind: apitoken.Kind(role), Max: apitoken.Days(i + 1)})
				p.Exemptions = append(p.Exemptions, apitoken.Exemption{
					User: apitoken.UserID(number + strings.Repeat("<", 252)), Kind: apitoken.Kind(role), Max: apitoken.Days(i + 1), Until: far,
					Reason: strings.Repeat("&", 255), By: apitoken.UserID(strings.Repeat(">", 255)), At: base,
				})
			}
			f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
			wantEqual(f, "Policy", p, f.policy())
		},
	}, {
		"a policy changes no token and no user",
		"PutPolicy touches no token that exists.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.setPolicy()
			f.wantToken(n, ada)
		},
	}, {
		"tokens are created at the current revision",
		"After a PutPolicy, CreateToken at its revision inserts.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for _, name := range []string{"a", "b", "c"} {
				f.setPolicy()
				f.wantToken(f.addToken("ada", name), ada)
			}
		},
	}}
	for _, c := range []struct {
		name string
		max  apitoken.MaxLifetimePolicy
	}{
		{"one microsecond", apitoken.MaxLifetimePolicy{Max: microsecond}},
		{"a hundred years", apitoken.MaxLifetimePolicy{Max: apitoken.Days(36500)}},
		{"no expiration", apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration}},
	} {
		rules = append(rules, rule{
			"a maximum of " + c.name + " is read back",
			"Policy returns the maximum as PutPolicy stored it, to the nanosecond, including NoExpiration.",
			func(f *fixture) {
				p := newPolicy(apitoken.MaxLifetimePolicy{})
				p.Max = c.max.Max
				f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
				wantEqual(f, "Policy", p, f.policy())
			},
		})
	}
	for _, c := range []struct {
		name       string
		sets       int
		ifRevision int64
	}{
		{"a first policy at a revision", 0, 1},
		{"a second policy at revision zero", 1, 0},
		{"a policy at the revision before", 3, 2},
		{"a policy at a future revision", 3, 4},
	} {
		rules = append(rules, rule{
			c.name + " is a conflict",
			"PutPolicy at another revision than the stored one is ErrConflict, and writes nothing.",
			func(f *fixture) {
				for range c.sets {
					f.setPolicy()
				}
				p := newPolicy(apitoken.MaxLifetimePolicy{Revision: c.ifRevision})
				p.Max = apitoken.Days(1)
				f.wantRefused("PutPolicy", apitoken.ErrConflict, func() error {
					return f.store.PutPolicy(f.Context(), p, c.ifRevision, policyPut(apitoken.MaxLifetimePolicy{}, p))
				})
			},
		})
	}
	return rules
}
