package domain

import "time"

// refund posts a refund order: it is placed and paid with negative funds, the origin remembers what came back, and the
// account gets it. It needs the account.
func (d *draft) refund(origin *Order, plan refundPlan, placed OrderPlaced, period Period) *Rejection {
	d.emit(OrderRef(placed.OrderID), placed)
	return d.postBack(d.Order(placed.OrderID), origin, plan, period)
}

// postBack pays an order of a negative amount from the money of another: o is paid with negative funds, the origin
// remembers, the account gets what comes back. The plan returns what o amounts to.
func (d *draft) postBack(o, origin *Order, plan refundPlan, period Period) *Rejection {
	a := d.Account(o.OrgID)
	after := a.Balance(o.Currency)
	after.Funds = after.Funds.Add(plan.returned)
	if !after.Cash.inRange() || !after.Gift.inRange() || !after.Voucher.inRange() {
		return tooLarge()
	}
	d.emit(OrderRef(o.OrderID), OrderPaid{
		OrderID: o.OrderID, OrgID: o.OrgID, Currency: o.Currency, Paid: plan.returned.Neg(), Lines: plan.payments(o),
		BillingPeriod: period, Completed: !typeRules[o.OrderType].provisioned,
	})
	if plan.returned.Total().Sign() != 0 {
		gifts, vouchers := plan.parts(a, origin)
		d.emit(AccountRef(o.OrgID), AccountRefunded{
			OrgID: o.OrgID, OrderID: origin.OrderID, RefundOrderID: o.OrderID, Currency: o.Currency, Funds: plan.returned,
			Postings: fundPostings(o.Currency, plan.returned.Neg(), PlaceSales), Balance: after, Gifts: gifts, Vouchers: vouchers,
		})
	}
	d.emit(OrderRef(origin.OrderID), OrderRefunded{
		OrderID: origin.OrderID, OrgID: origin.OrgID, RefundOrderID: o.OrderID, Currency: o.Currency,
		Returned: plan.returned, Consumed: plan.consumed, Forfeited: plan.forfeited, Lines: plan.lines, Reason: o.Reason,
	})
	return nil
}

// payments are the negative payments of o's lines: what the line that each corrects gives back; where lines are made
// up otherwise, the funds are spread over them.
func (p *refundPlan) payments(o *Order) []LinePayment {
	all := make([]LinePayment, len(o.Lines))
	due, mixed := make([]Amount, len(o.Lines)), false
	for i := range o.Lines {
		l := &o.Lines[i]
		all[i] = LinePayment{LineNo: l.LineNo, Funds: NoFunds(o.Currency)}
		r := p.corrected(o, l)
		switch {
		case r != nil && r.Returned.Total() == l.PayableAmount.Neg():
			all[i].Funds = r.Returned.Neg()
			for _, g := range r.Gifts {
				all[i].Gifts = append(all[i].Gifts, GiftPart{g.GrantID, g.Amount.Neg(), g.ExpiresAt})
			}
			for _, v := range r.Vouchers {
				all[i].Vouchers = append(all[i].Vouchers, VoucherPart{v.VoucherID, v.Amount.Neg()})
			}
		case l.PayableAmount.Sign() != 0:
			mixed = true
		}
		if due[i] = l.PayableAmount.Neg(); due[i].Sign() < 0 {
			due[i] = o.Currency.Zero()
		}
	}
	if !mixed {
		return all
	}
	return p.spread(o, due)
}

// spread shares the funds that come back among lines that are due the given amounts, cash for what is left.
func (p *refundPlan) spread(o *Order, due []Amount) []LinePayment {
	all := make([]LinePayment, len(o.Lines))
	gifts := Split(p.returned.Gift, due)
	for i := range due {
		due[i] = due[i].Sub(gifts[i])
	}
	var lots, parts []part
	for _, r := range p.lines {
		for _, g := range r.Gifts {
			lots = append(lots, part{g.GrantID, g.Amount, g.ExpiresAt})
		}
		for _, v := range r.Vouchers {
			parts = append(parts, part{v.VoucherID, v.Amount, nil})
		}
	}
	for i, voucher := range Split(p.returned.Voucher, due) {
		l := &o.Lines[i]
		all[i] = LinePayment{LineNo: l.LineNo, Funds: Funds{l.PayableAmount.Add(gifts[i]).Add(voucher), gifts[i].Neg(), voucher.Neg()}}
		var taken []part
		taken, lots = takeParts(lots, gifts[i])
		for _, t := range taken {
			all[i].Gifts = addGiftPart(all[i].Gifts, GiftPart{t.id, t.amount.Neg(), t.expiresAt})
		}
		taken, parts = takeParts(parts, voucher)
		for _, t := range taken {
			all[i].Vouchers = addVoucherPart(all[i].Vouchers, VoucherPart{t.id, t.amount.Neg()})
		}
	}
	return all
}

