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
		if len(f.Vouchers) > vouchersPerOrderMax {
			k.fail("funds.vouchers", "at most %d vouchers pay one order", vouchersPerOrderMax)
		}
		for i, v := range f.Vouchers {
			k.id(fmt.Sprintf("funds.vouchers[%d].voucher_id", i), v.VoucherID)
			k.notNegative(fmt.Sprintf("funds.vouchers[%d].amount", i), v.Amount)
		}
	}
	return k.first
}

// Needs is the order, the account that pays, and the settings that decide the month. What follows another order, or
// opens pay-as-you-go, changes its resources once it is paid.
func (c PayOrder) Needs(s States) []Ref {
	if c.OrgID == "" {
		return []Ref{OrderRef(c.OrderID)}
	}
	refs := []Ref{OrderRef(c.OrderID), AccountRef(c.OrgID), OrgRef(c.OrgID)}
	if o := s.Order(c.OrderID); o != nil && o.OrgID == c.OrgID && o.moreThanPaid() {
		refs = append(refs, o.related()...)
	}
	return refs
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
	if o.moreThanPaid() {
		d := newDraft(s, clock)
		if refused := d.finish(o, c.Funds); refused != nil {
			return Decision{}, refused
		}
		return d.Decision, nil
	}
	org, account := s.Org(o.OrgID), s.Account(o.OrgID)
	period := bookingPeriod(org, clock.At)
	if o.Arrears {
		period = settlementPeriod(org, o)
	}
	p, refused := allocate(account, o, c.Funds, SettingsOf(org).credit(o.Currency), clock.At)
	if refused != nil {
		return Decision{}, refused
	}
	return Decision{Events: []StreamEvent{
		{OrderRef(o.OrderID), p.paid(o, period)},
		{AccountRef(o.OrgID), p.charged(o, account.Balance(o.Currency))},
	}}, nil
}
