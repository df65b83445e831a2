package adminui

import (
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// usersOnPage is the number of users on a page. Each needs a count of their active tokens.
const usersOnPage = 50

type userRow struct {
	apitoken.User
	Disabled  moment
	Suspended moment
	Active    int // active tokens; shown if Counted
	Counted   bool
	URL       string // the page of the user
	TokensURL string
	ServedURL string // the page of who answers for it; empty: nobody does
}

type usersPage struct {
	Contains string
	New      *newAccount // nil: the page has no form for accounts
	Rows     []userRow
	Next     string
}

func (v *visit) users() error { return v.showUsers(http.StatusOK, nil) }

// showUsers shows the page of users, and the form for accounts with what was entered; nil: with nothing.
func (v *visit) showUsers(status int, entered *newAccount) error {
	query := v.r.URL.Query()
	page := usersPage{Contains: query.Get("q"), New: v.newAccount(entered)}
	users, next, err := v.findUsers(page.Contains, apitoken.UserID(query.Get("after")))
	if err != nil {
		return err
	}
	if next != "" {
		page.Next = v.pageURLWith("after", string(next))
	}
	for _, u := range users {
		row := userRow{
			User: u, Disabled: v.moment(u.DisabledAt), Suspended: v.moment(u.SuspendedAt),
			URL: v.base + v.pathOfUser(u.ID), TokensURL: v.base + v.pathOfUser(u.ID) + "/tokens", ServedURL: v.userURL(u.Responsible),
		}
		if v.offersCounting(u.ID) {
			row.Active, err = v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: u.ID, Status: apitoken.StatusActive})
			row.Counted = err == nil
			if err != nil && problemOf(err).err != apitoken.ErrDenied {
				return err
			}
		}
		page.Rows = append(page.Rows, row)
	}
	return v.render(status, "users.html", "Users", page)
}
