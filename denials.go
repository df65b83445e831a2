package apitoken

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	denialsAtOnce   = 10               // denials of one actor that are written at once in a minute
	denialsInterval = 10 * time.Second // between the writes of gathered denials
	maxDeniedActors = 1024             // actors that are counted apart in a minute
	maxGathered     = 1024             // pairs of actor and action that are gathered apart
)

// denials bounds what refused requests cost the store. The first ten denials of an actor in a minute are written before the
// call returns. Further ones are gathered by actor and action into one event each, with their number and the times of the
// first and the last, and written in the background. A crash loses at most what was gathered in one interval.
//
// All actors that are not known count as one, and so do the actors beyond the first maxDeniedActors of a minute.
//
// An actor beyond the first ten has their requests decided one after the other until the minute ends, however many are in
// flight; all unknown actors wait for each other. So refused requests use at most about one processor.
type denials struct {
	*background
	store Store

	mu       sync.Mutex
	minute   time.Time // of the counts and the unknown, by the Clock
	counts   map[deniedActor]int
	unknown  map[deniedActor]bool // actors who were not known when they were denied, at most maxDeniedActors
	gathered map[gatheredKey]Event
	unsent   []Event // passed to the store and not confirmed; their IDs keep the store from writing them twice
	closed   bool

	seed  maphash.Seed
	turns [64]chan struct{} // chosen by the hash of the actor; full while one of their requests is decided
}

// deniedActor is an actor as far as denials are counted: all tokens of a user are one.
type deniedActor struct {
	kind ActorKind
	user UserID
}

// gatheredKey identifies one gathered event. The zero gatheredKey collects the denials beyond maxGathered.
type gatheredKey struct {
	deniedActor
	action Action
}

func newDenials(store Store) *denials {
	d := &denials{store: store, counts: map[deniedActor]int{}, unknown: map[deniedActor]bool{}, gathered: map[gatheredKey]Event{}, seed: maphash.MakeSeed()}
	for i := range d.turns {
		d.turns[i] = make(chan struct{}, 1)
	}
	d.background = newBackground(denialsInterval, d.writeGathered, d.hasGathered)
	return d
}

// record writes the event of a denial at once, or gathers it.
func (d *denials) record(ctx context.Context, e Event, known bool) error {
	if d.gather(e, known) {
		return nil
	}
	return d.store.AppendEvents(ctx, []Event{e})
}

// recordLater gathers the event of a denial, also one that would be written at once, unless the Manager is closed.
func (d *denials) recordLater(ctx context.Context, e Event, known bool) error {
	d.mu.Lock()
	closed := d.closed
	if !closed {
		d.isAmongFirst(e, known)
		d.keep(e, known)
	}
	d.mu.Unlock()
	if closed {
		return d.store.AppendEvents(ctx, []Event{e})
	}
	d.wake()
	return nil
}

// gather reports whether it gathered the denial. If not, the caller writes the event at once.
func (d *denials) gather(e Event, known bool) bool {
	d.mu.Lock()
	taken := !d.closed && !d.isAmongFirst(e, known)
	if taken {
		d.keep(e, known)
	}
	d.mu.Unlock()
	if taken {
		d.wake()
	}
	return taken
}

// isAmongFirst counts a denial and reports whether it is among the first of its actor in this minute. The caller holds the lock.
func (d *denials) isAmongFirst(e Event, known bool) bool {
	if minute := e.At.Truncate(time.Minute); !minute.Equal(d.minute) {
		d.minute = minute
		clear(d.counts)
		clear(d.unknown)
	}
	if !known && len(d.unknown) < maxDeniedActors {
		d.unknown[deniedActorOf(e, true)] = true
	}
	by := deniedActorOf(e, known)
	if _, counted := d.counts[by]; !counted && len(d.counts) >= maxDeniedActors {
		by = deniedActor{}
	}
	d.counts[by]++
	return d.counts[by] <= denialsAtOnce
}

// turn waits while another request of the actor is being decided, if the actor is beyond their first denials. The caller
// calls leave once the request is decided.
func (d *denials) turn(ctx context.Context, actor Actor, now time.Time) (leave func(), err error) {
	by := deniedActor{kind: actor.Kind, user: actor.User}
	d.mu.Lock()
	if d.unknown[by] {
		by = deniedActor{} // which counts all unknown actors
	}
	waits := d.minute.Equal(now.Truncate(time.Minute)) && d.counts[by] >= denialsAtOnce
	d.mu.Unlock()
	if !waits {
		return func() {}, nil
	}
	turn := d.turns[maphash.Comparable(d.seed, by)%uint64(len(d.turns))]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func deniedActorOf(e Event, known bool) deniedActor {
	if !known {
		return deniedActor{}
	}
	return deniedActor{kind: e.Actor.Kind, user: e.Actor.User}
}

// keep adds a denial to the gathered event that it belongs to. The caller holds the lock.
func (d *denials) keep(e Event, known bool) {
	of := gatheredKey{deniedActorOf(e, known), e.Action}
	sum, begun := d.gathered[of]
	if !begun && len(d.gathered) >= maxGathered {
		of = gatheredKey{}
		sum, begun = d.gathered[of]
	}
	if !begun {
		e.Count, e.FirstAt = 1, e.At
		d.gathered[of] = e
		return
	}
	d.gathered[of] = merged(sum, e)
}

// merged returns a gathered event with one more denial. Fields that the denials do not have in common are empty.
func merged(sum, e Event) Event {
	sum.Count++
	if e.At.Before(sum.FirstAt) {
		sum.FirstAt = e.At
	}
	if e.At.After(sum.At) {
		sum.At = e.At
	}
	sum.Action = common(sum.Action, e.Action)
	sum.Actor = Actor{
		Kind:  common(sum.Actor.Kind, e.Actor.Kind),
		User:  common(sum.Actor.User, e.Actor.User),
		Token: common(sum.Actor.Token, e.Actor.Token),
		Origin: Origin{ // field by field: each request has its own id, and the address must stay
			Address:   common(sum.Actor.Origin.Address, e.Actor.Origin.Address),
			UserAgent: common(sum.Actor.Origin.UserAgent, e.Actor.Origin.UserAgent),
			RequestID: common(sum.Actor.Origin.RequestID, e.Actor.Origin.RequestID),
		},
	}
	sum.Owner, sum.Token = common(sum.Owner, e.Owner), common(sum.Token, e.Token)
	sum.Reason = common(sum.Reason, e.Reason)
	return sum
}

// common returns the value if both are equal, otherwise the zero value.
func common[T comparable](a, b T) T {
	if a == b {
		return a
	}
	var none T
	return none
}

func (d *denials) hasGathered() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.gathered) > 0 || len(d.unsent) > 0
}

// writeGathered writes the events that were not confirmed before, and then those gathered since.
func (d *denials) writeGathered(ctx context.Context) error {
	for range 2 {
		batch := d.take()
		if len(batch) == 0 {
			return nil
		}
		if err := d.store.AppendEvents(ctx, batch); err != nil {
			return err
		}
		d.sent()
	}
	return nil
}

// take returns the events to write. They count as unsent until the store has confirmed them.
func (d *denials) take() []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.unsent) == 0 {
		for _, e := range d.gathered {
			d.unsent = append(d.unsent, e)
		}
		clear(d.gathered)
	}
	return d.unsent
}

func (d *denials) sent() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unsent = nil
}

// close writes the gathered denials. Later ones are written at once.
func (d *denials) close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	return d.background.close(ctx)
}
