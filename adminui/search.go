package adminui

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// searchTokens takes what was entered into the search field. It comes in a form and not in the address, because it may be a whole
// token: that leads to its page. Anything else is the search of a list, unless it looks like a secret.
func (v *visit) searchTokens() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	if !v.may.Has(apitoken.ListAny) {
		return v.listNothing()
	}
	entered := strings.TrimSpace(v.r.PostForm.Get("q"))
	if entered == "" {
		return v.redirect("/tokens")
	}
	token, err := v.manager.TokenOfText(v.r.Context(), v.actor, entered)
	if errors.Is(err, apitoken.ErrNotFound) {
		if id, notID := tokenID(entered); notID == nil {
			token, err = v.manager.Token(v.r.Context(), v.actor, id)
		}
	}
	switch {
	case err == nil:
		return v.redirect("/tokens/" + token.ID.String())
	case !errors.Is(err, apitoken.ErrNotFound):
		return err
	case looksSecret(entered):
		return v.renderWith(http.StatusNotFound, "done.html", view{
			Heading: "Search", Problem: "This is the text of no token. It was not stored. A name can be searched for by a part of it.", Page: v.base + "/tokens",
		})
	}
	return v.redirect("/tokens?" + url.Values{"q": {entered}, "status": {allStates}}.Encode())
}

// listNothing lets the Manager refuse the list, so that the denial is recorded.
func (v *visit) listNothing() error {
	_, err := v.manager.TokenPage(v.r.Context(), v.actor, apitoken.TokenQuery{AnyOwner: true, Limit: 1})
	return err
}

// secretLength is the length from which a text without spaces may be a secret. User ids that are longer are UUIDs or addresses.
const secretLength = 32

// looksSecret reports whether a text may be a secret that must not get into an address.
func looksSecret(text string) bool {
	return len(text) >= secretLength && !strings.ContainsFunc(text, unicode.IsSpace) && !strings.Contains(text, "@") && uuid.Validate(text) != nil
}

// hits returns the tokens whose hint fits a search: its last four characters, or the whole hint. They come before the other results,
// because an index finds them, whatever their age.
func (v *visit) hits(search string, q apitoken.TokenQuery) (tokens []apitoken.Token, err error) {
	q = withoutCursor(q)
	q.Search = ""
	for _, q.Hint = range append(v.manager.HintsOf(search), search) {
		page, err := v.manager.TokenPage(v.r.Context(), v.actor, q)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, page.Tokens...)
	}
	return tokens, nil
}

// usersInSearch is how many users a search names.
const usersInSearch = 5

// usersOf returns the users whose id or name contains a search, if the visitor may see users.
func (v *visit) usersOf(search string) (links []link, err error) {
	if !v.may.Has(apitoken.ManageUsers) {
		return nil, nil
	}
	users, _, err := v.findUsers(search, "")
	for _, u := range users[:min(len(users), usersInSearch)] {
		links = append(links, link{Path: v.base + v.pathOfUser(u.ID) + "/tokens", Text: string(u.ID)})
	}
	return links, err
}
