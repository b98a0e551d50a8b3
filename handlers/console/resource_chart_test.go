package console

import (
	"testing"
	"time"
)

// Whatever time a chart spans, its ticks are round, in order, not too many, and at least two where there is room.
func TestTicksAreRound(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York") // where clocks are changed
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2024, 10, 30, 11, 7, 13, 0, zone)
	for span := 3 * time.Minute; span < 100*365*24*time.Hour; span += span / 4 {
		c := &leaseChart{}
		c.axis(from, from.Add(span), zone, func(t time.Time) float64 { return float64(t.Sub(from)) / float64(span) * leaseWidth })
		if len(c.Ticks) < 1 || len(c.Ticks) > ticksMost {
			t.Errorf("%v has %d ticks", span, len(c.Ticks))
		}
		for i, tick := range c.Ticks {
			if i > 0 && tick.X <= c.Ticks[i-1].X || tick.X < 0 || tick.X > leaseWidth {
				t.Errorf("%v has ticks %v", span, c.Ticks)
				break
			}
		}
	}
}

func TestOverlappingLeasesStandBelowEachOther(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }
	lease, change := chartKind{1, "lease"}, chartKind{2, "change"}
	c := &leaseChart{}
	c.lay([]span{{"host", day(1), day(10), lease, ""}, {"disk", day(2), day(3), lease, ""}, {"host", day(5), day(8), change, ""}, {"host", day(10), day(20), lease, ""}},
		func(t time.Time) float64 { return float64(t.Day()) * 10 })
	if len(c.Lanes) != 2 || c.Lanes[0].Name != "host" || len(c.Bars) != 4 || len(c.Kinds) != 2 {
		t.Fatalf("lanes %v, bars %v, kinds %v", c.Lanes, c.Bars, c.Kinds)
	}
	first, upgrade, next, disk := c.Bars[0], c.Bars[1], c.Bars[2], c.Bars[3]
	if first.Y != next.Y || upgrade.Y <= first.Y || disk.Y <= upgrade.Y || c.Height <= disk.Y+disk.Height {
		t.Errorf("bars %v in a height of %v", c.Bars, c.Height)
	}
}
