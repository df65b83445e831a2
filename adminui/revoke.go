package adminui

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// askPage asks before something is done that cannot be undone.
type askPage struct {
	Question string
	Rows     []tokenRow
	Action   string // where the answer goes
	IDs      []apitoken.TokenID
	Button   string
	Back     string
}

// token reads the token of the address, if this person may see it.
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
	row := v.row(t)
	return v.render(http.StatusOK, "ask.html", "Revoke a token", askPage{
		Question: fmt.Sprintf("Revoke the token “%s” of %s? Whatever uses it is refused from then on. This cannot be undone.", t.Name, t.Owner),
		Rows:     []tokenRow{row},
		Action:   v.opts.Prefix + "/tokens/" + t.ID.String() + "/revoke",
		Button:   "Revoke " + t.Name,
		Back:     row.OwnerURL,
	})
}

func (v *visit) revoke() error {
	t, err := v.token()
	if err != nil {
		return err
	}
	if err := v.manager.Revoke(v.r.Context(), v.actor, t.ID); err != nil {
		return err
	}
	return v.redirect(v.pathOfUser(t.Owner) + "/tokens")
}

func (v *visit) askRevokeAll() error {
	owner := v.owner()
	if !v.own(owner) && !v.may.Has(apitoken.RevokeAny) {
		return apitoken.ErrDenied
	}
	what := "all tokens"
	if v.own(owner) || v.may.Has(apitoken.ListAny) {
		n, err := v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: owner, Status: apitoken.StatusActive})
		if err != nil {
			return err
		}
		what = counted(n)
	}
	question := fmt.Sprintf("Revoke %s of %s? Whatever uses them is refused from then on. This cannot be undone.", what, owner)
	path := v.opts.Prefix + v.pathOfUser(owner)
	return v.render(http.StatusOK, "ask.html", "Revoke all tokens", askPage{
		Question: question, Action: path + "/revoke-all", Button: "Revoke all tokens", Back: path + "/tokens",
	})
}

func (v *visit) revokeAll() error {
	if err := v.manager.RevokeAll(v.r.Context(), v.actor, v.owner()); err != nil {
		return err
	}
	return v.redirect(v.pathOfUser(v.owner()) + "/tokens")
}

// counted is a number of live tokens in words.
func counted(n int) string {
	if n == 1 {
		return "1 live token"
	}
	return fmt.Sprintf("%d live tokens", n)
}

// revokeSelected revokes the tokens that were ticked: first it says how many they are and which, and asks.
func (v *visit) revokeSelected() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	var tokens []apitoken.Token
	for _, text := range v.r.PostForm["id"] {
		id, err := apitoken.ParseTokenID(text)
		if err != nil {
			return errForm
		}
		t, err := v.manager.Token(v.r.Context(), v.actor, id)
		if errors.Is(err, apitoken.ErrNotFound) {
			continue // it is gone, which is what was wanted
		}
		if err != nil {
			return err
		}
		if t.Status(v.now) == apitoken.StatusActive {
			tokens = append(tokens, t)
		}
	}
	back := v.opts.Prefix + "/tokens"
	if len(tokens) == 0 {
		return v.renderWith(http.StatusOK, "done.html", view{
			Heading: "Revoke tokens", Notice: "None of the selected tokens is alive, so there is nothing to revoke.", Page: back,
		})
	}
	if v.r.PostForm.Get("confirmed") == "" {
		page := askPage{
			Question: fmt.Sprintf("Revoke %s? Whatever uses them is refused from then on. This cannot be undone.", counted(len(tokens))),
			Action:   v.opts.Prefix + "/tokens/revoke", Button: "Revoke " + counted(len(tokens)), Back: back,
		}
		for _, t := range tokens {
			page.Rows = append(page.Rows, v.row(t))
			page.IDs = append(page.IDs, t.ID)
		}
		return v.render(http.StatusOK, "ask.html", "Revoke tokens", page)
	}
	for i, t := range tokens {
		if err := v.manager.Revoke(v.r.Context(), v.actor, t.ID); err != nil {
			return fmt.Errorf("%w, after %d of %d tokens", err, i, len(tokens))
		}
	}
	return v.renderWith(http.StatusOK, "done.html", view{
		Heading: "Revoke tokens", Notice: fmt.Sprintf("%s revoked.", counted(len(tokens))), Page: back,
	})
}
