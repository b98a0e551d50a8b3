package domain

// TopUp raises a balance by money that came in. A reference (the bank's serial) counts once. Settlements that waited for
// money are paid from it, oldest first; no other order ever is.
type TopUp struct {
	OrgID     string   `json:"org_id"`
	Amount    Amount   `json:"amount"`
	Currency  Currency `json:"currency"`
	Reference string   `json:"reference"`
}

func (c TopUp) Name() string             { return "top_up" }
func (c TopUp) Org() string              { return c.OrgID }
func (c TopUp) ForOrg(id string) Command { c.OrgID = id; return c }

// Needs is the account alone, and what waits there for money.
func (c TopUp) Needs(s States) []Ref {
	waiting := s.Account(c.OrgID).arrearRefs(c.Currency)
	if len(waiting) == 0 {
		return []Ref{AccountRef(c.OrgID)}
	}
	return append(waiting, AccountRef(c.OrgID), OrgRef(c.OrgID))
}

// Check finds what is wrong with the top-up whatever the ledger holds.
func (c TopUp) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.money("amount", c.Amount, c.Currency)
	k.required("reference", c.Reference, textMax)
	return k.first
}

func (c TopUp) decide(s States, clock Clock) (Decision, *Rejection) {
	a := s.Account(c.OrgID)
	amount, _ := c.Amount.In(c.Currency) // checked
	balance := a.Balance(c.Currency)
	if balance.Cash = balance.Cash.Add(amount); !balance.Cash.inRange() {
		return Decision{}, tooLarge()
	}
	d := one(AccountRef(c.OrgID), AccountToppedUp{
		OrgID: c.OrgID, Currency: c.Currency, Amount: amount, Reference: c.Reference, Balance: balance,
		Postings: transfer(c.Currency, amount, PlaceBank, PlaceCash),
	})
	if a.arrears(c.Currency) {
		paying := newDraft(s, clock)
		paying.emit(d.Events[0].Stream, d.Events[0].Event)
		paying.collect(c.OrgID, c.Currency)
		d = paying.Decision
	}
	d.Claims = []Claim{{"top_up", c.Reference, reject(DuplicateReference, "the reference %q was topped up before; a reference counts once", c.Reference)}}
	return d, nil
}
