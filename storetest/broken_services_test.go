package storetest_test

import (
	"context"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenServices returns stores that lose service accounts or who answers for them.
func brokenServices() []broken {
	const kept = "users/a user is read back with every field"
	showing := func(name, bug string, found []string, user func(*apitoken.User)) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store { return &shown{Store: s, user: user} }}
	}
	listing := func(name, bug string, found []string, is func(asked, responsible apitoken.UserID) bool) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, users: func(ctx context.Context, q apitoken.UserQuery) (page []apitoken.User, err error) {
				asked, limit := q.Responsible, q.Limit
				q.Responsible, q.Limit = "", 1000
				all, err := s.Users(ctx, q)
				for _, u := range all {
					if len(page) < limit && (asked == "" || is(asked, u.Responsible)) {
						page = append(page, u)
					}
				}
				return page, err
			}}
		}}
	}
	return []broken{
		showing("everybody is a person", "loses Service", []string{kept, "users/a service account is changed into a person and back"},
			func(u *apitoken.User) { u.Service = false }),
		showing("nobody answers", "loses Responsible", []string{kept, "users/a service account is changed into a person and back"},
			func(u *apitoken.User) { u.Responsible = "" }),
		showing("truncates who answers", "keeps the first 128 bytes of Responsible", []string{"texts/255 bytes"},
			func(u *apitoken.User) { u.Responsible = u.Responsible[:min(len(u.Responsible), 128)] }),
		{
			"a service forever", "ignores ReplaceService", []string{"users/a service account is changed into a person and back"},
			changingUsers(func(c *apitoken.UserChange, _ *apitoken.Event) { c.ReplaceService = false }),
		},
		listing("services of all", "ignores Responsible in Users", []string{"users/services of somebody", "users/services of somebody without any"},
			func(_, _ apitoken.UserID) bool { return true }),
		listing("services in any case", "selects for Responsible ignoring case", []string{"users/services of somebody", "users/services of capitals"},
			func(asked, responsible apitoken.UserID) bool {
				return strings.EqualFold(string(asked), string(responsible))
			}),
		listing("services by pattern", "treats a percent sign in Responsible as a wildcard", []string{"users/services of a percent sign"},
			func(asked, responsible apitoken.UserID) bool {
				beginning, pattern := strings.CutSuffix(string(asked), "%")
				return asked == responsible || pattern && strings.HasPrefix(string(responsible), beginning)
			}),
		{
			"forgets no services", "leaves a user who is forgotten as the one who answers",
			[]string{"forgetting/a pseudonym takes the place of the user everywhere"},
			func(s apitoken.Store) apitoken.Store {
				return &shown{Store: s, user: func(u *apitoken.User) {
					if u.Responsible == "forgotten-1" {
						u.Responsible = "ada"
					}
				}}
			},
		},
	}
}
