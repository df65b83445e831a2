package integration_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// A network may drop all packets silently. A change whose COMMIT gets no answer returns after its context has ended: with the
// outcome if it can be determined, and otherwise with ErrUncertain. That takes seconds, so the cases run in parallel.
func TestUnansweredCommitEndsAfterTheContext(t *testing.T) {
	t.Parallel()
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			var going sync.WaitGroup
			for _, arrives := range []bool{false, true} {
				s := b.behindProxy(t)
				writes, _ := storeCallsOf(t, s.store, s.old)
				o := writes[0]
				_, after, _ := s.goesWell(t, o)
				s.restore(t, s.plain, s.from)
				going.Go(func() { s.holdUnanswered(t, o, arrives, after) })
			}
			going.Wait()
		})
	}
}

func (s *behind) holdUnanswered(t *testing.T, o storeCall, arrives bool, after []string) {
	what := fmt.Sprintf("%s, the COMMIT arrives: %v", o.name, arrives)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.proxy.cut(severance{at: isCommit, after: arrives, silent: true, then: cancel})
	start := time.Now()
	answer := make(chan error, 1)
	go func() {
		_, err := o.do(ctx)
		answer <- err
	}()
	var err error
	select {
	case err = <-answer:
	case <-time.After(longestWait):
		t.Errorf("%s: no answer %v after the context has ended", what, longestWait)
		s.proxy.hangUp()
		err = <-answer
	}
	s.holdCommitCut(t, what, arrives)
	// If the COMMIT did not arrive, its transaction keeps its locks until the server notices. A change that is one statement has
	// no locks then, so it is repeated.
	want, known := after, arrives || s.driver == "pgx"
	if !known {
		want = s.from.lines()
	}
	if known && gaveUp(t, what, start, err) {
		_, err = o.do(context.Background())
	}
	if known && err != nil || !known && !errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("%s: error %v", what, err)
	}
	if diff := cmp.Diff(want, s.contents(t, s.plain).lines()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	s.proxy.hangUp()
	if _, err := o.do(context.Background()); err != nil {
		t.Errorf("%s, again: %v", what, err)
	}
	if diff := cmp.Diff(after, s.contents(t, s.plain).lines()); diff != "" {
		t.Errorf("%s, again (-want +got):\n%s", what, diff)
	}
}
