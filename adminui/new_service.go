package adminui

import (
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// newService is the form that makes a service account, as entered.
type newService struct {
	ID, Name, Role, Responsible string
	Problem                     string
	Refused                     string // the field that the problem is about, in the words of the Manager; empty: none
}

// makeService makes an account that no person signs in to. It changes no user who exists.
func (v *visit) makeService() error {
	if !v.opts.ServiceAccounts {
		return apitoken.ErrNotFound
	}
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	form := v.r.PostForm
	entered := &newService{ID: form.Get("id"), Name: form.Get("name"), Role: form.Get("role"), Responsible: form.Get("responsible")}
	u := apitoken.User{
		ID: apitoken.UserID(entered.ID), Name: entered.Name, Role: apitoken.Role(entered.Role),
		Service: true, Responsible: apitoken.UserID(entered.Responsible),
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
	case err != nil:
		return err
	}
	return v.redirect(v.pathOfUser(u.ID) + "/tokens")
}
