package integration_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestSQLiteFeedLosesNothing(t *testing.T) {
	long(t)
	onSQLite.feedLosesNothing(t)
}

func TestPostgreSQLFeedLosesNothing(t *testing.T) { onPostgreSQL.feedLosesNothing(t) }
func TestMySQLFeedLosesNothing(t *testing.T)      { onMySQL.feedLosesNothing(t) }

// feedLosesNothing runs eight writers on three replicas, which commit 10,000 events, and two followers. One follower reads to the
// end. The other is interrupted 20 times, and continues with another Manager after the last event that it has handled. Each must
// receive every acknowledged event once, and no other, with the numbers 1, 2, 3 and so on. Both must receive the same order.
func (b backend) feedLosesNothing(t *testing.T) {
	t.Parallel()
	const interruptions = 20
	events := 10_000
	if testing.Short() {
		events = 2_000
	}
	d := b.database(t).withoutDisk()
	stores, r := d.stores(t, nil), newFeedRecord(events)
	steady, interrupted := newFollower(), newFollower()
	r.every(events/interruptions, interrupted.interrupt)

	var writers, readers sync.WaitGroup
	ended := make(chan struct{})
	for i := range 8 {
		writers.Go(func() { writeAllSorts(t, witnessed{stores[i%len(stores)], r}, i) })
	}
	readers.Go(func() { steady.follow(t, ended, stores[:1]) })
	readers.Go(func() { interrupted.follow(t, ended, stores) })
	if b.name != onSQLite.name && b.name != onGalera.name { // one server that takes several writers at a time
		d.holdOpen(t, 5, witnessed{stores[1], r}, steady.delivery)
	}
	writers.Wait()
	close(ended)
	readers.Wait()

	steady.wants(t, "the steady follower", r)
	interrupted.wants(t, "the interrupted follower", r)
	if !slices.Equal(steady.order, interrupted.order) {
		t.Error("the followers received the events in different orders")
	}
	if interrupted.restarts < interruptions/2 || len(r.refused) == 0 {
		t.Errorf("a follower restarted %d times, and %d writes were refused; want at least %d and 1", interrupted.restarts, len(r.refused), interruptions/2)
	}
	t.Logf("%d events, %d writes refused, a follower restarted %d times", len(r.committed), len(r.refused), interrupted.restarts)
}

// holdOpen appends events one after the other. The transaction of each stays open until the follower has been given an event
// that was appended later. So the events commit in another order than they were inserted: a reader that follows the order of
// insertion would miss the ones that were held open.
func (d database) holdOpen(t *testing.T, times int, others witnessed, follower *delivery) {
	t.Helper()
	ctx := context.Background()
	db, s := openSpied(t, d)
	store := witnessed{d.newStore(t, db, nil), others.record}
	g := &gate{}
	s.interfere(g.pass, nil)
	for range times {
		held, later := event(apitoken.ActionReadEvents), event(apitoken.ActionReadEvents)
		beside := event(apitoken.ActionReadEvents) // one event alone may be a statement that commits by itself
		barrier, finished := g.arm("COMMIT"), make(chan struct{})
		go func() {
			defer close(finished)
			if err := store.AppendEvents(ctx, []apitoken.Event{held, beside}); err != nil {
				t.Errorf("append an event: %v", err)
			}
		}()
		select {
		case <-barrier.reached:
		case <-finished:
			t.Fatal("the transaction was not held open")
		}
		if err := others.AppendEvents(ctx, []apitoken.Event{later}); err != nil {
			t.Errorf("append an event beside an open transaction: %v", err)
		}
		select {
		case <-follower.given(later.ID):
		case <-follower.stopped:
		}
		close(barrier.open)
		<-finished
	}
}
