package integration_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// everywhere is every engine that needs no cluster.
var everywhere = append([]backend{onSQLite}, servers...)

// However often tokens are used, a flush writes the last use of each, and 256 of them in a statement. (A statement is filled
// up to a power of two.)
func TestUsesAreWrittenTogether(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 301)
			const unused = 300
			for range 100 {
				h.clock.add(2 * time.Minute)
				h.use(h.Manager, 0)
			}
			if diff := cmp.Diff([]int(nil), h.written()); diff != "" {
				t.Errorf("statements before there was a flush (-want +got):\n%s", diff)
			}
			h.must(h.Flush(t.Context()))
			if diff := cmp.Diff([]int{1}, h.written()); diff != "" {
				t.Errorf("tokens in each statement for 100 uses of one (-want +got):\n%s", diff)
			}
			h.lastUsed(0, h.clock.Now())
			for range 3 {
				h.clock.add(2 * time.Minute)
				for token := range unused {
					h.use(h.Manager, token)
				}
			}
			h.must(h.Flush(t.Context()))
			if diff := cmp.Diff([]int{256, 64}, h.written()); diff != "" {
				t.Errorf("tokens in each statement for 900 uses of 300 (-want +got):\n%s", diff)
			}
			for token := range unused {
				h.lastUsed(token, h.clock.Now())
			}
			h.lastUsed(unused, time.Time{})
			h.must(h.Flush(t.Context()))
			if diff := cmp.Diff([]int(nil), h.written()); diff != "" {
				t.Errorf("statements where nothing waits (-want +got):\n%s", diff)
			}
		})
	}
}

// Two replicas whose clocks differ have used the same tokens. Whoever is the last to write, the later use stays.
func TestLastUsedOnlyMovesForwardAcrossReplicas(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 2)
			late := newMovable(beginning.Add(-time.Hour))
			behind := h.replica(h.d.newMigrated(t, h.d.open(t, 1), nil), late)
			for token, order := range [][]*apitoken.Manager{{h.Manager, behind}, {behind, h.Manager}} {
				for _, m := range order {
					h.use(m, token)
					h.must(m.Flush(t.Context()))
				}
				h.lastUsed(token, beginning)
			}
		})
	}
}

func TestCloseWritesTheLastUses(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 1)
			m := h.replica(h.store, h.clock)
			h.use(m, 0)
			h.must(m.Close(t.Context()))
			h.lastUsed(0, beginning)
		})
	}
}

// While somebody else holds the rows of all tokens, every request is served. A flush fails when its context ends, and the
// next one, when the rows are free, writes the latest.
func TestLockedTokensHoldUpNobody(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 2)
			unlock := h.lock()
			h.use(h.Manager, 0)
			flushing, giveUp := context.WithTimeout(t.Context(), time.Minute) // so that requests which wait for it do not do so for ever
			flushed := make(chan error, 1)
			go func() { flushed <- h.Flush(flushing) }()
			h.untilHeldUp()
			for range 500 {
				h.clock.add(2 * time.Minute)
				h.use(h.Manager, 0)
				h.use(h.Manager, 1)
			}
			select {
			case err := <-flushed:
				t.Fatalf("a flush was over before the requests were served: %v", err)
			default:
			}
			giveUp()
			if err := <-flushed; !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("a flush whose context has ended: %v, want %v and %v", err, apitoken.ErrUnavailable, context.Canceled)
			}
			unlock()
			h.lastUsed(0, time.Time{})
			h.must(h.Flush(t.Context()))
			h.lastUsed(0, h.clock.Now())
			h.lastUsed(1, h.clock.Now())
		})
	}
}

// While the database refuses to write, every request is served, and the uses are written when it does so again.
func TestFailingWritesFailNobody(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 1)
			full := errors.New("disk full")
			h.spy.interfere(func(text string) error {
				if isTouch(text) {
					return full
				}
				return nil
			}, h.note)
			for range 3 {
				h.clock.add(time.Hour)
				h.use(h.Manager, 0)
				if err := h.Flush(t.Context()); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, full) {
					t.Errorf("flush: %v, want %v and %v", err, apitoken.ErrUnavailable, full)
				}
			}
			h.lastUsed(0, time.Time{})
			h.spy.interfere(nil, h.note)
			h.must(h.Flush(t.Context()))
			h.lastUsed(0, h.clock.Now())
		})
	}
}

// What waits for a database that does not write is bounded: 4,096 tokens. The uses of more are dropped and counted.
func TestWaitingUsesAreBounded(t *testing.T) {
	long(t)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			const waiting, more = 4096, 100
			h := newBusyHost(t, b, waiting+more)
			unlock := h.lock()
			for token := range waiting + more {
				h.use(h.Manager, token)
			}
			if n := h.UsesDropped(); n != more {
				t.Errorf("%d uses were dropped, want %d", n, more)
			}
			unlock()
			h.must(h.Flush(t.Context()))
			if diff := cmp.Diff(slices.Repeat([]int{256}, waiting/256), h.written()); diff != "" {
				t.Errorf("tokens in each statement (-want +got):\n%s", diff)
			}
			h.lastUsed(waiting-1, beginning)
			h.lastUsed(waiting, time.Time{})
		})
	}
}
