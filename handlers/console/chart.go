package console

import (
	"math"
	"strconv"
)

// chart is a drawing of bars, laid out; the template "chart" draws it. Its numbers stand in a table beside it as well:
// the label says what it shows to those who can't see it.
type chart struct {
	Label         string
	Width, Height float64
	Grid          []gridLine
	Bars          []chartBar
	Texts         []chartText
	Legend        []legendItem
}

// gridLine is a line across the chart; Zero is the one that bars begin at.
type gridLine struct {
	X1, Y1, X2, Y2 float64
	Zero           bool
}

// chartBar is one of 8 colours; Title is shown where the mouse rests.
type chartBar struct {
	X, Y, Width, Height float64
	Colour              int
	Title               string
}

// chartText is a text at a point; Anchor is start, middle or end.
type chartText struct {
	X, Y   float64
	Anchor string
	Text   string
}

type legendItem struct {
	Colour int
	Name   string
}

// series is what bars of one colour show, one value for each column.
type series struct {
	Name   string
	Values []float64
	Titles []string
}

// colours are how many a chart has; the last, grey, is for what remains.
const colours = 8

// Measures of a chart, in units of its view box. Letters are reckoned by the width of a digit, and twice that for
// Chinese.
const (
	chartWidth   = 960
	stackHeight  = 260
	letterWidth  = 6.4
	textHeight   = 12
	barRow       = 28
	barThick     = 16
	nameWidth    = 230
	valueWidth   = 150
	columnsMax   = 44
	barLeast     = 1 // what is not nothing can be seen
	linesAcross  = 4
	chartPadding = 8
)

// stacked draws columns of stacked values: what is positive upwards, what is negative downwards. write writes the
// numbers of the axis.
func stacked(label string, columns []string, all []series, write func(float64, int) string) *chart {
	c := &chart{Label: label, Width: chartWidth, Height: stackHeight}
	lo, hi := 0.0, 0.0
	for i := range columns {
		up, down := 0.0, 0.0
		for _, s := range all {
			up, down = up+max(s.Values[i], 0), down+min(s.Values[i], 0)
		}
		lo, hi = min(lo, down), max(hi, up)
	}
	a := axisOf(lo, hi)
	bottom := c.Height - textHeight - 2*chartPadding
	y := func(v float64) float64 { return bottom - (v-a.lo)/(a.hi-a.lo)*(bottom-chartPadding) }
	left := 0.0
	for _, v := range a.lines() {
		left = max(left, widthOf(write(v, a.digits))*letterWidth+2*chartPadding)
	}
	for _, v := range a.lines() {
		c.Grid = append(c.Grid, gridLine{left, round(y(v)), c.Width, round(y(v)), v == 0})
		c.Texts = append(c.Texts, chartText{left - chartPadding, round(y(v) + 4), "end", write(v, a.digits)})
	}
	band := (c.Width - left) / float64(max(len(columns), 1))
	thick := min(band*0.62, columnsMax)
	for i, name := range columns {
		middle := left + band*(float64(i)+0.5)
		c.Texts = append(c.Texts, chartText{round(middle), c.Height - chartPadding, "middle", name})
		up, down := 0.0, 0.0
		for n, s := range all {
			v := s.Values[i]
			if v == 0 {
				continue
			}
			from := &up
			if v < 0 {
				from = &down
			}
			top, end := y(max(*from, *from+v)), y(min(*from, *from+v))
			*from += v
			c.Bars = append(c.Bars, chartBar{round(middle - thick/2), round(top), round(thick), round(max(end-top, barLeast)), colourOf(n), s.Titles[i]})
		}
	}
	for n, s := range all {
		c.Legend = append(c.Legend, legendItem{colourOf(n), s.Name})
	}
	return c
}

// bar is one of a chart of horizontal bars; Text is its value as it is written.
type bar struct {
	Name, Text string
	Value      float64
	// Rest: what remains beside the others, which is grey.
	Rest bool
}

// barsAcross draws a horizontal bar for each value, with its name before it and its value behind.
func barsAcross(label string, all []bar) *chart {
	c := &chart{Label: label, Width: chartWidth, Height: float64(len(all))*barRow + chartPadding}
	lo, hi := 0.0, 0.0
	for _, b := range all {
		lo, hi = min(lo, b.Value), max(hi, b.Value)
	}
	if lo == hi {
		hi = 1
	}
	x := func(v float64) float64 { return nameWidth + (v-lo)/(hi-lo)*(c.Width-nameWidth-valueWidth) }
	c.Grid = append(c.Grid, gridLine{round(x(0)), 0, round(x(0)), c.Height, true})
	for i, b := range all {
		top := float64(i)*barRow + chartPadding
		line := round(top + barThick - 4)
		colour := 1
		if b.Rest {
			colour = colours
		}
		if b.Value != 0 {
			from, to := x(min(b.Value, 0)), x(max(b.Value, 0))
			c.Bars = append(c.Bars, chartBar{round(from), top, round(max(to-from, barLeast)), barThick, colour, b.Name + ": " + b.Text})
		}
		c.Texts = append(c.Texts,
			chartText{nameWidth - chartPadding, line, "end", shortened(b.Name, nameWidth/letterWidth-2)},
			chartText{round(x(max(b.Value, 0)) + chartPadding), line, "start", b.Text})
	}
	return c
}

func colourOf(n int) int { return min(n+1, colours) }

// axis has lines at round numbers, step apart.
type axis struct {
	lo, hi, step float64
	// digits are those behind the point that the numbers need.
	digits int
}

// axisOf makes an axis that covers a range, which has 0 in it.
func axisOf(lo, hi float64) axis {
	if hi <= lo {
		hi = lo + 1
	}
	rough := (hi - lo) / linesAcross
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, n := range []float64{1, 2, 5} {
		if n*power >= rough {
			step = n * power
			break
		}
	}
	return axis{math.Floor(lo/step) * step, math.Ceil(hi/step) * step, step, max(0, -int(math.Floor(math.Log10(step*1.0001))))}
}

func (a axis) lines() []float64 {
	var all []float64
	for i := math.Round(a.lo / a.step); i <= math.Round(a.hi/a.step); i++ {
		all = append(all, i*a.step)
	}
	return all
}

// round keeps a tenth of a unit: more can't be seen, and makes pages long.
func round(v float64) float64 { return math.Round(v*10) / 10 }

// widthOf is how wide a text is, in digits.
func widthOf(s string) float64 {
	w := 0.0
	for _, r := range s {
		w += widthOfRune(r)
	}
	return w
}

func widthOfRune(r rune) float64 {
	if r >= 0x2E80 { // Chinese, Japanese, Korean, and their punctuation
		return 2
	}
	return 1
}

// shortened cuts a text that is wider than so many digits.
func shortened(s string, most float64) string {
	w := 0.0
	for i, r := range s {
		if w += widthOfRune(r); w > most {
			return s[:i] + "…"
		}
	}
	return s
}

// floatOf is a decimal's text for drawing: charts are not exact, tables are.
func floatOf(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}
