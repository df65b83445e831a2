package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// chart is what more and more goroutines make of the same work.
type chart struct {
	title string
	what  string // is measured upwards
	lines []line
}

type line struct {
	name   string
	points []point
}

type point struct {
	goroutines int
	value      float64
	of         int // index of the case in its group
}

// add adds a point to the line of a name.
func (c *chart) add(name string, p point) {
	for i := range c.lines {
		if c.lines[i].name == name {
			c.lines[i].points = append(c.lines[i].points, p)
			return
		}
	}
	c.lines = append(c.lines, line{name, []point{p}})
}

var goroutines = regexp.MustCompile(`\b([1-9][0-9]{0,5}) goroutines?\b`)

// goroutinesIn is the number of goroutines that a title or a name tells, or 0.
func goroutinesIn(text string) int {
	found := goroutines.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

var lastGoroutines = regexp.MustCompile(`, ` + goroutines.String() + `$`)

// chart is that of a group whose cases are so named: "Authenticate, 8 goroutines". Of other groups it is nil.
func (r results) chart() *chart {
	c := &chart{title: r.title, what: "µs of the whole process for one operation, by the median"}
	for i, of := range r.cases {
		n := goroutinesIn(lastGoroutines.FindString(of.name))
		if n == 0 {
			return nil
		}
		c.add(lastGoroutines.ReplaceAllString(of.name, ""), point{n, of.at(0.50) / 1000, i})
	}
	return c
}

// floor is the case that a case is compared with: in a group with a chart the one of its first line with as many goroutines,
// otherwise the first.
func (r results) floor(i int) int {
	c := r.chart()
	if c == nil {
		return 0
	}
	n := goroutinesIn(lastGoroutines.FindString(r.cases[i].name))
	for _, p := range c.lines[0].points {
		if p.goroutines == n {
			return p.of
		}
	}
	return 0
}

// family is the chart of groups whose titles differ by the number of goroutines only. They were not measured at the same time, so
// it tells how many times as long as the floor of its group each case took. It is nil for a single group, or one without a number.
func family(sections []section, of section) *chart {
	if of.plotted == nil || goroutinesIn(of.plotted.title) == 0 {
		return nil
	}
	name := func(title string) string { return goroutines.ReplaceAllString(title, "") }
	c := &chart{what: "times the floor of as many goroutines, by the median"}
	groups, fewest, most := 0, 0, 0
	for _, s := range sections {
		if s.plotted == nil || name(s.plotted.title) != name(of.plotted.title) {
			continue
		}
		n := goroutinesIn(s.plotted.title)
		if groups++; groups == 1 {
			fewest, most = n, n
		}
		fewest, most = min(fewest, n), max(most, n)
		for i, k := range s.plotted.cases {
			c.add(k.name, point{n, s.plotted.ratio(i, 0, 0.50), i})
		}
	}
	if groups < 2 {
		return nil
	}
	c.title = goroutines.ReplaceAllString(of.plotted.title, fmt.Sprintf("%d to %d goroutines", fewest, most))
	return c
}
