package sqlstore

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// AppendEvents implements [apitoken.Store].
func (o operations) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if len(events) == 0 {
		return nil
	}
	change := o.change
	if len(events) == 1 {
		change = o.changeAtOnce
	}
	return change(ctx, "append events", func(ctx context.Context, tx session) error {
		result := errAlreadyStored // if all of them are
		for _, e := range events {
			err := tx.record(ctx, e)
			if err == nil {
				result = nil
			} else if err != errAlreadyStored {
				return err
			}
		}
		return result
	})
}

// record stores an event. If it is stored already, so is the change that it belongs to: errAlreadyStored.
func (s session) record(ctx context.Context, e apitoken.Event) error {
	args, err := eventArgs(e)
	if err != nil {
		return err
	}
	inserted, err := s.insert(ctx, insertEvent, args...)
	if err != nil || inserted {
		return err
	}
	// The key in use may be the number and not the ID: a cluster may assign a number twice while nodes join and leave.
	recorded, err := s.recorded(ctx, e)
	switch {
	case err != nil:
		return err
	case !recorded:
		return errors.New("a key of the event is in use, but not its ID")
	}
	return errAlreadyStored
}

// recorded reports whether an event is stored.
func (s session) recorded(ctx context.Context, e apitoken.Event) (event bool, err error) {
	var token bool
	err = s.row(ctx, findTokenAndEvent, e.Token[:], e.ID[:]).Scan(&token, &event)
	return event, err
}

// Events implements [apitoken.Store]. On a database with several writers it numbers the events that were committed since the
// last call, so it needs a connection that may write.
func (s *Store) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	if !s.dialect.has(findUnnumbered) || q.NewestFirst && q.After > 0 {
		return s.eventPage(ctx, q) // every selected event has its number
	}
	if !q.NewestFirst {
		page, err := s.eventPage(ctx, q)
		if err != nil || len(page) == q.Limit {
			return page, err // later numbers do not change a full page
		}
	}
	if err := s.numberEvents(ctx); err != nil {
		return nil, err
	}
	return s.eventPage(ctx, q)
}

func (o operations) eventPage(ctx context.Context, q apitoken.EventQuery) (page []apitoken.Event, err error) {
	err = o.read(ctx, "read events", func(ctx context.Context, db session) error {
		page, err = readAll(ctx, db, db.dialect.eventQuery(q), eventFields)
		return err
	})
	return page, err
}

// eventQuery returns the query of a page of events.
func (d *Dialect) eventQuery(q apitoken.EventQuery) *queryBuilder {
	after, upTo := int64(q.After), int64(math.MaxInt64)
	if q.NewestFirst {
		upTo = 0
		if after == 0 {
			after = math.MaxInt64
		}
	}
	r, filters := d.events.conditions(q)
	b := d.build(d.events.selectPage)
	if d.events.all.has(r.indexRange) && (!q.Since.IsZero() || !q.Before.IsZero()) {
		b.whereInTime(&d.events.byTime, q, after, filters)
		return b
	}
	b.whereInRange(r, []any{after}, []any{upTo})
	b.and(filters)
	b.orderAndLimit(r.order, q.Limit)
	return b
}

// whereInTime completes the query of a page that reads all events in a range of time.
func (b *queryBuilder) whereInTime(r *timeRange, q apitoken.EventQuery, after int64, filters []condition) {
	since, before := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.Since.IsZero() {
		since = q.Since.UnixMicro()
	}
	if !q.Before.IsZero() {
		before = q.Before.UnixMicro()
	}
	inOrder, order := r.after, r.order
	if q.NewestFirst {
		inOrder, order = r.before, r.orderBackward
	}
	b.add("\nWHERE ")
	b.add(r.between, since, before)
	b.and(append([]condition{{inOrder, []any{after}}}, filters...))
	b.orderAndLimit(order, q.Limit)
}

// conditions returns the index range of a query, and the other conditions, which are evaluated for each row.
func (l *eventListing) conditions(q apitoken.EventQuery) (r boundRange, filters []condition) {
	use := func(events orderedRange, value ...any) {
		r = boundRange{events.forward, value}
		if q.NewestFirst {
			r.indexRange = events.backward
		}
	}
	switch {
	case !q.Token.IsZero():
		use(l.token, slices.Clone(q.Token[:]))
		q.Token = apitoken.TokenID{}
	case q.Owner != "":
		use(l.owner, string(q.Owner))
		q.Owner = ""
	case q.Actor != "":
		use(l.actor, string(q.Actor))
		q.Actor = ""
	case q.Action != "":
		use(l.action, string(q.Action))
		q.Action = ""
	case q.Outcome != "" && q.Outcome != apitoken.OutcomeDone: // almost all events are done
		use(l.rareOutcome, string(q.Outcome))
		q.Outcome = ""
	default:
		use(l.all)
	}
	add := func(text string, isSet bool, value any) {
		if isSet {
			filters = append(filters, condition{text, []any{value}})
		}
	}
	add(l.filter.owner, q.Owner != "", string(q.Owner))
	add(l.filter.actor, q.Actor != "", string(q.Actor))
	add(l.filter.action, q.Action != "", string(q.Action))
	add(l.filter.outcome, q.Outcome != "", string(q.Outcome))
	add(l.filter.since, !q.Since.IsZero(), q.Since.UnixMicro())
	add(l.filter.before, !q.Before.IsZero(), q.Before.UnixMicro())
	return r, filters
}
