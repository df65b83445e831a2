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

// allCalls is the workload of the test: 6 clients at two owners with two names each. Each further client multiplies the
// orders that the checker may have to try. With 8 clients some histories take a minute.
var allCalls = workload{
	clients: 6,
	rounds:  5,
	acts:    3,
	owners:  []apitoken.UserID{"bob", "carol"},
	names:   []string{"deploy", "backup"},
	weights: map[kind]int{
		actGenerate: 28, actAuthenticate: 24, actList: 16, actRevoke: 8, actSetPolicy: 8, actEnable: 6, actReadUser: 5, actDisable: 4, actRevokeAll: 4, actRename: 6, actRevokeMany: 3,
		actFlush: 4, actReadPolicy: 3, actMoveClock: 3, actSuspend: 2, actResume: 4, actSweep: 1,
		actPutRole: 6,
	},
	failures: true,
}

// TestHistoriesAreLinearizable runs 6 clients with a Manager each on one store concurrently, and checks their history:
// there must be an order of all moments that agrees with the order of non-overlapping acts and in which the specification
// gives the same results. On a server the clients use three connection pools.
//
// The environment variable APITOKEN_HISTORIES sets the number of histories on each store. Without it there are 200, with -short
// a quarter of that for stores outside of memory. APITOKEN_SEED seeds the random choices. A seed does not repeat the
// scheduling, so it may take several runs to repeat a failure.
func TestHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, store.holdLinearizable)
	}
}

func (s namedStore) holdLinearizable(t *testing.T) {
	open := s.prepare(t)
	histories := 200
	if testing.Short() && s.name != "memory" {
		histories = 50
	}
	histories, seed := fromEnvironment(t, "APITOKEN_HISTORIES", histories), firstSeed(t)
	var acts, overlapping int
	var slowest time.Duration
	seen := coverage{}
	for i := range histories {
		h := runHistory(t, allCalls, open, seed+uint64(i))
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
			t.Errorf("no history has the result %q", answer)
		}
	}
}

// mustBeSeen are the results that the histories must have.
var mustBeSeen = []string{
	"generate: ok", "generate: ErrExists", "generate: ErrLifetime", "generate: ErrUserDisabled", "generate: ErrUncertain",
	"authenticate: ok", "authenticate: ErrRevoked", "authenticate: ErrExpired", "authenticate: ErrUserDisabled",
	"authenticate: ErrSuspended", "suspend: ok", "resume: ok", "role: ok",
	"set policy: ok", "set policy: ErrConflict", "disable: ok", "enable: ok", "revoke: ok", "revoke all: ok",
	"list: ok", "list: ErrDenied", "flush: ok",
}

// firstSeed returns and logs the seed of the random choices.
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
