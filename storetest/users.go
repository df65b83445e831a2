package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// userRules are about the rows of users.
func userRules() []rule {
	rules := []rule{{
		"a user is read back with every field",
		"User and Users return a created user equal in every field.",
		func(f *fixture) {
			u := apitoken.User{
				ID: "ada", Name: "Ada", Role: "auditor", CreatedAt: base, DisabledAt: base.Add(microsecond),
				SuspendedAt: base.Add(2 * microsecond), Service: true, Responsible: "carol", Revision: 1,
			}
			f.createUser(u)
			wantEqual(f, "User", u, f.user("ada"))
			wantEqual(f, "Users", []apitoken.User{u}, f.users())
		},
	}, {
		"a user with nothing optional is read back",
		"An empty name, DisabledAt and SuspendedAt come back empty.",
		func(f *fixture) {
			u := apitoken.User{ID: "ada", Role: apitoken.RoleUser, CreatedAt: base, Revision: 1}
			f.createUser(u)
			wantEqual(f, "User", u, f.user("ada"))
		},
	}, {
		"a new user is at the first revision and epoch",
		"CreateUser inserts the user at Revision 1, and at Epoch 0 if nothing is left of the ID, whatever the caller set, and returns " +
			"that row. The event's After is the State of that row.",
		func(f *fixture) {
			u, want := newUser("ada"), newUser("ada")
			u.Epoch, u.Revision = 7, 8
			e := userCreated(u)
			stored := e
			stored.After = want.State()
			f.wantEvent(stored, func() error {
				is, err := f.store.CreateUser(f.Context(), u, e)
				wantEqual(f, "the user that CreateUser returns", want, is)
				return err
			})
			wantEqual(f, "User", want, f.user("ada"))
		},
	}, {
		"a missing user is not found",
		"User of an unknown ID is ErrNotFound.",
		func(f *fixture) {
			f.addUser("ada")
			_, err := f.store.User(f.Context(), "bob")
			f.wantError("User", apitoken.ErrNotFound, err)
		},
	}, {
		"creating a user writes exactly its event",
		"The event of a CreateUser is stored with it, once, with all of its fields.",
		func(f *fixture) {
			u := newUser("ada")
			e := userCreated(u)
			f.wantEvent(e, func() error {
				_, err := f.store.CreateUser(f.Context(), u, e)
				return err
			})
		},
	}, {
		"an ID in use is not created again",
		"CreateUser of an ID in use is ErrExists and writes nothing, whatever happened to the user since.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "a")
			f.wantNotCreated("ada")
			ada = f.rename(ada, "Ada L.")
			f.wantNotCreated("ada")
			f.changeUser(ada, apitoken.UserChange{Disable: true})
			f.wantNotCreated("ada")
		},
	}, {
		"a token shows the current owner",
		"Lookup and Token return the token with the current row of its owner.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.changeUser(ada, apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin})
			f.wantToken(n, ada)
			end := later(time.Minute, "carol")
			ada = f.changeUserBy(ada, apitoken.UserChange{Disable: true}, ending("ada", end))
			f.wantTokenRevoked(n, ada, end)
			ada = f.changeUser(ada, apitoken.UserChange{Enable: true})
			f.wantTokenRevoked(n, ada, end)
		},
	}}
	return append(rules, differentUsers()...)
}

// wantNotCreated checks that CreateUser refuses an ID.
func (f *fixture) wantNotCreated(id apitoken.UserID) {
	f.Helper()
	u := newUser(id)
	u.Name = "Somebody else"
	f.wantRefused("CreateUser", apitoken.ErrExists, func() error {
		_, err := f.store.CreateUser(f.Context(), u, userCreated(u))
		return err
	})
}

// differentUsers are about IDs that look alike.
func differentUsers() []rule {
	const promise = "User IDs are compared byte by byte: two that differ in any byte are two users, each with their own tokens and events."
	var rules []rule
	for _, c := range lookalikes() {
		rules = append(rules, rule{"different users, " + c.name, promise, func(f *fixture) {
			one, other := apitoken.UserID(c.one), apitoken.UserID(c.other)
			first := f.addUser(one)
			n := f.addToken(one, "a")
			_, err := f.store.User(f.Context(), other)
			f.wantError("User of the other ID", apitoken.ErrNotFound, err)
			f.refuses(apitoken.ErrNotFound, draft(other, "b"))
			second := f.addUser(other)
			m := f.addToken(other, "a")
			f.wantToken(n, first)
			f.wantToken(m, second)
			wantEqual(f, "Tokens of one", []apitoken.Token{n.Token}, f.tokens(apitoken.TokenQuery{Owner: one}))
			wantEqual(f, "Tokens of the other", []apitoken.Token{m.Token}, f.tokens(apitoken.TokenQuery{Owner: other}))
			for _, id := range []apitoken.UserID{one, other} {
				if n := len(f.events(apitoken.EventQuery{Owner: id, Limit: wholePage})); n != 2 {
					f.broken("Events of %q returns %d events, want 2", id, n)
				}
			}
		}})
	}
	return rules
}
