package domain

import (
	"slices"
	"time"
)

// A settlement order holds at most so many lines and about so many bytes; what is more goes into another one.
const settlementBytesMax = 256 << 10

// pricedUse is a use with what it costs.
type pricedUse struct {
	use       *Use
	term      *Term
	meter     Meter
	unitPrice Decimal
	list      Amount
}

// price finds what a use costs, by the rate that was in force.
func (u *Use) price(r *Resource) (pricedUse, *Rejection) {
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.ProductCode != u.ProductCode || t.BillingItem != u.BillingItem {
			continue
		}
		if m, ok := t.meterAt(u.RateFrom, u.Meter); ok {
			unitPrice, list, err := m.priceOf(u.Quantity, r.Currency)
			if err != nil {
				return pricedUse{}, invalid("records", "the use of the meter %s: %s", u.Meter, err)
			}
			return pricedUse{u, t, m, unitPrice, list}, nil
		}
	}
	// No order takes a price away while use waits for it. If one did, stopping here keeps the month open for somebody
	// to look, rather than giving the use away.
	return pricedUse{}, reject(UsageUnsettled, "the meter %s of %s has no price any more", u.Meter, u.ProductCode)
}

// opener is the order that the use's bill lines are listed with.
func (t *Term) opener() string {
	if t.OpenedBy != "" {
		return t.OpenedBy
	}
	return t.OrderID
}

// settlement is what one order bills: uses of what one order opened, in one month.
type settlement struct {
	parent string
	period Period
	uses   []pricedUse
	bytes  int
}

// settle bills the cycles of a resource that end first and are over at a time, and says whether there were any. It needs
// the organisation and its account.
func (d *draft) settle(r *Resource, at time.Time) (bool, *Rejection) {
	through, any := r.SettlementDueAt()
	if !any || through.After(at) {
		return false, nil
	}
	var due []Use
	for i := range r.Uses {
		if r.Uses[i].CycleEnd.Equal(through) {
			due = append(due, r.Uses[i])
		}
	}
	_, refused := d.settleUses(r, due, ResourceSettled{Through: through})
	return true, refused
}

// settleAll bills all that a resource used so far, of cycles that are not over, too, before its terms change or end. It
// returns the orders. It needs the organisation and its account.
func (d *draft) settleAll(r *Resource) ([]string, *Rejection) {
	if len(r.Uses) == 0 {
		return nil, nil
	}
	through := d.clock.At
	if r.SettledThrough != nil && r.SettledThrough.After(through) {
		through = *r.SettledThrough
	}
	return d.settleUses(r, r.Uses, ResourceSettled{Through: through, All: true})
}

func (d *draft) settleUses(r *Resource, uses []Use, e ResourceSettled) ([]string, *Rejection) {
	bills, refused := d.bills(r, uses)
	if refused != nil {
		return nil, refused
	}
	e.OrgID, e.ResourceID = r.OrgID, r.ResourceID
	for i := range bills {
		placed := bills[i].order(r, derivedID("usage", r.OrgID, r.ResourceID, numbered(r.Version), numbered(int64(i))), d.clock.At)
		d.debit(placed, bills[i].period)
		e.OrderIDs = append(e.OrderIDs, placed.OrderID)
	}
	left := usesAfter(r.Uses, e)
	for _, p := range r.UnsettledPeriods {
		if !slices.ContainsFunc(left, func(u Use) bool { return u.Period == p }) {
			e.SettledPeriods = append(e.SettledPeriods, p)
		}
	}
	d.emit(ResourceRef(r.OrgID, r.ResourceID), e)
	if len(e.SettledPeriods) > 0 {
		d.emit(OrgRef(r.OrgID), UsageSettled{OrgID: r.OrgID, ResourceID: r.ResourceID, Periods: e.SettledPeriods})
	}
	return e.OrderIDs, nil
}

// bills sorts uses by the order that opened what was used and by month; the order of uses is kept.
func (d *draft) bills(r *Resource, uses []Use) ([]settlement, *Rejection) {
	org := d.Org(r.OrgID)
	var all []settlement
	for i := range uses {
		p, refused := uses[i].price(r)
		if refused != nil {
			return nil, refused
		}
		parent, period := p.term.opener(), bookingPeriod(org, uses[i].CycleStart)
		at := -1
		for j := range all {
			if all[j].parent == parent && all[j].period == period && all[j].bytes < settlementBytesMax && len(all[j].uses) < linesMax {
				at = j
			}
		}
		if at < 0 {
			at = len(all)
			all = append(all, settlement{parent: parent, period: period})
		}
		all[at].uses = append(all[at].uses, p)
		all[at].bytes += 1024 + configSize(p.term.Config) + pairsSize(r.ResourceExt) + 128*len(p.meter.Tiers)
	}
	return all, nil
}

// order is the settlement as an order.
func (s *settlement) order(r *Resource, id string, at time.Time) OrderPlaced {
	lines := make([]Line, len(s.uses))
	for i := range s.uses {
		lines[i] = s.uses[i].line(r, at)
	}
	return r.order(id, UsageSettlement, s.parent, lines)
}

// line bills a use: its whole cycle, or as much of it as has passed.
func (p *pricedUse) line(r *Resource, at time.Time) Line {
	from, to := p.use.CycleStart, p.use.CycleEnd
	if at.Before(to) && from.Before(at) {
		to = at
	}
	l := r.line(p.term, p.list)
	l.BillingItem = p.meter.Meter
	if p.term.BillingItem != "" {
		l.BillingItem = p.term.BillingItem + "/" + p.meter.Meter
	}
	l.Count, l.Quantity, l.Unit, l.UnitPrice = wholeNumber(1), p.use.Quantity, p.meter.Unit, p.unitPrice
	l.EffectiveAt, l.ExpiresAt = &from, &to
	if len(p.meter.Tiers) > 0 { // the unit price is an average then: the tiers tell how the amount came about
		l.Cycle, l.Meters = p.term.Cycle, []Meter{p.meter}
	}
	return l
}
