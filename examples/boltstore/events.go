package boltstore

import (
	"bytes"
	"context"
	"iter"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// recorded reports whether an event is stored, which makes the call a retry: it returns what it returned the first time and
// changes nothing. An event is stored only by a call that succeeds, so that is never an error.
func recorded(tx *bbolt.Tx, id apitoken.EventID) bool { return tx.Bucket(eventIDs).Get(id[:]) != nil }

// record stores an event that is not stored yet. It takes the transaction of the change, so either both are committed or neither.
//
// The Seq is taken here and not by the reader, because the next transaction begins only after this one has committed: the
// numbers are in the order of the commits. A transaction that fails gives its number back.
func record(tx *bbolt.Tx, e apitoken.Event) error {
	seq, err := tx.Bucket(events).NextSequence() // 1, 2, 3 and so on
	if err != nil {
		return err
	}
	e.Seq = apitoken.EventSeq(seq)
	place := numberKey(int64(e.Seq))
	if err := tx.Bucket(eventIDs).Put(e.ID[:], place); err != nil {
		return err
	}
	return put(tx, events, place, e)
}

// AppendEvents implements [apitoken.Store]. Those of the events that are stored already stay as they are.
func (s *Store) AppendEvents(ctx context.Context, batch []apitoken.Event) error {
	return s.write(ctx, func(tx *bbolt.Tx) error {
		for _, e := range batch {
			if recorded(tx, e.ID) {
				continue
			}
			if err := record(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Events implements [apitoken.Store].
func (s *Store) Events(ctx context.Context, q apitoken.EventQuery) (page []apitoken.Event, err error) {
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		feed := after(tx, events, nil, numberKey(int64(q.After)))
		if q.NewestFirst {
			feed = before(tx, q.After)
		}
		for _, row := range feed {
			if len(page) == q.Limit {
				break
			}
			e, err := decode[apitoken.Event](row)
			if err != nil {
				return err
			}
			if selectsEvent(q, e) {
				page = append(page, e)
			}
		}
		return nil
	})
	return page, err
}

// before returns the events before seq, the newest first. If seq is zero, it returns all.
func before(tx *bbolt.Tx, seq apitoken.EventSeq) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c := tx.Bucket(events).Cursor()
		k, v := c.Last()
		if last := numberKey(int64(seq)); seq > 0 && bytes.Compare(k, last) >= 0 {
			c.Seek(last)
			k, v = c.Prev()
		}
		for ; k != nil && yield(k, v); k, v = c.Prev() {
		}
	}
}

func selectsEvent(q apitoken.EventQuery, e apitoken.Event) bool {
	return (q.Owner == "" || e.Owner == q.Owner) &&
		(q.Actor == "" || e.Actor.User == q.Actor) &&
		(q.Action == "" || e.Action == q.Action) &&
		(q.Outcome == "" || e.Outcome == q.Outcome) &&
		(q.Token.IsZero() || e.Token == q.Token) &&
		(q.Since.IsZero() || !e.At.Before(q.Since)) &&
		(q.Before.IsZero() || e.At.Before(q.Before))
}
