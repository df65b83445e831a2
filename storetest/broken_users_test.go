package storetest_test

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenUsers returns stores that create or change users against the conditions.
func brokenUsers() []broken {
	return []broken{{
		"ignores the user revision", "ignores IfRevision in ChangeUser, which loses a change",
		[]string{"users/a change under the condition of the revision before", "one winner/a user at a revision", "one winner/an epoch at a revision"},
		changingUsers(func(c *apitoken.UserChange, _ *apitoken.Event) { c.IfRevision = 0 }),
	}, {
		"takes what was read for a condition", "takes UserChange.Read for the revision that the user has to be at",
		[]string{"users/the user as they were read is no condition"},
		changingUsers(func(c *apitoken.UserChange, _ *apitoken.Event) {
			if c.Read.ID != "" {
				c.IfRevision = c.Read.Revision
			}
		}),
	}, {
		"ignores the role", "ignores IfRole in ChangeUser, so a promoted user is changed by actors who may not any more",
		[]string{"users/a change under the condition of other roles", "users/a change under the condition of a former role"},
		changingUsers(func(c *apitoken.UserChange, _ *apitoken.Event) { c.IfRole = nil }),
	}, {
		"no role is any role", "treats an empty IfRole as no condition",
		[]string{"users/a change under the condition of no role at all"},
		changingUsers(func(c *apitoken.UserChange, _ *apitoken.Event) {
			if len(c.IfRole) == 0 {
				c.IfRole = nil
			}
		}),
	}, {
		"roles in any case", "compares IfRole ignoring case",
		[]string{"users/a change under the condition of the present role in capitals"},
		changingUsers(func(c *apitoken.UserChange, _ *apitoken.Event) {
			for _, role := range c.IfRole {
				c.IfRole = append(c.IfRole, apitoken.Role(strings.ToLower(string(role))))
			}
		}),
	}, {
		"replaces a user", "replaces an existing user in CreateUser",
		[]string{"users/an ID in use is not created again", "one winner/a new user"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, insert: func(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
				is, err := s.CreateUser(ctx, u, e)
				if errors.Is(err, apitoken.ErrExists) {
					return s.ChangeUser(ctx, u.ID, apitoken.UserChange{Name: u.Name, Role: u.Role}, e)
				}
				return is, err
			}}
		},
	}, {
		"keeps the caller's states", "stores Before and After of ChangeUser as the caller set them",
		[]string{"users/changing a user writes exactly its event", "events/a full event of ChangeUser"},
		callersEvents,
	}, {
		"disables again", "disables a disabled user again, at another time",
		[]string{"users/disabling again keeps the first time"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				if was, err := s.User(ctx, id); err == nil && was.Disabled() && c.Disable {
					_, _ = s.ChangeUser(ctx, id, apitoken.UserChange{Enable: true}, apitoken.Event{ID: apitoken.EventID(uuid.New()), At: e.At})
				}
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}, {
		"records no change", "writes the event of a ChangeUser that changes nothing",
		[]string{"users/no change writes nothing", "users/enabling an active user writes nothing"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				is, err := s.ChangeUser(ctx, id, c, e)
				if err == nil {
					err = s.AppendEvents(ctx, []apitoken.Event{e})
				}
				return is, err
			}}
		},
	}, {
		"conflict on a repetition", "returns ErrConflict for a repeated ChangeUser, and ErrExists for a repeated CreateUser",
		[]string{"repetition/a changed user again", "repetition/a new user again", "one winner/a user repeated at the same time"},
		func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, insert: func(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
				if _, err := s.User(ctx, u.ID); err == nil {
					return apitoken.User{}, apitoken.ErrExists
				}
				return s.CreateUser(ctx, u, e)
			}, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
				if was, err := s.User(ctx, id); err == nil && c.IfRevision != 0 && was.Revision != c.IfRevision {
					return apitoken.User{}, apitoken.ErrConflict
				}
				return s.ChangeUser(ctx, id, c, e)
			}}
		},
	}, {
		"ends an epoch each time", "runs a repeated ChangeUser again",
		[]string{"repetition/the next epoch again", "repetition/a disabled user again after they were enabled"},
		changingUsers(func(c *apitoken.UserChange, e *apitoken.Event) { e.ID = apitoken.EventID(uuid.New()) }),
	}}
}

// changingUsers edits the arguments of ChangeUser.
func changingUsers(by func(c *apitoken.UserChange, e *apitoken.Event)) func(apitoken.Store) apitoken.Store {
	return func(s apitoken.Store) apitoken.Store {
		return &otherwise{Store: s, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
			by(&c, &e)
			return s.ChangeUser(ctx, id, c, e)
		}}
	}
}

// callersEvents shows the events of ChangeUser as the caller passed them.
func callersEvents(s apitoken.Store) apitoken.Store {
	var handed sync.Map
	outside := &shown{Store: s, event: func(e *apitoken.Event) bool {
		if as, ok := handed.Load(e.ID); ok {
			e.Before, e.After = as.(apitoken.Event).Before, as.(apitoken.Event).After
		}
		return true
	}}
	return &otherwise{Store: outside, change: func(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
		handed.Store(e.ID, e)
		return s.ChangeUser(ctx, id, c, e)
	}}
}
