package domain

import "time"

// What each type does to a line: prices, quantities and times that follow from what the resource costs now.

// end wants the term to be a lease with an end, after its beginning.
func (t *Term) end() (time.Time, *Rejection) {
	if t.ExpiresAt == nil || t.EffectiveAt == nil || !t.EffectiveAt.Before(*t.ExpiresAt) {
		return time.Time{}, reject(LeaseMismatch, "the lease has no end yet: its purchase has to say, or the report of its fulfilment")
	}
	return *t.ExpiresAt, nil
}

// reaches refuses a lease that would be counted in more units than can be written down.
func (t *Term) reaches(quantity Decimal) *Rejection {
	if quantity.tooLarge() {
		return reject(LeaseMismatch, "no lease lasts that long")
	}
	return nil
}

// lasts sets the time that a line pays for; times that were given have to be these.
func (l *LineSpec) lasts(from, to time.Time) *Rejection {
	for _, w := range []struct {
		given **time.Time
		is    time.Time
		name  string
	}{{&l.EffectiveAt, from, "effective_at"}, {&l.ExpiresAt, to, "expires_at"}} {
		if *w.given != nil && !(*w.given).Equal(w.is) {
			return reject(LeaseMismatch, "%s is %s; leave it out, or give it so", w.name, w.is.Format(time.RFC3339Nano))
		}
		*w.given = &w.is
	}
	return nil
}

// renewal begins where the lease ends, or where days after it stopped being charged one by one.
func (f *following) renewal(l *LineSpec, t *Term, overdueThrough *time.Time) *Rejection {
	from, refused := renewsFrom(t, overdueThrough)
	if refused != nil {
		return refused
	}
	if l.Unit != t.Unit {
		return reject(LeaseMismatch, "the lease is counted in %s, not in %s", t.Unit, l.Unit)
	}
	to, ok := leaseEnd(from, l.ChargeMode, l.Quantity, f.settings.Location())
	if sum := (Decimal{t.Quantity.Add(l.Quantity.Decimal)}); !ok || sum.tooLarge() {
		return reject(LeaseMismatch, "no lease lasts that long")
	}
	return l.lasts(from, to)
}

func renewsFrom(t *Term, overdueThrough *time.Time) (time.Time, *Rejection) {
	from, refused := t.end()
	if refused == nil && overdueThrough != nil && overdueThrough.After(from) {
		from = *overdueThrough
	}
	return from, refused
}

// change is an upgrade or a downgrade, from now to the lease's end. Where only the new price is given, the difference is
// charged for the part of the lease that is left, counted in whole units of the product's basis. A downgrade gives
// nothing back for time that nobody paid for, such as a compensation.
func (f *following) change(i int, l *LineSpec, t *Term, h *tenure) *Rejection {
	end, refused := t.end()
	if refused != nil {
		return refused
	}
	from := f.at
	if from.Before(*t.EffectiveAt) {
		from = *t.EffectiveAt
	}
	if !from.Before(end) {
		return reject(LeaseMismatch, "the lease ended at %s; renew it first", end.Format(time.RFC3339))
	}
	if !l.worksOut(f.OrderType) {
		if l.EffectiveAt == nil {
			l.EffectiveAt = &from
		}
		if l.ExpiresAt == nil {
			l.ExpiresAt = &end
		}
		if !l.EffectiveAt.Before(*l.ExpiresAt) {
			return invalid(lineField(i, "expires_at"), "it lies after effective_at")
		}
		return f.takesFromParent(i, l)
	}
	if l.Count.Cmp(t.Count.Decimal) != 0 || l.Unit != t.Unit {
		return reject(LeaseMismatch, "the resource is charged for %s, counted in %s; give these, or a quantity and a price", t.Count.String(), t.Unit)
	}
	left := end.Sub(from)
	if f.OrderType == Downgrade {
		left = h.paidFor(from, end)
	}
	l.Quantity = share(t.Quantity, whole(left, f.settings.basis(l.ProductCode)), end.Sub(*t.EffectiveAt))
	f.prorated[i] = true
	l.UnitPrice = Decimal{l.NewUnitPrice.Sub(t.UnitPrice.Decimal)}
	if l.UnitPrice.Sign() < 0 && f.OrderType == Upgrade || l.UnitPrice.Sign() > 0 && f.OrderType == Downgrade {
		return invalid(lineField(i, "new_unit_price"), "the resource costs %s now, which no %s leads from", t.UnitPrice.String(), f.OrderType)
	}
	if n := f.parentLine(l); n > 0 && f.OrderType == Downgrade {
		l.UnitPrice = f.parent.line(n).asPaid(l.UnitPrice)
	}
	if refused := l.lasts(from, end); refused != nil {
		return refused
	}
	return f.takesFromParent(i, l)
}

