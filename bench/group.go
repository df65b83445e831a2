package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// group is a set of cases that are compared with each other. The first is the floor.
type group struct {
	title string
	cases []benchCase
	close func() error
}

// benchCase does its work n times.
type benchCase struct {
	name string
	run  func(n int)
}

// result holds the nanoseconds an operation of each round.
type result struct {
	name   string
	rounds []float64
	allocs float64
}

type results struct {
	title string
	cases []result
}

// measure runs one slice of every case in each round, in an order that changes from round to round.
func (g group) measure(rounds int, slice time.Duration) results {
	out := results{title: g.title, cases: make([]result, len(g.cases))}
	n := make([]int, len(g.cases))
	order := make([]int, len(g.cases))
	for i, c := range g.cases {
		order[i] = i
		n[i] = fitting(c, slice)
		out.cases[i] = result{name: c.name, allocs: testing.AllocsPerRun(1000, func() { c.run(1) })}
	}
	for range rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			start := time.Now()
			g.cases[i].run(n[i])
			out.cases[i].rounds = append(out.cases[i].rounds, float64(time.Since(start))/float64(n[i]))
		}
	}
	return out
}

// fitting is how often the case fits into a slice.
func fitting(c benchCase, slice time.Duration) int {
	for n := 1; ; n *= 2 {
		start := time.Now()
		c.run(n)
		if took := time.Since(start); took > slice/2 {
			return max(1, int(float64(n)*float64(slice)/float64(took)))
		}
	}
}

func (r results) print(w io.Writer) {
	fmt.Fprintln(w, r.title)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "p10 ns\tp50 ns\tallocs\tx floor (p10)\tx floor (p50)\t  case")
	floor := r.cases[0]
	for _, c := range r.cases {
		fmt.Fprintf(t, "%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t  %s\n", c.at(0.10), c.at(0.50), c.allocs,
			c.at(0.10)/floor.at(0.10), c.at(0.50)/floor.at(0.50), c.name)
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

// at is a quantile of the rounds.
func (r result) at(quantile float64) float64 {
	sorted := slices.Sorted(slices.Values(r.rounds))
	return sorted[int(quantile*float64(len(sorted)-1))]
}
