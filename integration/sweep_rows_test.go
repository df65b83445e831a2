package integration_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// envSweepRows is the variable with the number of tokens, and of events, in the test of a sweep.
const envSweepRows = "APITOKEN_SWEEP_ROWS"

// mostPieces is how much of a pass is measured. A million rows take longer than a test should.
const mostPieces = 500

// A pass over many old tokens and events removes them all but the active ones. With a number of rows in the environment, no
// statement may take longer than 100 ms; the figures are logged in any case.
func TestSweepOfManyRows(t *testing.T) {
	long(t)
	rows := fromEnvironment(t, envSweepRows, 600)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t).withoutDisk()
			db := d.open(t, 0)
			d.loadForScans(t, db, rows)
			for statement := range strings.SplitSeq(oldEvents[d.driver], ";") {
				mustExec(t, db, strings.ReplaceAll(statement, "{rows}", fmt.Sprint(rows)))
			}
			watched, times := &spy{}, &times{}
			times.reset()
			watched.surround(times.measure)
			m := managerOf(t, d.newStore(t, watched.openPool(t, d.driver, d.dsns[0]), nil), nil)
			active, err := m.CountTokens(t.Context(), apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive})
			must(t, err)
			times.reset()
			start := time.Now()
			p := apitoken.SweepParams{Revoked: apitoken.Days(1), Expired: apitoken.Days(1), Events: apitoken.Days(1)}
			var sum apitoken.Swept
			sum.More = true
			pieces := 0
			for ; sum.More && pieces < mostPieces; pieces++ {
				swept, err := m.Sweep(t.Context(), apitoken.System(), p)
				must(t, err)
				sum.Tokens, sum.Events, sum.More, p.After = sum.Tokens+swept.Tokens, sum.Events+swept.Events, swept.More, swept.Next
			}
			t.Logf("%d tokens and %d events are removed in %d calls and %v; %s",
				sum.Tokens, sum.Events, pieces, time.Since(start).Round(time.Millisecond), times)
			if !sum.More && (sum.Tokens != rows-active || sum.Events != rows) {
				t.Errorf("%d tokens and %d events are removed, want %d and %d", sum.Tokens, sum.Events, rows-active, rows)
			}
			if longest, text := times.longest(); longest > 100*time.Millisecond && os.Getenv(envSweepRows) != "" {
				t.Errorf("a statement takes %v, want 100ms at most: %s", longest, text)
			}
		})
	}
}

// oldEvents makes events of 1970, with their numbers.
var oldEvents = map[string]string{
	"sqlite": `
INSERT INTO apitoken_events (id, at, action, outcome, actor_kind, actor_user, owner, after_state)
SELECT unhex(printf('%032x', i)), i, 'token.generate', 'done', 'person', 'user' || (i % 1000), 'user' || (i % 1000), '{"name":"ci","kind":"user"}'
FROM numbers`,
	"pgx": `
INSERT INTO apitoken_events (seq, id, at, action, outcome, actor_kind, actor_user, owner, after_state)
SELECT i, decode(lpad(to_hex(i), 32, '0'), 'hex'), i, 'token.generate', 'done', 'person', 'user' || (i % 1000), 'user' || (i % 1000), '{"name":"ci","kind":"user"}'
FROM numbers ORDER BY i;
UPDATE apitoken_feed SET last_seq = {rows}`,
	"mysql": `
INSERT INTO apitoken_events (seq, id, at, action, outcome, actor_kind, actor_user, owner, after_state)
SELECT i, unhex(lpad(hex(i), 32, '0')), i, 'token.generate', 'done', 'person', concat('user', i % 1000), concat('user', i % 1000), '{"name":"ci","kind":"user"}'
FROM numbers ORDER BY i;
UPDATE apitoken_feed SET last_seq = {rows}`,
}

// times measures the statements of a pool, one at a time.
type times struct {
	mu   sync.Mutex
	last string        // the statement whose rows are being read
	took time.Duration // so far
	all  []time.Duration
	max  time.Duration
	of   string // the longest
}

func (m *times) measure(c driverCall, do func() error) error {
	start := time.Now()
	err := do()
	d := time.Since(start)
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.kind == callConnect || c.kind == callPrepare {
		return err
	}
	if c.kind != callNext {
		m.last, m.took = c.text, 0
		m.all = append(m.all, 0)
	}
	m.took += d
	m.all[len(m.all)-1] = m.took
	if m.took > m.max {
		m.max, m.of = m.took, m.last
	}
	return err
}

func (m *times) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.took, m.all, m.max, m.of = "", 0, []time.Duration{0}, 0, ""
}

func (m *times) longest() (time.Duration, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.max, m.of
}

func (m *times) String() string {
	longest, of := m.longest()
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.all)
	over, _ := slices.BinarySearch(m.all, 100*time.Millisecond)
	return fmt.Sprintf("%d statements, of which 99 %% take %v at most and %d take over 100 ms, the longest %v: %.60q", len(m.all),
		m.all[len(m.all)*99/100].Round(100*time.Microsecond), len(m.all)-over, longest.Round(100*time.Microsecond), strings.Join(strings.Fields(of), " "))
}
