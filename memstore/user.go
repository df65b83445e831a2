package memstore

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// user is a user with their tokens. The row is replaced as a whole, so that the Lookups of all their tokens see a change of the
// epoch at one moment.
type user struct {
	current atomic.Pointer[apitoken.User]
	ended   []apitoken.Revocation // ended[e] ended the epoch e
	names   map[string]*token     // the names in use
	tokens  []*token              // by ID
}

// CreateUser implements [apitoken.Store]. No row is deleted here while it has tokens, so the first epoch is always 0.
func (s *Store) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.users[u.ID]
	switch {
	case stored != nil && s.seen[e.ID]:
		return *stored.current.Load(), nil
	case stored != nil:
		return apitoken.User{}, apitoken.ErrExists
	}
	u.Epoch, u.Revision = 0, 1
	stored = &user{names: map[string]*token{}}
	stored.current.Store(&u)
	s.addUser(stored)
	e.After = u.State()
	s.record(e)
	return u, nil
}

// addUser adds a user whose ID is not in use. The caller holds the lock.
func (s *Store) addUser(u *user) {
	id := u.current.Load().ID
	s.users[id] = u
	at, _ := slices.BinarySearchFunc(s.sorted, id, compareUserID)
	s.sorted = slices.Insert(s.sorted, at, u)
}

// ChangeUser implements [apitoken.Store].
func (s *Store) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.users[id]
	if stored == nil {
		return apitoken.User{}, apitoken.ErrNotFound
	}
	before := *stored.current.Load()
	if s.seen[e.ID] {
		return before, nil
	}
	after, e, err := c.Apply(before, e)
	if err != nil {
		return apitoken.User{}, err
	}
	if after == before {
		return before, nil
	}
	if after.Epoch > before.Epoch {
		stored.ended = append(stored.ended, apitoken.Revocation{At: e.At, By: e.Actor.User})
	}
	stored.current.Store(&after)
	s.record(e)
	return after, nil
}

// User implements [apitoken.Store].
func (s *Store) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.User{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	u := s.users[id]
	if u == nil {
		return apitoken.User{}, apitoken.ErrNotFound
	}
	return *u.current.Load(), nil
}

// Users implements [apitoken.Store].
func (s *Store) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.sorted
	if q.IDs != nil {
		all = s.usersOf(q.IDs)
	}
	start, found := slices.BinarySearchFunc(all, q.After, compareUserID)
	if found {
		start++
	}
	var page []apitoken.User
	for _, stored := range all[start:] {
		if len(page) == q.Limit {
			break
		}
		u := stored.current.Load()
		if (q.Responsible == "" || u.Responsible == q.Responsible) &&
			(strings.Contains(string(u.ID), q.Contains) || strings.Contains(u.Name, q.Contains)) {
			page = append(page, *u)
		}
	}
	return page, nil
}

// usersOf returns the users of these IDs who exist, each once, sorted. The caller holds the lock.
func (s *Store) usersOf(ids []apitoken.UserID) (found []*user) {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if u := s.users[id]; u != nil {
			found = append(found, u)
		}
	}
	return found
}

func compareUserID(u *user, id apitoken.UserID) int {
	return strings.Compare(string(u.current.Load().ID), string(id))
}
