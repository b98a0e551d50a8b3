package domain

import (
	"cmp"
	"slices"
	"time"
)

// Bounds of what pays one order: they keep the payment's event, which has the parts by line, within its size.
const vouchersPerOrderMax = 20

// payment is how an order is paid: by fund and line, and with which grants and vouchers.
type payment struct {
	Funds
	lines    []LinePayment
	gifts    []GiftPart
	vouchers []VoucherPart
	// used are the vouchers, whole, as the payment leaves them.
	used []Voucher
}

// allocate finds the funds that pay an order at a time: those named, or vouchers, then gift, then cash. Cash may fall
// below 0 as far as credit goes.
func allocate(a *Account, o *Order, named *Allocation, credit Amount, at time.Time) (payment, *Rejection) {
	balance := a.Balance(o.Currency)
	if named == nil && balance.Gift.Sign() == 0 && balance.Voucher.Sign() == 0 {
		return payCash(o, balance.Cash.Add(credit))
	}
	p := newPurse(o, at)
	if named != nil {
		return p.payNamed(a, *named, balance.Cash.Add(credit))
	}
	if a != nil {
		for _, v := range p.usable(a.Vouchers) {
			if p.payVoucher(v, v.Left); p.left.Sign() == 0 {
				break
			}
		}
		p.payGift(a.Gifts, p.left)
	}
	if missing := shortfall(p.left, balance.Cash.Add(credit)); missing.Sign() > 0 {
		return payment{}, insufficient(missing, o.Currency)
	}
	return p.payRest(), nil
}

// payCash is the payment of almost every order, and costs no more than it must.
func payCash(o *Order, has Amount) (payment, *Rejection) {
	if missing := shortfall(o.PayableAmount, has); missing.Sign() > 0 {
		return payment{}, insufficient(missing, o.Currency)
	}
	zero := o.Currency.Zero()
	p := payment{Funds: Funds{o.PayableAmount, zero, zero}, lines: make([]LinePayment, len(o.Lines))}
	for i := range o.Lines {
		p.lines[i] = LinePayment{LineNo: o.Lines[i].LineNo, Funds: Funds{o.Lines[i].PayableAmount, zero, zero}}
	}
	return p, nil
}

func insufficient(missing Amount, c Currency) *Rejection {
	return &Rejection{
		Code: InsufficientFunds, Missing: missing, Currency: c,
		Detail: "the account lacks " + missing.String() + " " + string(c) + "; top it up, then pay again",
	}
}

// purse pays an order fund by fund.
type purse struct {
	o  *Order
	at time.Time
	// due is what the lines still cost; left what the order does, which is less where a line gives money back.
	due  []Amount
	left Amount
	pay  payment
}

func newPurse(o *Order, at time.Time) *purse {
	p := &purse{o: o, at: at, due: make([]Amount, len(o.Lines)), left: o.PayableAmount}
	p.pay = payment{Funds: NoFunds(o.Currency), lines: make([]LinePayment, len(o.Lines))}
	for i := range o.Lines {
		p.pay.lines[i] = LinePayment{LineNo: o.Lines[i].LineNo, Funds: NoFunds(o.Currency)}
		if p.due[i] = o.Lines[i].PayableAmount; p.due[i].Sign() < 0 {
			p.due[i] = o.Currency.Zero()
		}
	}
	return p
}

// payNamed pays with the funds that the caller names, which add up to what the order costs.
func (p *purse) payNamed(a *Account, named Allocation, cash Amount) (payment, *Rejection) {
	c, payable := p.o.Currency, p.left
	wantCash, err1 := named.Cash.In(c)
	wantGift, err2 := named.Gift.In(c)
	if err1 != nil || err2 != nil {
		return payment{}, invalid("funds", "%s has %d decimal digits at most", c, c.digits())
	}
	byVoucher, refused := p.payNamedVouchers(a, named.Vouchers)
	if refused != nil {
		return payment{}, refused
	}
	if total := wantCash.Add(wantGift).Add(byVoucher); total != payable {
		return payment{}, reject(FundsMismatch, "the funds add up to %s, the order costs %s; an order is paid whole", total, payable)
	}
	missing := shortfall(wantCash, cash)
	if a != nil {
		p.payGift(a.Gifts, wantGift)
	}
	if missing = missing.Add(shortfall(wantGift, p.pay.Gift)); missing.Sign() > 0 {
		return payment{}, insufficient(missing, c)
	}
	return p.payRest(), nil
}

