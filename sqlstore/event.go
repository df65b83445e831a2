package sqlstore

import (
	"context"
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
		string(e.Actor.Kind), string(e.Actor.User), idArg(e.Actor.Token), string(e.Owner), idArg(e.Token), before, after,
		e.Reason, e.Count, timeArg(e.FirstAt),
		e.Actor.Origin.Address, e.Actor.Origin.UserAgent, e.Actor.Origin.RequestID)
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
		a := db.dialect.listEvents(q)
		rows, err := db.QueryContext(ctx, a.text.String(), a.args...)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, eventInto)
		return err
	})
	return page, err
}

// listEvents is the query of a page of events. Like that of a page of tokens, it is put together from the parts of the dialect.
func (d *Dialect) listEvents(q apitoken.EventQuery) *assembly {
	along, filters := d.feed.conditions(q)
	a := d.assembly(d.feed.from)
	if q.NewestFirst {
		before := int64(q.After)
		if before == 0 {
			before = math.MaxInt64
		}
		a.along(along, before, 0)
	} else {
		a.along(along, int64(q.After), int64(math.MaxInt64))
	}
	a.where(filters)
	a.add("\n" + along.order + " ")
	a.add(d.feed.limit, q.Limit)
	return a
}

// conditions are those of a query but its place: the one that an index answers in the order of the feed, and the others,
// which are looked at row by row.
func (l *eventListing) conditions(q apitoken.EventQuery) (along route, filters []condition) {
	walk := func(b bothWays, value ...any) {
		along = route{b.forth, value}
		if q.NewestFirst {
			along.walk = b.back
		}
	}
	switch {
	case q.Owner != "":
		walk(l.owner, string(q.Owner))
	case q.Actor != "":
		walk(l.actor, string(q.Actor))
		q.Actor = ""
	case q.Action != "":
		walk(l.action, string(q.Action))
		q.Action = ""
	case q.Outcome != "" && q.Outcome != apitoken.OutcomeDone: // which nearly all are
		walk(l.rare, string(q.Outcome))
		q.Outcome = ""
	default:
		walk(l.all)
	}
	add := func(text, value string) {
		if value != "" {
			filters = append(filters, condition{text, []any{value}})
		}
	}
	add(l.filter.actor, string(q.Actor))
	add(l.filter.action, string(q.Action))
	add(l.filter.outcome, string(q.Outcome))
	return along, filters
}
