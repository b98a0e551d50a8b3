package domain

// Place is where a posting takes money from or puts it: a fund of the organisation, or the other side
// of its account with us.
type Place string

// The places of postings. Funds are what we owe the organisation; bank is what came in and went out, sales what it
// spent, promotion what gifts and vouchers were given from and lapse to.
const (
	PlaceCash      Place = "fund:cash"
	PlaceGift      Place = "fund:gift"
	PlaceVoucher   Place = "fund:voucher"
	PlaceFrozen    Place = "fund:frozen"
	PlaceBank      Place = "bank"
	PlaceSales     Place = "sales"
	PlacePromotion Place = "promotion"
)

// Posting moves an amount into a place (positive) or out of it (negative). The postings of one event
// sum to zero in each currency.
type Posting struct {
	Place    Place    `json:"place"`
	Amount   Amount   `json:"amount"`
	Currency Currency `json:"currency"`
}

// fundPostings are the postings that take the funds out of the account and put them into to. Negative funds come back.
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

// transfer are the postings that take an amount from one place to another.
func transfer(c Currency, amount Amount, from, to Place) []Posting {
	return []Posting{{from, amount.Neg(), c}, {to, amount, c}}
}
