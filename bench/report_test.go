package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, is []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, is, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(is)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// took is what a case of a made-up group took, in nanoseconds.
func took(name string, rounds ...float64) result {
	return result{name: name, rounds: rounds, allocs: 3, bytes: 1200}
}

func madeUp(title string, cases ...result) section {
	r := results{title: title, slice: 5 * time.Millisecond, cases: cases}
	return section{r.table(), &r}
}

// madeUpReport has something of everything.
func madeUpReport() report {
	bars := madeUp("Authenticate on Nothing, 20000 tokens",
		took("floor: by hand", 10_000, 12_000, 11_000),
		took("Authenticate", 11_000, 12_100, 13_000),
		took("by hand, with an UPDATE", 160_000, 170_000, 150_000),
		took("SELECT 1", 900, 950, 1_000),
	)
	bars.table.note += " And more."
	lines := madeUp("Authenticate by many on Nothing",
		took("by hand, 1 goroutine", 20_000), took("Authenticate, 1 goroutine", 21_000),
		took("by hand, 8 goroutines", 12_000), took("Authenticate, 8 goroutines", 12_600),
		took("by hand, 64 goroutines", 16_000), took("Authenticate, 64 goroutines", 17_600),
	)
	two := madeUp("Page of 100 tokens", took("floor: the first page", 300_000), took("the page at 900000", 330_000))
	removal := section{table: table{title: "Removal", columns: []string{"number"}, rows: []row{{"DELETE", []string{"10"}}}}}
	return report{
		Began: time.Date(2030, 1, 2, 23, 30, 0, 0, time.FixedZone("", -3600)),
		Took:  150 * time.Second,
		Machine: machine{
			CPU: "A processor", Cores: 2, GOMAXPROCS: 2, System: "A system", Go: "go1.99.9",
			Modules: []string{"example.com/driver v1.2.3", "example.com/peer v0.1.0"},
		},
		Rounds: 3, Slice: 5 * time.Millisecond, Rows: 1_000_000,
		Aims: []judgement{
			lines.plotted.verdict(aim{name: "Nothing: Authenticate to by hand", of: 1, against: 0, most: 1.10}),
			bars.plotted.verdict(aim{name: "Nothing: UPDATE to Authenticate", of: 2, against: 1, most: 1.30}),
			bars.plotted.verdict(aim{name: "Nothing: UPDATE to by hand", of: 2, against: 0}),
			verdict("Nothing: the longest", "27 ms (without 2 ms)", "100 ms", true),
		},
		Left: []error{errors.New("no server of Something")},
		chapters: []chapter{
			{"In memory", []section{
				madeUp("In memory, 1 goroutine at once", took("floor", 100), took("Authenticate", 140), took("a lock", 200)),
				madeUp("In memory, 8 goroutines at once", took("floor", 60), took("Authenticate", 80), took("a lock", 300)),
			}},
			{"Nothing 1.2", []section{bars, lines, two, removal}},
		},
	}
}

func TestReportIsWhatWasMeasured(t *testing.T) {
	page, files, err := madeUpReport().render()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "performance.md", page)
	var names []string
	for name, picture := range files {
		names = append(names, name)
		golden(t, name, picture)
	}
	want := []string{"authenticate-by-many-on-nothing.svg", "authenticate-on-nothing-tokens.svg", "in-memory-goroutines-at-once.svg"}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(names))); diff != "" {
		t.Errorf("pictures (-want +got):\n%s", diff)
	}
}

func TestReportOfEqualResultsIsEqual(t *testing.T) {
	page, files, err := madeUpReport().render()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again, filesAgain, err := madeUpReport().render()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(page, again) {
			t.Error("the page is another")
		}
		if diff := cmp.Diff(files, filesAgain); diff != "" {
			t.Errorf("pictures (-first +again):\n%s", diff)
		}
	}
}

func TestReportShowsEveryNameAsItIs(t *testing.T) {
	const hostile = "a|b <script>c & d</script> `e` [f](g) *h* _i_ \\ \"j\" 'k' <!-- --> ]]> {{.}} \x01\n| l"
	name := func(i int) string { return fmt.Sprintf("%d %s", i, hostile) }
	group := madeUp(name(1), took(name(2), 1), took(name(3), 2), took(name(4), 3))
	group.table.note, group.table.columns = name(5), []string{name(6), name(7), name(8), name(9), name(10), name(11)}
	series := madeUp(name(12), took(name(13)+", 1 goroutine", 1), took(name(13)+", 2 goroutines", 2))
	r := report{
		Machine:  machine{CPU: name(14), System: name(15), Go: name(16), Modules: []string{name(17)}},
		Aims:     []judgement{{name(18), name(19), name(20), name(21)}},
		Left:     []error{errors.New(name(22))},
		chapters: []chapter{{name(23), []section{group, series}}},
	}
	page, files, err := r.render()
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 23; i++ {
		const escaped = "a\\|b &lt;script&gt;c &amp; d&lt;/script&gt; \\`e\\` \\[f\\](g) \\*h\\* \\_i\\_ \\\\ \"j\" 'k' &lt;!-- --&gt; \\]\\]&gt; {{.}} \x01 \\| l"
		if !strings.Contains(string(page), fmt.Sprintf("%d %s", i, escaped)) {
			t.Errorf("text %d is not on the page, or not escaped", i)
		}
	}
	if strings.Contains(string(page), "<script") {
		t.Error("the page has an element of a name")
	}
	if len(files) != 2 {
		t.Errorf("%d pictures, want 2", len(files))
	}
	// An XML document cannot have the control character in any way, and a line break is white space.
	shown := strings.ReplaceAll(hostile, "\x01", "\uFFFD")
	texts := ""
	for _, picture := range files {
		texts += textsOf(t, picture)
	}
	for _, i := range []int{1, 2, 3, 4, 12, 13} {
		if n := strings.Count(texts, fmt.Sprintf("%d %s", i, shown)); n < 2 {
			t.Errorf("text %d is %d times in the pictures, want twice: to see, and in the title or the description", i, n)
		}
	}
}

