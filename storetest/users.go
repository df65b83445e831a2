package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// userRules are about the rows of users and their revisions.
func userRules() []rule {
	rules := []rule{{
		"a user is read back with every field",
		"What PutUser stored, User and Users return equal in every field.",
		func(f *fixture) {
			u := apitoken.User{
				ID: "ada", Name: "Ada", Role: "auditor", CreatedAt: base, DisabledAt: base.Add(microsecond), Revision: 1,
			}
			f.putUser(apitoken.User{}, u)
			same(f, "User", u, f.user("ada"))
			same(f, "Users", []apitoken.User{u}, f.users())
		},
	}, {
		"a user with nothing optional is read back so",
		"An empty name and an empty DisabledAt come back empty.",
		func(f *fixture) {
			u := apitoken.User{ID: "ada", Role: apitoken.RoleUser, CreatedAt: base, Revision: 1}
			f.putUser(apitoken.User{}, u)
			same(f, "User", u, f.user("ada"))
		},
	}, {
		"a missing user is not found",
		"User of an id that is not there is ErrNotFound.",
		func(f *fixture) {
			f.addUser("ada")
			_, err := f.store.User(f.Context(), "bob")
			f.is("User", apitoken.ErrNotFound, err)
		},
	}, {
		"putting a user writes exactly its event",
		"The event of a PutUser is stored with it, once, with all of its fields.",
		func(f *fixture) {
			u := newUser("ada")
			e := userPut(apitoken.User{}, u)
			f.recordedAs(e, func() error { return f.store.PutUser(f.Context(), u, 0, e) })
		},
	}, {
		"replacing a user writes exactly its event",
		"The event of a PutUser is stored with it, once, with all of its fields.",
		func(f *fixture) {
			was := f.addUser("ada")
			is := was
			is.Revision, is.Name = 2, "Ada L."
			e := userPut(was, is)
			f.recordedAs(e, func() error { return f.store.PutUser(f.Context(), is, 1, e) })
		},
	}, {
		"a user is replaced as a whole",
		"PutUser replaces every field of the user at that revision.",
		func(f *fixture) {
			was := f.addUser("ada")
			is := apitoken.User{
				ID: "ada", Name: "Ada L.", Role: apitoken.RoleAdmin, CreatedAt: base.Add(time.Hour), DisabledAt: base.Add(time.Minute),
				Epoch: was.Epoch, Revision: was.Revision + 1,
			}
			f.putUser(was, is)
			same(f, "User", is, f.user("ada"))
			emptied := apitoken.User{ID: "ada", CreatedAt: base, Revision: is.Revision + 1}
			f.putUser(is, emptied)
			same(f, "User", emptied, f.user("ada"))
		},
	}, {
		"replacing one user leaves the others",
		"PutUser changes one user.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			f.changeUser(ada, func(u *apitoken.User) { u.Name, u.DisabledAt = "Ada L.", base })
			same(f, "the other user", bob, f.user("bob"))
		},
	}, {
		"a token shows its owner as he is now",
		"Lookup and Token give the token with its owner, after every change of his as well.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.changeUser(ada, func(u *apitoken.User) { u.Name, u.Role = "Ada L.", apitoken.RoleAdmin })
			f.shows(n, ada)
			ada = f.changeUser(ada, func(u *apitoken.User) { u.DisabledAt = base.Add(time.Minute) })
			f.shows(n, ada)
			ada = f.changeUser(ada, func(u *apitoken.User) { u.DisabledAt = noTime })
			f.shows(n, ada)
		},
	}}
	return append(append(rules, staleUsers()...), differentUsers()...)
}

// staleUsers are about a PutUser at another revision than the stored one.
func staleUsers() []rule {
	const says = "PutUser at another revision than the stored one, or at any but zero for a missing user, is ErrConflict and writes nothing."
	var rules []rule
	for _, c := range []struct {
		name       string
		stored     int64 // the revision of the user; 0: there is none
		ifRevision int64
	}{
		{"inserting a user who is there", 1, 0},
		{"inserting a user who has changed", 3, 0},
		{"replacing at the revision before", 3, 2},
		{"replacing at a revision to come", 3, 4},
		{"replacing a missing user", 0, 1},
	} {
		rules = append(rules, rule{c.name + " is a conflict", says, func(f *fixture) {
			f.addUser("bob")
			if c.stored > 0 {
				ada := f.addUser("ada")
				for ada.Revision < c.stored {
					ada = f.changeUser(ada, func(*apitoken.User) {})
				}
				f.addToken("ada", "a")
			}
			is := newUser("ada")
			is.Name, is.DisabledAt, is.Epoch, is.Revision = "Somebody else", base, 1, c.ifRevision+1
			f.refused("PutUser", apitoken.ErrConflict, func() error {
				return f.store.PutUser(f.Context(), is, c.ifRevision, userPut(apitoken.User{}, is))
			})
		}})
	}
	return rules
}

// differentUsers are about ids that look alike.
func differentUsers() []rule {
	const says = "User ids are compared byte by byte: two that differ in anything are two users, each with tokens and events of his own."
	var rules []rule
	for _, c := range lookalikes() {
		rules = append(rules, rule{"different users, " + c.name, says, func(f *fixture) {
			one, other := apitoken.UserID(c.one), apitoken.UserID(c.other)
			first := f.addUser(one)
			n := f.addToken(one, "a")
			_, err := f.store.User(f.Context(), other)
			f.is("User of the other id", apitoken.ErrNotFound, err)
			f.refuses(apitoken.ErrNotFound, draft(other, "b"))
			second := f.addUser(other)
			m := f.addToken(other, "a")
			f.shows(n, first)
			f.shows(m, second)
			same(f, "Tokens of the one", []apitoken.Token{n.Token}, f.tokens(apitoken.TokenQuery{Owner: one}))
			same(f, "Tokens of the other", []apitoken.Token{m.Token}, f.tokens(apitoken.TokenQuery{Owner: other}))
			for _, id := range []apitoken.UserID{one, other} {
				if n := len(f.events(apitoken.EventQuery{Owner: id, Limit: wholePage})); n != 2 {
					f.broken("Events of %q gives %d events, want 2", id, n)
				}
			}
		}})
	}
	return rules
}
