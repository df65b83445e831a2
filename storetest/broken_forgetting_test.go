package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// forgets is a store that edits what its Forget is given.
type forgets struct {
	apitoken.Store
	edit func(*apitoken.Forgetting, *apitoken.Event)
}

func (s forgets) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (int, error) {
	s.edit(&f, &e)
	return s.Store.Forget(ctx, f, e)
}

// brokenForgettings returns stores that leave traces of a user who is to be forgotten.
func brokenForgettings() []broken {
	const everywhere = "forgetting/a pseudonym takes the place of the user everywhere"
	forgetting := func(name, bug string, found []string, edit func(s apitoken.Store, f *apitoken.Forgetting, e *apitoken.Event)) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store {
			return forgets{s, func(f *apitoken.Forgetting, e *apitoken.Event) { edit(s, f, e) }}
		}}
	}
	return []broken{
		forgetting("forgets the owner only", "leaves the user in the tokens of others", []string{everywhere},
			func(s apitoken.Store, f *apitoken.Forgetting, _ *apitoken.Event) {
				f.Tokens = slices.DeleteFunc(f.Tokens, func(id apitoken.TokenID) bool {
					rec, err := s.Token(background, id)
					return err == nil && rec.Token.Owner != f.User
				})
			}),
		forgetting("forgets no event", "leaves the user in the events", []string{everywhere},
			func(_ apitoken.Store, f *apitoken.Forgetting, _ *apitoken.Event) { f.Events = nil }),
		forgetting("forgets no reason", "leaves the reason in the events", []string{everywhere},
			func(_ apitoken.Store, f *apitoken.Forgetting, _ *apitoken.Event) {
				f.Events = slices.Clone(f.Events)
				for i := range f.Events {
					f.Events[i].Reason = ""
				}
			}),
		forgetting("forgets no row", "leaves the user's row, the policy and the epochs", []string{everywhere, "forgetting/a user of the same ID is a new one"},
			func(_ apitoken.Store, f *apitoken.Forgetting, _ *apitoken.Event) { f.Rest = false }),
		forgetting("forgets whatever the revision", "forgets a user who was changed",
			[]string{"forgetting/a user who was changed is not forgotten"},
			func(s apitoken.Store, f *apitoken.Forgetting, _ *apitoken.Event) {
				u, _ := s.User(background, f.User)
				f.Revision = u.Revision
			}),
		forgetting("forgets again", "forgets once more if the call is repeated", []string{"forgetting/forgetting again does nothing"},
			func(_ apitoken.Store, _ *apitoken.Forgetting, e *apitoken.Event) { e.ID = apitoken.EventID(uuid.New()) }),
		{
			"the pseudonym has no epochs", "does not copy the ended epochs to the pseudonym",
			[]string{"forgetting/the tokens of the user show the end of their epoch at any time", everywhere},
			func(s apitoken.Store) apitoken.Store {
				return &shown{Store: s, token: func(t *apitoken.Token) {
					if t.Owner == "forgotten-1" {
						t.RevokedAt, t.RevokedBy = time.Time{}, ""
					}
				}}
			},
		}, {
			"the pseudonym has the name", "leaves the user's name in their row",
			[]string{everywhere},
			func(s apitoken.Store) apitoken.Store {
				return &shown{Store: s, user: func(u *apitoken.User) {
					if u.ID == "forgotten-1" {
						u.Name = "The user"
					}
				}}
			},
		},
	}
}