// payNamedVouchers pays with those that may pay least first, so that the others leave them their lines.
func (p *purse) payNamedVouchers(a *Account, parts []VoucherPart) (Amount, *Rejection) {
	total := p.o.Currency.Zero()
	type choice struct {
		voucher Voucher
		amount  Amount
		covers  Amount
	}
	var chosen []choice
	for i, part := range parts {
		amount, err := part.Amount.In(p.o.Currency)
		if err != nil {
			return total, invalid("funds", "%s has %d decimal digits at most", p.o.Currency, p.o.Currency.digits())
		}
		if slices.ContainsFunc(parts[:i], func(other VoucherPart) bool { return other.VoucherID == part.VoucherID }) {
			return total, invalid("funds.vouchers", "the voucher %s is named twice", part.VoucherID)
		}
		v, ok := a.voucher(part.VoucherID)
		if !ok {
			return total, reject(VoucherNotUsable, "the account has no voucher %s", part.VoucherID)
		}
		if why := v.unfit(p.o, p.at); why != "" {
			return total, reject(VoucherNotUsable, "the voucher %s %s", part.VoucherID, why)
		}
		if v.Left.Less(amount) {
			return total, reject(VoucherNotUsable, "the voucher %s has %s left", part.VoucherID, v.Left)
		}
		_, covers := p.covered(v)
		chosen, total = append(chosen, choice{v, amount, covers}), total.Add(amount)
	}
	slices.SortStableFunc(chosen, func(a, b choice) int { return cmp.Compare(a.covers.units, b.covers.units) })
	for _, c := range chosen {
		if paid := p.payVoucher(c.voucher, c.amount); paid != c.amount && !p.o.PayableAmount.Less(total) {
			return total, reject(VoucherNotUsable, "the voucher %s may pay %s of this order at most", c.voucher.VoucherID, paid)
		}
	}
	return total, nil
}

// usable are the vouchers that may pay the order, those that are lost soonest first.
func (p *purse) usable(all []Voucher) []Voucher {
	var fit []Voucher
	for _, v := range all {
		if v.unfit(p.o, p.at) == "" {
			fit = append(fit, v)
		}
	}
	slices.SortFunc(fit, func(a, b Voucher) int {
		return cmp.Or(compareEnds(a.ValidTo, b.ValidTo), cmp.Compare(a.Left.units, b.Left.units), cmp.Compare(a.VoucherID, b.VoucherID))
	})
	return fit
}

// payVoucher pays up to most from a voucher, spread over what is still due of the lines that it may pay.
func (p *purse) payVoucher(v Voucher, most Amount) Amount {
	weights, covers := p.covered(v)
	amount := lesser(lesser(most, covers), p.left)
	if amount.Sign() <= 0 || len(p.pay.used) == vouchersPerOrderMax {
		return p.o.Currency.Zero()
	}
	for i, share := range Split(amount, weights) {
		if share.Sign() > 0 {
			line := &p.pay.lines[i]
			line.Voucher, p.due[i] = line.Voucher.Add(share), p.due[i].Sub(share)
			line.Vouchers = append(line.Vouchers, VoucherPart{v.VoucherID, share})
		}
	}
	v.Left = v.Left.Sub(amount)
	p.pay.Voucher, p.left = p.pay.Voucher.Add(amount), p.left.Sub(amount)
	p.pay.vouchers, p.pay.used = append(p.pay.vouchers, VoucherPart{v.VoucherID, amount}), append(p.pay.used, v)
	return amount
}

// covered is what is still due of each line that the voucher may pay, and in sum.
func (p *purse) covered(v Voucher) ([]Amount, Amount) {
	weights, sum := make([]Amount, len(p.due)), p.o.Currency.Zero()
	for i, due := range p.due {
		if weights[i] = p.o.Currency.Zero(); v.pays(&p.o.Lines[i]) {
			weights[i], sum = due, sum.Add(due)
		}
	}
	return weights, sum
}

// payGift pays up to most from grants, those that end soonest first. The sum is spread over the lines by what is still
// due; the grants follow each other along the lines, which keeps their parts few.
func (p *purse) payGift(all []Gift, most Amount) {
	lots, has := giftsAt(all, p.o.Currency, p.at)
	amount := lesser(most, lesser(has, p.left))
	if amount.Sign() <= 0 {
		return
	}
	p.pay.Gift, p.left = amount, p.left.Sub(amount)
	left := make([]part, len(lots))
	for i, g := range lots {
		left[i] = part{g.GrantID, g.Left, g.ExpiresAt}
	}
	for i, share := range Split(amount, p.due) {
		line := &p.pay.lines[i]
		line.Gift, p.due[i] = share, p.due[i].Sub(share)
		var taken []part
		taken, left = takeParts(left, share)
		for _, t := range taken {
			line.Gifts = append(line.Gifts, GiftPart{t.id, t.amount, t.expiresAt})
			p.pay.gifts = addGiftPart(p.pay.gifts, GiftPart{t.id, t.amount, t.expiresAt})
		}
	}
}

// payRest pays what is left from cash. A line that gives money back does it in cash.
func (p *purse) payRest() payment {
	p.pay.Cash = p.left
	for i := range p.pay.lines {
		line := &p.pay.lines[i]
		line.Cash = p.o.Lines[i].PayableAmount.Sub(line.Gift).Sub(line.Voucher)
	}
	return p.pay
}

// giftsAt are the grants of a currency that may pay at a time, those that end soonest first, and their sum.
func giftsAt(all []Gift, c Currency, at time.Time) ([]Gift, Amount) {
	var lots []Gift
	sum := c.Zero()
	for _, g := range all {
		if g.Currency == c && !over(g.ExpiresAt, at) {
			lots, sum = append(lots, g), sum.Add(g.Left)
		}
	}
	slices.SortFunc(lots, func(a, b Gift) int {
		return cmp.Or(compareEnds(a.ExpiresAt, b.ExpiresAt), cmp.Compare(a.GrantID, b.GrantID))
	})
	return lots, sum
}

// over says that an end has come; no end never does.
func over(end *time.Time, at time.Time) bool { return end != nil && !at.Before(*end) }

// compareEnds orders ends, no end last.
func compareEnds(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}
