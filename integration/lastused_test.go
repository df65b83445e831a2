package integration_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// However often tokens are used, a flush writes the last use of each once, at most 256 in a statement. A statement is padded to a
// power of two.
func TestUsesAreWrittenTogether(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 301)
			const unused = 300
			for range 100 {
				h.clock.add(2 * time.Minute)
				h.use(0)
			}
			if diff := cmp.Diff([]int(nil), h.written()); diff != "" {
				t.Errorf("statements before there was a flush (-want +got):\n%s", diff)
			}
			must(t, h.Flush(t.Context()))
			if diff := cmp.Diff([]int{1}, h.written()); diff != "" {
				t.Errorf("tokens in each statement for 100 uses of one (-want +got):\n%s", diff)
			}
			h.lastUsed(0, h.clock.Now())
			for range 3 {
				h.clock.add(2 * time.Minute)
				for token := range unused {
					h.use(token)
				}
			}
			must(t, h.Flush(t.Context()))
			if diff := cmp.Diff([]int{256, 64}, h.written()); diff != "" {
				t.Errorf("tokens in each statement for 900 uses of 300 (-want +got):\n%s", diff)
			}
			for token := range unused {
				h.lastUsed(token, h.clock.Now())
			}
			h.lastUsed(unused, time.Time{})
			must(t, h.Flush(t.Context()))
			if diff := cmp.Diff([]int(nil), h.written()); diff != "" {
				t.Errorf("statements without pending uses (-want +got):\n%s", diff)
			}
		})
	}
}

// While another transaction locks the rows of all tokens, every request is served. A flush fails when its context ends. The next
// flush after the lock is released writes the last uses.
func TestLockedTokensHoldUpNobody(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			h := newBusyHost(t, b, 2)
			unlock := h.lock()
			h.use(0)
			flushing, giveUp := context.WithTimeout(t.Context(), time.Minute) // in case requests wait for it
			flushed := make(chan error, 1)
			go func() { flushed <- h.Flush(flushing) }()
			h.untilHeldUp()
			for range 500 {
				h.clock.add(2 * time.Minute)
				h.use(0)
				h.use(1)
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
			must(t, h.Flush(t.Context()))
			h.lastUsed(0, h.clock.Now())
			h.lastUsed(1, h.clock.Now())
		})
	}
}
