package domain

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Bounds of use.
const (
	usageEventRecords = 500             // records of one event
	usesMax           = 10_000          // uses of a resource that wait for their settlement
	usageAhead        = 5 * time.Minute // how far a meter's clock may be ahead of ours
	// A use costs at most so many minor units, so that the lines of a settlement add up to an amount.
	useUnitsMax int64 = 1e12
)

var wholeDecimalMax = decimal.New(1, decimalWholeDigits)

// usageTarget is what a record of use says it is about.
type usageTarget struct{ orderID, resourceID, meter string }

func targetOf(r *UsageReport) usageTarget { return usageTarget{r.OrderID, r.ResourceID, r.Meter} }

// metering sorts the records of a report by resource, and adds them up. Its work grows with the records alone.
type metering struct {
	states    States
	orgID     string
	zone      *time.Location
	clock     Clock
	gauges    map[usageTarget]*gauge
	sheets    map[string]*sheet
	inOrder   []*sheet
	counted   map[string]bool // ids of records in this report
	claims    []Claim
	duplicate int64
	late      int64
}

// gauge is a meter of a term of a resource.
type gauge struct {
	sheet *sheet
	term  *Term
	meter string
	// last is the cycle of the record before, which is most often that of the next one.
	last cycle
}

// begin is since when what is used may be charged: the resource's opening, or a time before it that the order that
// opened it names.
func (g *gauge) begin() time.Time {
	begin := g.sheet.resource.OpenedAt
	if at := g.term.EffectiveAt; at != nil && at.Before(begin) {
		return *at
	}
	return begin
}

// sheet gathers the records of one resource.
type sheet struct {
	resource *Resource
	records  []UsageRecord
	sums     map[useKey]*Use
	// uses are all that wait for their settlement, with those of the events so far.
	uses   []Use
	opened map[Period]bool // months with unsettled use
	events []UsageRecorded
	// refused is the first reason why the sums can't be taken.
	refused *Rejection
}

// useKey tells the uses of one resource in one report apart.
type useKey struct {
	term     *Term
	meter    string
	start    int64
	rateFrom int64
}

func newMetering(s States, orgID string, clock Clock, records int) *metering {
	return &metering{
		states: s, orgID: orgID, zone: SettingsOf(s.Org(orgID)).Location(), clock: clock,
		gauges: map[usageTarget]*gauge{}, sheets: map[string]*sheet{},
		counted: make(map[string]bool, records), claims: make([]Claim, 0, records),
	}
}

// take adds a record to its resource's sheet, unless it was counted before.
func (m *metering) take(r *UsageReport) *Rejection {
	if m.counted[r.RecordID] || m.states.Taken(m.orgID, "usage", r.RecordID) {
		m.duplicate++
		return nil
	}
	g, refused := m.gauge(r)
	if refused != nil {
		return refused
	}
	from, to := r.From.UTC().Truncate(time.Microsecond), r.To.UTC().Truncate(time.Microsecond)
	if to.After(m.clock.At.Add(usageAhead)) {
		return invalid("to", "use can't lie in the future: it is %s", m.clock.At.Format(time.RFC3339))
	}
	c, rate, late := g.place(from, m.zone)
	if begin := g.begin(); !late && !c.end.After(begin) {
		return invalid("from", "the resource is charged from %s on; use before that is not its", begin.Format(time.RFC3339))
	}
	price, ok := rate.meter(g.meter)
	if !ok {
		return invalid("meter", "the meter %s had no price at %s", g.meter, from.Format(time.RFC3339))
	}
	if price.Unit != r.Unit {
		return invalid("unit", "the meter %s counts in %s", g.meter, price.Unit)
	}
	if late {
		m.late++
	}
	m.counted[r.RecordID] = true
	m.claims = append(m.claims, Claim{Kind: "usage", Value: r.RecordID})
	g.sheet.records = append(g.sheet.records, UsageRecord{
		RecordID: r.RecordID, Meter: r.Meter, Quantity: r.Quantity, Unit: r.Unit, From: from, To: to, Late: late,
	})
	g.sheet.add(g, c, rate, Use{Quantity: r.Quantity, From: from, To: to, Records: 1}, m.zone)
	if len(g.sheet.records) == usageEventRecords {
		g.sheet.flush()
	}
	return nil
}

// gauge finds the meter that a record is about.
func (m *metering) gauge(r *UsageReport) (*gauge, *Rejection) {
	t := targetOf(r)
	if g, ok := m.gauges[t]; ok {
		return g, nil
	}
	resource, term, refused := m.resolve(t)
	if refused != nil {
		return nil, refused
	}
	page, ok := m.sheets[resource.ResourceID]
	if !ok {
		page = &sheet{resource: resource, sums: map[useKey]*Use{}, uses: resource.Uses, opened: map[Period]bool{}}
		for _, p := range resource.UnsettledPeriods {
			page.opened[p] = true
		}
		m.sheets[resource.ResourceID] = page
		m.inOrder = append(m.inOrder, page)
	}
	g := &gauge{sheet: page, term: term, meter: t.meter}
	m.gauges[t] = g
	return g, nil
}

