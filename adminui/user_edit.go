package adminui

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// userForm is the form that changes a user, as entered.
type userForm struct {
	Name, Role, Responsible string
	Roles                   []choice // those that the visitor may give
	Service                 bool     // it is a service account, so somebody answers for it
	Revision                int64    // of the user whom the visitor saw
	Problem                 string
	Refused                 string // the field that the problem is about, in the words of the Manager; empty: none
}

// userForm returns the form with what was entered, or with what is if entered is nil. It returns nil if the visitor may not change
// the user.
func (v *visit) userForm(u apitoken.User, entered *userForm) *userForm {
	if !v.offersEditing(u) {
		return nil
	}
	form := entered
	if form == nil {
		form = &userForm{Name: u.Name, Role: string(u.Role), Responsible: string(u.Responsible), Revision: u.Revision}
	}
	form.Service = u.Service
	form.Roles = v.rolesToGive()
	if _, declared := v.manager.Roles()[u.Role]; !declared { // it can be kept, and not chosen
		form.Roles = slices.Insert(form.Roles, 0, choice{"", string(u.Role) + ", as before"})
	}
	return form
}

// editUser changes the user whom the visitor saw. If the user has changed since, nothing is done, and the page says so.
func (v *visit) editUser() error {
	if !v.opts.EditUsers {
		return apitoken.ErrNotFound
	}
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	entered := v.r.PostForm
	form := &userForm{Name: entered.Get("name"), Role: entered.Get("role"), Responsible: entered.Get("responsible")}
	var err error
	if form.Revision, err = strconv.ParseInt(entered.Get("revision"), 10, 64); err != nil || form.Revision < 1 { // 0 would change whatever the user is now
		return errForm
	}
	present, err := v.manager.User(v.r.Context(), v.actor, v.owner)
	if err != nil {
		return err
	}
	wanted := apitoken.User{ID: v.owner, Name: form.Name, Role: apitoken.Role(form.Role), Service: present.Service, Revision: form.Revision}
	if present.Service {
		wanted.Responsible = apitoken.UserID(form.Responsible)
	}
	_, err = v.manager.PutUser(v.r.Context(), v.actor, wanted)
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		form.Problem, form.Refused = reasonText(err), refusedField(err)
		return v.showUser(http.StatusUnprocessableEntity, form)
	case errors.Is(err, apitoken.ErrConflict) && isAlreadyPut(wanted, present):
	case errors.Is(err, apitoken.ErrConflict):
		form.Problem, form.Revision = "The user has changed in the meantime. Nothing was saved. Check what is above, and save again if you still want to.", present.Revision
		return v.showUser(http.StatusConflict, form)
	case isUnknown(err):
		p := problemOf(err)
		v.reportUnavailable(p, err)
		form.Problem = "It is not known whether the user was changed. Save it again."
		return v.showUser(p.status, form)
	case err != nil:
		return err
	}
	return v.redirect(v.pathOfUser(v.owner))
}

// isAlreadyPut reports whether the user is already what the form wants. So the second of two equal forms, for example after a double
// click, finds that nothing is left to do.
func isAlreadyPut(wanted, present apitoken.User) bool {
	return present.Name == strings.TrimSpace(wanted.Name) && present.Role == wanted.Role && present.Responsible == wanted.Responsible
}
