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
	if testing.Short() {
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
	check := func() {}
	if b.name != onSQLite.name && b.name != onGalera.name { // where one server gives numbers to many who write at one time
		check = d.followNumbers(t, &readers, ended, r, witnessed{stores[1], r}, steady.delivery)
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
	check()
}

// followNumbers shows that the test can tell: a third reader goes by the numbers that the rows were given at their
// insertion, and he must miss events. To make that certain, five transactions are held open between the insertion of their
// event and their COMMIT until he is beyond one that was inserted later. The true follower does not wait for these
// either. What it returns is to be called at the end.
func (d database) followNumbers(
	t *testing.T, readers *sync.WaitGroup, ended <-chan struct{}, r *feedRecord, others witnessed, follower *delivery,
) (check func()) {
	t.Helper()
	const heldOpen = 5
	db := d.open(t, 0)
	n := newNaive()
	readers.Go(func() { n.follow(t, ended, d, db) })
	d.holdOpen(t, heldOpen, others, follower, n)
	return func() {
		t.Helper()
		missed := len(r.committed) - len(n.order)
		if missed < heldOpen {
			t.Errorf("who went by the numbers of insertion missed %d events, want at least %d", missed, heldOpen)
		}
		if n.cursor <= int64(len(r.committed)) {
			t.Errorf("the last number of insertion is %d: no event was rolled back", n.cursor)
		}
		t.Logf("who went by the numbers of insertion missed %d; %d numbers went to events that were rolled back",
			missed, n.cursor-int64(len(r.committed)))
	}
}

// holdOpen appends events, one after the other, whose transactions stay open until the follower has been given an event that
// was appended later, and the other reader is beyond it.
func (d database) holdOpen(t *testing.T, times int, others witnessed, follower *delivery, n *naive) {
	t.Helper()
	ctx := context.Background()
	db, s := openSpied(t, d)
	store := witnessed{d.newStore(t, db, nil), others.record}
	g := &gate{}
	s.interfere(func(text string) error {
		g.pass(text)
		return nil
	}, nil)
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
		n.isBeyond()
		close(barrier.open)
		<-finished
	}
}
