package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// repetitionRules are about a write that is repeated because the result of the first was lost.
func repetitionRules() []rule {
	return append(createdAgain(), []rule{{
		"a revocation again",
		"RevokeToken with a stored event reports the change as the first time, and changes nothing.",
		func(f *fixture) {
			f.addUser("ada")
			n, by := f.addToken("ada", "a"), later(time.Minute, "carol")
			again := f.revokeAgain(n, by)
			again()
		},
	}, {
		"a revocation again after the epoch has ended",
		"RevokeToken with a stored event reports its change, whatever happened since.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n, by := f.addToken("ada", "a"), later(time.Minute, "carol")
			again := f.revokeAgain(n, by)
			f.endEpoch(ada, later(2*time.Minute, "ada"))
			again()
		},
	}, {
		"a revocation again after the name has passed on",
		"RevokeToken with a stored event does not release the name of the successor.",
		func(f *fixture) {
			f.addUser("ada")
			n, by := f.addToken("ada", "a"), later(time.Minute, "carol")
			again := f.revokeAgain(n, by)
			f.addToken("ada", "a")
			again()
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
		},
	}, {
		"a new user again",
		"CreateUser with a stored event succeeds as the first time, changes nothing, and returns the current row.",
		func(f *fixture) { f.createUserAgain(0) },
	}, {
		"a new user again after they have changed",
		"CreateUser with a stored event succeeds, whatever happened since, and returns the current row.",
		func(f *fixture) { f.createUserAgain(2) },
	}, {
		"a changed user again",
		"ChangeUser with a stored event succeeds as the first time, changes nothing, and returns the current row.",
		func(f *fixture) { f.changeUserAgain(0) },
	}, {
		"a changed user again after they have changed again",
		"ChangeUser with a stored event succeeds and does not undo later changes.",
		func(f *fixture) { f.changeUserAgain(2) },
	}, {
		"a disabled user again after they were enabled",
		"A ChangeUser that disables has its effect once, however often it is repeated: a user who was enabled since stays enabled.",
		disabledAgain,
	}, {
		"the next epoch again",
		"A ChangeUser that ends an epoch ends it once, however often it is repeated.",
		epochAgain,
	}, {
		"a first policy again",
		"PutPolicy with a stored event succeeds as the first time, and changes nothing.",
		func(f *fixture) { f.putPolicyAgain(0, 0) },
	}, {
		"a policy again after it has moved",
		"PutPolicy with a stored event succeeds and does not undo later changes.",
		func(f *fixture) { f.putPolicyAgain(1, 2) },
	}, {
		"denials again",
		"AppendEvents with stored events changes nothing.",
		func(f *fixture) {
			batch := []apitoken.Event{denied("ada"), denied("bob"), denied("")}
			f.appendEvents(batch...)
			f.wantUnchanged("AppendEvents again", func() { f.appendEvents(batch...) })
			f.appendEvents(denied("ada"))
			f.wantUnchanged("AppendEvents again", func() { f.appendEvents(batch...) })
		},
	}, {
		"denials again among others",
		"If some events of a batch are stored, AppendEvents leaves them unchanged and stores the others.",
		func(f *fixture) {
			first, second, third := denied("ada"), denied("bob"), denied("carol")
			f.appendEvents(first)
			f.appendEvents(third)
			before := f.feed()
			changed := first
			changed.Owner = "somebody else"
			f.appendEvents(changed, second, third)
			second.Seq = 3
			wantEqual(f, "the feed", append(before, second), f.feed())
		},
	}, {
		"a touch again",
		"Touch may be repeated without effect.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			f.touch(base.Add(time.Second), n)
			f.wantUnchanged("Touch again", func() { f.touch(base.Add(time.Second), n) })
		},
	}, {
		"a refused change is written when it is repeated",
		"Only a stored event makes a write a repetition: a refused write succeeds when it is repeated under a condition that holds.",
		refusedThenWritten,
	}}...)
}

