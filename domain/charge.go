package domain

// charge pays an order whole from its organisation's account, as named or by the default order of funds, or refuses. It
// needs the account and the organisation. An order that costs nothing is paid without a word on the account.
func (d *draft) charge(o *Order, named *Allocation, period Period) *Rejection {
	if o.PayableAmount.Sign() == 0 { // even where credit was lowered, and cash lies below it
		paid := payNothing(o, period)
		paid.Windows = d.windows(o)
		d.emit(OrderRef(o.OrderID), paid)
		return nil
	}
	a := d.Account(o.OrgID)
	p, refused := allocate(a, o, named, SettingsOf(d.Org(o.OrgID)).credit(o.Currency), d.clock.At)
	if refused != nil {
		return refused
	}
	paid := p.paid(o, period)
	paid.Windows = d.windows(o)
	d.emit(OrderRef(o.OrderID), paid)
	d.emit(AccountRef(o.OrgID), p.charged(o, a.Balance(o.Currency)))
	return nil
}

// debit places an order that is taken from the account at once. Short of funds, or behind others that wait, it becomes
// arrears, which the next money pays. It needs the account and the organisation.
func (d *draft) debit(placed OrderPlaced, period Period) {
	o := placed.evolve(nil, Meta{OccurredAt: d.clock.At, RecordedAt: d.clock.Now}).(*Order)
	a := d.Account(o.OrgID)
	_, short := allocate(a, o, nil, SettingsOf(d.Org(o.OrgID)).credit(o.Currency), d.clock.At)
	if o.PayableAmount.Sign() > 0 && (short != nil || a.arrears(o.Currency)) {
		placed.Arrears = true
		d.emit(OrderRef(o.OrderID), placed)
		d.emit(AccountRef(o.OrgID), ArrearsOpened{OrgID: o.OrgID, OrderID: o.OrderID, Currency: o.Currency, Amount: o.PayableAmount})
		return
	}
	d.emit(OrderRef(o.OrderID), placed)
	_ = d.charge(o, nil, period) // as it was allocated just now
}

// arrears says whether settlements of a currency wait for money.
func (a *Account) arrears(c Currency) bool {
	if a != nil {
		for _, chunk := range a.Arrears.chunks {
			for i := range chunk {
				if chunk[i].Currency == c {
					return true
				}
			}
		}
	}
	return false
}

// paid is the order's side of the payment.
func (p *payment) paid(o *Order, period Period) OrderPaid {
	return OrderPaid{
		OrderID: o.OrderID, OrgID: o.OrgID, Currency: o.Currency, Paid: p.Funds, Lines: p.lines,
		BillingPeriod: period, Completed: !typeRules[o.OrderType].provisioned, Vouchers: p.used,
	}
}

// charged is the account's side of the payment.
func (p *payment) charged(o *Order, before Balance) AccountCharged {
	return AccountCharged{
		OrgID: o.OrgID, OrderID: o.OrderID, Currency: o.Currency, Funds: p.Funds,
		Postings: fundPostings(o.Currency, p.Funds, PlaceSales), Gifts: p.gifts, Vouchers: p.vouchers,
		Balance: Balance{Currency: o.Currency, Funds: before.Funds.Sub(p.Funds), Frozen: before.Frozen},
	}
}
