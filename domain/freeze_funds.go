package domain

// FreezeFunds sets cash apart, so that nothing is paid from it until it is released.
type FreezeFunds struct {
	OrgID    string   `json:"org_id"`
	Amount   Amount   `json:"amount"`
	Currency Currency `json:"currency"`
	Reason   string   `json:"reason"`
}

func (c FreezeFunds) Name() string             { return "freeze_funds" }
func (c FreezeFunds) Org() string              { return c.OrgID }
func (c FreezeFunds) ForOrg(id string) Command { c.OrgID = id; return c }

func (c FreezeFunds) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c FreezeFunds) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.money("amount", c.Amount, c.Currency)
	k.required("reason", c.Reason, reasonMax)
	return k.first
}

func (c FreezeFunds) decide(s States, _ Clock) (Decision, *Rejection) {
	amount, _ := c.Amount.In(c.Currency) // checked
	balance := s.Account(c.OrgID).Balance(c.Currency)
	if missing := shortfall(amount, balance.Cash); missing.Sign() > 0 {
		return Decision{}, lacksCash(missing, c.Currency)
	}
	return frozen(c, amount, balance)
}

// ReleaseFunds gives frozen cash free again.
type ReleaseFunds FreezeFunds

func (c ReleaseFunds) Name() string             { return "release_funds" }
func (c ReleaseFunds) Org() string              { return c.OrgID }
func (c ReleaseFunds) ForOrg(id string) Command { c.OrgID = id; return c }

func (c ReleaseFunds) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c ReleaseFunds) Check() *Rejection { return FreezeFunds(c).Check() }

func (c ReleaseFunds) decide(s States, _ Clock) (Decision, *Rejection) {
	amount, _ := c.Amount.In(c.Currency) // checked
	balance := s.Account(c.OrgID).Balance(c.Currency)
	if missing := shortfall(amount, balance.Frozen); missing.Sign() > 0 {
		return Decision{}, &Rejection{
			Code: InsufficientFunds, Missing: missing, Currency: c.Currency,
			Detail: "only " + balance.Frozen.String() + " " + string(c.Currency) + " are frozen",
		}
	}
	return frozen(FreezeFunds(c), amount.Neg(), balance)
}

// frozen moves an amount from cash to what is frozen; a negative one moves back.
func frozen(c FreezeFunds, amount Amount, balance Balance) (Decision, *Rejection) {
	balance.Cash, balance.Frozen = balance.Cash.Sub(amount), balance.Frozen.Add(amount)
	if !balance.Cash.inRange() || !balance.Frozen.inRange() {
		return Decision{}, tooLarge()
	}
	return one(AccountRef(c.OrgID), FundsFrozen{
		OrgID: c.OrgID, Currency: c.Currency, Amount: amount, Reason: c.Reason, Balance: balance,
		Postings: transfer(c.Currency, amount, PlaceCash, PlaceFrozen),
	}), nil
}
