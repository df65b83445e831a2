package apitoken

import (
	"context"
	"iter"
)

// Events goes through the events behind q.After, oldest first, to the last that there is, q.Limit at a time. Whoever
// follows the events keeps the Seq of the last one that he has handled and asks again behind it: he misses none and sees
// none twice. With q.NewestFirst it goes from the last that there is to the first. It needs [ReadEvents]. After an error
// it ends; the errors are [ErrDenied], [ErrInvalid] and [ErrUnavailable].
func (m *Manager) Events(ctx context.Context, actor Actor, q EventQuery) iter.Seq2[Event, error] {
	return rows(q.Limit, func(last *Event) ([]Event, error) {
		q := q
		if last != nil {
			q.After = last.Seq
		}
		op, err := m.begin(ctx, ActionReadEvents, actor, q.Owner, TokenID{})
		if err != nil {
			return nil, m.end(ctx, op, err)
		}
		events, err := m.events(ctx, op, q)
		return events, m.end(ctx, op, err)
	})
}

func (m *Manager) events(ctx context.Context, op *operation, q EventQuery) ([]Event, error) {
	q.Owner, q.Actor = op.owner, m.canonical(q.Actor)
	if err := q.check(); err != nil {
		return nil, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return nil, err
	}
	if why := op.require(ReadEvents); why != permitted {
		return nil, m.deny(ctx, op, ErrDenied, why)
	}
	q.Limit = limit
	events, err := m.store.Events(ctx, q)
	return events, storeError(err)
}
