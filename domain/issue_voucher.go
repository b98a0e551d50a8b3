package domain

import "time"

// Bounds of vouchers: how many an account has that are not used up, and how long their lists are.
const (
	vouchersMax        = 500
	voucherProductsMax = 32
)

// IssueVoucher gives a voucher, which pays what its conditions allow.
type IssueVoucher struct {
	OrgID string `json:"org_id"`
	// VoucherID may be left out; the ledger then gives one. An id is used once.
	VoucherID   string       `json:"voucher_id"`
	Amount      Amount       `json:"amount"`
	Currency    Currency     `json:"currency"`
	ValidFrom   *time.Time   `json:"valid_from"`
	ValidTo     *time.Time   `json:"valid_to"`
	MinSpend    *Amount      `json:"min_spend"`
	Products    []string     `json:"products"`
	ChargeModes []ChargeMode `json:"charge_modes"`
	OrderTypes  []OrderType  `json:"order_types"`
}

func (c IssueVoucher) Name() string             { return "issue_voucher" }
func (c IssueVoucher) Org() string              { return c.OrgID }
func (c IssueVoucher) ForOrg(id string) Command { c.OrgID = id; return c }

func (c IssueVoucher) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the voucher whatever the ledger holds.
func (c IssueVoucher) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.optionalID("voucher_id", c.VoucherID)
	k.money("amount", c.Amount, c.Currency)
	k.time("valid_from", c.ValidFrom)
	k.time("valid_to", c.ValidTo)
	if c.ValidFrom != nil && over(c.ValidTo, *c.ValidFrom) {
		k.fail("valid_to", "it lies after valid_from")
	}
	if c.MinSpend != nil && c.MinSpend.Sign() != 0 {
		k.money("min_spend", *c.MinSpend, c.Currency)
	}
	if len(c.Products) > voucherProductsMax {
		k.fail("products", "at most %d products", voucherProductsMax)
	}
	for _, p := range c.Products {
		k.required("products", p, textMax)
	}
	if len(c.ChargeModes) > len(chargeGroups) || len(c.OrderTypes) > len(typeRules) {
		k.fail("order_types", "each mode and type at most once")
	}
	for _, m := range c.ChargeModes {
		if m.Group() == "" {
			k.fail("charge_modes", "there is no charge mode %q", m)
		}
	}
	for _, t := range c.OrderTypes {
		if _, ok := typeRules[t]; !ok {
			k.fail("order_types", "there is no order type %q", t)
		}
	}
	return k.first
}

func (c IssueVoucher) decide(s States, clock Clock) (Decision, *Rejection) {
	a := s.Account(c.OrgID)
	amount, _ := c.Amount.In(c.Currency) // checked
	if over(c.ValidTo, clock.At) {
		return Decision{}, invalid("valid_to", "a voucher's end lies after its issue")
	}
	if a != nil && len(a.Vouchers) >= vouchersMax {
		return Decision{}, reject(LimitReached, "the account has %d vouchers that are not used up, and can't have more", vouchersMax)
	}
	balance := a.Balance(c.Currency)
	if balance.Voucher = balance.Voucher.Add(amount); !balance.Voucher.inRange() {
		return Decision{}, tooLarge()
	}
	if c.VoucherID == "" {
		c.VoucherID = derivedID("voucher", c.OrgID, numbered(a.nextVersion()))
	}
	v := Voucher{
		VoucherID: c.VoucherID, Currency: c.Currency, Amount: amount, Left: amount, ValidFrom: utc(c.ValidFrom), ValidTo: utc(c.ValidTo),
		Products: listed(c.Products), ChargeModes: listed(c.ChargeModes), OrderTypes: listed(c.OrderTypes),
	}
	if c.MinSpend != nil {
		least, _ := c.MinSpend.In(c.Currency)
		v.MinSpend = &least
	}
	d := one(AccountRef(c.OrgID), VoucherIssued{
		OrgID: c.OrgID, Voucher: v, Balance: balance, Postings: transfer(c.Currency, amount, PlacePromotion, PlaceVoucher),
	})
	d.Claims = []Claim{{"voucher", v.VoucherID, reject(DuplicateVoucher, "there was a voucher %s before; an id is used once", v.VoucherID)}}
	return d, nil
}

// listed makes an empty list of none.
func listed[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