// part is what a grant or a voucher bears.
type part struct {
	id        string
	amount    Amount
	expiresAt *time.Time
}

// takeParts takes an amount from the first parts on; the last may be left in part.
func takeParts(parts []part, amount Amount) (taken, left []part) {
	for amount.Sign() > 0 {
		t := parts[0]
		if t.amount = lesser(t.amount, amount); t.amount == parts[0].amount {
			parts = parts[1:]
		} else {
			parts[0].amount = parts[0].amount.Sub(t.amount)
		}
		taken, amount = append(taken, t), amount.Sub(t.amount)
	}
	return taken, parts
}

func (p *refundPlan) corrected(o *Order, l *Line) *LineRefund {
	if o.ParentOrderID == nil {
		return nil
	}
	for i := range p.lines {
		if l.Corrects == billLineID(*o.ParentOrderID, p.lines[i].LineNo) {
			return &p.lines[i]
		}
	}
	return nil
}

// parts are the grants and vouchers that money comes back to. One that is used up, and so is not on the account any
// more, comes back as the order knows it.
func (p *refundPlan) parts(a *Account, origin *Order) (gifts []GiftPart, vouchers []Voucher) {
	for _, l := range p.lines {
		for _, g := range l.Gifts {
			gifts = addGiftPart(gifts, g)
		}
		for _, part := range l.Vouchers {
			vouchers = p.addVoucher(vouchers, part, a, origin)
		}
	}
	return gifts, vouchers
}

func (p *refundPlan) addVoucher(vouchers []Voucher, part VoucherPart, a *Account, origin *Order) []Voucher {
	for i := range vouchers {
		if vouchers[i].VoucherID == part.VoucherID {
			vouchers[i].Left = vouchers[i].Left.Add(part.Amount)
			return vouchers
		}
	}
	v, there := a.voucher(part.VoucherID)
	if !there {
		for _, paid := range origin.PaidVouchers {
			if paid.VoucherID == part.VoucherID {
				v, v.Left = paid, origin.Currency.Zero()
			}
		}
	}
	v.Left = v.Left.Add(part.Amount)
	return append(vouchers, v)
}

// refundOrder is the order that gives the plan's money back, with a line for each that something happens to. Its id is
// the origin's and how often that was refunded before.
func refundOrder(origin *Order, settings Settings, plan refundPlan, reason string, at time.Time) OrderPlaced {
	total := plan.returned.Total().Neg()
	placed := OrderPlaced{
		Header: Header{
			OrderID: refundID(origin), OrgID: origin.OrgID, OrderType: Refund,
			ProjectID: origin.ProjectID, ConsumerID: origin.ConsumerID, Currency: origin.Currency, TradeNo: origin.TradeNo,
			BusinessGroup: origin.BusinessGroup, Tags: notNil(origin.Tags), ParentOrderID: &origin.OrderID, Reason: reason,
		},
		ListAmount: total, DiscountAmount: origin.Currency.Zero(), PayableAmount: total,
	}
	placed.Lines = plan.refundLines(origin, settings, at)
	return placed
}

func refundID(origin *Order) string {
	return derivedID("refund", origin.OrderID, numbered(int64(len(origin.Refunds))))
}

// refundLines are copies of the lines that something comes back of, with the amounts taken back and the time given up.
func (p *refundPlan) refundLines(origin *Order, settings Settings, at time.Time) []Line {
	var lines []Line
	for _, r := range p.lines {
		if r.Returned.Total().Sign() == 0 && r.Forfeited.Sign() == 0 {
			continue
		}
		for i := range origin.Lines {
			if origin.Lines[i].LineNo == r.LineNo {
				lines = append(lines, p.refundLine(origin, &origin.Lines[i], r, settings, at))
				lines[len(lines)-1].LineNo = len(lines)
			}
		}
	}
	return lines
}

func (p *refundPlan) refundLine(origin *Order, of *Line, r LineRefund, settings Settings, at time.Time) Line {
	amount := r.Returned.Total()
	l := *of
	l.Corrects = billLineID(origin.OrderID, of.LineNo)
	l.Count, l.Quantity, l.Unit, l.UnitPrice = wholeNumber(1), wholeNumber(-1), "refund", decimalOf(amount)
	l.NewUnitPrice, l.Cycle, l.Meters = nil, "", nil
	l.ListAmount, l.DiscountAmount, l.PayableAmount = amount.Neg(), origin.Currency.Zero(), amount.Neg()
	if p.timed && origin.fulfilled() && of.EffectiveAt != nil && of.ExpiresAt != nil && at.After(*of.EffectiveAt) {
		left, _ := timeLeft(*of.EffectiveAt, *of.ExpiresAt, at, settings.basis(of.ProductCode))
		from := of.ExpiresAt.Add(-time.Duration(left) * time.Microsecond)
		l.EffectiveAt = &from
	}
	return l
}

func billLineID(orderID string, lineNo int) string { return orderID + "-" + numbered(int64(lineNo)) }
