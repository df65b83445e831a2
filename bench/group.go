package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"
)

// group is a set of cases that are measured together.
type group struct {
	title string
	cases []benchCase
	scale float64      // length of a slice in usual slices; the whole group takes twice as long as usual. 0: as usual
	close func() error // may be nil
}

// benchCase does its work n times.
type benchCase struct {
	name    string
	prepare func(n int) error // before run, not measured; may be nil
	run     func(n int) error
	floor   int    // index of the case that it is compared with
	aims    []aim  // may be empty
	cost    string // name in the summary of the report; empty: not in it
}

// aim is the most that a case may take, in multiples of another case.
type aim struct {
	against int // index of the other case
	most    float64
}

// atMost is an aim against the first case of the group.
func atMost(most float64) []aim { return []aim{{against: 0, most: most}} }

// result holds the nanoseconds per operation of each round.
type result struct {
	benchCase
	rounds []float64
	allocs float64
}

type results struct {
	title string
	cases []result
}

// measure runs one slice of every case in each round. The order is random in each round.
func (g group) measure(ctx context.Context, rounds int, slice time.Duration) (results, error) {
	if g.scale > 0 {
		rounds, slice = max(int(2*float64(rounds)/g.scale), 2), time.Duration(g.scale*float64(slice))
	}
	out := results{title: g.title}
	n := make([]int, len(g.cases))
	order := make([]int, len(g.cases))
	for i, c := range g.cases {
		order[i] = i
		var err error
		if n[i], err = c.fitting(slice); err != nil {
			return out, err
		}
		allocs, err := c.allocations(n[i])
		if err != nil {
			return out, err
		}
		out.cases = append(out.cases, result{benchCase: c, allocs: allocs})
	}
	for range rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			took, err := g.cases[i].time(n[i])
			if err != nil {
				return out, err
			}
			out.cases[i].rounds = append(out.cases[i].rounds, float64(took)/float64(n[i]))
		}
	}
	return out, nil
}

// time returns how long n operations take.
func (c benchCase) time(n int) (took time.Duration, err error) {
	err = c.prepared(n, func() error {
		start := time.Now()
		err := c.run(n)
		took = time.Since(start)
		return err
	})
	return took, err
}

// prepared calls do after the preparation for n operations.
func (c benchCase) prepared(n int, do func() error) error {
	if c.prepare != nil {
		if err := c.prepare(n); err != nil {
			return fmt.Errorf("prepare %s: %w", c.name, err)
		}
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// fitting returns how many operations fit into a slice. It takes the fastest of several tries: an interrupted one would make
// every slice too short.
func (c benchCase) fitting(slice time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		fastest := time.Duration(math.MaxInt64)
		for range 3 {
			took, err := c.time(n)
			if err != nil {
				return 0, err
			}
			if fastest = min(fastest, took); fastest < slice/2 {
				break
			}
		}
		if fastest >= slice/2 {
			return max(1, int(float64(n)*float64(slice)/float64(fastest))), nil
		}
	}
}

// allocations returns how often an operation allocates in this process.
func (c benchCase) allocations(n int) (float64, error) {
	var before, after runtime.MemStats
	err := c.prepared(n, func() error {
		runtime.ReadMemStats(&before)
		err := c.run(n)
		runtime.ReadMemStats(&after)
		return err
	})
	return float64(after.Mallocs-before.Mallocs) / float64(n), err
}

// table shows the results. A missed aim is bold.
func (r results) table() table {
	t := table{
		title:   r.title,
		columns: []string{"p50 µs", "allocs", "x floor", "aim"},
	}
	for i, c := range r.cases {
		t.rows = append(t.rows, row{c.name, []string{
			micros(c.at(0.50)), fmt.Sprintf("%.0f", c.allocs), times(r.ratio(i, c.floor, 0.50)), r.aimsOf(i),
		}})
	}
	return t
}

// aimsOf returns the aims of a case as text, such as "1.10" or "0.067 of JWT HS256".
func (r results) aimsOf(i int) string {
	var texts []string
	for _, a := range r.cases[i].aims {
		text := times(a.most)
		if a.against != r.cases[i].floor {
			text += " of " + r.cases[a.against].name
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// ratio compares a quantile of two cases.
func (r results) ratio(i, against int, quantile float64) float64 {
	return r.cases[i].at(quantile) / r.cases[against].at(quantile)
}

// cost is a row of the summary: what a host pays.
type cost struct{ Name, P50, Allocs, Ratio, Floor string }

func (r results) costs() (all []cost) {
	for i, c := range r.cases {
		if c.cost == "" {
			continue
		}
		all = append(all, cost{
			Name: c.cost, P50: micros(c.at(0.50)), Allocs: fmt.Sprintf("%.0f", c.allocs), Ratio: times(r.ratio(i, c.floor, 0.50)),
			Floor: strings.TrimPrefix(r.cases[c.floor].name, "floor: "),
		})
	}
	return all
}

// judgement says whether an aim was met. Ratios go by the median. On a busy machine p10 moves less, so it is told as well.
type judgement struct {
	Met             bool
	Group, Case     string
	Is, P10, AtMost string
}

func (j judgement) String() string {
	word := "MISSED"
	if j.Met {
		word = "met   "
	}
	return fmt.Sprintf("%s  %s: %s: %s (p10 %s), at most %s", word, j.Group, j.Case, j.Is, j.P10, j.AtMost)
}

func (r results) judgements() (all []judgement) {
	for i, c := range r.cases {
		for _, a := range c.aims {
			p50 := r.ratio(i, a.against, 0.50)
			all = append(all, judgement{
				Met: p50 <= a.most, Group: r.title, Case: strings.TrimPrefix(c.name, "floor: ") + " to " + strings.TrimPrefix(r.cases[a.against].name, "floor: "),
				Is: times(p50), P10: times(r.ratio(i, a.against, 0.10)), AtMost: times(a.most),
			})
		}
	}
	return all
}

// times formats a ratio. Below a tenth it has three digits, to compare with an aim such as 1/50.
func times(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("%.3f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

// micros formats nanoseconds as microseconds.
func micros(nanoseconds float64) string {
	us := nanoseconds / 1000
	if us < 10 {
		return fmt.Sprintf("%.3f", us)
	}
	return fmt.Sprintf("%.0f", us)
}

// at returns a quantile of the rounds.
func (r result) at(quantile float64) float64 {
	sorted := slices.Sorted(slices.Values(r.rounds))
	return sorted[int(quantile*float64(len(sorted)-1))]
}
