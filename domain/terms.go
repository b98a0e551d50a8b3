package domain

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Bounds of what one resource is charged for; its events have all of it.
const (
	termsMax  = 200
	leasesMax = 500
	ratesMax  = 32 // of one term, until older ones are settled
)

// tenure is what a resource is charged for, on the way from one order to the next.
type tenure struct {
	Profile
	terms          []Term
	leases         []Lease
	settledThrough *time.Time
	overdueThrough *time.Time
}

// tenureOf is a resource as the next order finds it: nothing where it was closed or never opened. A prepaid purchase
// that nobody has reported as fulfilled has opened nothing yet; orders that follow it go by its lines.
func tenureOf(s States, orgID, resourceID string, parentID *string) tenure {
	r := s.Resource(orgID, resourceID)
	if r != nil && r.Status == ResourceActive {
		return tenure{
			Profile: r.Profile, terms: slices.Clone(r.Terms), leases: slices.Clone(r.Leases),
			settledThrough: r.SettledThrough, overdueThrough: r.OverdueThrough,
		}
	}
	var h tenure
	if r != nil || parentID == nil {
		return h
	}
	if parent := s.Order(*parentID); parent != nil && parent.OrderType == Purchase && parent.PaidAt != nil {
		for i := range parent.Lines {
			if l := &parent.Lines[i]; l.ResourceID == resourceID {
				h.open(parent, l, *parent.PaidAt)
			}
		}
	}
	return h
}

// term is what the line changes; nil when the resource has no such term.
func (h *tenure) term(l *LineSpec) *Term {
	for i := range h.terms {
		if t := &h.terms[i]; t.ProductCode == l.ProductCode && t.BillingItem == l.BillingItem {
			return t
		}
	}
	return nil
}

// changeResources makes a completed order's changes to the resources that its lines name. o is the order as it is after
// completing; its organisation, the resources and (where a resource has no history yet) the order's parent must have
// been loaded. It emits a ResourceChanged for each resource, and nothing for types that change none.
func (d *draft) changeResources(o *Order) {
	d.changeResourcesOf(o, func(*Line) bool { return true })
}

// changeResourcesOf makes the changes of some of the lines.
func (d *draft) changeResourcesOf(o *Order, some func(*Line) bool) {
	if !typeRules[o.OrderType].onResource {
		return
	}
	var changed []string
	for i := range o.Lines {
		if l := &o.Lines[i]; l.ResourceID != "" && some(l) && !slices.Contains(changed, l.ResourceID) {
			changed = append(changed, l.ResourceID)
		}
	}
	for _, id := range changed {
		h := tenureOf(d, o.OrgID, id, o.ParentOrderID)
		for i := range o.Lines {
			if l := &o.Lines[i]; l.ResourceID == id && some(l) {
				h.apply(o, l, d.clock.At)
			}
		}
		h.leases = slices.DeleteFunc(h.leases, func(l Lease) bool { return !l.ExpiresAt.After(d.clock.At) })
		d.emit(ResourceRef(o.OrgID, id), ResourceChanged{
			OrgID: o.OrgID, ResourceID: id, OrderID: o.OrderID, OrderType: o.OrderType,
			Profile: h.Profile, Terms: h.terms, Leases: h.leases,
		})
	}
}

// apply makes the change of one line. Lines were checked when they were placed; one whose term is gone since opens it.
func (h *tenure) apply(o *Order, l *Line, at time.Time) {
	t := h.term(&l.LineSpec)
	switch {
	case givesBack(l):
		h.leases = slices.DeleteFunc(h.leases, func(lease Lease) bool { return billLineID(lease.OrderID, lease.LineNo) == l.Corrects })
		return
	case t == nil || o.OrderType == Purchase || o.OrderType == TransferIn || o.OrderType == Recovery || o.OrderType == Convert:
		h.open(o, l, at)
		return
	case o.OrderType == Resize:
		t.resize(l, at, h.settledThrough)
	case o.OrderType == Renewal:
		t.renew(l)
	case o.OrderType == Upgrade, o.OrderType == Downgrade:
		if l.NewUnitPrice != nil {
			t.UnitPrice = *l.NewUnitPrice
		}
	case o.OrderType == TermSettlement, o.OrderType == Compensation:
		t.endAt(*l.ExpiresAt)
	}
	if len(l.NewConfig) > 0 {
		t.Config = l.NewConfig
	}
	if t.OpenedBy == "" {
		t.OpenedBy = t.OrderID
	}
	t.OrderID, t.LineNo = o.OrderID, l.LineNo
	h.lease(o, l)
}

// givesBack tells the lines that the ledger adds to return money from those that say what is ordered.
func givesBack(l *Line) bool { return l.Corrects != "" && l.Unit == refundUnit }

