package apitoken

import (
	"context"
	"fmt"
	"time"
)

// SweepParams says what [Manager.Sweep] removes. A zero duration removes nothing. Every other one is at least 24 hours, so
// that a write that is repeated after an unknown outcome still finds its row.
type SweepParams struct {
	Revoked time.Duration // remove tokens that were revoked this long ago, alone or with all tokens of their owner
	Expired time.Duration // remove tokens that expired this long ago and were not revoked before that, and offers that ended this long ago
	Events  time.Duration // remove events of this age, oldest first
	DryRun  bool          // count, and remove nothing

	After SweepCursor // Swept.Next of the call before; zero: begin a pass
}

// Swept is what one call of [Manager.Sweep] did.
type Swept struct {
	Tokens int // removed; with DryRun, to be removed
	Offers int
	Events int

	// More says that the pass is not finished: call Sweep again with Next as SweepParams.After.
	More bool
	Next SweepCursor
}

// SweepCursor is how far a pass of [Manager.Sweep] has come. The zero value is its beginning.
type SweepCursor struct {
	token      TokenID
	offer      TokenID
	event      EventSeq
	tokensDone bool
	offersDone bool
	eventsDone bool
}

const (
	minRetention = 24 * time.Hour
	sweptTokens  = 500 // that one call examines, and offers
	removedRows  = 100 // tokens that one call removes, offers, and events; a commit of 500 of each on SQLite took 0.3 s
)

// Sweep removes old tokens, offers and events. A call does one bounded piece of a pass, so that no write waits long for it: it
// examines at most 500 tokens and 500 offers, and removes at most 100 of each and 100 events. A host calls it until Swept.More is false, for example
// every night:
//
//	p := apitoken.SweepParams{Revoked: apitoken.Days(90), Expired: apitoken.Days(90), Events: apitoken.Days(400)}
//	for {
//		swept, err := m.Sweep(ctx, apitoken.System(), p)
//		if err != nil || !swept.More {
//			return err
//		}
//		p.After = swept.Next
//	}
//
// It never removes an active token, or one that was created in the last 24 hours. For a revoked token only Revoked counts,
// also after it has expired. Events are removed in the order of the feed, up to the first one that is not old enough. A reader
// that follows the events and has not read them all gets [ErrTruncated].
//
// Each call that removes something records an event. Several sweeps may run at the same time, on any number of replicas, and a
// pass may stop anywhere. The clock decides what is old; a clock that is ahead removes too early.
//
// Only [System] sweeps; every other actor is [ErrDenied]. The errors are [ErrInvalid], also inside a transaction of the host;
// [ErrUnavailable]; and [ErrUncertain], after which the same call may be repeated.
func (m *Manager) Sweep(ctx context.Context, actor Actor, p SweepParams) (Swept, error) {
	op := &operation{action: ActionSweep, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Swept, error) { return m.sweep(ctx, op, p) })
}

func (m *Manager) sweep(ctx context.Context, op *operation, p SweepParams) (Swept, error) {
	if err := p.check(); err != nil {
		return Swept{}, err
	}
	if why := op.hostOnly(); why != permitted {
		return Swept{}, m.deny(ctx, op, ErrDenied, why)
	}
	next := p.After
	tokens, err := m.tokensToSweep(ctx, op, p, &next)
	if err != nil {
		return Swept{}, storeError(err)
	}
	offers, err := m.offersToSweep(ctx, op, p, &next)
	if err != nil {
		return Swept{}, storeError(err)
	}
	events, err := m.eventsToSweep(ctx, op, p, &next)
	if err != nil {
		return Swept{}, storeError(err)
	}
	swept := Swept{
		Tokens: len(tokens), Offers: len(offers), Events: events,
		More: !next.tokensDone || !next.offersDone || !next.eventsDone, Next: next,
	}
	if p.DryRun {
		return swept, nil
	}
	removal := Removal{Tokens: tokens, Offers: offers}
	if events > 0 {
		removal.EventsTo = next.event
	}
	removed, err := m.store.Remove(ctx, removal, op.event(OutcomeDone))
	if err != nil {
		return Swept{}, storeError(err)
	}
	swept.Tokens, swept.Offers, swept.Events = removed.Tokens, removed.Offers, removed.Events
	return swept, nil
}

