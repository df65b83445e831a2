package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// changeRules are about ChangeUser: its changes and their conditions.
func changeRules() []rule {
	rules := []rule{{
		"changing a user writes exactly its event",
		"The event of a ChangeUser is stored with it, once, with all of its fields. Before and After are the States of the user, whatever " +
			"the caller set.",
		func(f *fixture) {
			ada := f.addUser("ada")
			c, e := apitoken.UserChange{Name: "Ada L."}, changing("ada")
			e.Before, e.After = apitoken.State{Name: "somebody"}, apitoken.State{Epoch: 9}
			_, stored := applied(ada, c, e)
			f.wantEvent(stored, func() error { return f.changes("ada", c, e) })
		},
	}, {
		"changing one user leaves the others",
		"ChangeUser changes one user.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			f.changeUser(ada, apitoken.UserChange{Name: "Ada L.", Disable: true})
			wantEqual(f, "the other user", bob, f.user("bob"))
		},
	}, {
		"a missing user is not changed",
		"ChangeUser of an unknown ID is ErrNotFound, under any condition, and writes nothing.",
		func(f *fixture) {
			f.addUser("bob")
			for _, c := range []apitoken.UserChange{
				{Disable: true}, {EndEpoch: true, IfRevision: 1}, {Name: "Ada", IfRole: []apitoken.Role{}},
			} {
				f.wantRefused("ChangeUser", apitoken.ErrNotFound, func() error { return f.changes("ada", c, changing("ada")) })
			}
		},
	}, {
		"the user as they were read is no condition",
		"UserChange.Read only saves a read: the change applies to the user as they are, and its conditions to them as well, whether " +
			"that is the user who was read, an earlier row, or another user.",
		func(f *fixture) {
			read, bob := f.addUser("ada"), f.addUser("bob")
			ada := f.changeUser(read, apitoken.UserChange{Name: "Ada L.", Read: read})
			ada = f.changeUser(ada, apitoken.UserChange{Role: apitoken.RoleAdmin, EndEpoch: true, Read: read})
			ada = f.changeUser(ada, apitoken.UserChange{EndEpoch: true, Read: bob})
			wantEqual(f, "User", ada, f.user("ada"))
			f.wantRefused("ChangeUser", apitoken.ErrConflict, func() error {
				return f.changes("ada", apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{apitoken.RoleUser}, Read: read}, changing("ada"))
			})
			f.wantRefused("ChangeUser", nil, func() error {
				return f.changes("ada", apitoken.UserChange{Name: "Ada L.", Read: read}, changing("ada"))
			})
			ada = f.changeUser(ada, apitoken.UserChange{Disable: true, IfRole: []apitoken.Role{apitoken.RoleAdmin}, Read: read})
			wantEqual(f, "User", ada, f.user("ada"))
		},
	}, {
		"disabling again keeps the first time",
		"Disabling a disabled user changes neither the time nor the epoch, and writes no event.",
		func(f *fixture) {
			ada := f.changeUser(f.addUser("ada"), apitoken.UserChange{Disable: true})
			f.addToken("ada", "a")
			f.wantRefused("ChangeUser", nil, func() error {
				return f.changes("ada", apitoken.UserChange{Disable: true}, ending("ada", later(time.Hour, "bob")))
			})
			wantEqual(f, "User", ada, f.user("ada"))
		},
	}, {
		"suspending again keeps the first time",
		"Suspending a suspended user does not change the time, and writes no event.",
		func(f *fixture) {
			ada := f.changeUser(f.addUser("ada"), apitoken.UserChange{Suspend: true})
			f.wantRefused("ChangeUser", nil, func() error {
				return f.changes("ada", apitoken.UserChange{Suspend: true}, changing("ada"))
			})
			wantEqual(f, "User", ada, f.user("ada"))
		},
	}, {
		"suspending changes no token",
		"Tokens of a suspended user stay as they are, and Lookup and Token return the user as suspended.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			ada = f.changeUser(ada, apitoken.UserChange{Suspend: true})
			f.wantToken(n, ada)
			ada = f.changeUser(ada, apitoken.UserChange{Resume: true})
			f.wantToken(n, ada)
		},
	}, {
		"a user may be disabled in 1970",
		"1970-01-01T00:00:00Z is a time: a user who was disabled then is disabled.",
		func(f *fixture) {
			e := ending("ada", apitoken.Revocation{At: in1970, By: "carol"})
			ada := f.changeUserBy(f.addUser("ada"), apitoken.UserChange{Disable: true}, e)
			if got := f.user("ada"); !got.Disabled() || got != ada {
				f.broken("User returns %+v, want %+v", got, ada)
			}
		},
	}}
	return append(append(append(rules, changesOfOne()...), changesOfNothing()...), conditionalChanges()...)
}

