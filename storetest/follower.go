package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// followed reads the feed while four others make all kinds of writes.
func followed(f *fixture) {
	const rounds, most, wanted = 20, 100, 50 // of each writer, and of the pages that are read in the meantime
	var written [4][]apitoken.EventID
	var writers sync.WaitGroup
	var over atomic.Bool
	var pages atomic.Int32
	for i := range written {
		writers.Go(func() {
			written[i] = f.writeAllSorts(apitoken.UserID(fmt.Sprint("writer ", i)), func(round int) bool {
				return round < rounds || round < most && pages.Load() < wanted && !f.Failed()
			})
		})
	}
	defer writers.Wait() // also if the reader stops early
	go func() {
		writers.Wait()
		over.Store(true)
	}()
	var seen []apitoken.Event
	for last, page := false, []apitoken.Event(nil); !last || len(page) > 0; {
		runtime.Gosched()  // a reader without a pause would starve the writers
		last = over.Load() // before this read begins
		page = f.follow(seen)
		seen = append(seen, page...)
		pages.Add(int32(min(1, len(page))))
	}
	f.wantEachOnce(seen, slices.Concat(written[:]...))
	if !f.Failed() { // the difference of long feeds that differ much takes very long to compute
		wantEqual(f, "the feed, after the events that the reader saw,", seen, f.feed())
	}
}

// follow reads the next page after those seen. The page is large, so that the reader keeps up with the writers: to a reader that
// lags, a gap in the feed may be closed already.
func (f *fixture) follow(seen []apitoken.Event) []apitoken.Event {
	f.Helper()
	q := apitoken.EventQuery{Limit: wholePage}
	if len(seen) > 0 {
		q.After = seen[len(seen)-1].Seq
	}
	page, err := f.store.Events(f.Context(), q)
	f.must("Events", err)
	for _, e := range page {
		if e.Seq <= q.After {
			f.Fatalf("%s\nan event with Seq %d comes after %d", f.promise, e.Seq, q.After)
		}
		q.After = e.Seq
	}
	return page
}

// wantEachOnce checks that the events seen are those that were written.
func (f *fixture) wantEachOnce(seen []apitoken.Event, written []apitoken.EventID) {
	f.Helper()
	times := map[apitoken.EventID]int{}
	for _, e := range seen {
		times[e.ID]++
	}
	var missed, repeated int
	for _, id := range written {
		switch times[id] {
		case 0:
			missed++
		case 1:
		default:
			repeated++
		}
		delete(times, id)
	}
	if missed > 0 || repeated > 0 || len(times) > 0 {
		f.broken("%d events were missed, %d were seen more than once, %d belong to no successful write", missed, repeated, len(times))
	}
}

// writeAllSorts makes writes of each kind, including refused ones, in rounds while more are wanted. It returns the events of the
// successful ones.
func (f *fixture) writeAllSorts(id apitoken.UserID, more func(round int) bool) (done []apitoken.EventID) {
	f.Helper()
	note := func(e apitoken.Event, err error) {
		switch {
		case err == nil:
			done = append(done, e.ID)
		case !errors.Is(err, apitoken.ErrConflict):
			f.broken("a write of %s: %v", id, err)
		}
	}
	was := newUser(id)
	e := userCreated(was)
	_, err := f.store.CreateUser(f.Context(), was, e)
	note(e, err)
	for i := 0; more(i); i++ {
		n := draft(id, fmt.Sprint(i))
		n.Epoch = was.Epoch
		e = generated(n)
		note(e, f.store.CreateToken(f.Context(), n, 0, e))
		e = denied(id)
		note(e, f.store.AppendEvents(f.Context(), []apitoken.Event{e}))
		e = revoked(n, later(microsecond, id))
		_, err := f.store.RevokeToken(f.Context(), n.ID, later(microsecond, id), e)
		note(e, err)
		end := apitoken.UserChange{EndEpoch: true, IfRevision: was.Revision}
		is, e := applied(was, end, ending(id, later(microsecond, id)))
		note(e, f.changes(id, end, e))
		stale := changing(id)
		note(stale, f.changes(id, end, stale)) // at a former revision
		was = is
	}
	return done
}
