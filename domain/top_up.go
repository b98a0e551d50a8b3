package domain

// TopUp raises a balance by money that came in. A reference (the bank's serial) counts once.
type TopUp struct {
	OrgID     string   `json:"org_id"`
	Amount    Amount   `json:"amount"`
	Currency  Currency `json:"currency"`
	Reference string   `json:"reference"`
}

func (c TopUp) Name() string             { return "top_up" }
func (c TopUp) Org() string              { return c.OrgID }
func (c TopUp) ForOrg(id string) Command { c.OrgID = id; return c }

func (c TopUp) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the top-up whatever the ledger holds.
func (c TopUp) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.currency("currency", c.Currency)
	k.required("reference", c.Reference, textMax)
	if c.Amount.Sign() <= 0 {
		k.fail("amount", "a top-up is more than 0")
	} else if c.Currency.Known() {
		if _, err := c.Amount.In(c.Currency); err != nil {
			k.fail("amount", "%s", err)
		}
	}
	return k.first
}

func (c TopUp) decide(s States, clock Clock) (Decision, *Rejection) {
	a := s.Account(c.OrgID)
	amount, err := c.Amount.In(c.Currency)
	if err != nil {
		return Decision{}, invalid("amount", "%s", err)
	}
	balance := a.Balance(c.Currency)
	balance.Cash = balance.Cash.Add(amount)
	if !balance.Cash.inRange() {
		return Decision{}, reject(BalanceTooLarge, "the balance would pass 10^15 minor units")
	}
	d := one(AccountRef(c.OrgID), AccountToppedUp{
		OrgID: c.OrgID, Currency: c.Currency, Amount: amount, Reference: c.Reference, Balance: balance,
		Postings: []Posting{{PlaceBank, amount.Neg(), c.Currency}, {PlaceCash, amount, c.Currency}},
	})
	d.Claims = []Claim{{"top_up", c.Reference, reject(DuplicateReference, "the reference %q was topped up before; a reference counts once", c.Reference)}}
	return d, nil
}
