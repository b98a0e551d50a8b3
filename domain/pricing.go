package domain

import "time"

// price works out the exact amounts of the lines and of the order.
func price(c PlaceOrder) (OrderPlaced, *Rejection) {
	e := OrderPlaced{
		Header: Header{
			OrderID: c.OrderID, OrgID: c.OrgID, OrderType: c.OrderType, ProjectID: c.ProjectID, ConsumerID: c.ConsumerID,
			Currency: c.Currency, TradeNo: c.TradeNo, BusinessGroup: c.BusinessGroup, Tags: notNil(c.Tags),
			ParentOrderID: c.ParentOrderID, Reason: c.Reason, Personal: digests(c),
		},
		Lines: make([]Line, len(c.Lines)),
	}
	for i, spec := range c.Lines {
		line, refused := priceLine(i, spec, c.Currency)
		if refused != nil {
			return OrderPlaced{}, refused
		}
		e.Lines[i] = line
	}
	e.sum()
	if !e.ListAmount.inRange() {
		return OrderPlaced{}, invalid("lines", "the sum of the lines: %s", errAmountTooBig)
	}
	return e, nil
}

// sum makes the order's amounts those of its lines.
func (e *OrderPlaced) sum() {
	zero := e.Currency.Zero()
	e.ListAmount, e.DiscountAmount, e.PayableAmount = zero, zero, zero
	for i := range e.Lines {
		l := &e.Lines[i]
		e.ListAmount = e.ListAmount.Add(l.ListAmount)
		e.DiscountAmount = e.DiscountAmount.Add(l.DiscountAmount)
		e.PayableAmount = e.PayableAmount.Add(l.PayableAmount)
	}
}

// priceLine rounds once: list = count × quantity × unit price; payable = list − discount. What gives money back has no
// discount.
func priceLine(i int, spec LineSpec, currency Currency) (Line, *Rejection) {
	list, err := currency.round(spec.Count.Mul(spec.Quantity.Decimal).Mul(spec.UnitPrice.Decimal))
	if err != nil {
		return Line{}, invalid(lineField(i, "unit_price"), "%s", err)
	}
	discount, err := spec.DiscountAmount.In(currency)
	if err != nil {
		return Line{}, invalid(lineField(i, "discount_amount"), "%s", err)
	}
	if discount.Sign() < 0 || discount.Sign() > 0 && list.Less(discount) {
		return Line{}, invalid(lineField(i, "discount_amount"), "a discount lies between 0 and the line's list amount, %s", list)
	}
	spec.DiscountAmount = discount
	spec.ResourceExt = notNil(spec.ResourceExt)
	if spec.OldConfig == nil {
		spec.OldConfig = []Component{}
	}
	if spec.NewConfig == nil {
		spec.NewConfig = []Component{}
	}
	spec.EffectiveAt, spec.ExpiresAt = utc(spec.EffectiveAt), utc(spec.ExpiresAt)
	return Line{LineNo: i + 1, LineSpec: spec, ListAmount: list, PayableAmount: list.Sub(discount)}, nil
}

// fits holds the priced order against the rules of its type.
func (e *OrderPlaced) fits(zone *time.Location) *Rejection {
	for i := range e.Lines {
		l := &e.Lines[i]
		if l.ChargeMode.Group() == Free && l.PayableAmount.Sign() != 0 && !givesBack(l) {
			return invalid(lineField(i, "discount_amount"), "gift and trial cost nothing: the discount is the whole list amount, %s", l.ListAmount)
		}
		if refused := e.fitsSign(i, l); refused != nil {
			return refused
		}
		if refused := e.fitsWindow(i, l, zone); refused != nil {
			return refused
		}
	}
	return nil
}

// fitsSign refuses amounts that the type can't have, and lines that cost beside lines that give back: an order either
// takes money or returns it.
func (e *OrderPlaced) fitsSign(i int, l *Line) *Rejection {
	is := l.PayableAmount.Sign()
	switch rule := typeRules[e.OrderType].sign; {
	case rule == zeroOnly && is != 0:
		return invalid(lineField(i, "unit_price"), "a line of an order of type %s costs nothing; it would be %s", e.OrderType, l.PayableAmount)
	case rule == zeroOrMore && is < 0, rule == zeroOrLess && is > 0:
		return invalid(lineField(i, "unit_price"), "the type %s can't amount to %s", e.OrderType, l.PayableAmount)
	case is != 0 && e.PayableAmount.Sign() != is:
		return invalid(lineField(i, "unit_price"), "some lines cost and others give back; place two orders")
	}
	return nil
}

// fitsWindow holds a lease's time against its quantity, where both are given in whole units of the charge mode.
func (e *OrderPlaced) fitsWindow(i int, l *Line, zone *time.Location) *Rejection {
	if l.EffectiveAt == nil || l.ExpiresAt == nil || e.OrderType != Purchase && e.OrderType != Renewal {
		return nil
	}
	if !l.Quantity.IsInteger() || !unitOf(l.ChargeMode, l.Unit) {
		return nil
	}
	if end, ok := leaseEnd(*l.EffectiveAt, l.ChargeMode, l.Quantity, zone); ok && !end.Equal(*l.ExpiresAt) {
		return invalid(lineField(i, "expires_at"), "%s %s from effective_at end at %s", l.Quantity.String(), l.Unit, end.In(zone).Format(time.RFC3339))
	}
	return nil
}

// unitOf says whether a unit is the charge mode's own.
func unitOf(mode ChargeMode, unit string) bool {
	return unit == string(mode) || mode == ModePrepaid30d && unit == "30d"
}
