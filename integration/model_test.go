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
// the value and the error of every call. Package rapid simplifies a failing sequence, and prints it with its seed.
//
// Each store gets as many sequences as the environment variable APITOKEN_SEQUENCES says. Without it there are 2,000, a tenth of
// that for a store on a server, and fewer with -short. APITOKEN_SEED seeds the random choices.
func TestModelAnswersLikeTheManager(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, store.holdModel)
	}
}

func (s namedStore) holdModel(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true") // the seed is enough to repeat a failure
	open := s.prepare(t)
	want := fromEnvironment(t, "APITOKEN_SEQUENCES", s.sequences(2000))
	setFlag(t, "rapid.checks", strconv.Itoa(want))
	setFlag(t, "rapid.seed", strconv.FormatUint(firstSeed(t), 10))
	seen, ran := coverage{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		p := plans().Draw(rt, "plan")
		replicas, done := open(t)
		defer done()
		if _, ok := replicas[0].(apitoken.TokenPager); !ok {
			t.Fatalf("%T is no apitoken.TokenPager", replicas[0])
		}
		if difference := runPlan(replicas, newMovable(beginning), p, seen); difference != "" {
			rt.Log(difference)
			rt.Fatal("the Managers and the reference differ") // a constant text, because package rapid compares failures by it
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
		if ran >= 2000 && seen[answer] == 0 { // each occurs ten times or more among so many sequences
			t.Errorf("no sequence has the result %q", answer)
		}
	}
}

// sequences reduces a number of sequences for slow stores.
func (s namedStore) sequences(n int) int {
	switch {
	case s.name == "memory" && testing.Short():
		n /= 4
	case s.name != "memory" && testing.Short():
		n /= 40
	case s.server:
		n /= 10
	}
	return max(1, n)
}

// fromEnvironment returns a number from the environment, or unset.
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

// setFlag sets a flag of package rapid until the test ends. The package has no other settings.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	was := flag.Lookup(name).Value.String()
	must(t, flag.Set(name, value))
	t.Cleanup(func() { _ = flag.Set(name, was) })
}

// mustOccur are the results that the sequences must have.
var mustOccur = []string{
	"generate: ok", "generate: ErrLifetime", "generate: ErrInvalid", "generate: ErrDenied", "generate: ErrExists",
	"generate: ErrNotFound", "generate: ErrUserDisabled", "generate: ErrTooMany",
	"authenticate: ok", "authenticate: ErrExpired", "authenticate: ErrRevoked", "authenticate: ErrUserDisabled", "authenticate: ErrSuspended",
	"authenticate: ErrMalformed", "authenticate: ErrUnknownToken",
	"set policy: ok", "set policy: ErrConflict", "set policy: ErrDenied", "set policy: ErrInvalid",
	"revoke: ok", "revoke: ErrNotFound", "revoke: ErrDenied", "revoke text: ok", "revoke text: ErrNotFound", "revoke text: ErrDenied", "revoke all: ok", "revoke all: ErrDenied", "revoke all: ErrNotFound",
	"update token: ok", "update token: ErrInvalid", "update token: ErrDenied", "update token: ErrNotFound", "update token: ErrExists",
	"update token: ErrRevoked", "update token: ErrExpired",
	"offer: ok", "offer: ErrInvalid", "offer: ErrDenied", "offer: ErrLifetime", "offer: ErrNotFound", "withdraw: ok", "withdraw: ErrNotFound",
	"claim: ok", "claim: ErrRepeated", "claim: ErrExpired", "claim: ErrNotFound", "claim: ErrDenied", "offers: ok", "offers: ErrDenied",
	"disable: ok", "disable: ErrDenied", "disable: ErrNotFound", "enable: ok", "suspend: ok", "resume: ok", "put user: ok", "put user: ErrDenied",
	"list: ok", "list: ErrDenied", "list: ErrInvalid",
	"page: ok", "page: ErrDenied", "page: ErrInvalid", "scan: ok", "events: ok", "events: ErrDenied",
	"events: ErrTruncated", "sweep: ok", "sweep: ErrDenied", "sweep: ErrInvalid",
	"revoke many: ok", "revoke many: ErrInvalid", "revoke many: ErrDenied", "revoke many: ErrConflict",
	"plan policy: ok", "plan policy: ErrInvalid", "plan policy: ErrDenied", "plan policy: ErrConflict",
}
