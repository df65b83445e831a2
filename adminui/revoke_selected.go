package adminui

import (
	"errors"
	"fmt"
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
			Heading: "Revoke tokens", Happened: nothingToDo, Notice: "None of the selected tokens is active, so there is nothing to revoke.", Page: back,
		})
	}
	if v.r.PostForm.Get("confirmed") == "" {
		page := v.revocationOfSelected(tokens)
		page.Question = sentence("Revoke " + activeTokensText(len(tokens)) + "? Everything that uses them will be refused. This cannot be undone.")
		return v.render(http.StatusOK, "ask.html", "Revoke tokens", page)
	}
	for i, t := range tokens {
		if err := v.manager.Revoke(v.r.Context(), v.actor, t.ID); err != nil {
			return v.showPartialRevocation(err, tokens, i)
		}
	}
	return v.renderWith(http.StatusOK, "done.html", view{
		Heading: "Revoke tokens", Happened: "Done", Notice: activeTokensText(len(tokens)) + " revoked.", Page: back,
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
		Action: v.base + "/tokens/revoke", Button: sentence("Revoke " + activeTokensText(len(tokens))), Back: v.inventoryURL(),
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
	stillActive := fmt.Sprintf("These %d are still active.", len(rest))
	if len(rest) == 1 {
		stillActive = "This one is still active."
	}
	page.Question = sentence(stillActive)
	if isUnknown(err) {
		const unknown = "It is not known whether “%s” of %s was revoked."
		format := unknown
		switch others := len(rest) - 1; others {
		case 0:
		case 1:
			format += " The other one is still active."
		default:
			format += fmt.Sprintf(" The other %d are still active.", others)
		}
		page.Unknown = true
		page.Question = sentence(format, rest[0].Name, string(rest[0].Owner))
	}
	v.reportUnavailable(p, err)
	return v.renderWith(p.status, "ask.html", view{
		Heading: fmt.Sprintf("%d of %d tokens revoked", revoked, len(tokens)),
		Problem: p.heading + ".", Page: page,
	})
}
