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

// feedLosesNothing has eight writers on three replicas commit 10,000 events, while two followers read: one goes through to
// the end, the other is killed 20 times and goes on with another Manager from the last event that it had handled. Each of
// them must be given every event that was acknowledged, once, and no other, numbered 1, 2, 3 and so on, and both in the
// same order.
func (b backend) feedLosesNothing(t *testing.T) {
	const lives = 20
	events := 10_000
	if raceDetector {
		events = 2_000
	}
	d := b.database(t).withoutDisk()
	stores, r := d.stores(t, nil), newFeedRecord(events)
	steady, mortal := newFollower(), newFollower()
	r.every(events/lives, mortal.kill)

	var writers, readers sync.WaitGroup
	ended := make(chan struct{})
	for i := range 8 {
		writers.Go(func() { writeAllSorts(t, witnessed{stores[i%len(stores)], r}, i) })
	}
	readers.Go(func() { steady.follow(t, ended, stores[:1]) })
	readers.Go(func() { mortal.follow(t, ended, stores) })
	if b.name != onSQLite.name && b.name != onGalera.name { // one server that takes several writers at a time
		d.holdOpen(t, 5, witnessed{stores[1], r}, steady.delivery)
	}
	writers.Wait()
	close(ended)
	readers.Wait()

	steady.wants(t, "the steady follower", r)
	mortal.wants(t, "the mortal follower", r)
	if !slices.Equal(steady.order, mortal.order) {
		t.Error("the followers were given the events in different orders")
	}
	if mortal.deaths < lives/2 || len(r.refused) == 0 {
		t.Errorf("a follower died %d times, %d writes were refused: too little to go by", mortal.deaths, len(r.refused))
	}
	t.Logf("%d events, %d writes refused, a follower died %d times", len(r.committed), len(r.refused), mortal.deaths)
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
		barrier, finished := g.arm("COMMIT"), make(chan struct{})
		go func() {
			defer close(finished)
			if err := store.AppendEvents(ctx, []apitoken.Event{held}); err != nil {
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