func TestPicturesAreWellFormedAndStandAlone(t *testing.T) {
	_, files, err := madeUpReport().render()
	if err != nil {
		t.Fatal(err)
	}
	for name, picture := range files {
		textsOf(t, picture)
		for _, foreign := range []string{"url(", "@import", "@font-face"} {
			if bytes.Contains(picture, []byte(foreign)) {
				t.Errorf("%s has %q", name, foreign)
			}
		}
		for _, wanted := range []string{"<title", "<desc", "prefers-color-scheme: dark", `class="page"`} {
			if !bytes.Contains(picture, []byte(wanted)) {
				t.Errorf("%s has no %q", name, wanted)
			}
		}
		for _, wrong := range []string{"NaN", "Inf", "ZgotmplZ", "<no value>"} {
			if bytes.Contains(picture, []byte(wrong)) {
				t.Errorf("%s has %q", name, wrong)
			}
		}
	}
}

// textsOf reads a picture and answers its texts, one a line. It may have no other elements and attributes than it needs: no scripts,
// and nothing that is fetched.
func textsOf(t *testing.T, picture []byte) string {
	t.Helper()
	elements := strings.Fields("svg title desc style rect line polyline circle text")
	attributes := strings.Fields("xmlns id role aria-labelledby class width height viewBox x y x1 y1 x2 y2 rx cx cy r points text-anchor")
	var texts strings.Builder
	d := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return texts.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !slices.Contains(elements, token.Name.Local) {
				t.Errorf("element %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Errorf("attribute %s of %s", a.Name.Local, token.Name.Local)
				}
			}
		case xml.CharData:
			texts.WriteString(string(token) + "\n")
		}
	}
}

func TestAxisHoldsAllOfItsValues(t *testing.T) {
	for _, values := range [][]float64{
		{1}, {0.09, 1, 15.97}, {1, 1.0001}, {0.5, 1, 2}, {1, 900_000}, {1e-9, 1}, {3, 1, 0}, {},
	} {
		a := newAxis(100, 700, values...)
		if len(a.ticks) < 2 || !slices.IsSorted(a.ticks) || len(a.labelled()) < 2 {
			t.Errorf("%v: ticks %v, labelled %v", values, a.ticks, a.labelled())
		}
		for _, v := range values {
			if at := a.at(v); v > 0 && (at < 100-1e-6 || at > 700+1e-6) {
				t.Errorf("%v: %v is at %v", values, v, at)
			}
		}
	}
}

func TestFloorOfASeriesHasAsManyGoroutines(t *testing.T) {
	r := madeUp("many",
		took("by hand, 1 goroutine", 10), took("Authenticate, 1 goroutine", 11),
		took("by hand, 64 goroutines", 20), took("Authenticate, 64 goroutines", 30)).plotted
	for i, want := range []int{0, 0, 2, 2} {
		if is := r.floor(i); is != want {
			t.Errorf("floor of %s is %d, want %d", r.cases[i].name, is, want)
		}
	}
	r = madeUp("one", took("by hand", 10), took("Authenticate, 8 goroutines", 11), took("by hand, 8 goroutines", 12)).plotted
	for i := range r.cases {
		if is := r.floor(i); is != 0 {
			t.Errorf("floor of %s is %d, want 0", r.cases[i].name, is)
		}
	}
}

func TestVerdictHidesNothing(t *testing.T) {
	r := madeUp("", took("floor", 100, 200, 300), took("case", 220, 220, 220)).plotted
	for _, c := range []struct {
		most float64
		want judgement
	}{
		{1.10, judgement{"within", "n", "1.10 x (p10 2.20)", "1.10 x"}},
		{1.09, judgement{"MISSED", "n", "1.10 x (p10 2.20)", "1.09 x"}},
		{0, judgement{"stated", "n", "1.10 x (p10 2.20)", "none"}},
	} {
		if diff := cmp.Diff(c.want, r.verdict(aim{name: "n", of: 1, most: c.most})); diff != "" {
			t.Errorf("aim %v (-want +got):\n%s", c.most, diff)
		}
	}
}

func TestReportOfAShortRunSaysSo(t *testing.T) {
	for _, c := range []struct {
		rounds, rows int
		short        bool
	}{{200, 1_000_000, false}, {199, 1_000_000, true}, {200, 999_999, true}} {
		r := madeUpReport()
		r.Rounds, r.Rows = c.rounds, c.rows
		page, _, err := r.render()
		if err != nil {
			t.Fatal(err)
		}
		if short := strings.Contains(string(page), "short run"); short != c.short {
			t.Errorf("%d rounds, %d rows: short run %t, want %t", c.rounds, c.rows, short, c.short)
		}
	}
}

func TestWriteLeavesThePicturesOfThisRunOnly(t *testing.T) {
	folder := t.TempDir()
	first := madeUpReport()
	if err := first.write(folder); err != nil {
		t.Fatal(err)
	}
	second := madeUpReport()
	second.chapters = second.chapters[1:]
	if err := second.write(folder); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "performance", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	want := []string{"authenticate-by-many-on-nothing.svg", "authenticate-on-nothing-tokens.svg"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("pictures (-want +got):\n%s", diff)
	}
	page, err := os.ReadFile(filepath.Join(folder, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if !strings.Contains(string(page), "](performance/"+name+")") {
			t.Errorf("the page does not show %s", name)
		}
	}
}
