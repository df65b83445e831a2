package adminui

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// newAccount is the form that makes a user or a service account, as entered.
type newAccount struct {
	ID, Name, Role, Responsible string
	Person                      bool     // a person signs in to it
	Persons, Services           bool     // what the form can make
	Roles                       []choice // those that the visitor may give
	Problem                     string
	Refused                     string // the field that the problem is about, in the words of the Manager; empty: none
}

// personAccount is the kind of account in a form that makes a user. Any other is a service account.
const personAccount = "person"

// newAccount returns the form with what was entered; nil: with nothing. It returns nil if the visitor may make no account.
func (v *visit) newAccount(entered *newAccount) *newAccount {
	persons, services := v.offersNewPersons(), v.offersNewServices()
	if !persons && !services {
		return nil
	}
	form := entered
	if form == nil {
		form = &newAccount{Role: string(apitoken.RoleUser), Person: !services}
	}
	form.Persons, form.Services, form.Roles = persons, services, v.rolesToGive()
	return form
}

// rolesToGive returns the roles that the visitor may give, sorted.
func (v *visit) rolesToGive() (roles []choice) {
	for _, role := range slices.Sorted(maps.Keys(v.manager.Roles())) {
		if v.offersActing(role) {
			roles = append(roles, choice{string(role), string(role)})
		}
	}
	return roles
}

// makeAccount makes a user or a service account. It changes no user who exists.
func (v *visit) makeAccount() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	form := v.r.PostForm
	entered := &newAccount{
		ID: form.Get("id"), Name: form.Get("name"), Role: form.Get("role"), Responsible: form.Get("responsible"),
		Person: form.Get("account") == personAccount,
	}
	if entered.Person && !v.opts.EditUsers || !entered.Person && !v.opts.ServiceAccounts {
		return apitoken.ErrNotFound
	}
	u := apitoken.User{
		ID: apitoken.UserID(entered.ID), Name: entered.Name, Role: apitoken.Role(entered.Role),
		Service: !entered.Person, Responsible: apitoken.UserID(entered.Responsible),
	}
	_, err := v.manager.User(v.r.Context(), v.actor, u.ID)
	if err == nil {
		entered.Problem, entered.Refused = "A user with this id exists already.", "user id"
		return v.showUsers(http.StatusConflict, entered)
	}
	if errors.Is(err, apitoken.ErrNotFound) {
		_, err = v.manager.PutUser(v.r.Context(), v.actor, u)
	}
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		entered.Problem, entered.Refused = reasonText(err), refusedField(err)
		return v.showUsers(http.StatusUnprocessableEntity, entered)
	case isUnknown(err):
		p := problemOf(err)
		v.reportUnavailable(p, err)
		entered.Problem = "It is not known whether the account was made. Search for it, and try again if it is not there."
		return v.showUsers(p.status, entered)
	case err != nil:
		return err
	}
	return v.redirect(v.pathOfUser(u.ID) + "/tokens")
}
