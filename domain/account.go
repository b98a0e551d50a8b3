package domain

import "time"

// Balance is what an account holds of one currency, by fund. No part of it is ever negative.
type Balance struct {
	Currency Currency `json:"currency"`
	Funds
	Frozen Amount `json:"frozen"`
}

// Account is the state of an organisation's account: the fold of its stream.
type Account struct {
	OrgID      string    `json:"org_id"`
	Balances   []Balance `json:"balances"`
	OccurredAt time.Time `json:"occurred_at"`
	Version    int64     `json:"version"`
	Position   int64     `json:"position"`
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
func (a *Account) Size() int { return 256 + 192*len(a.Balances) }

// Place is where a posting takes money from or puts it: a fund of the organisation, or the other side
// of its account with us.
type Place string

// The places of postings. Funds are what we owe the organisation; bank is what came in, sales what it spent.
const (
	PlaceCash    Place = "fund:cash"
	PlaceGift    Place = "fund:gift"
	PlaceVoucher Place = "fund:voucher"
	PlaceBank    Place = "bank"
	PlaceSales   Place = "sales"
)

// Posting moves an amount into a place (positive) or out of it (negative). The postings of one event
// sum to zero in each currency.
type Posting struct {
	Place    Place    `json:"place"`
	Amount   Amount   `json:"amount"`
	Currency Currency `json:"currency"`
}

// fundPostings are the postings that take the funds out of the account and put them into to.
func fundPostings(c Currency, f Funds, to Place) []Posting {
	var postings []Posting
	for _, p := range []Posting{{PlaceCash, f.Cash, c}, {PlaceGift, f.Gift, c}, {PlaceVoucher, f.Voucher, c}} {
		if p.Amount.Sign() != 0 {
			p.Amount = p.Amount.Neg()
			postings = append(postings, p)
		}
	}
	return append(postings, Posting{to, f.Total(), c})
}
