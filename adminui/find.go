package adminui

import (
	"strings"
	"unicode"

	"github.com/seed-d6cf0a46/apitoken"
)

// usersLookedAt is how many users one page looks at, at most, for those whose id or name contains a text.
const usersLookedAt = 5000

// findUsers gives a page of the users behind one of them whose id or name contains a text in any case, and behind which user the
// next page begins; empty: this is the last. Where few users are found, a page may have fewer than usersOnPage, and a next all the
// same.
func (v *visit) findUsers(contains string, after apitoken.UserID) (found []apitoken.User, next apitoken.UserID, err error) {
	contains = folded(contains)
	limit := usersOnPage + 1 // one more tells whether there is another page
	for looked := 0; ; looked += limit {
		if looked > 0 {
			limit = min(1000, usersLookedAt-looked)
		}
		if limit <= 0 {
			return found, after, nil
		}
		users, err := v.manager.ListUsers(v.r.Context(), v.actor, apitoken.UserQuery{After: after, Limit: limit})
		if err != nil {
			return nil, "", err
		}
		for _, u := range users {
			if contains != "" && !strings.Contains(folded(string(u.ID)), contains) && !strings.Contains(folded(u.Name), contains) {
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

// folded is a text in which letters that differ only in case are the same.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}
