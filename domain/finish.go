package domain

import (
	"slices"
	"time"
)

// finish moves the money of an order that is placed and approved, and lets follow what follows from it: an order that
// costs something is charged, one that costs nothing is paid, one of a negative amount is posted back on the order that
// it follows. It needs the organisation, what o.related names, and the account where money moves.
func (d *draft) finish(o *Order, named *Allocation) *Rejection {
	if refused := d.stillFits(o); refused != nil {
		return refused
	}
	period := bookingPeriod(d.Org(o.OrgID), d.clock.At)
	var refused *Rejection
	if o.PayableAmount.Sign() < 0 {
		refused = d.giveBack(o, period)
	} else {
		refused = d.charge(o, named, period)
	}
	if refused != nil {
		return refused
	}
	return d.afterPayment(d.Order(o.OrderID))
}

// payNothing is the payment of an order that costs nothing.
func payNothing(o *Order, period Period) OrderPaid {
	paid := OrderPaid{
		OrderID: o.OrderID, OrgID: o.OrgID, Currency: o.Currency, Paid: NoFunds(o.Currency), Lines: make([]LinePayment, len(o.Lines)),
		BillingPeriod: period, Completed: !typeRules[o.OrderType].provisioned,
	}
	for i := range o.Lines {
		paid.Lines[i] = LinePayment{LineNo: o.Lines[i].LineNo, Funds: NoFunds(o.Currency)}
	}
	return paid
}

// moreThanPaid says whether more happens to an order that is paid than its payment: almost all are prepaid purchases,
// whose resource is there when a service says so.
func (o *Order) moreThanPaid() bool {
	if o.OrderType != Purchase {
		return typeRules[o.OrderType].onResource
	}
	return slices.ContainsFunc(o.Lines, opensAtOnce)
}

// opensAtOnce says whether a purchase's line opens its resource when it is paid, so that use can begin: no prepaid does.
func opensAtOnce(l Line) bool { return l.ResourceID != "" && l.ChargeMode.Group() != Prepay }

// related are the streams beside the account that completing the order may look at or change.
func (o *Order) related() []Ref {
	var refs []Ref
	if o.ParentOrderID != nil {
		refs = append(refs, OrderRef(*o.ParentOrderID))
	}
	if typeRules[o.OrderType].onResource {
		for _, id := range resourceIDs(o.Lines) {
			refs = append(refs, ResourceRef(o.OrgID, id))
		}
	}
	return refs
}

// afterPayment completes what needs no service to complete it.
func (d *draft) afterPayment(o *Order) *Rejection {
	switch {
	case o.OrderType == Purchase:
		return d.openResources(o, func(l *Line) bool { return opensAtOnce(*l) })
	case o.OrderType == TransferIn:
		return d.openResources(o, func(*Line) bool { return true })
	case typeRules[o.OrderType].provisioned:
		return nil
	case o.OrderType == Convert:
		if refused := d.settleBefore(o); refused != nil {
			return refused
		}
	}
	d.changeResources(o)
	return nil
}

// settleBefore bills what was used at the prices that a conversion ends.
func (d *draft) settleBefore(o *Order) *Rejection {
	for _, id := range resourceIDs(o.Lines) {
		if r := d.Resource(o.OrgID, id); r != nil {
			if _, refused := d.settleAll(r); refused != nil {
				return refused
			}
		}
	}
	return nil
}

// windows are the times of leases that begin when they are paid: of conversions, as use is charged until then, and of
// what is transferred in.
func (d *draft) windows(o *Order) []LineWindow {
	if o.OrderType != Convert && o.OrderType != TransferIn {
		return nil
	}
	return o.windows(d.clock.At, SettingsOf(d.Org(o.OrgID)).Location())
}

// windows are the times of prepaid lines that do not say them: from now on, for as long as was bought.
func (o *Order) windows(at time.Time, zone *time.Location) []LineWindow {
	var all []LineWindow
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.ChargeMode.Group() != Prepay || l.EffectiveAt != nil && l.ExpiresAt != nil || givesBack(l) || !unitOf(l.ChargeMode, l.Unit) {
			continue
		}
		w := LineWindow{LineNo: l.LineNo, EffectiveAt: at, ExpiresAt: l.ExpiresAt}
		if l.EffectiveAt != nil {
			w.EffectiveAt = *l.EffectiveAt
		}
		if end, ok := leaseEnd(w.EffectiveAt, l.ChargeMode, l.Quantity, zone); w.ExpiresAt == nil && ok {
			w.ExpiresAt = &end
		}
		if w.ExpiresAt != nil && w.EffectiveAt.Before(*w.ExpiresAt) {
			all = append(all, w)
		}
	}
	return all
}

