package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// group is a set of cases that are compared with each other. The first is the floor.
type group struct {
	title string
	cases []benchCase
	aims  []aim
	times float64                // as long as usual is a slice, and all together take twice as long; 0: as usual
	after func() (string, error) // what else there is to tell; may be nil
	close func() error
}

// benchCase does its work n times. What prepare does before is not measured; it may be nil.
type benchCase struct {
	name    string
	prepare func(n int) error
	run     func(n int) error
}

// aim is how many times as long as another case a case may take.
type aim struct {
	name        string
	of, against int     // index of the case in its group
	most        float64 // 0: there is no aim, only the ratio is told
}

// result holds the nanoseconds an operation of each round.
type result struct {
	name          string
	rounds        []float64
	allocs, bytes float64
}

type results struct {
	title string
	slice time.Duration
	cases []result
}

// measure runs one slice of every case in each round, in an order that changes from round to round.
func (g group) measure(ctx context.Context, rounds int, slice time.Duration) (results, error) {
	if g.times > 0 {
		rounds, slice = max(int(2*float64(rounds)/g.times), 2), time.Duration(g.times*float64(slice))
	}
	out := results{title: g.title, slice: slice, cases: make([]result, len(g.cases))}
	n := make([]int, len(g.cases))
	order := make([]int, len(g.cases))
	for i, c := range g.cases {
		order[i] = i
		var err error
		if n[i], err = c.fitting(slice); err != nil {
			return out, err
		}
		out.cases[i].name = c.name
		if out.cases[i].allocs, out.cases[i].bytes, err = c.memory(n[i]); err != nil {
			return out, err
		}
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

// time is how long the case takes n times.
func (c benchCase) time(n int) (time.Duration, error) {
	if c.prepare != nil {
		if err := c.prepare(n); err != nil {
			return 0, fmt.Errorf("prepare %s: %w", c.name, err)
		}
	}
	start := time.Now()
	err := c.run(n)
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", c.name, err)
	}
	return took, nil
}

// fitting is how often the case fits into a slice. It goes by the fastest of several tries: one that was interrupted would
// make every slice too short.
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

// memory is what the case allocates each time, in this process.
func (c benchCase) memory(n int) (allocs, bytes float64, err error) {
	if c.prepare != nil {
		if err := c.prepare(n); err != nil {
			return 0, 0, fmt.Errorf("prepare %s: %w", c.name, err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := c.run(n); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", c.name, err)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n), nil
}

// table writes the results down. The first case is the floor, and in a group of series the one of the first series with as
// many goroutines.
func (r results) table() table {
	t := table{
		title:   r.title,
		columns: []string{"p10 µs", "p50 µs", "allocs", "bytes", "x floor (p10)", "x floor (p50)"},
		note:    fmt.Sprintf("%d rounds of %s for each.", len(r.cases[0].rounds), r.slice),
	}
	for i, c := range r.cases {
		t.rows = append(t.rows, row{c.name, []string{
			micros(c.at(0.10)), micros(c.at(0.50)), fmt.Sprintf("%.0f", c.allocs), fmt.Sprintf("%.0f", c.bytes),
			times(r.ratio(i, r.floor(i), 0.10)), times(r.ratio(i, r.floor(i), 0.50)),
		}})
	}
	return t
}

// ratio is how many times as long as another case a case takes, at a quantile of each.
func (r results) ratio(i, against int, quantile float64) float64 {
	return r.cases[i].at(quantile) / r.cases[against].at(quantile)
}

// judgement is what came of an aim.
type judgement struct {
	Word           string // "within", "MISSED", or "stated" where there is no aim
	Name, Is, Most string
}

func (j judgement) String() string {
	return fmt.Sprintf("  %s  %-72s %s, aim %s", j.Word, j.Name, j.Is, j.Most)
}

// verdict says whether an aim is met. It goes by the median. On a quiet machine a server answers at two speeds, one of them half
// the other, and the 10th percentiles of two cases need not be of the same one. On a busy machine the 10th percentile moves
// less, so that is told as well.
func (r results) verdict(a aim) judgement {
	p50, p10 := r.ratio(a.of, a.against, 0.50), r.ratio(a.of, a.against, 0.10)
	is := fmt.Sprintf("%s x (p10 %s)", times(p50), times(p10))
	if a.most == 0 {
		return judgement{Word: "stated", Name: a.name, Is: is, Most: "none"}
	}
	return verdict(a.name, is, times(a.most)+" x", p50 <= a.most)
}

func verdict(name, is, most string, within bool) judgement {
	v := judgement{Word: "MISSED", Name: name, Is: is, Most: most}
	if within {
		v.Word = "within"
	}
	return v
}

// times writes a ratio. One below a tenth has a digit more, so that it can be told from an aim of, say, a 50th.
func times(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("%.3f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

// micros writes nanoseconds as microseconds, with about three digits that count.
func micros(nanoseconds float64) string {
	us := nanoseconds / 1000
	if us < 10 {
		return fmt.Sprintf("%.3f", us)
	}
	return fmt.Sprintf("%.1f", us)
}

// at is a quantile of the rounds.
func (r result) at(quantile float64) float64 { return quantileOf(r.rounds, quantile) }

func quantileOf[T float64 | time.Duration](all []T, quantile float64) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(quantile*float64(len(sorted)-1))]
}
