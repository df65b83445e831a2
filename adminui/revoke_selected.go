package adminui

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// revokeSelected revokes the tokens that were ticked: first it says how many they are and which, and asks.
func (v *visit) revokeSelected() error {
	tokens, err := v.selected()
	if err != nil {
		return err
	}
	back := v.inventoryURL()
	if len(tokens) == 0 {
		return v.renderWith(http.StatusOK, "done.html", view{
			Heading: "Revoke tokens", Notice: "None of the selected tokens is alive, so there is nothing to revoke.", Page: back,
		})
	}
	if v.r.PostForm.Get("confirmed") == "" {
		page := v.revocationOfSelected(tokens)
		page.Question = sentence("Revoke " + counted(len(tokens)) + "? Whatever uses them is refused from then on. This cannot be undone.")
		return v.render(http.StatusOK, "ask.html", "Revoke tokens", page)
	}
	for i, t := range tokens {
		if err := v.manager.Revoke(v.r.Context(), v.actor, t.ID); err != nil {
			return v.stopped(err, tokens, i)
		}
	}
	return v.renderWith(http.StatusOK, "done.html", view{
		Heading: "Revoke tokens", Notice: counted(len(tokens)) + " revoked.", Page: back,
	})
}

// inventoryURL is the list from which the form was sent, with its filters.
func (v *visit) inventoryURL() string {
	if query := filtersOf(v.r.PostForm.Get("filters")); query != "" {
		return v.base + "/tokens?" + query
	}
	return v.base + "/tokens"
}

// selected reads the tokens that were ticked, as far as they are alive and this person may see them.
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
			continue // it is gone, which is what was wanted
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

// revocationOfSelected is the page with the button that revokes tokens.
func (v *visit) revocationOfSelected(tokens []apitoken.Token) askPage {
	page := askPage{
		Action: v.base + "/tokens/revoke", Button: sentence("Revoke " + counted(len(tokens))), Back: v.inventoryURL(),
	}
	if query := filtersOf(v.r.PostForm.Get("filters")); query != "" {
		page.Fields = append(page.Fields, field{"filters", query})
	}
	for _, t := range tokens {
		page.Rows = append(page.Rows, v.row(t))
		page.Fields = append(page.Fields, field{"id", t.ID.String()})
	}
	return page
}

// stopped answers a bulk revocation that failed after the first tokens: how many are revoked, which are not, and the button that
// goes on with them.
func (v *visit) stopped(err error, tokens []apitoken.Token, revoked int) error {
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
	v.tell(p, err)
	return v.renderWith(p.status, "ask.html", view{
		Heading: fmt.Sprintf("%d of %d tokens revoked", revoked, len(tokens)),
		Problem: p.heading + ".", Page: page,
	})
}
