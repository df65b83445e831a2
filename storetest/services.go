package storetest

import (
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// serviceRules are about accounts that no person signs in to, and who answers for them.
func serviceRules() []rule {
	const selected = "Responsible selects the users whose Responsible is that ID, byte for byte; empty selects all."
	rules := []rule{{
		"a service account is changed into a person and back",
		"ChangeUser writes Service and Responsible, and leaves them as they are unless the change says otherwise.",
		func(f *fixture) {
			u := f.changeUser(f.addUser("ci"), apitoken.UserChange{Service: true, Responsible: "ada"})
			n := f.addToken("ci", "a")
			f.wantToken(n, u)
			u = f.changeUser(u, apitoken.UserChange{Name: "Builds"})
			u = f.changeUser(u, apitoken.UserChange{Responsible: "bob"})
			u = f.changeUser(u, apitoken.UserChange{Disable: true})
			u = f.changeUser(u, apitoken.UserChange{Enable: true})
			wantEqual(f, "User", u, f.user("ci"))
			u = f.changeUser(u, apitoken.UserChange{ReplaceService: true, Service: true})
			u = f.changeUser(u, apitoken.UserChange{ReplaceService: true})
			wantEqual(f, "User", u, f.user("ci"))
			wantEqual(f, "Users", []apitoken.User{u}, f.users())
		},
	}, {
		"service accounts and texts together",
		"Users selects the users that meet both Responsible and Contains.",
		func(f *fixture) {
			f.addServices()
			for contains, want := range map[string][]apitoken.UserID{"x": {"ax", "cx"}, "b": {"bb"}, "z": nil} {
				wantEqual(f, "the services with "+contains, want, f.idsBy(apitoken.UserQuery{Responsible: "ada", Contains: contains, Limit: wholePage}))
			}
		},
	}}
	rules = append(rules, rule{
		"service accounts by their IDs",
		"Users selects the users that meet both Responsible and IDs.",
		func(f *fixture) {
			f.addServices()
			q := apitoken.UserQuery{Responsible: "ada", IDs: []apitoken.UserID{"bb", "d", "cx", "zoe"}, Limit: wholePage}
			wantEqual(f, "the services", []apitoken.UserID{"bb", "cx"}, f.idsBy(q))
		},
	})
	for _, c := range []struct {
		name string
		by   apitoken.UserID
		want []apitoken.UserID
	}{
		{"somebody", "ada", []apitoken.UserID{"ax", "bb", "cx"}},
		{"capitals", "ADA", []apitoken.UserID{"d"}},
		{"a trailing space", "ada ", []apitoken.UserID{"e"}},
		{"a percent sign", "a%", []apitoken.UserID{"f"}},
		{"nobody in particular", "", []apitoken.UserID{"ax", "bb", "cx", "d", "e", "f", "g"}},
		{"somebody without any", "zoe", nil},
	} {
		rules = append(rules, rule{"services of " + c.name, selected, func(f *fixture) {
			f.addServices()
			for _, limit := range []int{1, 2, wholePage} {
				wantEqual(f, fmt.Sprint("pages of ", limit), c.want, f.idsBy(apitoken.UserQuery{Responsible: c.by, Limit: limit}))
			}
		}})
	}
	return rules
}

// addServices stores users for whom different people answer; nobody answers for g.
func (f *fixture) addServices() {
	f.Helper()
	for _, s := range []struct{ id, by apitoken.UserID }{
		{"ax", "ada"}, {"bb", "ada"}, {"cx", "ada"}, {"d", "ADA"}, {"e", "ada "}, {"f", "a%"}, {"g", ""},
	} {
		u := newUser(s.id)
		u.Name, u.Service, u.Responsible = "", s.by != "", s.by
		f.createUser(u)
	}
}

func (f *fixture) idsBy(q apitoken.UserQuery) (ids []apitoken.UserID) {
	f.Helper()
	for _, u := range f.usersBy(q) {
		ids = append(ids, u.ID)
	}
	return ids
}