// place finds the cycle that use from a time on belongs to, and the rate that it costs. Use of a cycle that is settled
// is late: it goes to the first one that is not.
func (g *gauge) place(from time.Time, zone *time.Location) (c cycle, rate *Rate, late bool) {
	if !g.last.holds(from) {
		g.last = cycleOf(g.term.Cycle, from, zone)
	}
	c, rate = g.last, g.term.rateAt(from)
	through := g.sheet.resource.SettledThrough
	if through == nil || c.end.After(*through) {
		return c, rate, false
	}
	c = cycleOf(g.term.Cycle, *through, zone)
	if then := g.term.rateAt(c.start); then != rate {
		if _, ok := then.meter(g.meter); ok {
			rate = then
		}
	}
	return c, rate, true
}

// add adds a record to the sums.
func (s *sheet) add(g *gauge, c cycle, rate *Rate, u Use, zone *time.Location) {
	key := useKey{g.term, g.meter, c.start.UnixMicro(), rate.From.UnixMicro()}
	if sum, ok := s.sums[key]; ok {
		*sum = sum.plus(u)
		return
	}
	u.CycleStart, u.CycleEnd, u.Period = c.start.UTC(), c.end.UTC(), PeriodOf(c.start, zone)
	u.ProductCode, u.BillingItem, u.Meter, u.RateFrom = g.term.ProductCode, g.term.BillingItem, g.meter, rate.From
	s.sums[key] = &u
}

// flush makes an event of the records so far.
func (s *sheet) flush() {
	if len(s.records) == 0 {
		return
	}
	e := UsageRecorded{OrgID: s.resource.OrgID, ResourceID: s.resource.ResourceID, Records: s.records}
	for _, u := range s.sums {
		e.Uses = append(e.Uses, *u)
	}
	slices.SortFunc(e.Uses, func(a, b Use) int { return compareUses(&a, &b) })
	s.uses = mergeUses(s.uses, e.Uses)
	if len(s.uses) > usesMax && s.refused == nil {
		s.refused = reject(LimitReached, "the resource %s has more than %d uses that are not settled; settle them first", e.ResourceID, usesMax)
	}
	for i := range e.Uses {
		if s.refused == nil {
			s.refused = s.unbillable(&e.Uses[i])
		}
		if p := e.Uses[i].Period; !s.opened[p] {
			s.opened[p] = true
			e.OpenedPeriods = append(e.OpenedPeriods, p)
		}
	}
	s.events = append(s.events, e)
	s.records, s.sums = nil, map[useKey]*Use{}
}

// unbillable refuses use that no settlement could ever bill, as its sum passes what amounts and decimals hold.
func (s *sheet) unbillable(u *Use) *Rejection {
	at, _ := slices.BinarySearchFunc(s.uses, u, func(a Use, u *Use) int { return compareUses(&a, u) })
	sum := &s.uses[at]
	priced, refused := sum.price(s.resource)
	if refused != nil {
		return refused
	}
	if priced.list.units > useUnitsMax || sum.Quantity.GreaterThanOrEqual(wholeDecimalMax) {
		return invalid("records", "the meter %s adds up to %s in a cycle, which is more than can be billed", u.Meter, sum.Quantity)
	}
	return nil
}

// decision is what the report does: its receipt first, then the records, resource by resource.
func (m *metering) decision() (Decision, *Rejection) {
	receipt := UsageReported{OrgID: m.orgID, Accepted: int64(len(m.claims)), Duplicate: m.duplicate, Late: m.late}
	d := Decision{Events: []StreamEvent{{}}, Claims: m.claims}
	for _, page := range m.inOrder {
		if page.flush(); page.refused != nil {
			return Decision{}, page.refused
		}
		if last := page.resource.OccurredAt; m.clock.At.Before(last) {
			return Decision{}, invalid("at", "history can't go back: the resource's last event happened at %s", last.Format(time.RFC3339Nano))
		}
		ref := ResourceRef(m.orgID, page.resource.ResourceID)
		for _, e := range page.events {
			d.Events = append(d.Events, StreamEvent{ref, e})
			for _, p := range e.OpenedPeriods {
				receipt.Opened = countUnsettled(receipt.Opened, p, 1)
			}
		}
	}
	d.Events[0] = StreamEvent{OrgRef(m.orgID), receipt}
	return d, nil
}