// settlement moves the lease's end, sooner or later. Where no quantity is given, the time between is charged or given
// back at the price of the lease; more time in whole units of the product's basis, of which the last may be begun alone.
// Days after the lease that were charged one by one are not charged again.
func (f *following) settlement(i int, l *LineSpec, t *Term, overdueThrough *time.Time) *Rejection {
	from, refused := renewsFrom(t, overdueThrough)
	if refused != nil {
		return refused
	}
	end, to := *t.ExpiresAt, *utc(l.ExpiresAt)
	longer := to.After(end)
	if !to.After(f.at) || !to.After(*t.EffectiveAt) || to.Equal(end) || longer && !to.After(from) {
		return reject(LeaseMismatch, "the lease is charged until %s; the new end lies after now, and elsewhere", from.Format(time.RFC3339))
	}
	if refused := t.reaches(share(t.Quantity, to.Sub(*t.EffectiveAt), end.Sub(*t.EffectiveAt))); refused != nil {
		return refused
	}
	if l.worksOut(f.OrderType) {
		if l.Count.Cmp(t.Count.Decimal) != 0 || l.Unit != t.Unit {
			return reject(LeaseMismatch, "the resource is charged for %s, counted in %s; give these, or a quantity and a price", t.Count.String(), t.Unit)
		}
		between := whole(to.Sub(end), f.settings.basis(l.ProductCode))
		if longer {
			between = begun(to.Sub(from), f.settings.basis(l.ProductCode))
		}
		l.Quantity = share(t.Quantity, between, end.Sub(*t.EffectiveAt))
		l.UnitPrice, f.prorated[i] = t.UnitPrice, true
	}
	switch is := l.Quantity.Sign() * l.UnitPrice.Sign(); {
	case longer && is < 0, !longer && is > 0:
		return invalid(lineField(i, "quantity"), "a later end gives nothing back, and a sooner one costs nothing")
	case longer:
		return l.lasts(from, to)
	}
	return f.sooner(i, l, to, end)
}

// sooner gives back what the order that is followed paid for the time that is cut off: at its own price, as another may
// have paid for a change since.
func (f *following) sooner(i int, l *LineSpec, to, end time.Time) *Rejection {
	l.EffectiveAt = nil // nothing is paid for: what lies between to and end is given back
	if n := f.parentLine(l); n > 0 && f.prorated[i] {
		p := f.parent.line(n)
		if p.EffectiveAt == nil || p.ExpiresAt == nil || p.EffectiveAt.After(to) || p.ExpiresAt.Before(end) {
			return reject(LeaseMismatch, "the order that it follows did not pay for all the time from %s to %s; give time back order by order, the last one first", to.Format(time.RFC3339), end.Format(time.RFC3339))
		}
		// Months differ in length: the units are those of the order that paid, not the average of the whole lease's.
		l.Quantity = share(p.Quantity, whole(to.Sub(end), f.settings.basis(l.ProductCode)), p.ExpiresAt.Sub(*p.EffectiveAt))
		if p.UnitPrice.LessThan(l.UnitPrice.Decimal) {
			l.UnitPrice = p.UnitPrice
		}
		l.UnitPrice = p.asPaid(l.UnitPrice)
	}
	return f.takesFromParent(i, l)
}

// compensation gives time for nothing.
func (f *following) compensation(l *LineSpec, t *Term) *Rejection {
	end, refused := t.end()
	if refused != nil {
		return refused
	}
	to := *utc(l.ExpiresAt)
	if !to.After(end) {
		return reject(LeaseMismatch, "the lease ends at %s; a compensation ends later", end.Format(time.RFC3339))
	}
	if refused := t.reaches(share(t.Quantity, to.Sub(*t.EffectiveAt), end.Sub(*t.EffectiveAt))); refused != nil {
		return refused
	}
	return l.lasts(end, to)
}

// resize changes what use costs from now on.
func (f *following) resize(i int, l *LineSpec, t *Term) *Rejection {
	if l.Cycle != "" && l.Cycle != t.Cycle {
		return invalid(lineField(i, "cycle"), "the cycle is %s, and stays so", t.Cycle)
	}
	if len(l.Meters) > 0 && len(t.Rates) >= ratesMax {
		return reject(LimitReached, "the resource has had %d prices since it was settled last", len(t.Rates))
	}
	l.Cycle = t.Cycle
	if l.EffectiveAt != nil && !l.EffectiveAt.Equal(f.at) {
		return reject(LeaseMismatch, "use costs something else from now on; leave effective_at out")
	}
	l.EffectiveAt = &f.at
	return nil
}

// convert changes how the resource is charged: to a lease that begins now, or to pay-as-you-go, which gives back what
// is left of the lease.
func (f *following) convert(l *LineSpec, t *Term) *Rejection {
	running := t.ChargeMode.Group() == Prepay && t.ExpiresAt != nil && t.ExpiresAt.After(f.at)
	switch {
	case l.ChargeMode.Group() == Prepay && running:
		return reject(LeaseMismatch, "the lease runs until %s; change its mode when it has ended, or end it first", t.ExpiresAt.Format(time.RFC3339))
	case t.ChargeMode.Group() != Prepay:
		return nil
	}
	n := f.parentLine(l)
	if n == 0 {
		return nil
	}
	plan, refused := refundable(f.parent, f.settings, refundAsk{lineNos: []int{n}}, f.at)
	switch {
	case refused != nil && refused.Code == NotRefundable:
		return nil
	case refused != nil:
		return refused
	}
	for _, back := range plan.refundLines(f.parent, f.settings, f.at) {
		if back.PayableAmount.Sign() < 0 {
			f.back = append(f.back, back)
		}
	}
	return nil
}

// takesFromParent notes which line of the parent money comes back from.
func (f *following) takesFromParent(i int, l *LineSpec) *Rejection {
	if l.Count.Mul(l.Quantity.Decimal).Mul(l.UnitPrice.Decimal).Sign() >= 0 {
		return nil
	}
	n := f.parentLine(l)
	if n == 0 {
		return reject(NotRefundable, "the order that it follows has no line for %s of %s to give money back from; follow the one that has", namedTerm(l), l.ResourceID)
	}
	f.corrects[i] = billLineID(f.parent.OrderID, n)
	return nil
}

// asPaid is a price less the part that the line's discount took of its own.
func (l *Line) asPaid(price Decimal) Decimal {
	if l.DiscountAmount.Sign() == 0 {
		return price
	}
	paid := price.Mul(decimalOf(l.PayableAmount).Decimal)
	return Decimal{paid.DivRound(decimalOf(l.ListAmount).Decimal, decimalFractionDigits)}
}
