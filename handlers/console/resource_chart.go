package console

import (
	"cmp"
	"math"
	"slices"
	"time"

	"orderledger/domain"
)

// leaseChart is a drawing of what a resource was paid for, over time: a bar for each order line with a beginning and an
// end, in a lane for each thing that the resource is charged for. The table below it has the same.
type leaseChart struct {
	Width, Height float64
	Lanes         []chartLane
	Bars          []chartBar
	Ticks         []chartTick
	// Now is where the present is; 0 when it lies outside.
	Now float64
	// Kinds are the colours that there are.
	Kinds []chartKind
}

type chartLane struct {
	Y    float64
	Name string
}

type chartTick struct {
	X    float64
	Text string
}

// chartKind is what a colour stands for: a word of the page.
type chartKind struct {
	Colour int
	Name   string
}

// chartKinds by order type; other types are changes.
var chartKinds = map[domain.OrderType]chartKind{
	domain.Purchase: {1, "lease"}, domain.TransferIn: {1, "lease"}, domain.Recovery: {1, "lease"}, domain.Renewal: {3, "renewal"},
	domain.UsageSettlement: {7, "settlement"}, domain.OverdueDaily: {5, "overdue"}, domain.Compensation: {6, "free"},
}

// Measures of the drawing.
const (
	leaseWidth   = 960
	laneName     = 18 // what a lane's name takes above its bars
	laneBar      = 16
	laneGap      = 4
	lanesMost    = 12
	rowsMost     = 4 // bars of one lane beside each other; more lie over one another
	ticksMost    = 8
	leaseFoot    = 22
	widthOfTick  = 70
	leaseMinimum = 2
)

// span is a bar before it is laid out.
type span struct {
	lane     string
	from, to time.Time
	kind     chartKind
	title    string
}

