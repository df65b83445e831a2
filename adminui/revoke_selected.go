package adminui

import (
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// revokeSelected asks first, with the selected tokens and their number, and revokes them once it is confirmed.
func (v *visit) revokeSelected() error {
	tokens, err := v.selected()
	if err != nil {
		return err
	}
	back := v.inventoryURL()
	if len(tokens) == 0 {
		return v.renderWith(http.StatusOK, "done.html", view{
			Heading: v.text("Revoke tokens"), Happened: v.text(nothingToDo), Notice: v.text("None of the selected tokens is active, so there is nothing to revoke."), Page: back,
		})
	}
	if v.r.PostForm.Get("confirmed") == "" {
		page := v.revocationOfSelected(tokens)
		page.Question = v.revokeQuestion(len(tokens))
		return v.render(http.StatusOK, "ask.html", v.text("Revoke tokens"), page)
	}
	for i, t := range tokens {
		if err := v.manager.Revoke(v.r.Context(), v.actor, t.ID); err != nil {
			return v.showPartialRevocation(err, tokens, i)
		}
	}
	return v.renderWith(http.StatusOK, "done.html", view{
		Heading: v.text("Revoke tokens"), Happened: v.text("Done"),
		Notice: v.text(plural(len(tokens), "%s active token revoked.", "%s active tokens revoked."), len(tokens)), Page: back,
	})
}

// inventoryURL returns the address of the list that sent the form, with its filters.
func (v *visit) inventoryURL() string {
	if query := filterQuery(v.r.PostForm.Get("filters")); query != "" {
		return v.base + "/tokens?" + query
	}
	return v.base + "/tokens"
}

// selected returns the selected tokens that are active and that the user may see.
func (v *visit) selected() ([]apitoken.Token, error) {
	if err := v.r.ParseForm(); err != nil {
		return nil, errForm
	}
	var tokens []apitoken.Token
	for _, text := range v.r.PostForm["id"] {
		id, err := apitoken.ParseTokenID(text)
		if err != nil {
			return nil, errForm
		}
		t, err := v.manager.Token(v.r.Context(), v.actor, id)
		if errors.Is(err, apitoken.ErrNotFound) {
			continue // nothing is left to revoke
		}
		if err != nil {
			return nil, err
		}
		if t.Status(v.now) == apitoken.StatusActive {
			tokens = append(tokens, t)
		}
	}
	return tokens, nil
}

// revocationOfSelected returns the page with the button that revokes tokens.
func (v *visit) revocationOfSelected(tokens []apitoken.Token) askPage {
	page := askPage{
		Action: v.base + "/tokens/revoke", Button: v.sentence(plural(len(tokens), "Revoke %s active token", "Revoke %s active tokens"), len(tokens)), Back: v.inventoryURL(),
	}
	if query := filterQuery(v.r.PostForm.Get("filters")); query != "" {
		page.Fields = append(page.Fields, field{"filters", query})
	}
	for _, t := range tokens {
		page.Rows = append(page.Rows, v.row(t))
		page.Fields = append(page.Fields, field{"id", t.ID.String()})
	}
	return page
}

// showPartialRevocation shows a bulk revocation that failed after some tokens: how many are revoked, which are not, and the button
// that continues with them.
func (v *visit) showPartialRevocation(err error, tokens []apitoken.Token, revoked int) error {
	p := problemOf(err)
	if revoked == 0 && p.status != http.StatusServiceUnavailable {
		return err
	}
	rest := tokens[revoked:]
	page := v.revocationOfSelected(rest)
	page.Question = v.sentence("These %s are still active.", len(rest))
	if len(rest) == 1 {
		page.Question = v.sentence("This one is still active.")
	}
	if isUnknown(err) {
		page.Unknown = true
		page.Question = v.sentence("It is not known whether “%s” of %s was revoked.", rest[0].Name, rest[0].Owner)
		switch others := len(rest) - 1; others {
		case 0:
		case 1:
			page.Question += " " + v.sentence("The other one is still active.")
		default:
			page.Question += " " + v.sentence("The other %s are still active.", others)
		}
	}
	v.reportUnavailable(p, err)
	return v.renderWith(p.status, "ask.html", view{
		Heading: v.revokedText(revoked, len(tokens)),
		Problem: v.text(p.heading) + ".", Page: page,
	})
}
