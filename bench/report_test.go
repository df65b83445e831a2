package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file")

// took returns a case with the nanoseconds of its rounds.
func took(name string, rounds ...float64) result {
	return result{benchCase: benchCase{name: name}, rounds: rounds, allocs: 3}
}

// lookups is a group in which one aim is met and one is missed.
func lookups() results {
	r := results{title: "Authenticate on Nothing, 20000 tokens", cases: []result{
		took("floor: SELECT by hand", 10_000, 12_000, 11_000),
		took("Authenticate", 11_000, 12_100, 13_000),
		took("SELECT and UPDATE", 160_000, 170_000, 150_000),
	}}
	r.cases[1].aims = []aim{{against: 0, most: 1.10}, {against: 2, most: 0.05}}
	r.cases[1].cost = "Authenticate, Nothing"
	return r
}

func testReport() report {
	r := lookups()
	return report{
		Began: time.Date(2030, 1, 2, 23, 30, 0, 0, time.FixedZone("", -3600)),
		Took:  150 * time.Second,
		Machine: machine{
			CPU: "A processor", Load: "0.50", Cores: 2, GOMAXPROCS: 2, System: "A system", Go: "go1.99.9",
			Modules: []string{"example.com/driver v1.2.3", "example.com/peer v0.1.0"},
		},
		Rounds: 3, Slice: 5 * time.Millisecond, Rows: 1_000_000,
		Costs: r.costs(), Aims: r.judgements(), Missing: []error{errors.New("no server of Something")},
		Chapters: []chapter{{"Nothing 1.2", []table{r.table()}}},
	}
}

func render(t *testing.T, r report) string {
	t.Helper()
	page, err := r.render()
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestPageShowsTheRun(t *testing.T) {
	page := render(t, testReport())
	file := filepath.Join("testdata", "performance.md")
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestPageOfMetAimsSaysSo(t *testing.T) {
	r := testReport()
	r.Aims = r.Met()
	if page := render(t, r); !strings.Contains(page, "None. All aims are met: 1,") {
		t.Errorf("the page does not say that all aims are met:\n%s", page)
	}
}

func TestPageEscapesEveryText(t *testing.T) {
	const hostile = "a|b <script>c & d</script> `e` [f](g) *h* _i_ \\ {{.}}\n| l"
	const escaped = "a\\|b &lt;script&gt;c &amp; d&lt;/script&gt; \\`e\\` \\[f\\](g) \\*h\\* \\_i\\_ \\\\ {{.}} \\| l"
	n := 0
	text := func() string {
		n++
		return fmt.Sprintf("%d %s", n, hostile)
	}
	page := render(t, report{
		Machine: machine{CPU: text(), Load: text(), System: text(), Go: text(), Modules: []string{text()}},
		Costs:   []cost{{text(), text(), text(), text(), text()}},
		Aims:    []judgement{{Group: text(), Case: text(), Is: text(), P10: text(), AtMost: text()}},
		Missing: []error{errors.New(text())},
		Chapters: []chapter{{text(), []table{{
			title: text(), columns: []string{text()}, rows: []row{{text(), []string{text()}}},
		}}}},
	})
	for i := 1; i <= n; i++ {
		if !strings.Contains(page, fmt.Sprintf("%d %s", i, escaped)) {
			t.Errorf("text %d is not on the page, or not escaped", i)
		}
	}
}

func TestShortRunIsMarked(t *testing.T) {
	for _, c := range []struct {
		rounds, rows int
		short        bool
	}{{200, 1_000_000, false}, {199, 1_000_000, true}, {200, 999_999, true}} {
		r := testReport()
		r.Rounds, r.Rows = c.rounds, c.rows
		if short := strings.Contains(render(t, r), "short run"); short != c.short {
			t.Errorf("%d rounds, %d rows: short run %t, want %t", c.rounds, c.rows, short, c.short)
		}
	}
}

func TestAimsGoByTheMedian(t *testing.T) {
	const name = "Authenticate on Nothing, 20000 tokens"
	want := []judgement{
		{Met: true, Group: name, Case: "Authenticate to SELECT by hand", Is: "1.10", P10: "1.10", AtMost: "1.10"},
		{Met: false, Group: name, Case: "Authenticate to SELECT and UPDATE", Is: "0.076", P10: "0.073", AtMost: "0.050"},
	}
	if diff := cmp.Diff(want, lookups().judgements()); diff != "" {
		t.Errorf("judgements (-want +got):\n%s", diff)
	}
}

func TestCasesRunInterleaved(t *testing.T) {
	var order []int
	g := group{}
	for i := range 3 {
		g.cases = append(g.cases, benchCase{name: fmt.Sprint(i), run: func(int) error {
			order = append(order, i)
			return nil
		}})
	}
	r, err := g.measure(t.Context(), 5, time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	for round := range slices.Chunk(order[len(order)-15:], 3) {
		if diff := cmp.Diff([]int{0, 1, 2}, slices.Sorted(slices.Values(round))); diff != "" {
			t.Errorf("cases of a round (-want +got):\n%s", diff)
		}
	}
	for _, c := range r.cases {
		if len(c.rounds) != 5 {
			t.Errorf("case %s has %d rounds, want 5", c.name, len(c.rounds))
		}
	}
}
