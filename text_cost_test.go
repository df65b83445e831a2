// The race detector allocates too.

//go:build !race

package apitoken_test

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

var text string

func TestANewTextTakesOneAllocation(t *testing.T) {
	if n := testing.AllocsPerRun(1000, func() { text, _ = apitoken.NewText() }); n > 1 {
		t.Errorf("a new text and its digest take %.1f allocations, want 1", n)
	}
}

// BenchmarkText compares the cost of a new text with its floor: 32 random bytes and a hash of 53 bytes. The two alternate, so
// that a busy machine slows both: x-floor is the ratio.
func BenchmarkText(b *testing.B) {
	const slice = 200
	var random [32]byte
	var block [53]byte
	var floor, made []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for range slice {
			_, _ = rand.Read(random[:])
			copy(block[:], random[:])
			_ = sha256.Sum256(block[:])
		}
		between := time.Now()
		for range slice {
			text, _ = apitoken.NewText()
		}
		floor, made = append(floor, between.Sub(start)), append(made, time.Since(between))
	}
	slices.Sort(floor)
	slices.Sort(made)
	b.ReportMetric(float64(made[len(made)/2])/slice, "ns/text")
	b.ReportMetric(float64(made[len(made)/2])/float64(floor[len(floor)/2]), "x-floor")
	b.ReportMetric(0, "ns/op")
}