// changesOfOne are about the result of each change of a user.
func changesOfOne() []rule {
	const promise = "ChangeUser changes what UserChange.Apply changes, raises the revision by one, and changes nothing else. It returns the new row."
	var rules []rule
	for _, c := range []struct {
		name   string
		change apitoken.UserChange
	}{
		{"the name", apitoken.UserChange{Name: "Ada L."}},
		{"the role", apitoken.UserChange{Role: apitoken.RoleAdmin}},
		{"name and role", apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin}},
		{"the epoch", apitoken.UserChange{EndEpoch: true}},
		{"disabling", apitoken.UserChange{Disable: true}},
		{"suspending", apitoken.UserChange{Suspend: true}},
		{"everything", apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin, Disable: true}},
	} {
		rules = append(rules, rule{"a change of " + c.name, promise, func(f *fixture) {
			ada := f.addUser("ada")
			for range 2 {
				ada = f.endEpoch(ada, later(time.Second, "bob"))
			}
			ada = f.changeUserBy(ada, c.change, ending("ada", later(time.Minute, "carol")))
			wantEqual(f, "User", ada, f.user("ada"))
			wantEqual(f, "Users", []apitoken.User{ada}, f.users())
		}})
	}
	return append(rules, rule{"a change of enabling", promise, func(f *fixture) {
		ada := f.changeUser(f.addUser("ada"), apitoken.UserChange{Disable: true})
		ada = f.changeUser(ada, apitoken.UserChange{Enable: true})
		wantEqual(f, "User", ada, f.user("ada"))
	}})
}

// changesOfNothing are about changes that leave the row unchanged.
func changesOfNothing() []rule {
	const promise = "A change that leaves the row unchanged writes nothing, not even an event, and returns the user."
	var rules []rule
	for _, c := range []struct {
		name   string
		change apitoken.UserChange
	}{
		{"no change", apitoken.UserChange{}},
		{"the same name and role", apitoken.UserChange{Name: "The user", Role: apitoken.RoleUser}},
		{"enabling an active user", apitoken.UserChange{Enable: true}},
		{"the same name under conditions", apitoken.UserChange{Name: "The user", IfRevision: 1, IfRole: []apitoken.Role{apitoken.RoleUser}}},
	} {
		rules = append(rules, rule{c.name + " writes nothing", promise, func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "a")
			f.wantRefused("ChangeUser", nil, func() error {
				is, err := f.store.ChangeUser(f.Context(), "ada", c.change, changing("ada"))
				wantEqual(f, "the user that ChangeUser returns", ada, is)
				return err
			})
		}})
	}
	return rules
}

// conditionalChanges are about the conditions of a change of a user at revision 3 with the role auditor.
func conditionalChanges() []rule {
	const promise = "If a condition of a ChangeUser does not hold, it is ErrConflict and writes nothing, whatever it would change. If all hold, it succeeds."
	var rules []rule
	for _, c := range []struct {
		name       string
		ifRole     []apitoken.Role // nil: any
		ifRevision int64           // 0: any
		want       error
	}{
		{"no condition", nil, 0, nil},
		{"the present revision", nil, 3, nil},
		{"the revision before", nil, 2, apitoken.ErrConflict},
		{"a negative revision of a user", nil, -1, apitoken.ErrConflict},
		{"a future revision", nil, 4, apitoken.ErrConflict},
		{"the present role", []apitoken.Role{"auditor"}, 0, nil},
		{"the present role among others", []apitoken.Role{"junior", "auditor", "senior"}, 0, nil},
		{"other roles", []apitoken.Role{"junior", "senior"}, 0, apitoken.ErrConflict},
		{"a former role", []apitoken.Role{apitoken.RoleUser}, 0, apitoken.ErrConflict},
		{"the present role in capitals", []apitoken.Role{"AUDITOR"}, 0, apitoken.ErrConflict},
		{"the present role with a trailing space", []apitoken.Role{"auditor "}, 0, apitoken.ErrConflict},
		{"no role at all", []apitoken.Role{}, 0, apitoken.ErrConflict},
		{"the present role and revision", []apitoken.Role{"auditor"}, 3, nil},
		{"the present role and another revision", []apitoken.Role{"auditor"}, 2, apitoken.ErrConflict},
		{"another role and the present revision", []apitoken.Role{"senior"}, 3, apitoken.ErrConflict},
	} {
		rules = append(rules, rule{"a change under the condition of " + c.name, promise, func(f *fixture) {
			f.addUser("bob")
			ada := f.changeUser(f.rename(f.addUser("ada"), "Ada"), apitoken.UserChange{Role: "auditor"})
			f.addToken("ada", "a")
			for _, change := range []apitoken.UserChange{
				{Name: "Ada L."}, {Role: "senior"}, {EndEpoch: true}, {Disable: true}, {Enable: true}, {},
			} {
				change.IfRole, change.IfRevision = c.ifRole, c.ifRevision
				if c.want != nil {
					f.wantRefused("ChangeUser", c.want, func() error { return f.changes("ada", change, changing("ada")) })
				}
			}
			if c.want == nil {
				f.changeUser(ada, apitoken.UserChange{Role: "senior", Disable: true, IfRole: c.ifRole, IfRevision: c.ifRevision})
			}
		}})
	}
	return rules
}
