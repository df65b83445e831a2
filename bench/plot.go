package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// plots draws what there is to draw of sections: lines of a group that has a chart, lines of a family of groups at the last of
// them, and of others bars, if there are three cases or more. Where there is nothing to draw, it is nil.
func plots(sections []section) ([][]byte, error) {
	all := make([][]byte, len(sections))
	last := map[string]int{} // of a family by its title
	families := make([]*chart, len(sections))
	for i, s := range sections {
		if families[i] = family(sections, s); families[i] != nil {
			last[families[i].title] = i
		}
	}
	for i, s := range sections {
		d := s.drawing()
		if f := families[i]; f != nil {
			if d = nil; last[f.title] == i {
				d = f.drawing()
			}
		}
		if d == nil {
			continue
		}
		var picture bytes.Buffer
		if err := svgTemplate.Execute(&picture, d); err != nil {
			return nil, fmt.Errorf("plot %s: %w", s.table.title, err)
		}
		all[i] = bytes.Map(inXML, picture.Bytes())
	}
	return all, nil
}

// inXML replaces the control characters that XML cannot have in any way.
func inXML(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' {
		return utf8.RuneError
	}
	return r
}

func (s section) drawing() *drawing {
	if s.plotted == nil {
		return nil
	}
	if c := s.plotted.chart(); c != nil {
		return c.drawing()
	}
	if len(s.plotted.cases) < 3 {
		return nil
	}
	return s.plotted.bars()
}

//go:embed plot.svg.tmpl
var svgText string

// html/template escapes each text for where it stands. All else in a drawing are numbers.
var svgTemplate = template.Must(template.New("plot.svg").Parse(svgText))

// drawing is a picture in pixels, ready for the template. Numbers that are coordinates are texts of one digit behind the point, so
// that equal results make equal pictures.
type drawing struct {
	Title, Description string
	Width, Height      int
	Texts              []text
	Grid               []stroke
	Bars               []bar
	Lines              []polyline
	Dots               []dot
}

type (
	text struct {
		X, Y, Anchor, Class string
		Text                string
	}
	stroke struct{ X1, Y1, X2, Y2, Class string }
	bar    struct {
		X, Y, W, H string
		Class      string
	}
	polyline struct{ Points, Class string }
	dot      struct{ X, Y, Class string }
)

func px(v float64) string { return fmt.Sprintf("%.1f", v) }

// axis maps values to pixels, logarithmically. It begins and ends at a tick.
type axis struct {
	ticks    []float64
	from, to float64 // pixels of the first tick and of the last
}

// newAxis spans all these values that have a logarithm, and 1 if none has.
func newAxis(from, to float64, values ...float64) axis {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if v > 0 && v <= math.MaxFloat64 {
			low, high = min(low, v), max(high, v)
		}
	}
	if high == 0 {
		low, high = 1, 1
	}
	a := axis{from: from, to: to}
	for decade := math.Floor(math.Log10(low)); ; decade++ {
		for _, digit := range []float64{1, 2, 5} {
			tick := digit * math.Pow(10, decade)
			if tick <= low {
				a.ticks = []float64{tick}
				continue
			}
			a.ticks = append(a.ticks, tick)
			if tick >= high {
				return a
			}
		}
	}
}

func (a axis) at(v float64) float64 {
	low, high := math.Log(a.ticks[0]), math.Log(a.ticks[len(a.ticks)-1])
	return a.from + (a.to-a.from)*(math.Log(v)-low)/(high-low)
}

// labelled are the ticks with a number at them: powers of ten only, where there are many.
func (a axis) labelled() []float64 {
	if len(a.ticks) <= 8 {
		return a.ticks
	}
	var tens []float64
	for _, tick := range a.ticks {
		if l := math.Log10(tick); math.Abs(l-math.Round(l)) < 1e-9 {
			tens = append(tens, tick)
		}
	}
	return tens
}

const (
	width  = 760
	margin = 24
)

