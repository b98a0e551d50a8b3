package domain

import "time"

// The events of accounts all carry the postings that they are, which sum to zero, and the balance that they lead to.

// AccountToppedUp says that money came in. Balance is what the account holds afterwards.
type AccountToppedUp struct {
	OrgID     string    `json:"org_id"`
	Currency  Currency  `json:"currency"`
	Amount    Amount    `json:"amount"`
	Reference string    `json:"reference"`
	Postings  []Posting `json:"postings"`
	Balance   Balance   `json:"balance"`
}

// AccountWithdrawn says that cash went out.
type AccountWithdrawn struct {
	OrgID     string    `json:"org_id"`
	Currency  Currency  `json:"currency"`
	Amount    Amount    `json:"amount"`
	Reference string    `json:"reference"`
	Postings  []Posting `json:"postings"`
	Balance   Balance   `json:"balance"`
}

// AccountCharged says that an order was paid from the account, with which grants and vouchers. An order that waited as
// arrears waits no more.
type AccountCharged struct {
	OrgID    string        `json:"org_id"`
	OrderID  string        `json:"order_id"`
	Currency Currency      `json:"currency"`
	Funds    Funds         `json:"funds"`
	Postings []Posting     `json:"postings"`
	Balance  Balance       `json:"balance"`
	Gifts    []GiftPart    `json:"gifts,omitempty"`
	Vouchers []VoucherPart `json:"vouchers,omitempty"`
}

// AccountRefunded says that money of an order came back. A grant or voucher that was used up is there again, with what
// came back to it.
type AccountRefunded struct {
	OrgID         string     `json:"org_id"`
	OrderID       string     `json:"order_id"`
	RefundOrderID string     `json:"refund_order_id"`
	Currency      Currency   `json:"currency"`
	Funds         Funds      `json:"funds"`
	Postings      []Posting  `json:"postings"`
	Balance       Balance    `json:"balance"`
	Gifts         []GiftPart `json:"gifts,omitempty"`
	// Vouchers are those that money came back to, whole, as they are afterwards.
	Vouchers []Voucher `json:"vouchers,omitempty"`
}

