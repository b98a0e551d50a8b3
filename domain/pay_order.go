package domain

import (
	"fmt"
	"time"
)

// PayOrder pays the whole order from its organisation's account, or nothing of it.
type PayOrder struct {
	OrderID string      `json:"order_id"`
	OrgID   string      `json:"org_id"`
	Funds   *Allocation `json:"funds"`
}

// Allocation says which funds to pay from. Without one, the default order of funds holds.
type Allocation struct {
	Cash     Amount        `json:"cash"`
	Gift     Amount        `json:"gift"`
	Vouchers []VoucherPart `json:"vouchers"`
}

// VoucherPart is the part of a payment that a voucher bears.
type VoucherPart struct {
	VoucherID string `json:"voucher_id"`
	Amount    Amount `json:"amount"`
}

func (c PayOrder) Name() string             { return "pay_order" }
func (c PayOrder) Org() string              { return c.OrgID }
func (c PayOrder) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the payment whatever the ledger holds.
func (c PayOrder) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	if f := c.Funds; f != nil {
		k.notNegative("funds.cash", f.Cash)
		k.notNegative("funds.gift", f.Gift)
		if len(f.Vouchers) > pairsMax {
			k.fail("funds.vouchers", "at most %d vouchers pay one order", pairsMax)
		}
		for i, v := range f.Vouchers {
			k.id(fmt.Sprintf("funds.vouchers[%d].voucher_id", i), v.VoucherID)
			k.notNegative(fmt.Sprintf("funds.vouchers[%d].amount", i), v.Amount)
		}
	}
	return k.first
}

// Needs is the order, the account that pays, and the settings that decide the month.
func (c PayOrder) Needs(s States) []Ref {
	if c.OrgID == "" {
		return []Ref{OrderRef(c.OrderID)}
	}
	return []Ref{OrderRef(c.OrderID), AccountRef(c.OrgID), OrgRef(c.OrgID)}
}

func (c PayOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := unpaidOrder(s, c.OrderID, c.OrgID, clock, "can't be paid")
	if refused != nil {
		return Decision{}, refused
	}
	// The deadline holds by itself, whether or not the expiry timer has run yet.
	if o.PayBefore != nil && !clock.At.Before(*o.PayBefore) {
		return Decision{}, reject(PaymentDeadlinePassed, "the order had to be paid before %s; place it again", o.PayBefore.Format(time.RFC3339))
	}
	balance := s.Account(o.OrgID).Balance(o.Currency)
	funds, refused := allocate(o, balance, c.Funds)
	if refused != nil {
		return Decision{}, refused
	}
	settings := SettingsOf(s.Org(o.OrgID))
	charged := AccountCharged{
		OrgID: o.OrgID, OrderID: o.OrderID, Currency: o.Currency, Funds: funds,
		Postings: fundPostings(o.Currency, funds, PlaceSales),
		Balance: Balance{Currency: o.Currency, Frozen: balance.Frozen, Funds: Funds{
			Cash: balance.Cash.Sub(funds.Cash), Gift: balance.Gift.Sub(funds.Gift), Voucher: balance.Voucher.Sub(funds.Voucher),
		}},
	}
	return Decision{Events: []StreamEvent{
		{OrderRef(o.OrderID), payment(o.Header, o.Lines, funds, settings, clock.At)},
		{AccountRef(o.OrgID), charged},
	}}, nil
}

// allocate finds the funds that pay the order: those named, or gift before cash.
func allocate(o *Order, b Balance, named *Allocation) (Funds, *Rejection) {
	funds := NoFunds(o.Currency)
	if named == nil {
		funds.Gift = lesser(b.Gift, o.PayableAmount)
		funds.Cash = o.PayableAmount.Sub(funds.Gift)
	} else {
		if len(named.Vouchers) > 0 {
			return Funds{}, reject(VoucherNotUsable, "the account has no voucher %s", named.Vouchers[0].VoucherID)
		}
		var err1, err2 error
		funds.Cash, err1 = named.Cash.In(o.Currency)
		funds.Gift, err2 = named.Gift.In(o.Currency)
		if err1 != nil || err2 != nil {
			return Funds{}, invalid("funds", "%s has %d decimal digits at most", o.Currency, o.Currency.digits())
		}
		if funds.Total() != o.PayableAmount {
			return Funds{}, reject(FundsMismatch, "the funds add up to %s, the order costs %s; an order is paid whole", funds.Total(), o.PayableAmount)
		}
	}
	missing := shortfall(funds.Cash, b.Cash).Add(shortfall(funds.Gift, b.Gift))
	if missing.Sign() > 0 {
		return Funds{}, &Rejection{
			Code: InsufficientFunds, Missing: missing, Currency: o.Currency,
			Detail: "the account lacks " + missing.String() + " " + string(o.Currency) + "; top it up, then pay again",
		}
	}
	return funds, nil
}

func payment(h Header, lines []Line, funds Funds, settings Settings, at time.Time) OrderPaid {
	due := make([]Amount, len(lines))
	for i, l := range lines {
		due[i] = l.PayableAmount
	}
	paid := OrderPaid{OrderID: h.OrderID, OrgID: h.OrgID, Currency: h.Currency, Paid: funds, Lines: make([]LinePayment, len(lines))}
	for i, share := range shareFunds(funds, due) {
		paid.Lines[i] = LinePayment{LineNo: lines[i].LineNo, Funds: share}
	}
	zone, ok := Zone(settings.TimeZone)
	if !ok { // settings are checked when they are changed
		zone, _ = Zone(DefaultTimeZone)
	}
	paid.BillingPeriod = PeriodOf(at, zone)
	return paid
}