// bars draws how many times as long as the floor each case takes, by the median: to the right what takes longer, to the left
// what is faster.
func (r results) bars() *drawing {
	const top, each, thick = 62, 40, 14
	bottom := float64(top + each*len(r.cases))
	d := &drawing{Title: r.title, Width: width, Height: int(bottom) + 44}
	ratios := []float64{1}
	var told []string
	for i, c := range r.cases {
		ratio := r.ratio(i, 0, 0.50)
		ratios = append(ratios, ratio)
		told = append(told, c.name+": "+times(ratio))
	}
	d.Description = "Times the floor, by the median. " + strings.Join(told, "; ") + "."
	d.heading("times the floor, by the median; logarithmic")
	a := newAxis(margin, width-margin-80, ratios...)
	for _, tick := range a.labelled() {
		d.vertical(a.at(tick), top, bottom, fmt.Sprintf("%g", tick))
	}
	d.Grid = append(d.Grid, stroke{px(a.at(1)), px(top), px(a.at(1)), px(bottom), "one"})
	for i, c := range r.cases {
		y := float64(top + each*i + 6)
		left, right := a.at(min(1, ratios[i+1])), a.at(max(1, ratios[i+1]))
		class := "a"
		if i == 0 {
			class = "floor"
		}
		d.Bars = append(d.Bars, bar{px(left), px(y + 16), px(max(right-left, 3)), px(thick), class})
		d.Texts = append(d.Texts,
			text{px(margin), px(y + 11), "start", "name", c.name},
			text{px(right + 7), px(y + 27), "start", "value", times(ratios[i+1]) + " x"})
	}
	return d
}

// drawing draws the lines.
func (c *chart) drawing() *drawing {
	const left, right, plot, each = 80, width - margin, 300, 20
	top := float64(66 + each*len(c.lines))
	bottom := top + plot
	d := &drawing{Title: c.title, Width: width, Height: int(bottom) + 58}
	var xs, ys []float64
	var told []string
	numbers := map[int]bool{}
	for _, l := range c.lines {
		for _, p := range l.points {
			xs, ys = append(xs, float64(p.goroutines)), append(ys, p.value)
			numbers[p.goroutines] = true
			told = append(told, fmt.Sprintf("%s, %d: %.2f", l.name, p.goroutines, p.value))
		}
	}
	d.Description = fmt.Sprintf("Upwards: %s. For each number of goroutines: %s.", c.what, strings.Join(told, "; "))
	d.heading(c.what + "; logarithmic")
	x, y := newAxis(left, right, xs...), newAxis(bottom, top, ys...)
	for _, tick := range y.labelled() {
		d.Grid = append(d.Grid, stroke{px(left), px(y.at(tick)), px(right), px(y.at(tick)), "grid"})
		d.Texts = append(d.Texts, text{px(left - 8), px(y.at(tick) + 4), "end", "tick", fmt.Sprintf("%g", tick)})
	}
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		d.vertical(x.at(float64(n)), top, bottom, fmt.Sprint(n))
	}
	d.Texts = append(d.Texts, text{px((left + right) / 2), px(bottom + 40), "middle", "tick", "goroutines"})
	for i, l := range c.lines {
		class := string(rune('a' + i%6)) // the template has six
		var points []string
		for _, p := range l.points {
			at := dot{px(x.at(float64(p.goroutines))), px(y.at(p.value)), class}
			points = append(points, at.X+","+at.Y)
			d.Dots = append(d.Dots, at)
		}
		d.Lines = append(d.Lines, polyline{strings.Join(points, " "), class})
		legend := float64(62 + each*i)
		d.Lines = append(d.Lines, polyline{fmt.Sprintf("%s,%s %s,%s", px(margin), px(legend), px(left-24), px(legend)), class})
		d.Dots = append(d.Dots, dot{px((margin + left - 24) / 2), px(legend), class})
		d.Texts = append(d.Texts, text{px(left - 16), px(legend + 4), "start", "name", l.name})
	}
	return d
}

func (d *drawing) heading(what string) {
	d.Texts = append(d.Texts, text{px(margin), px(24), "start", "title", d.Title}, text{px(margin), px(44), "start", "tick", what})
}

// vertical is a line of the grid with its number below.
func (d *drawing) vertical(x, top, bottom float64, label string) {
	d.Grid = append(d.Grid, stroke{px(x), px(top), px(x), px(bottom), "grid"})
	d.Texts = append(d.Texts, text{px(x), px(bottom + 18), "middle", "tick", label})
}
