package adminui

import (
	"strings"
	"unicode"

	"github.com/seed-d6cf0a46/apitoken"
)

// maxUsersScanned is the maximum number of users that one page of a search reads.
const maxUsersScanned = 5000

// findUsers returns a page of the users after a user whose id or name contains a text, in any case. next is the user after whom
// the next page begins; empty: this is the last page. If the search stops at maxUsersScanned, next is set even if the page has
// fewer than usersOnPage users.
func (v *visit) findUsers(contains string, after apitoken.UserID) (found []apitoken.User, next apitoken.UserID, err error) {
	contains = foldCase(contains)
	limit := usersOnPage + 1 // one more, to know whether there is another page
	for looked := 0; ; looked += limit {
		if looked > 0 {
			limit = min(1000, maxUsersScanned-looked)
		}
		if limit <= 0 {
			return found, after, nil
		}
		users, err := v.manager.ListUsers(v.r.Context(), v.actor, apitoken.UserQuery{After: after, Limit: limit})
		if err != nil {
			return nil, "", err
		}
		for _, u := range users {
			if contains != "" && !strings.Contains(foldCase(string(u.ID)), contains) && !strings.Contains(foldCase(u.Name), contains) {
				continue
			}
			if len(found) == usersOnPage {
				return found, found[usersOnPage-1].ID, nil
			}
			found = append(found, u)
		}
		if len(users) < limit {
			return found, "", nil
		}
		after = users[len(users)-1].ID
	}
}

// foldCase maps letters that differ only in case to the same letter.
func foldCase(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}
