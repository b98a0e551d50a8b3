package client

import "github.com/shopspring/decimal"

// Number is an exact number as the ledger writes it: "28.86". "" is one that is left out; "0" is not.
type Number string

// NumberOf writes a decimal.
func NumberOf(d decimal.Decimal) Number { return Number(d.String()) }

// Decimal is the number for reckoning; one that is left out, or is none, is 0.
func (n Number) Decimal() decimal.Decimal {
	d, err := decimal.NewFromString(string(n))
	if err != nil {
		return decimal.Zero
	}
	return d
}
