package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// behind is a store whose connections go through a proxy.
type behind struct {
	database // through the proxy
	proxy    *proxy
	plain    *sql.DB // past the proxy
	store    *sqlstore.Store
	from     contents
	old      apitoken.NewToken
}

// behindProxy makes a store behind a proxy, and prepares it for changes.
func (b backend) behindProxy(t *testing.T) *behind {
	t.Helper()
	d := b.database(t)
	there, p := d.through(t)
	s := &behind{database: there, proxy: p, plain: d.open(t, 0)}
	s.store = there.newMigrated(t, there.open(t, 0), nil)
	s.old, _ = prepareForChanges(t, s.store)
	s.from = s.contents(t, s.plain)
	return s
}

// goesWell runs a call without a fault. It returns the answer, the rows afterwards, and the statements.
func (s *behind) goesWell(t *testing.T, o storeCall) (answer any, after, statements []string) {
	t.Helper()
	for range 2 { // the first time it may have to prepare something
		s.restore(t, s.plain, s.from)
		s.proxy.statements()
		var err error
		if answer, err = o.do(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return answer, s.contents(t, s.plain).lines(), s.proxy.statements()
}

// isCommit reports whether a statement commits: COMMIT, or a change that is one statement.
func isCommit(text string) bool {
	return strings.EqualFold(text, "COMMIT") || isAtOnce(text)
}

// commitOf returns what recognises the COMMIT of a method. A claim on PostgreSQL has a statement in its transaction that commits
// by itself elsewhere.
func commitOf(method string) func(text string) bool {
	if method == "ClaimOffer" {
		return func(text string) bool { return strings.EqualFold(text, "COMMIT") }
	}
	return isCommit
}

// isAtOnce reports whether a statement is a change on PostgreSQL that commits by itself.
func isAtOnce(text string) bool {
	return strings.HasPrefix(text, "WITH ") && strings.Contains(text, "INSERT INTO apitoken_events") &&
		!strings.Contains(text, "UPDATE apitoken_policy") // which is part of a transaction
}

// committed is the answer of the server to a statement that commits.
func (b backend) committed(text string) string {
	switch {
	case b.driver != "pgx":
		return "OK"
	case isAtOnce(text):
		return "SELECT 1"
	}
	return "COMMIT"
}

// A change whose COMMIT gets no answer is done once and succeeds, whether or not the COMMIT had arrived.
func TestCutCommitIsDoneOnce(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			s := b.behindProxy(t)
			writes, _ := storeCallsOf(t, s.store, s.old)
			writes = append(writes, removalsOf(t, s.store, s.old)...)
			const each = 100
			cut := map[bool]int{}
			for _, o := range writes {
				_, after, _ := s.goesWell(t, o)
				for i := range 2 * (each + len(writes) - 1) / len(writes) {
					arrives := i%2 == 1
					s.restore(t, s.plain, s.from)
					s.proxy.cut(severance{at: commitOf(o.name), after: arrives})
					what := fmt.Sprintf("%s, the COMMIT arrives: %v", o.name, arrives)
					start := time.Now()
					_, err := o.do(context.Background())
					s.holdCommitCut(t, what, arrives)
					cut[arrives]++
					if gaveUp(t, what, start, err) {
						_, err = o.do(context.Background())
					}
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
					for _, when := range []string{"", ", again"} {
						if diff := cmp.Diff(after, s.contents(t, s.plain).lines()); diff != "" {
							t.Errorf("%s%s (-want +got):\n%s", what, when, diff)
						}
						if _, err := o.do(context.Background()); err != nil {
							t.Errorf("%s, again: %v", what, err)
						}
					}
				}
			}
			if cut[true] < each || cut[false] < each {
				t.Errorf("only %d COMMITs were cut that arrived, and %d that did not", cut[true], cut[false])
			}
			t.Logf("%d COMMITs were cut that arrived, and %d that did not", cut[true], cut[false])
		})
	}
}

// holdCommitCut checks that exactly one connection was cut, at its COMMIT, and whether the COMMIT arrived.
func (s *behind) holdCommitCut(t *testing.T, what string, arrives bool) {
	t.Helper()
	cuts := s.proxy.cuts()
	if len(cuts) != 1 || !isCommit(cuts[0].text) || cuts[0].sent != arrives || arrives && cuts[0].answer != s.committed(cuts[0].text) {
		t.Errorf("%s: cut was %+v", what, cuts)
	}
}

