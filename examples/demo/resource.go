package demo

import (
	"time"

	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

// resource is what an order line bought.
type resource struct {
	product  product
	size     int
	mode     string
	quantity int
	currency string
	project  string
	consumer string
	group    string
	tags     map[string]string
	line     importfile.OrderLine // as bought last
}

// follow renews and upgrades a paid resource until it is given up or the
// history ends. Each order names the purchase as its parent.
func (b *buyer) follow(r resource, purchase string, paidAt time.Time) {
	for r.mode != "trial" && r.mode != "gift" {
		term := r.line.ExpiresAt.Sub(r.line.EffectiveAt)
		if term >= 20*day && r.size+1 < len(r.product.sizes) && b.random.Float64() < b.upgrades {
			at := r.line.EffectiveAt.Add(4*day + time.Duration(b.random.Int64N(int64(term/2))).Truncate(time.Second))
			if at.After(paidAt) && !b.upgrade(&r, purchase, at) {
				return
			}
		}
		at := r.line.ExpiresAt.Add(-term/12 - time.Duration(b.random.IntN(3600))*time.Second)
		if !at.After(paidAt) || !at.Before(b.end) || b.random.Float64() > b.renews {
			return
		}
		renewed, paid := b.renew(&r, purchase, at)
		if !paid {
			return
		}
		paidAt = renewed
	}
}

func (b *buyer) renew(r *resource, purchase string, at time.Time) (time.Time, bool) {
	line := r.line
	line.EffectiveAt, line.ExpiresAt = r.line.ExpiresAt, termEnd(r.line.ExpiresAt, r.mode, r.quantity)
	line.OldConfig = line.NewConfig
	line.UnitPrice = r.product.sizes[r.size].unitPrice(r.mode, r.currency)
	line.DiscountAmount = b.discountOn(line)
	order := b.place(at, "renewal", purchase, *r, []importfile.OrderLine{line})
	paidAt, paid := b.settle(order, at, b.soonOrNot())
	r.line = line
	return paidAt, paid
}

// upgrade buys the next size for the whole days that are left, at a price by the day of its own. It reports
// false when that lies beyond the history; an upgrade that is not paid leaves
// the resource as it was.
func (b *buyer) upgrade(r *resource, purchase string, at time.Time) bool {
	if !at.Before(b.end) {
		return false
	}
	old, next := r.product.sizes[r.size], r.product.sizes[r.size+1]
	days := int(r.line.ExpiresAt.Sub(at) / day)
	line := r.line
	line.OldConfig, line.NewConfig = old.config, next.config
	line.Unit, line.Quantity = "day", decimal.NewFromInt(int64(days))
	line.UnitPrice = next.monthly(r.currency).Sub(old.monthly(r.currency)).Div(daysPerMonth).Round(priceDecimals)
	price := next.unitPrice(r.mode, r.currency)
	line.NewUnitPrice = &price
	line.EffectiveAt = line.ExpiresAt.Add(-time.Duration(days) * day)
	line.DiscountAmount = b.discountOn(line)
	order := b.place(at, "upgrade", purchase, *r, []importfile.OrderLine{line})
	if _, paid := b.settle(order, at, b.soonOrNot()); paid {
		r.size++
		r.line.NewConfig = next.config
	}
	return true
}

// soonOrNot is the fate of orders on a running resource: nobody pays them late.
func (b *buyer) soonOrNot() fate {
	if f := b.anyFate(); f != paidLate {
		return f
	}
	return paidSoon
}

func (b *buyer) discountOn(line importfile.OrderLine) importfile.Amount {
	return importfile.Amount{Decimal: line.ListAmount().Mul(b.discount).Round(2)}
}

func termEnd(from time.Time, mode string, quantity int) time.Time {
	switch mode {
	case "year":
		return importfile.AddMonths(from, 12*quantity)
	case "month":
		return importfile.AddMonths(from, quantity)
	case "prepaid_30d":
		quantity *= 30
	}
	return from.Add(time.Duration(quantity) * day)
}
