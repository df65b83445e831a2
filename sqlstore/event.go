package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/seed-d6cf0a46/apitoken"
)

// AppendEvents implements [apitoken.Store].
func (s *Store) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.change(ctx, "append events", func(ctx context.Context, tx session) error {
		answer := errStored // if all of them are
		for _, e := range events {
			err := tx.record(ctx, e)
			if err == nil {
				answer = nil
			} else if err != errStored {
				return err
			}
		}
		return answer
	})
}

// record stores an event. One that is there already says that the change that it goes with is, too: errStored.
func (s session) record(ctx context.Context, e apitoken.Event) error {
	inserted, err := s.insertEvent(ctx, e)
	if err != nil || inserted {
		return err
	}
	// The key that is in the way need not be its id. A cluster whose nodes come and go may give the number of a row twice.
	recorded, err := s.recorded(ctx, e)
	switch {
	case err != nil:
		return err
	case !recorded:
		return errors.New("a key of the event is in use, but not its id")
	}
	return errStored
}

// recorded reports whether an event is stored.
func (s session) recorded(ctx context.Context, e apitoken.Event) (event bool, err error) {
	var token bool
	err = s.row(ctx, findRevoked, e.Token[:], e.ID[:]).Scan(&token, &event)
	return event, err
}

func (s session) insertEvent(ctx context.Context, e apitoken.Event) (inserted bool, err error) {
	before, err := stateArg(e.Before)
	if err != nil {
		return false, err
	}
	after, err := stateArg(e.After)
	if err != nil {
		return false, err
	}
	return s.insert(ctx, insertEvent, e.ID[:], timeArg(e.At), string(e.Action), string(e.Outcome),
		string(e.Actor.Kind), string(e.Actor.User), idArg(e.Actor.Token), string(e.Owner), idArg(e.Token), before, after)
}

// Events implements [apitoken.Store]. Where several write at one time, it numbers the events that were committed since it
// was last called, so it needs a database that it may write to.
func (s *Store) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	if !s.dialect.has(findUnnumbered) || q.NewestFirst && q.After > 0 {
		return s.events(ctx, q) // all that it selects have their place
	}
	if !q.NewestFirst {
		page, err := s.events(ctx, q)
		if err != nil || len(page) == q.Limit {
			return page, err // a full page is full of what has its place for good
		}
	}
	if err := s.numberEvents(ctx); err != nil {
		return nil, err
	}
	return s.events(ctx, q)
}

func (s *Store) events(ctx context.Context, q apitoken.EventQuery) (page []apitoken.Event, err error) {
	err = s.read(ctx, "read events", func(ctx context.Context, db session) error {
		rows, err := selectEvents(ctx, db, q)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, eventInto)
		return err
	})
	return page, err
}

func selectEvents(ctx context.Context, db session, q apitoken.EventQuery) (*sql.Rows, error) {
	before := int64(q.After)
	if before == 0 {
		before = math.MaxInt64
	}
	switch {
	case q.NewestFirst && q.Owner != "":
		return db.rows(ctx, listEventsOfOwnerBack, string(q.Owner), before, q.Limit)
	case q.NewestFirst:
		return db.rows(ctx, listEventsBack, before, q.Limit)
	case q.Owner != "":
		return db.rows(ctx, listEventsOfOwner, string(q.Owner), int64(q.After), q.Limit)
	}
	return db.rows(ctx, listEvents, int64(q.After), q.Limit)
}