// leases draws what orders paid for, and pay-as-you-go that goes on; nil when there is nothing to draw.
func (v *view) leases(id string, r *domain.Resource, orders []*domain.Order) *leaseChart {
	spans := v.spansOf(id, orders)
	if r != nil {
		spans = append(spans, v.openSpans(r)...)
	}
	if len(spans) == 0 {
		return nil
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	from, to := spans[0].from, spans[0].to
	for _, s := range spans {
		if s.to.After(to) {
			to = s.to
		}
	}
	c := &leaseChart{Width: leaseWidth}
	scale := float64(leaseWidth) / float64(max(to.Sub(from), time.Minute))
	x := func(t time.Time) float64 { return math.Round(float64(t.Sub(from))*scale*10) / 10 }
	c.lay(spans, x)
	c.axis(from, to, v.zone, x)
	if v.now.After(from) && v.now.Before(to) {
		c.Now = x(v.now)
	}
	return c
}

// spansOf are the times that paid orders name.
func (v *view) spansOf(id string, orders []*domain.Order) []span {
	var spans []span
	for _, o := range orders {
		if o.PaidAt == nil || o.OrderType == domain.Refund {
			continue
		}
		for _, l := range linesOf(o, id) {
			if l.EffectiveAt == nil || l.ExpiresAt == nil || !l.EffectiveAt.Before(*l.ExpiresAt) {
				continue
			}
			kind, ok := chartKinds[o.OrderType]
			if !ok {
				kind = chartKind{2, "change"}
			}
			title := v.Label("order_type", o.OrderType) + " · " + v.Minute(*l.EffectiveAt) + " – " + v.Minute(*l.ExpiresAt) + " · " + v.Money(l.PayableAmount, o.Currency)
			spans = append(spans, span{laneOf(l.ProductName, l.BillingItem), *l.EffectiveAt, *l.ExpiresAt, kind, title})
		}
	}
	return spans
}

// openSpans are terms of pay-as-you-go, which have no end until the resource is closed.
func (v *view) openSpans(r *domain.Resource) []span {
	var spans []span
	for _, t := range r.Terms {
		from, to := r.OpenedAt, v.now
		if t.EffectiveAt != nil {
			from = *t.EffectiveAt
		}
		if r.ClosedAt != nil {
			to = *r.ClosedAt
		}
		if t.ChargeMode.Group() == domain.Postpay && from.Before(to) {
			title := v.Label("charge_mode", t.ChargeMode) + " · " + v.Minute(from) + " –"
			spans = append(spans, span{laneOf(t.ProductName, t.BillingItem), from, to, chartKind{8, "in_use"}, title})
		}
	}
	return spans
}

func laneOf(product, item string) string {
	if item == "" {
		return product
	}
	return product + " / " + item
}

// lay puts spans into lanes, in the order in which lanes begin; spans that overlap stand below each other.
func (c *leaseChart) lay(spans []span, x func(time.Time) float64) {
	var names []string
	lanes := map[string][]span{}
	for _, s := range spans {
		if lanes[s.lane] == nil {
			names = append(names, s.lane)
		}
		lanes[s.lane] = append(lanes[s.lane], s)
	}
	y := 0.0
	for _, name := range names[:min(len(names), lanesMost)] {
		c.Lanes = append(c.Lanes, chartLane{y + laneName - 5, name})
		y += laneName
		var ends []time.Time // of each row
		for _, s := range lanes[name] {
			row := slices.IndexFunc(ends, func(end time.Time) bool { return !end.After(s.from) })
			if row < 0 && len(ends) < rowsMost {
				ends = append(ends, s.to)
				row = len(ends) - 1
			}
			row = max(row, 0)
			ends[row] = s.to
			left := x(s.from)
			c.Bars = append(c.Bars, chartBar{left, y + float64(row)*(laneBar+laneGap), max(x(s.to)-left-1, leaseMinimum), laneBar, s.kind.Colour, s.title})
			c.add(s.kind)
		}
		y += float64(len(ends)) * (laneBar + laneGap)
	}
	c.Height = y + leaseFoot
}

func (c *leaseChart) add(k chartKind) {
	if !slices.Contains(c.Kinds, k) {
		c.Kinds = append(c.Kinds, k)
		slices.SortFunc(c.Kinds, func(a, b chartKind) int { return cmp.Compare(a.Colour, b.Colour) })
	}
}

// tickSteps are distances between ticks, and how a tick is written. Months and years are counted by the calendar.
var tickSteps = []struct {
	months int
	step   time.Duration
	layout string
}{
	{0, time.Minute, "15:04"},
	{0, 10 * time.Minute, "15:04"},
	{0, time.Hour, "01-02 15:04"},
	{0, 3 * time.Hour, "01-02 15:04"},
	{0, 12 * time.Hour, "01-02 15:04"},
	{0, 24 * time.Hour, "01-02"},
	{0, 48 * time.Hour, "01-02"},
	{0, 7 * 24 * time.Hour, "01-02"},
	{1, 0, "2006-01"},
	{3, 0, "2006-01"},
	{6, 0, "2006-01"},
	{12, 0, "2006"},
	{60, 0, "2006"},
	{120, 0, "2006"},
	{1200, 0, "2006"},
}

// axis marks round times, at most ticksMost.
func (c *leaseChart) axis(from, to time.Time, zone *time.Location, x func(time.Time) float64) {
	from, to = from.In(zone), to.In(zone)
	for _, s := range tickSteps {
		var ticks []chartTick
		for t := firstTick(from, s.months, s.step); !t.After(to) && len(ticks) <= ticksMost; t = nextTick(t, s.months, s.step) {
			if at := x(t); at <= leaseWidth-widthOfTick {
				ticks = append(ticks, chartTick{at, t.Format(s.layout)})
			}
		}
		if len(ticks) <= ticksMost {
			c.Ticks = ticks
			return
		}
	}
}

// firstTick is the first round time from a time on, by the clocks of its zone.
func firstTick(from time.Time, months int, step time.Duration) time.Time {
	day := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
	var t time.Time
	switch {
	case months >= 12:
		t = time.Date(from.Year()-from.Year()%(months/12), 1, 1, 0, 0, 0, 0, from.Location())
	case months > 0:
		t = time.Date(from.Year(), 1+from.Month()-1-(from.Month()-1)%time.Month(months), 1, 0, 0, 0, 0, from.Location())
	case step >= 24*time.Hour:
		t = day
	default:
		t = day.Add(from.Sub(day).Truncate(step))
	}
	for t.Before(from) {
		t = nextTick(t, months, step)
	}
	return t
}

func nextTick(t time.Time, months int, step time.Duration) time.Time {
	switch {
	case months > 0:
		return t.AddDate(0, months, 0)
	case step >= 24*time.Hour:
		return t.AddDate(0, 0, int(step/(24*time.Hour)))
	}
	return t.Add(step)
}
