package integration_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
)

// everybody is the workload of the test: 6 clients at two owners with two names each. With every client more, the checker may
// have to try several times as many orders; with 8 there is a history now and then that keeps it busy for a minute.
var everybody = workload{
	clients: 6,
	rounds:  5,
	acts:    3,
	owners:  []apitoken.UserID{"bob", "carol"},
	names:   []string{"deploy", "backup"},
	weights: map[kind]int{
		actGenerate: 28, actAuthenticate: 24, actList: 16, actRevoke: 8, actSetPolicy: 8, actEnable: 6, actReadUser: 5, actDisable: 4, actRevokeAll: 4,
		actFlush: 4, actReadPolicy: 3, actMoveClock: 3,
	},
	trouble: true,
}

// TestHistoriesAreLinearizable has 6 clients, each with a Manager of its own, work on one store at the same time, and has
// what they saw checked: there must be an order of all moments, in keeping with what was over before what, in which the
// specification gives the same answers. On a server the clients are spread over three connection pools.
//
// The environment variables APITOKEN_HISTORIES and APITOKEN_SEED set how many histories there are, 200 if it is not
// set, and what the random choices begin with. Under the race detector there are so many in memory, and a quarter of that
// elsewhere. Scheduling is not repeated by a seed, so a failure may take several runs.
func TestHistoriesAreLinearizable(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, store.holdLinearizable)
	}
}

func (s namedStore) holdLinearizable(t *testing.T) {
	open := s.prepare(t)
	histories, seed := fromEnvironment(t, "APITOKEN_HISTORIES", 200), firstSeed(t)
	if raceDetector && s.name != "memory" {
		histories /= 4
	}
	var acts, overlapping int
	var slowest time.Duration
	seen := coverage{}
	for i := range histories {
		h := runHistory(t, everybody, open, seed+uint64(i))
		acts += len(h.acts)
		overlapping += h.overlapping()
		for _, a := range h.acts {
			seen[string(a.kind)+": "+strings.Fields(sentinels(a.err))[0]]++
		}
		began := time.Now()
		if result := h.check(); result != porcupine.Ok {
			t.Fatalf("history %d: %s\n%s", i, result, h)
		}
		slowest = max(slowest, time.Since(began))
	}
	for _, answer := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%7d  %s", seen[answer], answer)
	}
	t.Logf("%d histories, %d operations, %.1f %% of them overlap another, 0 violations, 0 unknown, slowest check %s",
		histories, acts, 100*float64(overlapping)/float64(acts), slowest.Round(time.Millisecond))
	if 2*overlapping < acts {
		t.Errorf("%d of %d operations overlap another, want at least half", overlapping, acts)
	}
	for _, answer := range mustBeSeen {
		if histories >= 200 && seen[answer] == 0 {
			t.Errorf("no history has the answer %q: the histories do not try enough", answer)
		}
	}
}

// mustBeSeen are answers without which the histories would show little.
var mustBeSeen = []string{
	"generate: ok", "generate: ErrExists", "generate: ErrLifetime", "generate: ErrUserDisabled", "generate: ErrUncertain",
	"authenticate: ok", "authenticate: ErrRevoked", "authenticate: ErrExpired", "authenticate: ErrUserDisabled",
	"set policy: ok", "set policy: ErrConflict", "disable: ok", "enable: ok", "revoke: ok", "revoke all: ok",
	"list: ok", "list: ErrDenied", "flush: ok",
}

// firstSeed is what the random choices begin with, and is printed.
func firstSeed(t *testing.T) uint64 {
	t.Helper()
	seed := fromEnvironment(t, "APITOKEN_SEED", int(time.Now().UnixNano()))
	t.Logf("APITOKEN_SEED=%d", seed)
	return uint64(seed)
}

// runHistory runs the workload on an empty store.
func runHistory(t *testing.T, w workload, open opener, seed uint64) *history {
	t.Helper()
	replicas, done := open(t)
	defer done()
	h, err := w.run(replicas, seed)
	must(t, err)
	return h
}
