package storetest

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokenChangeRules are about a token that gets another name or description.
func tokenChangeRules() []rule {
	return append([]rule{{
		"a changed token is read back",
		"After ChangeToken all reads return the new Name and Description. Nothing else of the token has changed.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "build")
			n.Kind, n.Resource, n.CreatedBy, n.CreatedWith, n.Description = "robot", "project:web", "carol", newTokenID(), "for the nightly build"
			n.Permissions = 1<<63 | 1<<32 | apitoken.GenerateOwn
			f.create(n)
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			n = f.changeToken(n, "deploy", "for releases")
			f.wantToken(n, ada)
			n = f.changeToken(n, "deploy", "")
			f.wantToken(n, ada)
			f.wantToken(f.changeToken(n, "release", ""), ada)
		},
	}, {
		"changing a token writes exactly its event",
		"The event of a ChangeToken is stored with it, once, with all of its fields.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			is := changed(n, "b", "for releases")
			e := tokenChanged(n, is)
			f.wantEvent(e, func() error { return f.changesToken(n, is, e) })
		},
	}, {
		"changing one token leaves the others",
		"ChangeToken changes one token, not another of the owner or of another owner.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			one, two, other := f.addToken("ada", "a"), f.addToken("ada", "b"), f.addToken("bob", "a")
			one = f.changeToken(one, "c", "for releases")
			f.wantToken(one, ada)
			f.wantToken(two, ada)
			f.wantToken(other, bob)
		},
	}, {
		"a missing token is not changed",
		"ChangeToken of an unknown ID is ErrNotFound, and writes no event.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			f.refusesChange(apitoken.ErrNotFound, draft("ada", "b"), "c", "")
		},
	}, {
		"a token that has changed is not changed",
		"ChangeToken is ErrConflict if the token has another Name or another Description than the caller has read.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.changeToken(f.addToken("ada", "a"), "b", "for releases")
			for _, read := range []apitoken.Token{changed(n, "a", "for releases"), changed(n, "b", ""), changed(n, "B", "for releases"), changed(n, "b", "For releases")} {
				was := n
				was.Token = read
				f.refusesChange(apitoken.ErrConflict, was, "c", "for tests")
				f.refusesChange(apitoken.ErrConflict, was, read.Name, "for tests")
			}
		},
	}, {
		"a revoked token is not changed",
		"ChangeToken is ErrConflict for a token that was revoked, itself, with its epoch or on insertion.",
		func(f *fixture) {
			ada := f.addUser("ada")
			itself, withEpoch := f.addToken("ada", "a"), f.addToken("ada", "b")
			itself = f.revoke(itself, later(0, "ada"))
			f.refusesChange(apitoken.ErrConflict, itself, "c", "")
			f.endEpoch(ada, later(0, "ada"))
			f.refusesChange(apitoken.ErrConflict, withEpoch, "c", "")
			late := f.addToken("ada", "d")
			f.refusesChange(apitoken.ErrConflict, late, "c", "")
		},
	}, {
		"an expired token is not changed",
		"ChangeToken is ErrConflict from the ExpiresAt of the token on, by the event's At, and not before.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			is := changed(n, "b", "for releases")
			late, early := tokenChanged(n, is), tokenChanged(n, is)
			late.At, early.At = n.ExpiresAt, n.ExpiresAt.Add(-microsecond)
			f.wantRefused("ChangeToken", apitoken.ErrConflict, func() error { return f.changesToken(n, is, late) })
			f.wantEvent(early, func() error { return f.changesToken(n, is, early) })
			n.Token = is
			f.wantToken(n, ada)
		},
	}, {
		"a change again",
		"ChangeToken with a stored event returns nil and changes nothing, whatever happened since.",
		changedAgain,
	}}, changedNames()...)
}