// GiftGranted says that gift money was given.
type GiftGranted struct {
	OrgID     string     `json:"org_id"`
	GrantID   string     `json:"grant_id"`
	Currency  Currency   `json:"currency"`
	Amount    Amount     `json:"amount"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Reason    string     `json:"reason"`
	Postings  []Posting  `json:"postings"`
	Balance   Balance    `json:"balance"`
}

// VoucherIssued says that a voucher was given.
type VoucherIssued struct {
	OrgID    string    `json:"org_id"`
	Voucher  Voucher   `json:"voucher"`
	Postings []Posting `json:"postings"`
	Balance  Balance   `json:"balance"`
}

// FundsLapsed says that what was left of grants and vouchers is void, as their time is over.
type FundsLapsed struct {
	OrgID    string        `json:"org_id"`
	Currency Currency      `json:"currency"`
	Gifts    []GiftPart    `json:"gifts,omitempty"`
	Vouchers []VoucherPart `json:"vouchers,omitempty"`
	Postings []Posting     `json:"postings"`
	Balance  Balance       `json:"balance"`
}

// FundsFrozen says that cash was set apart (a positive amount), or given free again (a negative one).
type FundsFrozen struct {
	OrgID    string    `json:"org_id"`
	Currency Currency  `json:"currency"`
	Amount   Amount    `json:"amount"`
	Reason   string    `json:"reason"`
	Postings []Posting `json:"postings"`
	Balance  Balance   `json:"balance"`
}

// ArrearsOpened says that a settlement found too little money and waits for the next top-up. No money moves.
type ArrearsOpened struct {
	OrgID    string   `json:"org_id"`
	OrderID  string   `json:"order_id"`
	Currency Currency `json:"currency"`
	Amount   Amount   `json:"amount"`
}

// ArrearsDropped says that a settlement waits no more, as it was voided. No money moves.
type ArrearsDropped struct {
	OrgID   string `json:"org_id"`
	OrderID string `json:"order_id"`
}

func (AccountToppedUp) stored() string  { return TypeAccountToppedUp }
func (AccountWithdrawn) stored() string { return TypeAccountWithdrawn }
func (AccountCharged) stored() string   { return TypeAccountCharged }
func (AccountRefunded) stored() string  { return TypeAccountRefunded }
func (GiftGranted) stored() string      { return TypeGiftGranted }
func (VoucherIssued) stored() string    { return TypeVoucherIssued }
func (FundsLapsed) stored() string      { return TypeFundsLapsed }
func (FundsFrozen) stored() string      { return TypeFundsFrozen }
func (ArrearsOpened) stored() string    { return TypeArrearsOpened }
func (ArrearsDropped) stored() string   { return TypeArrearsDropped }

func (e AccountToppedUp) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, nil)
}

func (e AccountWithdrawn) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, nil)
}

func (e AccountCharged) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, func(a *Account) {
		a.Gifts, a.Vouchers = giftsWithout(a.Gifts, e.Gifts), vouchersWithout(a.Vouchers, e.Vouchers)
		a.Arrears = a.Arrears.without(e.OrderID)
	})
}

func (e AccountRefunded) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, func(a *Account) {
		for _, g := range e.Gifts {
			a.Gifts = giftsWith(a.Gifts, Gift{GrantID: g.GrantID, Currency: e.Currency, Left: g.Amount, ExpiresAt: g.ExpiresAt})
		}
		for _, v := range e.Vouchers {
			a.Vouchers = vouchersWith(a.Vouchers, v)
		}
	})
}

func (e GiftGranted) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, func(a *Account) {
		a.Gifts = giftsWith(a.Gifts, Gift{GrantID: e.GrantID, Currency: e.Currency, Left: e.Amount, ExpiresAt: e.ExpiresAt})
	})
}

func (e VoucherIssued) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, func(a *Account) { a.Vouchers = vouchersWith(a.Vouchers, e.Voucher) })
}

func (e FundsLapsed) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, func(a *Account) {
		a.Gifts, a.Vouchers = giftsWithout(a.Gifts, e.Gifts), vouchersWithout(a.Vouchers, e.Vouchers)
	})
}

func (e FundsFrozen) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, e.Balance, nil)
}

func (e ArrearsOpened) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, Balance{}, func(a *Account) {
		a.Arrears = a.Arrears.add(Arrear{OrderID: e.OrderID, Currency: e.Currency, Amount: e.Amount})
	})
}

func (e ArrearsDropped) evolve(s State, m Meta) State {
	return accountAfter(s, m, e.OrgID, Balance{}, func(a *Account) { a.Arrears = a.Arrears.without(e.OrderID) })
}

// giftsWith adds to a grant, or a grant to the others.
func giftsWith(all []Gift, g Gift) []Gift {
	next := append([]Gift(nil), all...)
	for i := range next {
		if next[i].GrantID == g.GrantID {
			next[i].Left = next[i].Left.Add(g.Left)
			return next
		}
	}
	return append(next, g)
}

// giftsWithout takes the parts away; a grant with nothing left is gone.
func giftsWithout(all []Gift, parts []GiftPart) []Gift {
	if len(parts) == 0 {
		return all
	}
	var next []Gift
	for _, g := range all {
		for _, p := range parts {
			if p.GrantID == g.GrantID {
				g.Left = g.Left.Sub(p.Amount)
			}
		}
		if g.Left.Sign() > 0 {
			next = append(next, g)
		}
	}
	return next
}

// vouchersWith puts a voucher in the place of the one with its id, or adds it.
func vouchersWith(all []Voucher, v Voucher) []Voucher {
	next := append([]Voucher(nil), all...)
	for i := range next {
		if next[i].VoucherID == v.VoucherID {
			next[i] = v
			return next
		}
	}
	return append(next, v)
}

// vouchersWithout takes the parts away; a voucher with nothing left is gone.
func vouchersWithout(all []Voucher, parts []VoucherPart) []Voucher {
	if len(parts) == 0 {
		return all
	}
	var next []Voucher
	for _, v := range all {
		for _, p := range parts {
			if p.VoucherID == v.VoucherID {
				v.Left = v.Left.Sub(p.Amount)
			}
		}
		if v.Left.Sign() > 0 {
			next = append(next, v)
		}
	}
	return next
}
