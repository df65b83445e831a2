package storetest_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// broken is a store with one bug, and the subtests of the suite that have to find it.
type broken struct {
	name  string
	bug   string
	found []string // area and rule
	make  func(sound apitoken.Store) apitoken.Store
}

// on returns the same bug in another sound store.
func (b broken) on(other func(sound apitoken.Store) apitoken.Store) broken {
	bug := b.make
	b.make = func(sound apitoken.Store) apitoken.Store { return bug(other(sound)) }
	return b
}

func brokenStores() []broken {
	return slices.Concat(brokenWrites(), brokenUsers(), brokenServices(), brokenTokens(), brokenTokenChanges(), brokenRotations(), brokenNames(), brokenRooms(), brokenQueries(), brokenFilters(), brokenResources(),
		brokenScans(), brokenOrders(), brokenFacts(), brokenFound(), brokenEvents(), brokenTransactions(), brokenRaces(),
		brokenRemovals(), brokenOffers(), brokenForgettings(), brokenNotices(), brokenRevocationPages(), brokenPolicies(), brokenPermissions(), brokenNarrowings())
}

// The suite has to fail for a broken store without failing this test, so it runs in a child process: the same binary, with the
// name of the store in the environment.
const (
	which = "STORETEST_BROKEN_STORE"
	sound = "sound"
)

func TestOneStoreInAChildProcess(t *testing.T) {
	name := os.Getenv(which)
	if name == "" {
		t.Skip("is run by the other tests in a child process")
	}
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		underTest = rule(t)
		for _, b := range brokenStores() {
			if b.name == name {
				return b.make(memstore.New())
			}
		}
		return memstore.New()
	})
}

func TestBrokenStoresFail(t *testing.T) {
	for _, b := range brokenStores() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			r := runChild(t, b.name, b.found...)
			if r.passed || len(r.failed) == 0 {
				t.Fatalf("THE SUITE PASSES FOR A BROKEN STORE: %s\n%s", b.bug, r.output)
			}
			for _, rule := range b.found {
				if !slices.Contains(r.failed, rule) {
					t.Errorf("the rule %q does not find the bug: %s\nfailed rules: %q", rule, b.bug, r.failed)
				}
			}
		})
	}
}

// If the child process failed for another reason than the bug, every broken store would seem to be found. A sound store shows
// that it does not.
func TestSoundStorePasses(t *testing.T) {
	t.Parallel()
	r := runChild(t, sound)
	if !r.passed || len(r.failed) > 0 {
		t.Fatalf("the suite fails for a sound store, rules %q\n%s", r.failed, r.output)
	}
	if rules := len(r.ran); rules < 100 {
		t.Errorf("the suite has %d rules, want at least 100", rules)
	}
}

func TestBrokenStoresHaveDistinctNamesAndRules(t *testing.T) {
	stores := brokenStores()
	seen := map[string]bool{sound: true, "": true}
	for _, b := range stores {
		if seen[b.name] || b.bug == "" || len(b.found) == 0 {
			t.Errorf("the store %q has a duplicate name, or no bug or rule", b.name)
		}
		seen[b.name] = true
	}
	if len(stores) < 12 {
		t.Errorf("there are %d broken stores, want at least 12", len(stores))
	}
}

// result is the result of the suite for a store.
type result struct {
	passed bool
	ran    []string // area and rule, in the spelling of package testing: underscores for spaces
	failed []string
	output string
}

var subtestLine = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL): TestOneStoreInAChildProcess/(.+/.+) \([0-9.]+s\)$`)

// runChild runs the given rules of the suite, or all of them if there are none, for a store.
func runChild(t *testing.T, store string, rules ...string) result {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), binary, "-test.run="+onlyRules(rules), "-test.v", "-test.timeout=10m")
	child.Env = append(os.Environ(), which+"="+store, "GORACE=atexit_sleep_ms=0") // it sleeps for a second by default
	output, err := child.CombinedOutput()
	r := result{passed: err == nil, output: string(output)}
	for _, line := range subtestLine.FindAllStringSubmatch(r.output, -1) {
		rule := strings.ReplaceAll(line[2], "_", " ")
		r.ran = append(r.ran, rule)
		if line[1] == "FAIL" {
			r.failed = append(r.failed, rule)
		}
	}
	return r
}

// onlyRules returns the pattern of -test.run that selects the rules, each given as area and rule. It may select more: every
// rule of that name in each of the areas.
func onlyRules(rules []string) string {
	pattern := "^TestOneStoreInAChildProcess$"
	if len(rules) == 0 {
		return pattern
	}
	var areas, names []string
	for _, r := range rules {
		area, name, _ := strings.Cut(strings.ReplaceAll(r, " ", "_"), "/")
		areas, names = append(areas, regexp.QuoteMeta(area)), append(names, regexp.QuoteMeta(name))
	}
	return pattern + "/^(" + strings.Join(areas, "|") + ")$/^(" + strings.Join(names, "|") + ")$"
}
