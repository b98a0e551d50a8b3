package domain

import "time"

// Balance is what an account holds of one currency, by fund. Cash may lie below 0 as far as the organisation's credit
// limit allows; no other part is ever negative.
type Balance struct {
	Currency Currency `json:"currency"`
	Funds
	Frozen Amount `json:"frozen"`
}

// Account is the state of an organisation's account: the fold of its stream.
type Account struct {
	OrgID    string    `json:"org_id"`
	Balances []Balance `json:"balances"`
	// Gifts and Vouchers have what is left of each grant and voucher; what is used up or lapsed is gone from here. They
	// sum to the balances' gift and voucher.
	Gifts    []Gift    `json:"gifts,omitempty"`
	Vouchers []Voucher `json:"vouchers,omitempty"`
	// Arrears are the settlements that found too little money, oldest first.
	Arrears    Arrears   `json:"arrears,omitzero"`
	OccurredAt time.Time `json:"occurred_at"`
	Version    int64     `json:"version"`
	Position   int64     `json:"position"`
}

// Gift is what is left of a grant of gift money.
type Gift struct {
	GrantID   string     `json:"grant_id"`
	Currency  Currency   `json:"currency"`
	Left      Amount     `json:"left"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// GiftPart is the part of a movement that a grant bears.
type GiftPart struct {
	GrantID   string     `json:"grant_id"`
	Amount    Amount     `json:"amount"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Voucher pays for what its conditions allow, within its window (half-open).
type Voucher struct {
	VoucherID string     `json:"voucher_id"`
	Currency  Currency   `json:"currency"`
	Amount    Amount     `json:"amount"`
	Left      Amount     `json:"left"`
	ValidFrom *time.Time `json:"valid_from"`
	ValidTo   *time.Time `json:"valid_to"`
	// MinSpend is what the order must cost at least. Empty lists allow everything.
	MinSpend    *Amount      `json:"min_spend"`
	Products    []string     `json:"products"`
	ChargeModes []ChargeMode `json:"charge_modes"`
	OrderTypes  []OrderType  `json:"order_types"`
}

// Balance is what the account holds of c; an account that never had any holds nothing.
func (a *Account) Balance(c Currency) Balance {
	if a != nil {
		for _, b := range a.Balances {
			if b.Currency == c {
				return b
			}
		}
	}
	return Balance{Currency: c, Funds: NoFunds(c), Frozen: c.Zero()}
}

// nextVersion is the version of the account's next event.
func (a *Account) nextVersion() int64 {
	if a == nil {
		return 1
	}
	return a.Version + 1
}

// with is the account's balances with b in the place of its currency's.
func (a *Account) with(b Balance) []Balance {
	next := make([]Balance, 0, len(a.Balances)+1)
	for _, old := range a.Balances {
		if old.Currency != b.Currency {
			next = append(next, old)
		}
	}
	return append(next, b)
}

// Size estimates the memory that the state holds, in bytes.
func (a *Account) Size() int {
	return 256 + 192*len(a.Balances) + 128*len(a.Gifts) + 512*len(a.Vouchers) + 96*a.Arrears.Len()
}

// StreamVersion is the version of the last event folded in.
func (a *Account) StreamVersion() int64 { return a.Version }
