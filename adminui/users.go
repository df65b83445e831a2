package adminui

import (
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// usersOnPage is how many users a page shows. Each costs a count of his live tokens.
const usersOnPage = 50

type userRow struct {
	apitoken.User
	Disabled  moment
	Live      int // tokens; shown if Counted
	Counted   bool
	TokensURL string
}

type usersPage struct {
	Contains string
	Rows     []userRow
	Next     string
}

func (v *visit) users() error {
	query := v.r.URL.Query()
	page := usersPage{Contains: query.Get("q")}
	users, next, err := v.findUsers(page.Contains, apitoken.UserID(query.Get("after")))
	if err != nil {
		return err
	}
	if next != "" {
		page.Next = v.with("after", string(next))
	}
	for _, u := range users {
		row := userRow{User: u, Disabled: v.moment(u.DisabledAt), TokensURL: v.base + v.pathOfUser(u.ID) + "/tokens"}
		if v.own(u.ID) || v.may.Has(apitoken.ListAny) {
			row.Live, err = v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: u.ID, Status: apitoken.StatusActive})
			row.Counted = err == nil
			if err != nil && problemOf(err).err != apitoken.ErrDenied {
				return err
			}
		}
		page.Rows = append(page.Rows, row)
	}
	return v.render(http.StatusOK, "users.html", "Users", page)
}
