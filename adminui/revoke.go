package adminui

import (
	"errors"
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
	page.Question = v.sentence("Revoke the token “%s” of %s? Everything that uses it will be refused. This cannot be undone.", t.Name, t.Owner)
	return v.render(http.StatusOK, "ask.html", v.text("Revoke a token"), page)
}

// revocationOf returns the page with the button that revokes a token, if the user may revoke it.
func (v *visit) revocationOf(t apitoken.Token) askPage {
	row := v.row(t)
	return askPage{Rows: []tokenRow{row}, Action: row.RevokeURL, Button: v.sentence("Revoke %s", t.Name), Back: row.OwnerURL}
}

func (v *visit) revoke() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	t, err := v.token()
	if errors.Is(err, apitoken.ErrNotFound) && v.r.PostForm.Get("unknown") != "" {
		return v.renderWith(http.StatusOK, "done.html", view{
			Heading: v.text("Revoke a token"), Happened: v.text(nothingToDo), Notice: v.text("There is no such token, so there is nothing to revoke."), Page: v.base + "/",
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
		page.Question = v.sentence("It is not known whether the token “%s” of %s was revoked. Revoke it again.", t.Name, t.Owner)
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
	page := v.revocationOfAll()
	page.Question = v.sentence("Revoke all tokens of %s? Everything that uses them will be refused. This cannot be undone.", owner)
	if v.offersCounting(owner) {
		n, err := v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: owner, Status: apitoken.StatusActive})
		if err != nil {
			return err
		}
		page.Question = v.sentence(plural(n,
			"Revoke %s active token of %s? Everything that uses it will be refused. This cannot be undone.",
			"Revoke %s active tokens of %s? Everything that uses them will be refused. This cannot be undone."), n, owner)
	}
	return v.render(http.StatusOK, "ask.html", v.text("Revoke all tokens"), page)
}

func (v *visit) revocationOfAll() askPage {
	path := v.base + v.pathOfUser(v.owner)
	return askPage{Action: path + "/revoke-all", Button: v.sentence("Revoke all tokens"), Back: path + "/tokens"}
}

func (v *visit) revokeAll() error {
	err := v.manager.RevokeAll(v.r.Context(), v.actor, v.owner)
	if isUnknown(err) {
		page := v.revocationOfAll()
		page.Question = v.sentence("It is not known whether all tokens of %s were revoked. Revoke them again.", v.owner)
		return v.showUnknown(err, page)
	}
	if err != nil {
		return err
	}
	return v.redirect(v.pathOfUser(v.owner) + "/tokens")
}

// activeTokens returns a number of active tokens in words.
func (l *language) activeTokens(n int) string {
	return l.text(plural(n, "%s active token", "%s active tokens"), n)
}
