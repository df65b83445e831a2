package adminui

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/seed-d6cf0a46/apitoken"
)

// editPage is the form that changes the name and the description of a token.
type editPage struct {
	tokenRow
	NewName, NewDescription string // as entered
	Problem                 string
	Refused                 string  // the field that the problem is about, in the words of the Manager; empty: none
	Fields                  []field // the hidden fields of the form
	Back                    string
	NarrowURL               string
	Narrow                  *narrowForm    // nil: the visitor may not narrow the token
	Successor               *successorForm // nil: the user may not generate one
}

// editForm returns the form with the present name and description. from is the query or the form that says where it leads back to.
func (v *visit) editForm(t apitoken.Token, from url.Values) editPage {
	back, fields := v.back(t, from)
	return editPage{
		tokenRow: v.row(t), NewName: t.Name, NewDescription: t.Description, Fields: fields, Back: back,
		NarrowURL: v.tokenURL(t.ID) + "/narrow", Narrow: v.narrowing(t), Successor: v.successorForm(t),
	}
}

func (v *visit) askEdit() error {
	t, err := v.token()
	switch {
	case err != nil:
		return err
	case !v.offersDescribing(t.Owner):
		return apitoken.ErrDenied
	case t.Status(v.now) == apitoken.StatusRevoked:
		return apitoken.ErrRevoked
	case t.Status(v.now) == apitoken.StatusExpired:
		return apitoken.ErrExpired
	}
	return v.showEdit(http.StatusOK, v.editForm(t, v.r.URL.Query()))
}

func (v *visit) showEdit(status int, page editPage) error {
	return v.render(status, "edit.html", "Edit a token", page)
}

func (v *visit) edit() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	t, err := v.token()
	if err != nil {
		return err
	}
	form := v.r.PostForm
	page := v.editForm(t, form)
	page.NewName, page.NewDescription = form.Get("name"), form.Get("description")
	_, err = v.manager.UpdateToken(v.r.Context(), v.actor, t.ID, apitoken.TokenChange{Name: &page.NewName, Description: &page.NewDescription})
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		page.Problem, page.Refused = reasonText(err), refusedField(err)
		return v.showEdit(http.StatusUnprocessableEntity, page)
	case errors.Is(err, apitoken.ErrExists):
		page.Problem, page.Refused = reasonText(err), refusedField(err)
		return v.showEdit(http.StatusConflict, page)
	case isUnknown(err):
		p := problemOf(err)
		v.reportUnavailable(p, err)
		page.Problem = "It is not known whether the token was changed. Save it again."
		return v.showEdit(p.status, page)
	case err != nil:
		return err
	}
	http.Redirect(v.w, v.r, page.Back, http.StatusSeeOther)
	return nil
}
