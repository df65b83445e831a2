package integration_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-d6cf0a46/apitoken"
)

// TestModelAnswersLikeTheManager runs random sequences of 50 operations on every store and on the reference, and compares
// every answer: value and error. A failure is made smaller, and printed with the seed that repeats it.
//
// Each store gets 2,000 sequences, or as many as the environment variable APITOKEN_SEQUENCES says; one on a server gets a
// tenth of that. Under the race detector, which makes it ten times slower, there are fewer: a sequence is a single goroutine.
func TestModelAnswersLikeTheManager(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, store.holdModel)
	}
}

func (s namedStore) holdModel(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true") // the seed repeats it as well
	open := s.prepare(t)
	want := s.sequences(fromEnvironment(t, "APITOKEN_SEQUENCES", 2000))
	setFlag(t, "rapid.checks", strconv.Itoa(want))
	seen, ran := coverage{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		p := plans().Draw(rt, "plan")
		replicas, done := open(t)
		defer done()
		if _, ok := replicas[0].(apitoken.TokenScanner); !ok {
			t.Fatalf("%T is no apitoken.TokenScanner, and so nothing is scanned", replicas[0])
		}
		if difference := runPlan(replicas, newMovable(beginning), p, seen); difference != "" {
			rt.Log(difference)
			rt.Fatal("the Managers and the reference differ") // always the same text: package rapid goes by it
		}
		ran++
	})
	if ran != want && !testing.Short() {
		t.Errorf("%d sequences ran, want %d", ran, want)
	}
	answers := 0
	for _, answer := range slices.Sorted(maps.Keys(seen)) {
		answers += seen[answer]
		t.Logf("%7d  %s", seen[answer], answer)
	}
	t.Logf("%d sequences of %d operations, %d answers compared, 0 differences", ran, stepsOfPlan, answers)
	for _, answer := range mustOccur {
		if ran >= 500 && seen[answer] == 0 { // the rarest is in every twentieth; with fewer, chance may leave one out
			t.Errorf("no sequence made the answer %q: the sequences do not try enough", answer)
		}
	}
}

// sequences is how many of a number of sequences there is time for.
func (s namedStore) sequences(n int) int {
	switch {
	case s.name == "memory" && raceDetector:
		n /= 4
	case s.name != "memory" && raceDetector:
		n /= 40
	case s.server:
		n /= 10
	}
	return max(1, n)
}

// fromEnvironment is a number from the environment.
func fromEnvironment(t *testing.T, name string, unset int) int {
	t.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return unset
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// setFlag sets a flag of package rapid, which takes its settings in no other way, until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	was := flag.Lookup(name).Value.String()
	must(t, flag.Set(name, value))
	t.Cleanup(func() { _ = flag.Set(name, was) })
}

// mustOccur are answers without which the sequences would show little.
var mustOccur = []string{
	"generate: ok", "generate: ErrLifetime", "generate: ErrInvalid", "generate: ErrDenied", "generate: ErrExists",
	"generate: ErrNotFound", "generate: ErrUserDisabled",
	"authenticate: ok", "authenticate: ErrExpired", "authenticate: ErrRevoked", "authenticate: ErrUserDisabled",
	"authenticate: ErrMalformed", "authenticate: ErrUnknownToken",
	"set policy: ok", "set policy: ErrConflict", "set policy: ErrDenied", "set policy: ErrInvalid",
	"revoke: ok", "revoke: ErrNotFound", "revoke: ErrDenied", "revoke all: ok", "revoke all: ErrDenied", "revoke all: ErrNotFound",
	"disable: ok", "disable: ErrDenied", "disable: ErrNotFound", "enable: ok", "put user: ok", "put user: ErrDenied",
	"list: ok", "list: ErrDenied", "list: ErrInvalid",
	"page: ok", "page: ErrDenied", "page: ErrInvalid", "scan: ok", "events: ok", "events: ErrDenied",
}
