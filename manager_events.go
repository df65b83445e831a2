package apitoken

import (
	"context"
	"iter"
)

// Events iterates over the events after q.After, oldest first, up to the newest, reading q.Limit at a time. A reader that
// follows the feed keeps the Seq of the last event that it has handled as its cursor: it misses no event and sees none twice.
// With q.NewestFirst the order is reversed. It requires [ReadEvents]. It stops after an error; the errors are [ErrDenied],
// [ErrInvalid], [ErrTruncated] and [ErrUnavailable].
//
// ErrTruncated means that [Manager.Sweep] removed events after q.After, which the reader may have missed. A reader with a
// q.After of zero begins with the first event that is kept and gets no such error; nor does one with q.NewestFirst.
func (m *Manager) Events(ctx context.Context, actor Actor, q EventQuery) iter.Seq2[Event, error] {
	return rows(q.Limit, func(last *Event) ([]Event, error) {
		q := q
		if last != nil {
			q.After = last.Seq
		}
		op := &operation{action: ActionReadEvents, actor: actor, owner: q.Owner}
		return decide(ctx, m, op, func(ctx context.Context, op *operation) ([]Event, error) { return m.events(ctx, op, q) })
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
	q.Since, q.Before = clamped(q.Since), clamped(q.Before)
	events, err := m.store.Events(ctx, q)
	if err == nil {
		err = m.checkTruncated(ctx, q, events)
	}
	if err != nil {
		return nil, storeError(err)
	}
	return events, nil
}

// checkTruncated refuses a page if events after its cursor have been removed. It comes after the read: a sweep between the two
// would otherwise be missed.
func (m *Manager) checkTruncated(ctx context.Context, q EventQuery, page []Event) error {
	if q.NewestFirst || q.After <= 0 || len(page) > 0 && page[0].Seq-1 == q.After {
		return nil
	}
	kept, err := m.store.Events(ctx, EventQuery{Limit: 1})
	if err != nil || len(kept) == 0 || kept[0].Seq-1 <= q.After {
		return err
	}
	return &TruncatedError{First: kept[0].Seq}
}