// tokensToSweep returns the tokens to remove among the next ones, and moves the cursor to the last of these.
func (m *Manager) tokensToSweep(ctx context.Context, op *operation, p SweepParams, c *SweepCursor) (ids []TokenID, err error) {
	if c.tokensDone || p.Revoked == 0 && p.Expired == 0 {
		c.tokensDone = true
		return nil, nil
	}
	tokens, err := m.store.Tokens(ctx, TokenQuery{AnyOwner: true, After: c.token, Limit: sweptTokens}.At(op.at))
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if len(ids) == removedRows {
			return ids, nil
		}
		c.token = t.ID
		if p.removes(t, op.at) {
			ids = append(ids, t.ID)
		}
	}
	c.tokensDone = len(tokens) < sweptTokens
	return ids, nil
}

// offersToSweep returns the offers to remove among the next ones, and moves the cursor to the last of these. An offer that was
// claimed is kept as long as the others: until ClaimBy its claim may be repeated.
func (m *Manager) offersToSweep(ctx context.Context, op *operation, p SweepParams, c *SweepCursor) (ids []TokenID, err error) {
	if c.offersDone || p.Expired == 0 {
		c.offersDone = true
		return nil, nil
	}
	offers, err := m.store.Offers(ctx, OfferQuery{After: c.offer, Limit: sweptTokens})
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		if len(ids) == removedRows {
			return ids, nil
		}
		c.offer = o.ID
		if past(o.ClaimBy, p.Expired, op.at) && past(o.OfferedAt, minRetention, op.at) {
			ids = append(ids, o.ID)
		}
	}
	c.offersDone = len(offers) < sweptTokens
	return ids, nil
}

// eventsToSweep returns how many of the next events to remove, and moves the cursor to the last of them.
func (m *Manager) eventsToSweep(ctx context.Context, op *operation, p SweepParams, c *SweepCursor) (n int, err error) {
	if c.eventsDone || p.Events == 0 {
		c.eventsDone = true
		return 0, nil
	}
	events, err := m.store.Events(ctx, EventQuery{After: c.event, Limit: removedRows})
	if err != nil {
		return 0, err
	}
	n = p.oldEvents(events, op.at)
	if n > 0 {
		c.event = events[n-1].Seq
	}
	c.eventsDone = n < removedRows
	return n, nil
}

// removes reports whether the token is to be removed. This is the only place that decides. A broken clock may have stored a
// wrong expiry or time of revocation, so the time of creation counts too: if a token were removed while its CreateToken may be
// retried, the retry would insert it again.
func (p SweepParams) removes(t Token, now time.Time) bool {
	if !past(t.CreatedAt, minRetention, now) {
		return false
	}
	switch t.Status(now) {
	case StatusRevoked:
		return p.Revoked > 0 && past(t.RevokedAt, p.Revoked, now)
	case StatusExpired:
		return p.Expired > 0 && past(t.ExpiresAt, p.Expired, now)
	}
	return false
}

// oldEvents returns how many events from the first on are to be removed. Times may decrease along the feed. An event whose
// time is in the future was recorded by a wrong clock and has an unknown age, so it is removed together with the next old
// event.
func (p SweepParams) oldEvents(events []Event, now time.Time) (n int) {
	for i, e := range events {
		switch {
		case past(e.At, p.Events, now):
			n = i + 1
		case !e.At.After(now):
			return n
		}
	}
	return n
}

// past reports whether a time is at least the given duration ago.
func past(t time.Time, ago time.Duration, now time.Time) bool { return !t.Add(ago).After(now) }

func (p SweepParams) check() error {
	for _, d := range []struct {
		field string
		keep  time.Duration
	}{{"revoked", p.Revoked}, {"expired", p.Expired}, {"events", p.Events}} {
		if d.keep != 0 && d.keep < minRetention {
			return invalid(d.field, "is %s, 0 or at least %s is needed", d.keep, minRetention)
		}
	}
	return nil
}

// Removal is what [Store.Remove] removes.
type Removal struct {
	Tokens   []TokenID // at most 500
	Offers   []TokenID // at most 500
	EventsTo EventSeq  // the events up to this one, which is included, at most 500; 0: none
}

// Empty reports whether there is nothing to remove.
func (r Removal) Empty() bool { return len(r.Tokens) == 0 && len(r.Offers) == 0 && r.EventsTo == 0 }

// Removed is how many rows [Store.Remove] has removed.
type Removed struct{ Tokens, Offers, Events int }

// On returns the event of a removal with the numbers in its Reason. Every [Store] calls it for the event that it stores.
func (r Removed) On(e Event) Event {
	e.Reason = fmt.Sprintf("removed tokens: %d, events: %d", r.Tokens, r.Events)
	if r.Offers > 0 {
		e.Reason += fmt.Sprintf(", offers: %d", r.Offers)
	}
	return e
}
