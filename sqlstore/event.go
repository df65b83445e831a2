package sqlstore

import (
	"context"
	"database/sql"

	"github.com/seed-d6cf0a46/apitoken"
)

// AppendEvents implements [apitoken.Store].
func (s *Store) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.change(ctx, "append events", func(ctx context.Context, tx session) error {
		for _, e := range events {
			if _, err := tx.insertEvent(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// record stores the event of a change. One that is there already says that the change is, too: errStored.
func (s session) record(ctx context.Context, e apitoken.Event) error {
	inserted, err := s.insertEvent(ctx, e)
	if err != nil {
		return err
	}
	if !inserted {
		return errStored
	}
	return nil
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
	page, err := s.events(ctx, q)
	if err != nil || len(page) == q.Limit || !s.dialect.has(numberEvents) {
		return page, err // a full page is full of what has its place for good
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
	if q.Owner != "" {
		return db.rows(ctx, listEventsOfOwner, string(q.Owner), int64(q.After), q.Limit)
	}
	return db.rows(ctx, listEvents, int64(q.After), q.Limit)
}
