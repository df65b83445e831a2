package storetest

import (
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// keptRules keep what a store returned, change all that can be changed, and compare.
func keptRules() []rule {
	const promise = "A Store never modifies a value that it has returned."
	return []rule{
		{"a record of Lookup is never modified", promise, func(f *fixture) {
			n := f.somethingToKeep()
			rec, err := f.store.Lookup(f.Context(), n.Digest)
			f.must("Lookup", err)
			before := *rec
			f.changeAll(n, func() {
				_, err := f.store.Lookup(f.Context(), n.Digest)
				f.must("Lookup", err)
				wantEqual(f, "the kept record", before, *rec)
			})
		}},
		{"a record of Token is never modified", promise, func(f *fixture) {
			n := f.somethingToKeep()
			rec, err := f.store.Token(f.Context(), n.ID)
			f.must("Token", err)
			before := *rec
			f.changeAll(n, func() {
				_, err := f.store.Token(f.Context(), n.ID)
				f.must("Token", err)
				wantEqual(f, "the kept record", before, *rec)
			})
		}},
		{"a page of tokens is never modified", promise, func(f *fixture) {
			n := f.somethingToKeep()
			keepPage(f, n, func() ([]apitoken.Token, error) {
				return f.store.Tokens(f.Context(), apitoken.TokenQuery{AnyOwner: true, Limit: 2}.At(base))
			})
		}},
		{"a page of users is never modified", promise, func(f *fixture) {
			n := f.somethingToKeep()
			keepPage(f, n, func() ([]apitoken.User, error) { return f.store.Users(f.Context(), apitoken.UserQuery{Limit: 2}) })
		}},
		{"a page of events is never modified", promise, func(f *fixture) {
			n := f.somethingToKeep()
			keepPage(f, n, func() ([]apitoken.Event, error) { return f.store.Events(f.Context(), apitoken.EventQuery{Limit: 2}) })
		}},
		{"a policy is never modified", promise, func(f *fixture) {
			ada := f.addUser("ada")
			f.setPolicy()
			kept, before := f.policy(), f.policy()
			before.Limits, before.Exemptions = slices.Clone(before.Limits), slices.Clone(before.Exemptions)
			forgetting := forgettingOf(ada)
			forgetting.Rest = true
			f.forget(forgetting)
			f.setPolicy()
			wantEqual(f, "the kept policy", before, kept)
		}},
		{"a caller may reuse the layers of a policy", "A Store does not keep the slices that it receives: the caller may reuse them.", func(f *fixture) {
			p := newPolicy(apitoken.MaxLifetimePolicy{})
			f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
			want := p
			want.Limits, want.Exemptions = slices.Clone(p.Limits), slices.Clone(p.Exemptions)
			p.Limits[0].Max, p.Exemptions[0].User = microsecond, "carol"
			wantEqual(f, "the policy after reusing the slices", want, f.policy())
		}},
		{"a caller may reuse a batch", "A Store does not keep the slices that it receives: the caller may reuse them.", func(f *fixture) {
			n := f.somethingToKeep()
			events := []apitoken.Event{denied("ada"), denied("bob")}
			f.appendEvents(events...)
			touches := []apitoken.Touch{{Token: n.ID, At: base}}
			f.must("Touch", f.store.Touch(f.Context(), touches))
			f.wantUnchanged("reusing the slices", func() {
				events[0], events[1] = denied("carol"), denied("carol")
				touches[0].At = far
			})
		}},
	}
}

// somethingToKeep stores users and tokens, and returns one of the tokens.
func (f *fixture) somethingToKeep() apitoken.NewToken {
	f.Helper()
	f.addUser("ada")
	f.addUser("bob")
	n := f.addToken("ada", "a")
	f.addToken("bob", "a")
	return n
}

// keepPage keeps a full page.
func keepPage[T any](f *fixture, n apitoken.NewToken, read func() ([]T, error)) {
	f.Helper()
	page, err := read()
	f.must("read", err)
	before := slices.Clone(page)
	f.changeAll(n, func() {
		_, err := read()
		f.must("read", err)
		wantEqual(f, "the kept page", before, page)
	})
}

// changeAll makes every change of a token of ada, one after the other, and calls look after each.
func (f *fixture) changeAll(n apitoken.NewToken, look func()) {
	f.Helper()
	f.touch(base.Add(time.Second), n)
	look()
	ada := f.changeUser(f.user("ada"), apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin})
	look()
	f.setPolicy()
	look()
	n = f.changeToken(n, n.Name+"!", "for releases")
	look()
	f.revoke(n, later(time.Minute, "carol"))
	look()
	ada = f.changeUser(ada, apitoken.UserChange{Disable: true})
	look()
	f.endEpoch(ada, later(2*time.Minute, "bob"))
	look()
	f.addToken("ada", "a")
	f.addUser("Aaron")
	look()
}
