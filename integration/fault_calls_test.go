package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// stage is a store with a spy that injects faults.
type stage struct {
	database
	db    *sql.DB // with the spy
	plain *sql.DB // without it
	spy   *spy
	store *sqlstore.Store
	first bool // the first use of a store: faults also strike connecting and preparing
	cases int  // the number of injected faults
}

func TestEveryFaultAtEveryCall(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			s := b.stage(t)
			old, _ := prepareForChanges(t, s.store)
			empty := s.contents(t, s.plain)
			writes, reads := storeCallsOf(t, s.store, old)
			writes = append(writes, removalsOf(t, s.store, old)...)
			for _, o := range append(writes, reads...) {
				t.Run(o.name, func(t *testing.T) { s.meetsFaults(t, o, empty) })
			}
			for _, o := range writes {
				t.Run(o.name+" again", func(t *testing.T) { s.meetsFaultsAgain(t, o, empty) })
			}
			t.Logf("%d faults", s.cases)
			if s.cases < 60*len(s.manyFaults()) {
				t.Errorf("only %d faults", s.cases)
			}
		})
	}
}

func (b backend) stage(t *testing.T) *stage {
	d := b.database(t)
	if b.driver == "sqlite" {
		d.dsns[0] = strings.Replace(d.dsns[0], "synchronous(FULL)", "synchronous(OFF)", 1) // thousands of transactions
	}
	s := &stage{database: d, plain: d.open(t, 0)}
	s.db, s.spy = openSpied(t, d)
	s.store = d.newMigrated(t, s.db, nil)
	return s
}

// manyFaults returns all faults, or a few with -short.
func (s *stage) manyFaults() []fault {
	if testing.Short() {
		return s.fewFaults()
	}
	return s.faults()
}

// course is a run of an operation: its answer, the rows before and after, and its calls to the driver.
type course struct {
	answer        any
	before, after []string
	calls         []driverCall
}

// meetsFaults injects every fault at every call of an operation, beginning with the same rows each time.
func (s *stage) meetsFaults(t *testing.T, o storeCall, from contents) {
	s.restore(t, s.plain, from)
	good := s.goesWell(t, o)
	for k, call := range good.calls {
		for _, f := range s.manyFaults() {
			if s.believes(f, call, "apitoken_epochs", "apitoken_offers") {
				continue // the store cannot know better
			}
			s.cases++
			s.restore(t, s.plain, from)
			s.meetsFault(t, o, f, k, good)
		}
	}
}

// meetsFault injects a fault at one call of an operation.
func (s *stage) meetsFault(t *testing.T, o storeCall, f fault, k int, good course) {
	t.Helper()
	call := good.calls[k]
	what := fmt.Sprintf("%s at call %d of %d, %s", f.name, k+1, len(good.calls), call)
	start := time.Now()
	answer, err := s.strike(t, o, f, k)
	if !gaveUp(t, what, start, err) {
		s.holdCourse(t, what, good, answer, err)
		if err != nil {
			s.holdTrouble(t, what, f, call, err)
		}
	}
	s.holdRecovered(t, what, o, good)
}

// gaveUp reports whether a change did not determine the outcome of its COMMIT within the time that it has for that. A busy
// machine may cause it, so the tests accept it. An earlier ErrUncertain is an error.
func gaveUp(t *testing.T, what string, start time.Time, err error) bool {
	const limit = 2 * time.Second
	slow := errors.Is(err, apitoken.ErrUncertain) && time.Since(start) > limit
	if slow {
		t.Logf("%s: gave up after %v: %v", what, time.Since(start), err)
	}
	return slow
}

// holdCourse checks that the operation was done in full or not at all, as the answer says.
func (s *stage) holdCourse(t *testing.T, what string, good course, answer any, err error) {
	t.Helper()
	now := s.contents(t, s.plain).lines()
	switch {
	case err == nil:
		if diff := cmp.Diff(good.answer, answer); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", what, diff)
		}
		if diff := cmp.Diff(good.after, now); diff != "" {
			t.Errorf("%s: success, but the rows differ (-want +got):\n%s", what, diff)
		}
	case good.answer != nil: // a read, which may number events even if it fails
		if !slices.Equal(now, good.before) && !slices.Equal(now, good.after) {
			t.Errorf("%s: the rows changed in part (-want +got):\n%s", what, cmp.Diff(good.before, now))
		}
	case !slices.Equal(now, good.before):
		t.Errorf("%s: error %v, but the rows changed (-want +got):\n%s", what, err, cmp.Diff(good.before, now))
	}
}

// meetsFaultsAgain injects the faults into a repetition of an operation that was done, as if its answer had been lost.
func (s *stage) meetsFaultsAgain(t *testing.T, o storeCall, from contents) {
	s.restore(t, s.plain, from)
	s.goesWell(t, o)
	good := s.goesWell(t, o)
	known := slices.IndexFunc(good.calls, func(c driverCall) bool { return c.kind == callRollback })
	for k, call := range good.calls {
		for _, f := range s.manyFaults() {
			if s.believes(f, call, "apitoken_epochs", "apitoken_offers") {
				continue // the store cannot know better
			}
			s.cases++
			_, err := s.strike(t, o, f, k)
			what := fmt.Sprintf("%s at call %d of %d, %s", f.name, k+1, len(good.calls), call)
			switch {
			case err == nil || errors.Is(err, apitoken.ErrUncertain):
			case known >= 0 && k > known:
				t.Errorf("%s: error %v denies a write that the store had found", what, err)
			default:
				s.holdTrouble(t, what, f, call, err)
			}
			s.holdRecovered(t, what, o, good)
		}
	}
}