// open sets what the line's term costs from now on, whatever it was before.
func (h *tenure) open(o *Order, l *Line, at time.Time) {
	t := Term{
		ProductCode: l.ProductCode, ProductName: l.ProductName, BillingItem: l.BillingItem, ChargeMode: l.ChargeMode,
		Config: l.NewConfig, Count: l.Count, Quantity: l.Quantity, Unit: l.Unit, UnitPrice: l.UnitPrice,
		EffectiveAt: l.EffectiveAt, ExpiresAt: l.ExpiresAt, OrderID: o.OrderID, LineNo: l.LineNo,
	}
	if t.EffectiveAt == nil {
		t.EffectiveAt = &at
	}
	if l.ChargeMode.Group() == Postpay {
		if t.Cycle = l.Cycle; t.Cycle == "" {
			t.Cycle = "month"
		}
		t.Rates = []Rate{{From: *t.EffectiveAt, Meters: listed(l.Meters)}}
	}
	if old := h.term(&l.LineSpec); old == nil {
		h.terms = append(h.terms, t)
	} else {
		if len(t.Config) == 0 {
			t.Config = old.Config
		}
		*old = t
	}
	if h.Currency == "" {
		h.Profile = Profile{
			ResourceName: l.ResourceName, ResourceType: l.ResourceType, ResourceExt: notNil(l.ResourceExt), Region: l.Region, Zone: l.Zone,
			ProjectID: o.ProjectID, ConsumerID: o.ConsumerID, BusinessGroup: o.BusinessGroup, Tags: notNil(o.Tags), Currency: o.Currency,
		}
	}
	h.lease(o, l)
}

// lease remembers a line whose money covers a time.
func (h *tenure) lease(o *Order, l *Line) {
	if l.ChargeMode.Group() == Prepay && l.PayableAmount.Sign() > 0 && l.EffectiveAt != nil && l.ExpiresAt != nil {
		h.leases = append(h.leases, Lease{OrderID: o.OrderID, LineNo: l.LineNo, EffectiveAt: *l.EffectiveAt, ExpiresAt: *l.ExpiresAt})
	}
}

// paidFor is how much of a time the leases cover together.
func (h *tenure) paidFor(from, to time.Time) time.Duration {
	var covered time.Duration
	leases := slices.SortedFunc(slices.Values(h.leases), func(a, b Lease) int { return a.EffectiveAt.Compare(b.EffectiveAt) })
	for _, l := range leases {
		if from.Before(l.EffectiveAt) {
			from = l.EffectiveAt
		}
		end := l.ExpiresAt
		if to.Before(end) {
			end = to
		}
		if from.Before(end) {
			covered += end.Sub(from)
			from = end
		}
	}
	return covered
}

// renew prolongs the lease, at the price of the renewal. Where days between were charged one by one, a new lease begins.
func (t *Term) renew(l *Line) {
	if t.ExpiresAt != nil && t.ExpiresAt.Equal(*l.EffectiveAt) {
		t.Quantity = Decimal{t.Quantity.Add(l.Quantity.Decimal)}
	} else {
		t.Quantity, t.EffectiveAt = l.Quantity, l.EffectiveAt
	}
	t.ExpiresAt, t.UnitPrice, t.Count, t.Unit = l.ExpiresAt, l.UnitPrice, l.Count, l.Unit
}

// resize sets what use costs from now on. Rates of time that is settled are forgotten, but for the month in which use may
// still come late.
func (t *Term) resize(l *Line, at time.Time, settledThrough *time.Time) {
	if len(l.Meters) == 0 {
		return
	}
	rates := slices.Clone(t.Rates)
	for settledThrough != nil && len(rates) > 1 && !rates[1].From.After(settledThrough.AddDate(0, 0, -32)) {
		rates = rates[1:]
	}
	if n := len(rates); n > 0 && !rates[n-1].From.Before(at) {
		at, rates = rates[n-1].From, rates[:n-1]
	}
	t.Rates = append(rates, Rate{From: at, Meters: l.Meters})
}

// endAt moves the lease's end. Its quantity goes with it, so that a unit of time is worth what it was.
func (t *Term) endAt(end time.Time) {
	if t.EffectiveAt != nil && t.ExpiresAt != nil {
		t.Quantity = share(t.Quantity, end.Sub(*t.EffectiveAt), t.ExpiresAt.Sub(*t.EffectiveAt))
	}
	t.ExpiresAt = &end
}

// share is quantity × part ÷ whole, rounded to the digits that a quantity has.
func share(quantity Decimal, part, whole time.Duration) Decimal {
	of := quantity.Mul(decimal.NewFromInt(part.Microseconds()))
	return Decimal{of.DivRound(decimal.NewFromInt(whole.Microseconds()), decimalFractionDigits)}
}

// whole rounds a time down to whole units of a basis, towards 0.
func whole(d, basis time.Duration) time.Duration { return d - d%basis }

// begun rounds a time up to whole units of a basis: one that has begun counts.
func begun(d, basis time.Duration) time.Duration { return whole(d+basis-1, basis) }

// basis is the unit of time that refunds and changes of a product count in: a second, an hour or 24 hours.
func (s Settings) basis(productCode string) time.Duration {
	name, ok := s.Proration[productCode]
	if !ok {
		name = s.Proration["*"]
	}
	switch name {
	case "hour":
		return time.Hour
	case "day":
		return 24 * time.Hour
	}
	return time.Second
}
