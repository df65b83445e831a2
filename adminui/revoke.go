package adminui

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// askPage asks before a revocation, which cannot be undone.
type askPage struct {
	Question template.HTML
	Rows     []tokenRow
	Action   string  // the path of the form; empty: the user may not do it
	Fields   []field // the hidden fields of the form
	Button   template.HTML
	Back     string
	Unknown  bool // the outcome of an earlier attempt is unknown, so the token may not exist
}

// field is a hidden field of a form.
type field struct{ Name, Value string }

// token returns the token in the path, if the user may see it.
func (v *visit) token() (apitoken.Token, error) {
	id, err := tokenID(v.r.PathValue("id"))
	if err != nil {
		return apitoken.Token{}, err
	}
	return v.manager.Token(v.r.Context(), v.actor, id)
}

func (v *visit) askRevoke() error {
	t, err := v.token()
	if err != nil {
		return err
	}
	page := v.revocationOf(t)
	page.Back, page.Fields = v.back(t, v.r.URL.Query())
	page.Action = v.tokenURL(t.ID) + "/revoke"
	page.Question = sentence("Revoke the token “%s” of %s? Everything that uses it will be refused. This cannot be undone.", t.Name, string(t.Owner))
	return v.render(http.StatusOK, "ask.html", "Revoke a token", page)
}

// revocationOf returns the page with the button that revokes a token, if the user may revoke it.
func (v *visit) revocationOf(t apitoken.Token) askPage {
	row := v.row(t)
	return askPage{Rows: []tokenRow{row}, Action: row.RevokeURL, Button: sentence("Revoke %s", t.Name), Back: row.OwnerURL}
}

func (v *visit) revoke() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	t, err := v.token()
	if errors.Is(err, apitoken.ErrNotFound) && v.r.PostForm.Get("unknown") != "" {
		return v.renderWith(http.StatusOK, "done.html", view{
			Heading: "Revoke a token", Happened: nothingToDo, Notice: "There is no such token, so there is nothing to revoke.", Page: v.base + "/",
		})
	}
	if err != nil {
		return err
	}
	err = v.manager.Revoke(v.r.Context(), v.actor, t.ID)
	back, fields := v.back(t, v.r.PostForm)
	if isUnknown(err) {
		page := v.revocationOf(t)
		page.Back, page.Fields = back, fields
		page.Question = sentence("It is not known whether the token “%s” of %s was revoked. Revoke it again.", t.Name, string(t.Owner))
		return v.showUnknown(err, page)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, back, http.StatusSeeOther)
	return nil
}

func (v *visit) askRevokeAll() error {
	owner := v.owner
	if !v.offersRevoking(owner) {
		return apitoken.ErrDenied
	}
	what := "all tokens"
	if v.offersCounting(owner) {
		n, err := v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: owner, Status: apitoken.StatusActive})
		if err != nil {
			return err
		}
		what = activeTokensText(n)
	}
	page := v.revocationOfAll()
	page.Question = sentence("Revoke "+what+" of %s? Everything that uses them will be refused. This cannot be undone.", string(owner))
	return v.render(http.StatusOK, "ask.html", "Revoke all tokens", page)
}

func (v *visit) revocationOfAll() askPage {
	path := v.base + v.pathOfUser(v.owner)
	return askPage{Action: path + "/revoke-all", Button: "Revoke all tokens", Back: path + "/tokens"}
}

func (v *visit) revokeAll() error {
	err := v.manager.RevokeAll(v.r.Context(), v.actor, v.owner)
	if isUnknown(err) {
		page := v.revocationOfAll()
		page.Question = sentence("It is not known whether all tokens of %s were revoked. Revoke them again.", string(v.owner))
		return v.showUnknown(err, page)
	}
	if err != nil {
		return err
	}
	return v.redirect(v.pathOfUser(v.owner) + "/tokens")
}

// activeTokensText returns a number of active tokens in words.
func activeTokensText(n int) string {
	if n == 1 {
		return "1 active token"
	}
	return fmt.Sprintf("%d active tokens", n)
}
