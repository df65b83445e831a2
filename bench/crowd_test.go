package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestManyPresentEachTokenInTurn(t *testing.T) {
	presented := make([]issued, 10)
	for _, goroutines := range []int{1, 2, 64} {
		var mu sync.Mutex
		times := map[*issued]int{}
		run := byMany(goroutines, presented, func(t *issued) error {
			mu.Lock()
			defer mu.Unlock()
			times[t]++
			return nil
		})
		for _, n := range []int{1, 7, 22} {
			if err := run(n); err != nil {
				t.Fatal(err)
			}
		}
		for i := range presented {
			if n := times[&presented[i]]; n != 3 {
				t.Errorf("%d goroutines: token %d was presented %d times, want 3", goroutines, i, n)
			}
		}
	}
}

func TestManyAnswerTheErrorOfOne(t *testing.T) {
	calls := 0
	wrong := errors.New("wrong")
	err := byMany(1, make([]issued, 10), func(*issued) error {
		calls++
		return wrong
	})(1_000)
	if !errors.Is(err, wrong) || calls != 1 {
		t.Errorf("error %v after %d calls, want %v after 1", err, calls, wrong)
	}
}

func TestSmallTableOnSQLiteIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
	ctx := context.Background()
	s, err := start(ctx, "sqlite", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := bench{rounds: 1, slice: time.Millisecond, rows: 2_000, out: io.Discard}
	b.chapter(s.version)
	if err := b.small(ctx, s); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range b.chapters[0].sections {
		for _, r := range s.table.rows {
			names = append(names, r.name)
		}
	}
	for _, name := range []string{
		"Authenticate", "the same SELECT by hand, not prepared", "scs: Load of a session in the same database", "SELECT 1, prepared",
		"last use every minute, the default", "Authenticate, 1 goroutine", "Authenticate, 2 goroutines", "Authenticate, 4 goroutines",
		"Authenticate, 8 goroutines", "Authenticate, 64 goroutines", "Generate", "Revoke",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("no row %q", name)
		}
	}
	for _, name := range []string{
		"Authenticate to the SELECT by hand", "Authenticate with last use to without", "to SELECT and UPDATE in each request",
		"Generate to one INSERT by hand", "Generate to both INSERTs by hand", "Revoke to the UPDATE by hand", "Revoke to UPDATE and INSERT by hand",
		"Revoke to SELECTs, UPDATE and INSERT by hand",
	} {
		if !slices.ContainsFunc(b.verdicts, func(j judgement) bool { return strings.HasSuffix(j.Name, name) }) {
			t.Errorf("no verdict on %q", name)
		}
	}
}
