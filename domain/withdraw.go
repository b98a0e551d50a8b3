package domain

// Withdraw takes cash out of the account: no gift, no voucher, nothing frozen, no credit. A reference counts once.
type Withdraw struct {
	OrgID     string   `json:"org_id"`
	Amount    Amount   `json:"amount"`
	Currency  Currency `json:"currency"`
	Reference string   `json:"reference"`
}

func (c Withdraw) Name() string             { return "withdraw" }
func (c Withdraw) Org() string              { return c.OrgID }
func (c Withdraw) ForOrg(id string) Command { c.OrgID = id; return c }

func (c Withdraw) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the withdrawal whatever the ledger holds.
func (c Withdraw) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.money("amount", c.Amount, c.Currency)
	k.required("reference", c.Reference, textMax)
	return k.first
}

func (c Withdraw) decide(s States, _ Clock) (Decision, *Rejection) {
	amount, _ := c.Amount.In(c.Currency) // checked
	balance := s.Account(c.OrgID).Balance(c.Currency)
	if missing := shortfall(amount, balance.Cash); missing.Sign() > 0 {
		return Decision{}, lacksCash(missing, c.Currency)
	}
	balance.Cash = balance.Cash.Sub(amount)
	d := one(AccountRef(c.OrgID), AccountWithdrawn{
		OrgID: c.OrgID, Currency: c.Currency, Amount: amount, Reference: c.Reference, Balance: balance,
		Postings: transfer(c.Currency, amount, PlaceCash, PlaceBank),
	})
	d.Claims = []Claim{{"withdraw", c.Reference, reject(DuplicateReference, "the reference %q was withdrawn before; a reference counts once", c.Reference)}}
	return d, nil
}

func lacksCash(missing Amount, c Currency) *Rejection {
	return &Rejection{
		Code: InsufficientFunds, Missing: missing, Currency: c,
		Detail: "the account's cash is " + missing.String() + " " + string(c) + " less than that; gifts, vouchers, frozen money and credit don't count",
	}
}
