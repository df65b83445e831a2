package memstore

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// user is a user and what is his. What he is at present is replaced as a whole, so that a change of his epoch is seen by
// the Lookups of all of his tokens at one moment.
type user struct {
	now    atomic.Pointer[apitoken.User]
	ended  []apitoken.Revocation // ended[e] ended the epoch e
	names  map[string]*token     // the names that are held
	tokens []*token              // by id
}

// CreateUser implements [apitoken.Store]. Users are never deleted here, so the first epoch is always 0.
func (s *Store) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.users[u.ID]
	switch {
	case stored != nil && s.seen[e.ID]:
		return *stored.now.Load(), nil
	case stored != nil:
		return apitoken.User{}, apitoken.ErrExists
	}
	u.Epoch, u.Revision = 0, 1
	stored = &user{names: map[string]*token{}}
	stored.now.Store(&u)
	s.users[u.ID] = stored
	at, _ := slices.BinarySearchFunc(s.sorted, u.ID, compareUserID)
	s.sorted = slices.Insert(s.sorted, at, stored)
	e.After = u.State()
	s.record(e)
	return u, nil
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
	was := *stored.now.Load()
	if s.seen[e.ID] {
		return was, nil
	}
	is, e, err := c.Apply(was, e)
	if err != nil {
		return apitoken.User{}, err
	}
	if is == was {
		return was, nil
	}
	if is.Epoch > was.Epoch {
		stored.ended = append(stored.ended, apitoken.Revocation{At: e.At, By: e.Actor.User})
	}
	stored.now.Store(&is)
	s.record(e)
	return is, nil
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
	return *u.now.Load(), nil
}

// Users implements [apitoken.Store].
func (s *Store) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	start, found := slices.BinarySearchFunc(s.sorted, q.After, compareUserID)
	if found {
		start++
	}
	var page []apitoken.User
	for _, stored := range s.sorted[start:] {
		if len(page) == q.Limit {
			break
		}
		u := stored.now.Load()
		if strings.Contains(string(u.ID), q.Contains) || strings.Contains(u.Name, q.Contains) {
			page = append(page, *u)
		}
	}
	return page, nil
}

func compareUserID(u *user, id apitoken.UserID) int {
	return strings.Compare(string(u.now.Load().ID), string(id))
}