// openResources has lines open their resources, or add to what these are charged for.
func (d *draft) openResources(o *Order, some func(*Line) bool) *Rejection {
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.ResourceID == "" || !some(l) {
			continue
		}
		r := d.Resource(o.OrgID, l.ResourceID)
		if r == nil {
			continue
		}
		h := tenureOf(d, o.OrgID, l.ResourceID, nil)
		t := h.term(&l.LineSpec)
		switch {
		case d.clock.At.Before(r.OccurredAt):
			return goesBack(r)
		case r.Status == ResourceGone && o.OrderType != Recovery:
			return reject(ResourceIsClosed, "the resource %s is closed; an operator can recover it", l.ResourceID)
		case t != nil && t.OrderID != o.OrderID:
			return reject(ResourceExists, "the resource %s is charged for %s already, by the order %s", l.ResourceID, namedTerm(&l.LineSpec), t.OrderID)
		case h.Currency != "" && h.Currency != o.Currency:
			return reject(ResourceExists, "the resource %s is charged in %s", l.ResourceID, h.Currency)
		case len(h.terms) >= termsMax:
			return reject(LimitReached, "a resource is charged for %d things at most", termsMax)
		}
	}
	d.changeResourcesOf(o, some)
	return nil
}

func goesBack(r *Resource) *Rejection {
	return invalid("at", "history can't go back: the resource's last event happened at %s", r.OccurredAt.Format(time.RFC3339Nano))
}

// stillFits says whether what an order was priced on still holds: a lease may have been renewed or ended meanwhile.
func (d *draft) stillFits(o *Order) *Rejection {
	if o.Version == 1 && o.PayBefore == nil || !typeRules[o.OrderType].follows || !typeRules[o.OrderType].onResource {
		return nil // priced just now, or on nothing
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		if givesBack(l) {
			continue
		}
		r := d.Resource(o.OrgID, l.ResourceID)
		h := tenureOf(d, o.OrgID, l.ResourceID, o.ParentOrderID)
		t := h.term(&l.LineSpec)
		gone := r != nil && r.Status == ResourceGone
		switch {
		case r != nil && d.clock.At.Before(r.OccurredAt):
			return goesBack(r)
		case o.OrderType == Recovery && gone:
		case o.OrderType == Recovery:
			return reject(ResourceExists, "the resource %s is not closed any more", l.ResourceID)
		case gone:
			return reject(ResourceIsClosed, "the resource %s is closed", l.ResourceID)
		case t == nil || !t.agrees(o.OrderType, l, h.overdueThrough, d.clock.At):
			return reject(LeaseMismatch, "what the resource %s is charged has changed since the order was placed; place it again", l.ResourceID)
		}
	}
	return nil
}

// agrees says whether a line that was priced before still follows from the term.
func (t *Term) agrees(of OrderType, l *Line, overdueThrough *time.Time, at time.Time) bool {
	switch of {
	case Renewal:
		from, refused := renewsFrom(t, overdueThrough)
		return refused == nil && l.ChargeMode == t.ChargeMode && from.Equal(*l.EffectiveAt)
	case TermSettlement:
		from, refused := renewsFrom(t, overdueThrough)
		return refused == nil && l.EffectiveAt != nil && from.Equal(*l.EffectiveAt) && (!l.Prorated || t.UnitPrice.Equal(l.UnitPrice.Decimal))
	case Upgrade:
		return l.ChargeMode == t.ChargeMode && t.ExpiresAt != nil &&
			(!l.Prorated || t.ExpiresAt.Equal(*l.ExpiresAt) && t.UnitPrice.Add(l.UnitPrice.Decimal).Equal(l.NewUnitPrice.Decimal))
	case Convert:
		return t.ChargeMode != l.ChargeMode && (t.ExpiresAt == nil || t.ChargeMode.Group() != Prepay || !t.ExpiresAt.After(at))
	}
	return true
}