// createdAgain are about CreateToken with an ID and a digest that are stored.
func createdAgain() []rule {
	const promise = "CreateToken with the ID and digest of a stored token is a repetition: it returns nil and changes nothing."
	var rules []rule
	for _, c := range []struct {
		name string
		then func(f *fixture, ada apitoken.User, n apitoken.NewToken) // runs between the two
	}{
		{"a token again", func(*fixture, apitoken.User, apitoken.NewToken) {}},
		{"a token again after the policy has moved", func(f *fixture, _ apitoken.User, _ apitoken.NewToken) { f.setPolicy() }},
		{"a token again after the creator has changed", func(f *fixture, ada apitoken.User, _ apitoken.NewToken) { f.rename(ada, "Ada L.") }},
		{"a token again after the owner has another role", func(f *fixture, ada apitoken.User, _ apitoken.NewToken) {
			f.changeUserBy(ada, apitoken.UserChange{Role: "lead"}, changing("ada"))
		}},
		{"a token again after it was revoked", func(f *fixture, _ apitoken.User, n apitoken.NewToken) { f.revoke(n, later(microsecond, "ada")) }},
		{"a token again after it was used", func(f *fixture, _ apitoken.User, n apitoken.NewToken) { f.touch(base, n) }},
		{"a token again after the epoch has ended", func(f *fixture, ada apitoken.User, _ apitoken.NewToken) { f.endEpoch(ada, later(microsecond, "ada")) }},
		{"a token again after the name has passed on", func(f *fixture, _ apitoken.User, n apitoken.NewToken) {
			f.revoke(n, later(microsecond, "ada"))
			f.addToken(n.Owner, n.Name)
		}},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "a")
			n.CreatorRevision, n.OwnerRole = ada.Revision, ada.Role
			e := generated(n)
			f.wantEvent(e, func() error { return f.store.CreateToken(f.Context(), n, 0, e) })
			c.then(f, ada, n)
			f.wantRefused("CreateToken again", nil, func() error { return f.store.CreateToken(f.Context(), n, 0, e) })
			f.wantRefused("CreateToken again with another event", nil, func() error { return f.store.CreateToken(f.Context(), n, 0, generated(n)) })
		}})
	}
	return rules
}

// revokeAgain revokes a token and returns a function that repeats the call and checks that it changes nothing.
func (f *fixture) revokeAgain(n apitoken.NewToken, by apitoken.Revocation) (again func()) {
	f.Helper()
	e := revoked(n, by)
	revoke := func() error {
		changed, err := f.store.RevokeToken(f.Context(), n.ID, by, e)
		if err == nil && !changed {
			f.broken("RevokeToken does not report its change")
		}
		return err
	}
	f.wantEvent(e, revoke)
	return func() { f.wantRefused("RevokeToken again", nil, revoke) }
}

// createUserAgain creates a user, and repeats the call after so many changes.
func (f *fixture) createUserAgain(changes int) {
	f.Helper()
	last := newUser("ada")
	e := userCreated(last)
	var got apitoken.User
	create := func() (err error) {
		got, err = f.store.CreateUser(f.Context(), newUser("ada"), e)
		return err
	}
	f.wantEvent(e, create)
	for range changes {
		last = f.rename(last, last.Name+"!")
	}
	f.wantRefused("CreateUser again", nil, create)
	wantEqual(f, "the user that CreateUser returns again", last, got)
}

// changeUserAgain changes a user under conditions, and repeats the call after so many changes, when the conditions no longer
// hold.
func (f *fixture) changeUserAgain(changes int) {
	f.Helper()
	ada := f.rename(f.addUser("ada"), "Ada")
	c := apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin, IfRole: []apitoken.Role{ada.Role}, IfRevision: ada.Revision}
	last, e := applied(ada, c, changing("ada"))
	var got apitoken.User
	change := func() (err error) {
		got, err = f.store.ChangeUser(f.Context(), "ada", c, e)
		return err
	}
	f.wantEvent(e, change)
	for range changes {
		last = f.rename(last, last.Name+"!")
	}
	f.wantRefused("ChangeUser again", nil, change)
	wantEqual(f, "the user that ChangeUser returns again", last, got)
}

