package cachestore

import (
	"context"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// feed is how far the events have been read.
type feed struct {
	followed bool              // whether cursor is set: what is read from now on may be kept
	cursor   apitoken.EventSeq // the last event that was applied
	polled   time.Duration     // when the last successful poll began
	err      error             // of the last poll
}

const pageOfEvents = 1000

// poll polls until Close.
func (s *Store) poll() {
	defer close(s.stopped)
	ticker := time.NewTicker(s.maxStale / 2)
	defer ticker.Stop()
	for {
		s.pollOnce()
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			s.mu.Lock()
			s.feed.followed = false
			s.lease.Store(0)
			s.empty()
			s.mu.Unlock()
			return
		}
	}
}

// pollOnce applies the events since the last poll. The lease counts from the moment before the first of them was asked for:
// what is committed later than that, the poll may have missed.
func (s *Store) pollOnce() {
	begun := time.Since(s.born)
	ctx, cancel := context.WithTimeout(s.ctx, s.maxStale)
	defer cancel()
	err := s.follow(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed.err = err
	if err == nil {
		s.feed.polled = begun
		s.lease.Store(int64(begun + s.maxStale))
	}
}

func (s *Store) follow(ctx context.Context) error {
	if !s.feed.followed {
		return s.begin(ctx)
	}
	for {
		events, err := s.Store.Events(ctx, apitoken.EventQuery{After: s.feed.cursor, Limit: pageOfEvents})
		if err != nil {
			return err
		}
		if len(events) > 0 && events[0].Seq-1 > s.feed.cursor {
			return s.restart(ctx)
		}
		s.apply(events)
		if len(events) < pageOfEvents {
			return nil
		}
	}
}

// restart empties the cache: events that were not read have been removed, so anything may have changed. A store does not
// report this; [apitoken.ErrTruncated] comes from the Manager.
func (s *Store) restart(ctx context.Context) error {
	s.mu.Lock()
	s.feed.followed = false
	s.lease.Store(0)
	s.empty()
	s.mu.Unlock()
	return s.begin(ctx)
}

// begin finds the end of the feed. What is read from the store afterwards is at least as recent.
func (s *Store) begin(ctx context.Context) error {
	newest, err := s.Store.Events(ctx, apitoken.EventQuery{NewestFirst: true, Limit: 1})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.reads) // they began earlier
	s.feed.followed = true
	for _, e := range newest {
		s.feed.cursor = e.Seq
	}
	return nil
}

// apply drops the tokens of every user whom an event is about. Denials changed nothing. A user who was forgotten may be named in
// the tokens of others.
func (s *Store) apply(events []apitoken.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		switch {
		case e.Outcome == apitoken.OutcomeDenied:
		case e.Action == apitoken.ActionForgetUser:
			s.empty()
		default:
			s.drop(e.Owner)
		}
		s.feed.cursor = e.Seq
	}
}

// Stats says how well the cache works.
type Stats struct {
	Hits   uint64        // lookups that were answered from memory
	Misses uint64        // the others
	Held   int           // tokens in memory
	Age    time.Duration // since the last successful poll began; negative: none has succeeded yet
	Err    error         // why the last poll failed; nil: it succeeded, or there was none
}

// Stats returns the state of this moment.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Hits: s.hits.Load(), Misses: s.miss.Load(), Held: s.held, Age: -1, Err: s.feed.err}
	if s.lease.Load() > 0 {
		stats.Age = time.Since(s.born) - s.feed.polled
	}
	return stats
}
