package adminui

// chart is a bar chart in the units of its SVG. A bar for at least one token is at least 2 units high, so that it can be seen.
type chart struct {
	Width, Height int
	Bars          []bar
}

type bar struct {
	X, Y, Width, Height int
	LabelX, LabelY      int
	Tokens              string
	Label               string
}

func newChart(weeks []week) chart {
	const (
		step, gap = 56, 12
		top, full = 24, 160
		foot      = 28
	)
	most := 1
	for _, w := range weeks {
		most = max(most, w.Tokens)
	}
	c := chart{Width: step * len(weeks), Height: top + full + foot}
	for i, w := range weeks {
		height := w.Tokens * full / most
		if w.Tokens > 0 {
			height = max(height, 2)
		}
		c.Bars = append(c.Bars, bar{
			X: i*step + gap/2, Y: top + full - height, Width: step - gap, Height: height,
			LabelX: i*step + step/2, LabelY: top + full + 18, Tokens: w.Number, Label: w.From.Text,
		})
	}
	return c
}

// ValueY returns the position of the number above a bar.
func (b bar) ValueY() int { return b.Y - 6 }
