package domain

import (
	"math/bits"
	"slices"
	"time"
)

// refundsMax bounds how often one order is refunded.
const refundsMax = 100

// refundAsk is what of an order is to come back.
type refundAsk struct {
	// amount is how much; nil is what the time that is left is worth, which takes the rest as consumed.
	amount *Amount
	// lineNos are the lines; none is all.
	lineNos []int
	// returnVouchers: what vouchers paid comes back to them, as long as they are valid; else it is forfeited.
	returnVouchers bool
	// exact: all of the amount must come back, and nothing be forfeited.
	exact bool
}

// refundPlan is what comes back of an order, by line. Lines that nothing happens to are not in it.
type refundPlan struct {
	returned            Funds
	consumed, forfeited Amount
	lines               []LineRefund
	timed               bool // by the time that is left
}

// refundable works out what comes back of an order at a time, or why nothing does.
func refundable(o *Order, settings Settings, ask refundAsk, at time.Time) (refundPlan, *Rejection) {
	if why := o.unrefundable(); why != "" {
		return refundPlan{}, reject(NotRefundable, "%s", why)
	}
	if len(o.Refunds) >= refundsMax {
		return refundPlan{}, reject(LimitReached, "an order is refunded %d times at most", refundsMax)
	}
	lines, refused := o.paidLines(ask)
	if refused != nil {
		return refundPlan{}, refused
	}
	for i := range lines {
		lines[i].reckon(o, ask.returnVouchers, at)
	}
	if ask.amount != nil {
		amount, err := ask.amount.In(o.Currency)
		if err != nil {
			return refundPlan{}, invalid("amount", "%s", err)
		}
		if refused := targetAmount(lines, amount, ask.exact); refused != nil {
			return refundPlan{}, refused
		}
	} else if !targetTime(lines, o, settings, at) {
		return refundPlan{}, reject(NotRefundable, "all of what was paid for is used")
	}
	return planOf(o, lines, ask.amount == nil), nil
}

// unrefundable is why nothing of the order can come back whatever is asked, "" when something may.
func (o *Order) unrefundable() string {
	switch o.Status {
	case Paid, FulfilmentFailure, Completed, PartiallyRefunded:
	default:
		return "the order is " + string(o.Status)
	}
	switch {
	case o.Paid.Total().Sign() <= 0:
		return "nothing was paid for the order"
	case o.Fulfilment != nil && o.Fulfilment.State == "started":
		return "the order is being fulfilled; refund it when that is done"
	}
	return ""
}

// fulfilled says whether what was paid for is there, so that its time runs.
func (o *Order) fulfilled() bool {
	return !typeRules[o.OrderType].provisioned || o.Fulfilment != nil && o.Fulfilment.State == "completed"
}

// refundLineState is a line on the way to its refund.
type refundLineState struct {
	line *Line
	paid *LinePayment
	done LineRefund // by the refunds before
	// left is what no refund has touched; can* what of it comes back by fund, the gift and voucher parts behind it.
	left                         Amount
	canCash, canGift, canVoucher Amount
	gifts                        []GiftPart
	vouchers                     []VoucherPart
	target, consumed             Amount
}