// changedNames are about the name that a token gives up, and the one that it takes.
func changedNames() []rule {
	return []rule{{
		"a changed name is held, and the old one is free",
		"After ChangeToken the token holds its new name and no longer the old one.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.changeToken(f.addToken("ada", "a"), "b", "")
			f.refuses(apitoken.ErrExists, draft("ada", "b"))
			f.wantToken(f.addToken("ada", "a"), ada)
			f.refusesChange(apitoken.ErrExists, n, "a", "")
			n = f.revoke(n, later(microsecond, "ada"))
			f.addToken("ada", "b")
			f.wantToken(n, ada)
		},
	}, {
		"names of other owners are free",
		"A token holds its name only against other tokens of the same owner.",
		func(f *fixture) {
			f.addUser("bob")
			f.addToken("bob", "b")
			ada := f.addUser("ada")
			f.wantToken(f.changeToken(f.addToken("ada", "a"), "b", ""), ada)
		},
	}, {
		"a name that is held is refused",
		"ChangeToken is ErrExists if an active token of the owner holds the name, and neither the name nor the description changes.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			f.addToken("ada", "b")
			f.refusesChange(apitoken.ErrExists, n, "b", "for releases")
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
		},
	}, {
		"the name of an expired token is taken",
		"ChangeToken takes a name whose holder has expired at the event's At: from the holder's ExpiresAt on, and not before.",
		func(f *fixture) {
			ada := f.addUser("ada")
			holder := f.addToken("ada", "b")
			n := draft("ada", "a")
			n.ExpiresAt = noTime
			f.create(n)
			is := changed(n, "b", "")
			early, late := tokenChanged(n, is), tokenChanged(n, is)
			early.At, late.At = holder.ExpiresAt.Add(-microsecond), holder.ExpiresAt
			f.wantRefused("ChangeToken", apitoken.ErrExists, func() error { return f.changesToken(n, is, early) })
			f.wantEvent(late, func() error { return f.changesToken(n, is, late) })
			n.Token = is
			f.wantToken(n, ada)
			f.wantToken(holder, ada)
			f.revoke(holder, later(2*time.Hour, "ada")) // it no longer holds the name
			next := draft("ada", "b")
			next.CreatedAt, next.ExpiresAt = holder.ExpiresAt, noTime
			f.refuses(apitoken.ErrExists, next)
		},
	}, {
		"the name of a token of an earlier epoch is taken",
		"ChangeToken takes a name whose holder is of an earlier epoch than the token.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "b")
			ada = f.endEpoch(ada, later(0, "ada"))
			n := draft("ada", "a")
			n.Epoch = ada.Epoch
			f.create(n)
			f.wantToken(f.changeToken(n, "b", ""), ada)
		},
	}, {
		"a refused change releases no name",
		"A refused ChangeToken releases no name: it makes all of its writes or none.",
		func(f *fixture) {
			f.addUser("ada")
			holder := f.addToken("ada", "b")
			n := draft("ada", "a")
			n.ExpiresAt = noTime
			f.create(n)
			was := n
			was.Description = "something else"
			is := changed(was, "b", "")
			e := tokenChanged(was, is)
			e.At = holder.ExpiresAt
			f.wantRefused("ChangeToken", apitoken.ErrConflict, func() error { return f.changesToken(was, is, e) })
			f.refuses(apitoken.ErrExists, draft("ada", "b"))
		},
	}, {
		"a description changes beside a name that has passed on",
		"If only the Description changes, a token that no longer holds its name does not take it back.",
		func(f *fixture) {
			ada := f.addUser("ada")
			old := f.addToken("ada", "a")
			next := draft("ada", "a")
			next.CreatedAt, next.ExpiresAt = old.ExpiresAt, noTime // by a clock that is ahead
			f.create(next)
			old = f.changeToken(old, "a", "for releases")
			f.wantToken(old, ada)
			f.revoke(old, later(microsecond, "ada"))
			third := draft("ada", "a")
			third.CreatedAt = next.CreatedAt
			f.refuses(apitoken.ErrExists, third)
		},
	}, {
		"a name in other letters is another name",
		"Names are compared byte by byte: a name may become one that looks like it.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for i, c := range lookalikes() {
				owner := ada
				if i > 0 {
					owner = f.addUser(apitoken.UserID(fmt.Sprint("user ", i)))
				}
				n := f.changeToken(f.addToken(owner.ID, c.one), c.other, c.one)
				f.wantToken(n, owner)
				f.wantToken(f.addToken(owner.ID, c.one), owner)
			}
		},
	}}
}

func changedAgain(f *fixture) {
	ada := f.addUser("ada")
	n := f.addToken("ada", "a")
	is := changed(n, "b", "for releases")
	e := tokenChanged(n, is)
	again := func() error { return f.changesToken(n, is, e) }
	f.wantEvent(e, again)
	f.wantRefused("ChangeToken again", nil, again)
	m := n
	m.Token = is
	m = f.changeToken(m, "a", "") // as it was before the first change
	f.wantRefused("ChangeToken again", nil, again)
	f.addToken("ada", "b")
	f.wantRefused("ChangeToken again", nil, again)
	m = f.revoke(m, later(microsecond, "ada"))
	f.wantRefused("ChangeToken again", nil, again)
	f.wantToken(m, ada)
}

// changed returns a token with another name and description.
func changed(n apitoken.NewToken, name, description string) apitoken.Token {
	t := n.Token
	t.Name, t.Description = name, description
	return t
}

// tokenChanged returns the event of a ChangeToken at base.
func tokenChanged(was apitoken.NewToken, is apitoken.Token) apitoken.Event {
	e := newEvent(apitoken.ActionUpdateToken, base)
	e.Owner, e.Token = is.Owner, is.ID
	e.Before = apitoken.State{Name: was.Name, Description: was.Description, Kind: is.Kind, Resource: is.Resource, ExpiresAt: is.ExpiresAt}
	e.After = e.Before
	e.After.Name, e.After.Description = is.Name, is.Description
	return e
}

// changesToken calls ChangeToken from any goroutine and returns its error.
func (f *fixture) changesToken(was apitoken.NewToken, is apitoken.Token, e apitoken.Event) error {
	rec := apitoken.Record{Identity: apitoken.Identity{User: apitoken.User{ID: was.Owner}, Token: was.Token}, Digest: was.Digest, Epoch: was.Epoch}
	return f.store.ChangeToken(f.Context(), rec, is, e)
}

// changeToken changes an active token and returns it.
func (f *fixture) changeToken(was apitoken.NewToken, name, description string) apitoken.NewToken {
	f.Helper()
	is := changed(was, name, description)
	f.must("ChangeToken", f.changesToken(was, is, tokenChanged(was, is)))
	was.Token = is
	return was
}

// refusesChange checks that ChangeToken returns the error and writes nothing.
func (f *fixture) refusesChange(want error, was apitoken.NewToken, name, description string) {
	f.Helper()
	is := changed(was, name, description)
	f.wantRefused("ChangeToken", want, func() error { return f.changesToken(was, is, tokenChanged(was, is)) })
}
