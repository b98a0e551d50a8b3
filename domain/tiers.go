package domain

import (
	"time"

	"github.com/shopspring/decimal"
)

// priceOf is what a quantity of the meter costs. Tiers are graduated: each part of the quantity costs what its own tier
// says, and the unit price is the average, rounded to 12 digits. The amount is exact and rounded once; it fails beyond
// what an amount holds.
func (m Meter) priceOf(quantity Decimal, c Currency) (unitPrice Decimal, list Amount, err error) {
	if len(m.Tiers) == 0 {
		if m.UnitPrice != nil {
			unitPrice = *m.UnitPrice
		}
		list, err = c.round(quantity.Mul(unitPrice.Decimal))
		return unitPrice, list, err
	}
	sum, from := decimal.Zero, decimal.Zero
	for _, t := range m.Tiers {
		to := quantity.Decimal
		if t.UpTo != nil && t.UpTo.LessThan(to) {
			to = t.UpTo.Decimal
		}
		sum = sum.Add(to.Sub(from).Mul(t.UnitPrice.Decimal))
		if from = to; from.Equal(quantity.Decimal) {
			break
		}
	}
	unitPrice = m.Tiers[0].UnitPrice
	if quantity.Sign() > 0 {
		unitPrice = Decimal{sum.DivRound(quantity.Decimal, decimalFractionDigits)}
	}
	list, err = c.round(sum)
	return unitPrice, list, err
}

// meter finds a meter by its name.
func (r *Rate) meter(name string) (Meter, bool) {
	for _, m := range r.Meters {
		if m.Meter == name {
			return m, true
		}
	}
	return Meter{}, false
}

// rateAt is the rate in force at a time: the last that began by then. Use from before the first costs what the first says.
func (t *Term) rateAt(at time.Time) *Rate {
	for i := len(t.Rates) - 1; i > 0; i-- {
		if !at.Before(t.Rates[i].From) {
			return &t.Rates[i]
		}
	}
	return &t.Rates[0]
}

// meterAt is a meter as the rate in force at a time prices it; where that rate does not, as it was replaced when it had
// only begun, the nearest one that does: the last before it, or else the first after it.
func (t *Term) meterAt(at time.Time, name string) (m Meter, ok bool) {
	for i := range t.Rates {
		after := t.Rates[i].From.After(at)
		if after && ok {
			return m, true
		}
		if found, has := t.Rates[i].meter(name); has {
			if m, ok = found, true; after {
				return m, true
			}
		}
	}
	return m, ok
}
