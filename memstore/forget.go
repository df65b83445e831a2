package memstore

import (
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// Forget implements [apitoken.Store].
func (s *Store) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (rows int, err error) {
	if err := ctx.Err(); err != nil || f.Empty() {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.seen[e.ID]:
		return 0, nil
	case s.revision(f.User) != f.Revision:
		return 0, apitoken.ErrConflict
	}
	if was := s.users[f.User]; was != nil && s.users[f.Pseudonym] == nil {
		s.addUser(pseudonymOf(was, f))
		rows++
	}
	rows += s.forgetInTokens(f) + s.forgetInEvents(f)
	if f.Rest {
		rows += s.forgetRest(f)
	}
	if rows > 0 {
		s.record(f.On(e, rows))
	}
	return rows, nil
}

// pseudonymOf returns a user of the pseudonym who has no tokens yet.
func pseudonymOf(was *user, f apitoken.Forgetting) *user {
	u := *was.current.Load()
	u.ID, u.Name = f.Pseudonym, string(f.Pseudonym)
	is := &user{ended: slices.Clone(was.ended), names: map[string]*token{}}
	is.current.Store(&u)
	return is
}

func (s *Store) forgetInTokens(f apitoken.Forgetting) (rows int) {
	for _, id := range f.Tokens {
		t := s.token(id)
		if t == nil {
			continue
		}
		r := s.digests.lookup(t.digest)
		after := f.Token(r.Token)
		if after == r.Token {
			continue
		}
		rows++
		owner := r.owner
		if after.Owner != r.Token.Owner {
			owner = s.users[f.Pseudonym]
			moveToken(t, r, owner)
		}
		s.digests.change(t.digest, func(r *record) {
			r.Token, r.owner, r.ownerCopy = after, owner, owner.current.Load()
			r.User = *r.ownerCopy
		})
	}
	return rows
}

// moveToken moves a token from the list of its owner to that of another user.
func moveToken(t *token, r *record, to *user) {
	if r.owner.names[r.Token.Name] == t {
		delete(r.owner.names, r.Token.Name)
	}
	at, _ := slices.BinarySearchFunc(r.owner.tokens, t.id, compareTokenID)
	r.owner.tokens = slices.Delete(r.owner.tokens, at, at+1)
	to.tokens = insert(to.tokens, t)
}

func (s *Store) forgetInEvents(f apitoken.Forgetting) (rows int) {
	for _, e := range f.Events {
		at := int(e.Seq - s.removedTo - 1)
		if at >= 0 && at < len(s.events) && s.events[at] != e {
			s.events[at] = e
			rows++
		}
	}
	return rows
}

func (s *Store) forgetRest(f apitoken.Forgetting) (rows int) {
	rows = s.forgetInOffers(f)
	if s.users[f.User] != nil {
		delete(s.users, f.User)
		at, _ := slices.BinarySearchFunc(s.sorted, f.User, compareUserID)
		s.sorted = slices.Delete(s.sorted, at, at+1)
		rows++
	}
	for _, u := range s.sorted {
		was := u.current.Load()
		if is := f.Answered(*was); is != *was {
			u.current.Store(&is)
			rows++
		}
		for i, end := range u.ended {
			if end.By == f.User {
				u.ended[i].By = f.Pseudonym
				rows++
			}
		}
	}
	if p, changed := f.Policy(s.policy); changed {
		s.policy = p
		rows++
	}
	return rows
}