func disabledAgain(f *fixture) {
	ada := f.addUser("ada")
	disable, e := apitoken.UserChange{Disable: true}, ending("ada", later(time.Minute, "carol"))
	ada = f.changeUserBy(ada, disable, e)
	f.wantRefused("ChangeUser again", nil, func() error { return f.changes("ada", disable, e) })
	ada = f.changeUser(ada, apitoken.UserChange{Enable: true})
	f.wantRefused("ChangeUser again", nil, func() error { return f.changes("ada", disable, e) })
	wantEqual(f, "User", ada, f.user("ada"))
}

func epochAgain(f *fixture) {
	ada := f.addUser("ada")
	n := f.addToken("ada", "a")
	end := apitoken.UserChange{EndEpoch: true}
	second, e := applied(ada, end, ending("ada", later(time.Minute, "carol")))
	again := func() error { return f.changes("ada", end, e) }
	f.wantEvent(e, again)
	f.wantRefused("ChangeUser again", nil, again)
	m := draft("ada", "b")
	m.Epoch = second.Epoch
	f.create(m)
	f.wantRefused("ChangeUser again", nil, again)
	f.wantTokenRevoked(n, second, later(time.Minute, "carol"))
	f.wantToken(m, second)
	third := f.endEpoch(second, later(2*time.Minute, "bob"))
	f.wantRefused("ChangeUser again", nil, again)
	f.wantTokenRevoked(n, third, later(time.Minute, "carol"))
	f.wantTokenRevoked(m, third, later(2*time.Minute, "bob"))
}

// putPolicyAgain sets the policy after so many changes, and repeats the call after as many more.
func (f *fixture) putPolicyAgain(before, after int) {
	f.Helper()
	for range before {
		f.setPolicy()
	}
	was := f.policy()
	is := newPolicy(was)
	is.Max = apitoken.Days(7)
	e := policyPut(was, is)
	put := func() error { return f.store.PutPolicy(f.Context(), is, was.Revision, e) }
	f.wantEvent(e, put)
	last := is
	for range after {
		last = f.setPolicy()
	}
	f.wantRefused("PutPolicy again", nil, put)
	wantEqual(f, "Policy", last, f.policy())
}

// refusedThenWritten does what the Manager does after a conflict: it decides again, and keeps the ID of the event.
func refusedThenWritten(f *fixture) {
	ada := f.addUser("ada")
	c, e := apitoken.UserChange{Name: "Ada L.", IfRevision: 7}, changing("ada")
	f.wantRefused("ChangeUser", apitoken.ErrConflict, func() error { return f.changes("ada", c, e) })
	c.IfRevision = 1
	is, e := applied(ada, c, e)
	f.wantEvent(e, func() error { return f.changes("ada", c, e) })
	wantEqual(f, "User", is, f.user("ada"))

	p := newPolicy(apitoken.MaxLifetimePolicy{})
	p.Revision = 8
	set := policyPut(apitoken.MaxLifetimePolicy{}, p)
	f.wantRefused("PutPolicy", apitoken.ErrConflict, func() error { return f.store.PutPolicy(f.Context(), p, 7, set) })
	p.Revision = 1
	f.wantEvent(set, func() error { return f.store.PutPolicy(f.Context(), p, 0, set) })
	wantEqual(f, "Policy", p, f.policy())

	n, by := draft("ada", "a"), later(microsecond, "ada")
	gone := revoked(n, by)
	revoke := func() error {
		_, err := f.store.RevokeToken(f.Context(), n.ID, by, gone)
		return err
	}
	f.wantRefused("RevokeToken", apitoken.ErrNotFound, revoke)
	f.create(n)
	f.wantEvent(gone, revoke)
	n.RevokedAt, n.RevokedBy = by.At, by.By
	f.wantToken(n, is)
}
