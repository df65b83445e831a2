// Package memstore is an [apitoken.Store] in memory: for tests and for small programs. Its contents end with the process. It is
// written to be fast; the model for a Store of your own is examples/boltstore.
//
//	m, err := apitoken.New(memstore.New(), nil)
//
// Lookup takes no lock and allocates nothing. All other methods take one lock, so each of them is atomic.
package memstore

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/seed-d6cf0a46/apitoken"
)

var (
	_ apitoken.Store        = (*Store)(nil)
	_ apitoken.TokenPager   = (*Store)(nil)
	_ apitoken.TokenCounter = (*Store)(nil)
	_ apitoken.NoticeStore  = (*Store)(nil)
)

// Store is an [apitoken.Store] in memory. Use [New]. All methods are safe for concurrent use.
type Store struct {
	digests index // its readers take no lock

	mu     sync.RWMutex
	policy apitoken.MaxLifetimePolicy
	users  map[apitoken.UserID]*user
	sorted []*user          // by the bytes of the ID
	tokens []*token         // by ID
	offers []apitoken.Offer // by ID
	events []apitoken.Event
	seen   map[apitoken.EventID]bool // the IDs of events

	notices map[noticeKey]notice

	removedTo apitoken.EventSeq // the last event that was removed; 0: none
}

// New returns an empty store.
func New() *Store {
	s := &Store{
		users:   map[apitoken.UserID]*user{},
		seen:    map[apitoken.EventID]bool{},
		notices: map[noticeKey]notice{},
	}
	s.digests.table.Store(newTable(4))
	return s
}

// Policy implements [apitoken.Store].
func (s *Store) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.policy, ctx.Err()
}

// Facts implements [apitoken.Store].
func (s *Store) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	if err := ctx.Err(); err != nil {
		return apitoken.Facts{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	f := apitoken.Facts{Policy: s.policy, Actor: s.actor(q), Owner: s.row(q.Owner)}
	if t := s.token(q.Token); t != nil {
		f.Token = s.withRevocation(t)
		f.Owner = &f.Token.User
	}
	return f, nil
}

// actor returns the actor of a query, or nil. The caller holds the lock.
func (s *Store) actor(q apitoken.FactsQuery) *apitoken.Record {
	u := s.row(q.Actor)
	if u == nil {
		return nil
	}
	if q.With.IsZero() {
		return &apitoken.Record{Identity: apitoken.Identity{User: *u}, Epoch: u.Epoch}
	}
	t := s.token(q.With)
	if t == nil {
		return nil
	}
	rec := s.withRevocation(t)
	if rec.Token.Owner != q.Actor {
		return nil
	}
	return rec
}

// row returns a user, or nil. The caller holds the lock.
func (s *Store) row(id apitoken.UserID) *apitoken.User {
	u := s.users[id]
	if u == nil {
		return nil
	}
	return u.current.Load()
}

// PutPolicy implements [apitoken.Store].
func (s *Store) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[e.ID] {
		return nil
	}
	if s.policy.Revision != ifRevision {
		return apitoken.ErrConflict
	}
	p.Limits, p.Exemptions = slices.Clone(p.Limits), slices.Clone(p.Exemptions)
	s.policy = p
	s.record(e)
	return nil
}

// AppendEvents implements [apitoken.Store].
func (s *Store) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		s.record(e)
	}
	return nil
}

// Events implements [apitoken.Store].
func (s *Store) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var page []apitoken.Event
	for _, e := range s.eventsAfter(q) {
		if len(page) == q.Limit {
			break
		}
		if selectsEvent(q, e) {
			page = append(page, e)
		}
	}
	return page, nil
}

// selectsEvent reports whether the event meets every condition of q.
func selectsEvent(q apitoken.EventQuery, e apitoken.Event) bool {
	return (q.Owner == "" || e.Owner == q.Owner) &&
		(q.Actor == "" || e.Actor.User == q.Actor) &&
		(q.Action == "" || e.Action == q.Action) &&
		(q.Outcome == "" || e.Outcome == q.Outcome) &&
		(q.Token.IsZero() || e.Token == q.Token) &&
		(q.Since.IsZero() || !e.At.Before(q.Since)) &&
		(q.Before.IsZero() || e.At.Before(q.Before))
}

// eventsAfter returns the events after q.After in the order of q. The caller holds the lock while it iterates.
func (s *Store) eventsAfter(q apitoken.EventQuery) iter.Seq2[int, apitoken.Event] {
	number := apitoken.EventSeq(len(s.events)) // the event with Seq n is at index n-1-removedTo
	if !q.NewestFirst {
		return slices.All(s.events[min(max(q.After-s.removedTo, 0), number):])
	}
	if q.After > 0 {
		number = min(max(q.After-1-s.removedTo, 0), number)
	}
	return slices.Backward(s.events[:number])
}

// record numbers an event and stores it, unless its ID is stored. The caller holds the lock.
func (s *Store) record(e apitoken.Event) {
	if s.seen[e.ID] {
		return
	}
	s.seen[e.ID] = true
	e.Seq = s.removedTo + apitoken.EventSeq(len(s.events)+1)
	s.events = append(s.events, e)
}
