package console

import (
	"math"
	"slices"
	"strconv"
	"testing"
)

func plain(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// Axes have round numbers, cover what they show, and always show zero.
func TestAxes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lo, hi float64
		want   []float64
		digits int
	}{
		{0, 100, []float64{0, 50, 100}, 0},
		{0, 28.86, []float64{0, 10, 20, 30}, 0},
		{-12, 66, []float64{-20, 0, 20, 40, 60, 80}, 0},
		{0, 0.3, []float64{0, 0.1, 0.2, 0.3}, 1},
		{0, 0, []float64{0, 0.5, 1}, 1},
		{0, 1_234_567, []float64{0, 500_000, 1_000_000, 1_500_000}, 0},
	} {
		a := axisOf(c.lo, c.hi)
		same := slices.EqualFunc(a.lines(), c.want, func(x, y float64) bool { return math.Abs(x-y) < 1e-9 })
		if !same || a.digits != c.digits {
			t.Errorf("%v to %v: %v with %d digits, want %v with %d", c.lo, c.hi, a.lines(), a.digits, c.want, c.digits)
		}
	}
}

// Columns stack upwards and downwards from zero, and their heights are as their values.
func TestStackedColumns(t *testing.T) {
	t.Parallel()
	c := stacked("spend", []string{"a", "b"}, []series{
		{"gpu", []float64{60, 0}, []string{"gpu 60", ""}},
		{"disk", []float64{30, -20}, []string{"disk 30", "disk −20"}},
	}, plain)
	if len(c.Bars) != 3 || len(c.Legend) != 2 {
		t.Fatalf("%+v", c)
	}
	gpu, disk, back := c.Bars[0], c.Bars[1], c.Bars[2]
	if math.Abs(gpu.Height-2*disk.Height) > 0.3 || math.Abs(disk.Y+disk.Height-gpu.Y) > 0.2 || gpu.X != disk.X {
		t.Errorf("60 is %+v, 30 on top of it %+v", gpu, disk)
	}
	zero := c.Grid[slices.IndexFunc(c.Grid, func(l gridLine) bool { return l.Zero })].Y1
	if math.Abs(gpu.Y+gpu.Height-zero) > 0.2 || math.Abs(back.Y-zero) > 0.2 || back.Title != "disk −20" || back.Colour != 2 {
		t.Errorf("zero is at %v, 60 is %+v, −20 %+v", zero, gpu, back)
	}
	for _, b := range c.Bars {
		if b.Y < 0 || b.Y+b.Height > c.Height || b.X < 0 || b.X+b.Width > c.Width {
			t.Errorf("%+v is not within the chart", b)
		}
	}
}

// Horizontal bars begin at zero, the smallest can be seen, and long names are cut.
func TestBarsAcross(t *testing.T) {
	t.Parallel()
	c := barsAcross("by product", []bar{
		{Name: "一个名称特别特别特别特别特别特别特别长的产品", Text: "100", Value: 100},
		{Name: "tiny", Text: "0.001", Value: 0.001},
		{Name: "back", Text: "−50", Value: -50},
		{Name: "none", Text: "0", Value: 0},
		{Name: "rest", Text: "10", Value: 10, Rest: true},
	})
	if len(c.Bars) != 4 || len(c.Texts) != 10 {
		t.Fatalf("%+v", c)
	}
	big, tiny, back, rest := c.Bars[0], c.Bars[1], c.Bars[2], c.Bars[3]
	if tiny.Width != barLeast || big.X != tiny.X || math.Abs(back.X+back.Width-big.X) > 0.2 || math.Abs(big.Width-2*back.Width) > 0.3 || rest.Colour != colours {
		t.Errorf("%+v", c.Bars)
	}
	if name := c.Texts[0].Text; widthOf(name)*letterWidth > nameWidth || name[len(name)-len("…"):] != "…" {
		t.Errorf("a long name is written %s", name)
	}
	if empty := barsAcross("nothing", nil); len(empty.Bars) != 0 || empty.Height <= 0 {
		t.Errorf("%+v", empty)
	}
}
