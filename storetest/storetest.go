// Package storetest is the contract of [apitoken.Store] as a test suite. The author of a Store runs it on that store:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) apitoken.Store { return mystore.New() })
//	}
//
//	func BenchmarkStore(b *testing.B) {
//		storetest.Benchmark(b, func(b *testing.B) apitoken.Store { return mystore.New() })
//	}
//
// Every subtest verifies one rule on a store of its own, and a failure begins with the rule. A store that passes needs no
// other tests of its reads and writes. It still needs tests of its failures, such as a lost connection. Run the suite with the
// race detector, because many rules are about concurrent calls.
//
// [Faulty] makes calls of a store fail, for tests of the code that uses the store.
//
// The suite looks in two ways for a store that writes a change and its event in two transactions:
//
//   - It cancels a write at each moment at which the store asks the context for anything. This always finds the store if the
//     second transaction asks the context that the call was given. A context that the store has derived does not show.
//   - It reads while a write is under way. This finds the store if a read comes between the transactions, which is likely and
//     not certain.
//
// The suite does not end the process between the transactions. Review the store's code for this promise as well.
package storetest

import (
	"slices"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// Run verifies that a Store satisfies its contract. newStore returns an empty store each time it is called, and closes it with
// t.Cleanup. The subtests run one after the other, so newStore may reuse one database after emptying it.
func Run(t *testing.T, newStore func(t *testing.T) apitoken.Store) {
	for _, a := range areas() {
		t.Run(a.name, func(t *testing.T) {
			for _, r := range a.rules {
				t.Run(r.name, func(t *testing.T) {
					r.test(&fixture{T: t, store: newStore(t), promise: r.promise})
				})
			}
		})
	}
}

// rule is one promise of a Store and the test that verifies it.
type rule struct {
	name    string // states the expectation
	promise string // the promise as a sentence; every failure begins with it
	test    func(f *fixture)
}

// area is the rules about one subject.
type area struct {
	name  string
	rules []rule
}

func areas() []area {
	return []area{
		{"tokens", tokenRules()},
		{"refusals", refusalRules()},
		{"names", nameRules()},
		{"revocation", slices.Concat(revocationRules(), revocationPageRules())},
		{"token changes", tokenChangeRules()},
		{"narrowing", narrowingRules()},
		{"rotation", rotationRules()},
		{"offers", offerRules()},
		{"users", slices.Concat(userRules(), changeRules(), usersByText(), usersByID(), serviceRules())},
		{"epochs", epochRules()},
		{"policy", policyRules()},
		{"facts", factRules()},
		{"touch", touchRules()},
		{"paging", pagingRules()},
		{"filters", filterRules()},
		{"orders", orderRules()},
		{"scans", scanRules()},
		{"events", slices.Concat(eventRules(), eventsBackwards(), eventFilterRules())},
		{"removal", removalRules()},
		{"forgetting", forgettingRules()},
		{"notices", noticeRules()},
		{"times", timeRules()},
		{"texts", textRules()},
		{"repetition", repetitionRules()},
		{"cancellation", slices.Concat(cancellationRules(), stepRules())},
		{"kept values", keptRules()},
		{"one winner", slices.Concat(winnerRules(), rotationWinners())},
		{"concurrency", slices.Concat(concurrencyRules(), crowdRules(), readerRules())},
	}
}
