package domain

// Funds is an amount by the fund that it came from or went to.
type Funds struct {
	Cash    Amount `json:"cash"`
	Gift    Amount `json:"gift"`
	Voucher Amount `json:"voucher"`
}

// NoFunds is nothing in each fund, in c's digits.
func NoFunds(c Currency) Funds { return Funds{c.Zero(), c.Zero(), c.Zero()} }

// Total is the sum of the funds.
func (f Funds) Total() Amount { return f.Cash.Add(f.Gift).Add(f.Voucher) }

// Add adds fund by fund.
func (f Funds) Add(g Funds) Funds {
	return Funds{f.Cash.Add(g.Cash), f.Gift.Add(g.Gift), f.Voucher.Add(g.Voucher)}
}

// Sub subtracts fund by fund.
func (f Funds) Sub(g Funds) Funds {
	return Funds{f.Cash.Sub(g.Cash), f.Gift.Sub(g.Gift), f.Voucher.Sub(g.Voucher)}
}

// Neg is the funds with the other sign.
func (f Funds) Neg() Funds { return Funds{f.Cash.Neg(), f.Gift.Neg(), f.Voucher.Neg()} }