// paidLines are the lines asked for that money was paid for, with what is left of it.
func (o *Order) paidLines(ask refundAsk) ([]refundLineState, *Rejection) {
	for _, no := range ask.lineNos {
		if !slices.ContainsFunc(o.Lines, func(l Line) bool { return l.LineNo == no }) {
			return nil, invalid("line_nos", "the order has no line %d", no)
		}
	}
	var lines []refundLineState
	for i := range o.LineFunds {
		paid := &o.LineFunds[i]
		if len(ask.lineNos) > 0 && !slices.Contains(ask.lineNos, paid.LineNo) {
			continue
		}
		l := refundLineState{line: &o.Lines[i], paid: paid, left: paid.Total()}
		for _, r := range o.LineRefunds {
			if r.LineNo == paid.LineNo {
				l.done = r
				l.left = l.left.Sub(r.Returned.Total()).Sub(r.Consumed).Sub(r.Forfeited)
			}
		}
		if l.left.Sign() > 0 {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return nil, reject(NotRefundable, "nothing is left to refund")
	}
	return lines, nil
}

// reckon finds what of the line can come back to each fund.
func (l *refundLineState) reckon(o *Order, returnVouchers bool, at time.Time) {
	zero := o.Currency.Zero()
	l.target, l.consumed, l.canGift, l.canVoucher = zero, zero, zero, zero
	l.canCash = l.paid.Cash.Sub(l.done.Returned.Cash)
	for _, g := range l.paid.Gifts {
		for _, back := range l.done.Gifts {
			if back.GrantID == g.GrantID {
				g.Amount = g.Amount.Sub(back.Amount)
			}
		}
		if g.Amount.Sign() > 0 && !over(g.ExpiresAt, at) {
			l.gifts, l.canGift = append(l.gifts, g), l.canGift.Add(g.Amount)
		}
	}
	if !returnVouchers {
		return
	}
	for _, v := range l.paid.Vouchers {
		for _, back := range l.done.Vouchers {
			if back.VoucherID == v.VoucherID {
				v.Amount = v.Amount.Sub(back.Amount)
			}
		}
		if v.Amount.Sign() > 0 && o.voucherHolds(v.VoucherID, at) {
			l.vouchers, l.canVoucher = append(l.vouchers, v), l.canVoucher.Add(v.Amount)
		}
	}
}

// voucherHolds says whether money can still go back to a voucher that paid.
func (o *Order) voucherHolds(id string, at time.Time) bool {
	for i := range o.PaidVouchers {
		if v := &o.PaidVouchers[i]; v.VoucherID == id {
			return !over(v.ValidTo, at)
		}
	}
	return false
}

// targetTime takes all that is left of each line: what its time to come is worth comes back, the rest is consumed.
// It says whether anything comes back.
func targetTime(lines []refundLineState, o *Order, settings Settings, at time.Time) (any bool) {
	for i := range lines {
		l := &lines[i]
		l.target = l.left
		if o.fulfilled() && l.line.EffectiveAt != nil && l.line.ExpiresAt != nil {
			left, total := timeLeft(*l.line.EffectiveAt, *l.line.ExpiresAt, at, settings.basis(l.line.ProductCode))
			worth := l.paid.Total().part(left, total).Sub(l.done.cutAfter(at))
			l.target = greater(o.Currency.Zero(), lesser(l.left, worth))
		}
		l.consumed = l.left.Sub(l.target)
		any = any || l.target.Sign() > 0
	}
	return any
}

// targetAmount spreads an amount over the lines: what comes back to cash first, then gift, then vouchers, then what is
// forfeited, each by what the lines have of it.
func targetAmount(lines []refundLineState, amount Amount, exact bool) *Rejection {
	var left, can Amount
	for i := range lines {
		l := &lines[i]
		left, can = left.Add(l.left), can.Add(lesser(l.left, l.canCash.Add(l.canGift).Add(l.canVoucher)))
	}
	if left.Less(amount) {
		return reject(NotRefundable, "%s of what was paid is left to refund", left)
	}
	if exact && can.Less(amount) {
		return reject(NotRefundable, "%s of what was paid can come back; the rest was paid by what has lapsed", can)
	}
	for _, fund := range []func(*refundLineState) Amount{
		func(l *refundLineState) Amount { return l.canCash },
		func(l *refundLineState) Amount { return l.canCash.Add(l.canGift) },
		func(l *refundLineState) Amount { return l.canCash.Add(l.canGift).Add(l.canVoucher) },
		func(l *refundLineState) Amount { return l.left },
	} {
		weights, sum := make([]Amount, len(lines)), Amount{}
		for i := range lines {
			weights[i] = lesser(fund(&lines[i]), lines[i].left).Sub(lines[i].target)
			sum = sum.Add(weights[i])
		}
		part := lesser(amount, sum)
		for i, share := range Split(part, weights) {
			lines[i].target = lines[i].target.Add(share)
		}
		amount = amount.Sub(part)
	}
	return nil
}

// planOf takes each line's target from its funds: cash, then gift, then vouchers; what is over is forfeited.
func planOf(o *Order, lines []refundLineState, timed bool) refundPlan {
	zero := o.Currency.Zero()
	plan := refundPlan{returned: NoFunds(o.Currency), consumed: zero, forfeited: zero, timed: timed}
	for i := range lines {
		l := &lines[i]
		if l.target.Sign() == 0 && l.consumed.Sign() == 0 {
			continue
		}
		r := LineRefund{LineNo: l.line.LineNo, Returned: NoFunds(o.Currency), Consumed: l.consumed}
		rest := l.target
		r.Returned.Cash = lesser(rest, l.canCash)
		rest = rest.Sub(r.Returned.Cash)
		for _, g := range l.gifts {
			if g.Amount = lesser(rest, g.Amount); g.Amount.Sign() > 0 {
				r.Gifts, r.Returned.Gift, rest = append(r.Gifts, g), r.Returned.Gift.Add(g.Amount), rest.Sub(g.Amount)
			}
		}
		for _, v := range l.vouchers {
			if v.Amount = lesser(rest, v.Amount); v.Amount.Sign() > 0 {
				r.Vouchers, r.Returned.Voucher, rest = append(r.Vouchers, v), r.Returned.Voucher.Add(v.Amount), rest.Sub(v.Amount)
			}
		}
		r.Forfeited = rest
		plan.lines = append(plan.lines, r)
		plan.returned = plan.returned.Add(r.Returned)
		plan.consumed, plan.forfeited = plan.consumed.Add(r.Consumed), plan.forfeited.Add(r.Forfeited)
	}
	return plan
}

// timeLeft is how much of the time between two instants is left, rounded down to whole units of the basis, and all of
// it, in microseconds. Before its beginning all is left.
func timeLeft(from, to, at time.Time, basis time.Duration) (left, total int64) {
	total = to.UnixMicro() - from.UnixMicro()
	if !at.After(from) {
		return total, total
	}
	left = max(0, to.UnixMicro()-at.UnixMicro())
	return left - left%basis.Microseconds(), total
}

// part is a × left ÷ total, rounded half up; a is not negative, and left no more than total.
func (a Amount) part(left, total int64) Amount {
	if total <= 0 {
		return Amount{digits: a.digits}
	}
	hi, lo := bits.Mul64(uint64(a.units), uint64(left))
	units, rest := bits.Div64(hi, lo, uint64(total))
	if rest >= uint64(total)-rest {
		units++
	}
	return Amount{int64(units), a.digits}
}
