package adminui

import (
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// successorForm is the button that generates a successor of a token.
type successorForm struct {
	URL     string
	Key     string // identifies this form, so that sending it twice is recognised
	Overlap string // how long the old token lives on at most
}

// successorForm returns the form, or nil if the user may not generate a successor of the token. The Manager may still refuse it.
func (v *visit) successorForm(t apitoken.Token) *successorForm {
	if !v.offersGenerating(t.Owner) || !v.offersDescribing(t.Owner) {
		return nil
	}
	return &successorForm{
		URL: v.tokenURL(t.ID) + "/successor", Key: rand.Text(), Overlap: lifetimeInSentence(v.manager.RotationOverlap()),
	}
}

// rotate generates a successor of a token and shows its secret in the response, like generate.
func (v *visit) rotate() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	old, err := v.token()
	if err != nil {
		return err
	}
	v.owner = old.Owner
	token, secret, err := v.manager.Rotate(v.r.Context(), v.actor, old.ID, apitoken.RotateParams{IdempotencyKey: v.r.PostForm.Get("key")})
	switch {
	case errors.Is(err, apitoken.ErrInvalid), errors.Is(err, apitoken.ErrExists):
		return v.notRotated(old, err)
	case isUnknown(err):
		return v.mayBeRotated(err, old)
	case err != nil:
		return err
	}
	return v.showTokens(http.StatusCreated, nil, &generated{token, secret.Reveal(), v.moment(token.ExpiresAt)})
}

// notRotated shows the page of the token with the reason.
func (v *visit) notRotated(old apitoken.Token, err error) error {
	status, page := http.StatusUnprocessableEntity, v.editForm(old, v.r.PostForm)
	page.Problem = reasonText(err)
	switch {
	case errors.Is(err, apitoken.ErrRepeated):
		status, page.Problem = http.StatusConflict, "This form was sent before, and the token that it generated is in use."
	case errors.Is(err, apitoken.ErrExists):
		status = http.StatusConflict
	}
	return v.showEdit(status, page)
}

// mayBeRotated says that nobody is locked out: the old token works, and another attempt replaces the successor whose secret is
// lost.
func (v *visit) mayBeRotated(err error, old apitoken.Token) error {
	p := problemOf(err)
	v.reportUnavailable(p, err)
	page := v.editForm(old, v.r.PostForm)
	page.Problem = "It is not known whether a successor was generated. The token works as before. Generate a successor again: it replaces the one whose secret is lost."
	return v.showEdit(p.status, page)
}