// goesWell runs an operation without a fault. From the second run on all statements are prepared, and each run makes the same
// calls.
func (s *stage) goesWell(t *testing.T, o storeCall) (good course) {
	t.Helper()
	good.before = s.contents(t, s.plain).lines()
	s.spy.surround(func(c driverCall, do func() error) error {
		if s.counts(c) {
			good.calls = append(good.calls, c)
		}
		return do()
	})
	var err error
	good.answer, err = o.do(context.Background())
	s.spy.surround(nil)
	must(t, err)
	good.after = s.contents(t, s.plain).lines()
	return good
}

// counts reports whether a call is one at which a fault may strike.
func (s *stage) counts(c driverCall) bool {
	return s.first || c.kind != callConnect && c.kind != callPrepare
}

func (c driverCall) String() string {
	text, _, _ := strings.Cut(c.text, "\n")
	return fmt.Sprintf("%s %s", c.kind, text)
}

// strike runs an operation with a fault at call k, counted from 0.
func (s *stage) strike(t *testing.T, o storeCall, f fault, k int) (any, error) {
	t.Helper()
	inner, end := context.WithCancel(context.Background())
	defer end()
	var n atomic.Int64 // atomic because database/sql rolls back in its own goroutine when a context ends
	s.spy.surround(func(c driverCall, do func() error) error {
		if !s.counts(c) || n.Add(1) != int64(k+1) {
			return do()
		}
		return f.strike(c, do, end)
	})
	defer s.spy.surround(nil)
	ctx := ended{inner, context.Canceled}
	if f.context != nil {
		ctx.err = f.context
	}
	answer, err := o.do(ctx)
	if n.Load() <= int64(k) {
		t.Errorf("%s: there were only %d calls", f.name, n.Load())
	}
	return answer, err
}

// believes reports whether a fault is one that the store cannot recognize: a refusal of a statement that has committed by
// itself, or a false duplicate of a row of one of the tables. On PostgreSQL it recognizes that one, because its INSERTs of these
// rows never cause that error.
func (s *stage) believes(f fault, c driverCall, tables ...string) bool {
	if f.refused && c.kind == callNext && isAtOnce(c.text) {
		return true
	}
	return f.duplicate && s.driver != "pgx" && slices.ContainsFunc(tables, func(table string) bool {
		return strings.HasPrefix(c.text, "INSERT INTO "+table)
	})
}

// holdTrouble checks that an error is a failure and not a decision, and that it says what was attempted and why it failed.
func (s *stage) holdTrouble(t *testing.T, what string, f fault, c driverCall, err error) {
	t.Helper()
	if s.believes(f, c, "apitoken_tokens", "apitoken_users") {
		return
	}
	for _, verdict := range []error{apitoken.ErrNotFound, apitoken.ErrExists, apitoken.ErrConflict} {
		if errors.Is(err, verdict) {
			t.Errorf("%s: error %v is %v", what, err, verdict)
		}
	}
	if errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("%s: error %v, want a certain outcome after a single fault", what, err)
	}
	if !strings.HasPrefix(err.Error(), "sqlstore: ") {
		t.Errorf("%s: error %v does not say what was attempted", what, err)
	}
	if f.context != nil && !errors.Is(err, f.context) {
		t.Errorf("%s: error %v, want %v", what, err, f.context)
	}
}

// holdRecovered checks that the fault has no lasting effect: the operation succeeds and is done once, and no connections or
// statements leak.
func (s *stage) holdRecovered(t *testing.T, what string, o storeCall, good course) {
	t.Helper()
	answer, err := o.do(context.Background())
	if err != nil {
		t.Errorf("%s, again: %v", what, err)
	}
	if diff := cmp.Diff(good.answer, answer); diff != "" {
		t.Errorf("%s, again: answer (-want +got):\n%s", what, diff)
	}
	if diff := cmp.Diff(good.after, s.contents(t, s.plain).lines()); diff != "" {
		t.Errorf("%s, again: rows (-want +got):\n%s", what, diff)
	}
	deadline := time.Now().Add(10 * time.Second)
	for s.db.Stats().InUse > 0 && time.Now().Before(deadline) {
		runtime.Gosched() // database/sql rolls back in the background when a context ends
	}
	stats := s.db.Stats()
	if stats.InUse > 0 {
		t.Fatalf("%s: %d connections leak", what, stats.InUse)
	}
	if n, most := s.spy.prepared(0), 48*stats.OpenConnections; n > most {
		t.Errorf("%s: %d statements are prepared on %d connections", what, n, stats.OpenConnections)
	}
}
