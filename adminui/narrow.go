package adminui

import (
	"errors"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// narrowForm is the form that takes permissions from a token and brings its expiry forward.
type narrowForm struct {
	Boxes   []box
	Date    string // as entered; empty: the expiry stays
	Zone    string // the time zone of the day
	Problem string
	Refused string // the field that the problem is about, in the words of the Manager; empty: none
}

// narrowing returns the form with all permissions that the token may have, or nil if the visitor may not narrow it.
func (v *visit) narrowing(t apitoken.Token) *narrowForm {
	if !v.offersRevoking(t.Owner) {
		return nil
	}
	names := v.permissionsOf(t)
	return &narrowForm{Boxes: boxes(names, names), Zone: v.zone.String()}
}

// narrow takes the permissions whose boxes are not checked.
func (v *visit) narrow() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	t, err := v.token()
	if err != nil {
		return err
	}
	form := v.r.PostForm
	page := v.editForm(t, form)
	page.Narrow = &narrowForm{Boxes: boxes(v.permissionsOf(t), form["keep"]), Date: form.Get("until"), Zone: v.zone.String()}
	n, problem := v.enteredNarrowing(page.Narrow, form["keep"])
	if problem != "" {
		page.Narrow.Problem = problem
		return v.showEdit(http.StatusUnprocessableEntity, page)
	}
	_, err = v.manager.Narrow(v.r.Context(), v.actor, t.ID, n)
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		page.Narrow.Problem, page.Narrow.Refused = reasonText(err), refusedField(err)
		return v.showEdit(http.StatusUnprocessableEntity, page)
	case isUnknown(err):
		p := problemOf(err)
		v.reportUnavailable(p, err)
		page.Narrow.Problem = "It is not known whether the token was narrowed. Send it again."
		return v.showEdit(p.status, page)
	case err != nil:
		return err
	}
	http.Redirect(v.w, v.r, page.Back, http.StatusSeeOther)
	return nil
}

// enteredNarrowing returns what was entered. problem tells the user what is wrong with it, and form.Refused where; empty: nothing.
func (v *visit) enteredNarrowing(form *narrowForm, kept []string) (n apitoken.Narrowing, problem string) {
	if len(kept) < len(form.Boxes) {
		if len(kept) == 0 {
			return n, "Keep at least one permission, or revoke the token."
		}
		keep, err := v.manager.ParsePermissions(kept)
		if err != nil {
			return n, reasonText(err)
		}
		n.Keep = keep
	}
	if form.Date != "" {
		day, err := time.ParseInLocation(time.DateOnly, form.Date, v.zone)
		if err != nil || day.Year() < 1970 { // the zero time, for example, would mean that the expiry stays
			form.Refused = "expires at"
			return n, "Enter the last day of the token, as year-month-day."
		}
		n.ExpiresAt = day.AddDate(0, 0, 1)
	}
	if n == (apitoken.Narrowing{}) {
		return n, "Take a permission away, or enter a last day."
	}
	return n, ""
}