// If no server is left to determine the outcome of a COMMIT, the answer is ErrUncertain. That takes seconds, so the cases run in
// parallel.
func TestCutCommitWithoutAServerIsUncertain(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			var going sync.WaitGroup
			for i, n := 0, 1; i < n; i++ {
				for _, arrives := range []bool{false, true} {
					s := b.behindProxy(t)
					writes, _ := storeCallsOf(t, s.store, s.old)
					n = len(writes)
					o := writes[i]
					_, after, _ := s.goesWell(t, o)
					s.restore(t, s.plain, s.from)
					going.Go(func() { s.holdUncertain(t, o, arrives, after) })
				}
			}
			going.Wait()
		})
	}
}

func (s *behind) holdUncertain(t *testing.T, o storeCall, arrives bool, after []string) {
	what := fmt.Sprintf("%s, the COMMIT arrives: %v", o.name, arrives)
	s.proxy.cut(severance{at: commitOf(o.name), after: arrives, refuse: true})
	_, err := o.do(context.Background())
	s.holdCommitCut(t, what, arrives)
	if !errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("%s: error %v, want %v", what, err, apitoken.ErrUncertain)
	}
	want := s.from.lines()
	if arrives {
		want = after
	}
	if diff := cmp.Diff(want, s.contents(t, s.plain).lines()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	s.proxy.refuse(false)
	if _, err := o.do(context.Background()); err != nil {
		t.Errorf("%s, again: %v", what, err)
	}
	if diff := cmp.Diff(after, s.contents(t, s.plain).lines()); diff != "" {
		t.Errorf("%s, again (-want +got):\n%s", what, diff)
	}
}

// If a connection is cut at any statement, the answer agrees with the stored rows.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			s := b.behindProxy(t)
			writes, reads := storeCallsOf(t, s.store, s.old)
			cuts := 0
			for _, o := range slices.Concat(writes, removalsOf(t, s.store, s.old), reads) {
				answer, after, statements := s.goesWell(t, o)
				for i := range statements {
					for _, arrives := range []bool{false, true} {
						s.restore(t, s.plain, s.from)
						s.holdCut(t, o, i, arrives, answer, after)
						cuts++
					}
				}
			}
			if cuts < 60 {
				t.Errorf("only %d cuts", cuts)
			}
			t.Logf("%d cuts", cuts)
		})
	}
}

// holdCut cuts the connection at the statement with index i.
func (s *behind) holdCut(t *testing.T, o storeCall, i int, arrives bool, want any, after []string) {
	t.Helper()
	n := 0
	s.proxy.cut(severance{after: arrives, at: func(string) bool {
		n++
		return n > i
	}})
	start := time.Now()
	answer, err := o.do(context.Background())
	cuts := s.proxy.cuts()
	what := fmt.Sprintf("%s, statement %d: %+v", o.name, i+1, cuts)
	if gaveUp(t, what, start, err) {
		answer, err = o.do(context.Background())
	}
	nameHeld := len(cuts) == 1 && strings.HasPrefix(cuts[0].text, "INSERT INTO apitoken_tokens") // by an expired token, which is released next
	if len(cuts) != 1 || cuts[0].sent != arrives || cuts[0].answer == "ERROR" && !nameHeld {
		t.Errorf("%s: want one cut, sent: %v", what, arrives)
	}
	before, now := s.from.lines(), s.contents(t, s.plain).lines()
	switch {
	case err == nil && (!cmp.Equal(want, answer) || !slices.Equal(after, now)):
		t.Errorf("%s: success, with the answer %v (-want +got):\n%s", what, answer, cmp.Diff(after, now))
	case err != nil && !slices.Equal(before, now) && want == nil:
		t.Errorf("%s: error %v, but something was done (-want +got):\n%s", what, err, cmp.Diff(before, now))
	}
	for _, no := range []error{apitoken.ErrUncertain, apitoken.ErrNotFound, apitoken.ErrExists, apitoken.ErrConflict} {
		if errors.Is(err, no) {
			t.Errorf("%s: error %v is %v", what, err, no)
		}
	}
	answer, err = o.do(context.Background())
	if diff := cmp.Diff(after, s.contents(t, s.plain).lines()); err != nil || !cmp.Equal(want, answer) || diff != "" {
		t.Errorf("%s, again: error %v, answer %v (-want +got):\n%s", what, err, answer, diff)
	}
}
