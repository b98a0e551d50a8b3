package projections

import (
	"github.com/shopspring/decimal"

	"orderledger/eventstore"
)

// lotsWalk reckons anew what is left of every gift and voucher, from the parts in the events' JSON.
type lotsWalk struct {
	check Check
	lots  map[lotKey]*lotLeft // all there ever were: a refund may bring one back
}

// lotLeft is what is left of a lot.
type lotLeft struct {
	fund, currency string
	amount, left   decimal.Decimal
}

// lotPart is a part of a gift or voucher, or a whole voucher, whose Amount is all it ever had.
type lotPart struct {
	GrantID   string          `json:"grant_id"`
	VoucherID string          `json:"voucher_id"`
	Currency  string          `json:"currency"`
	Amount    decimal.Decimal `json:"amount"`
	Left      decimal.Decimal `json:"left"`
}

func newLotsWalk() *lotsWalk {
	return &lotsWalk{Check{Name: "gifts_and_vouchers", OK: true}, map[lotKey]*lotLeft{}}
}

func sumOfParts(parts []lotPart) decimal.Decimal {
	sum := decimal.Zero
	for i := range parts {
		sum = sum.Add(parts[i].Amount)
	}
	return sum
}

func (w *lotsWalk) next(e *eventstore.Event, kind string, p *fundsPayload) {
	switch kind {
	case "account.gift_granted":
		w.add(e, "gift", p.GrantID, p.Currency, p.Amount, p.Amount)
	case "account.voucher_issued":
		w.add(e, "voucher", p.Voucher.VoucherID, p.Voucher.Currency, p.Voucher.Amount, p.Voucher.Left)
	case "account.charged", "account.funds_lapsed":
		gifts := w.move(e, "gift", p.Currency, p.Gifts, -1)
		vouchers := w.move(e, "voucher", p.Currency, p.Vouchers, -1)
		if kind == "account.charged" && !(gifts.Equal(p.Funds["gift"]) && vouchers.Equal(p.Funds["voucher"])) {
			w.check.fault("event %d takes %s, of gifts %s and vouchers %s", e.Position, p.Funds.text(), gifts, vouchers)
		}
	case "account.refunded":
		gifts, vouchers := w.move(e, "gift", p.Currency, p.Gifts, 1), w.restore(e, p)
		if !gifts.Equal(p.Funds["gift"]) || !vouchers.Equal(p.Funds["voucher"]) {
			w.check.fault("event %d gives %s back, to gifts %s and vouchers %s", e.Position, p.Funds.text(), gifts, vouchers)
		}
	}
}

func (w *lotsWalk) add(e *eventstore.Event, fund, id, currency string, amount, left decimal.Decimal) {
	w.check.Checked++
	key := lotKey{e.OrgID, fund + " " + id}
	if w.lots[key] != nil || !amount.IsPositive() || !amount.Equal(left) {
		w.check.fault("event %d gives the %s %s, which is there already, or is not whole", e.Position, fund, id)
	}
	w.lots[key] = &lotLeft{fund, currency, amount, left}
}

// move takes parts away (sign -1) or puts them back (1), and returns their sum.
func (w *lotsWalk) move(e *eventstore.Event, fund, currency string, parts []lotPart, sign int64) decimal.Decimal {
	for _, p := range parts {
		id := p.GrantID
		if fund == "voucher" {
			id = p.VoucherID
		}
		l := w.lots[lotKey{e.OrgID, fund + " " + id}]
		if l == nil || l.currency != currency || !p.Amount.IsPositive() {
			w.check.fault("event %d moves %s %s of the %s %s, which there is not", e.Position, p.Amount, currency, fund, id)
			continue
		}
		l.left = l.left.Add(p.Amount.Mul(decimal.NewFromInt(sign)))
		w.bounded(e, l, id)
	}
	return sumOfParts(parts)
}

// restore puts money back on vouchers, of which the event has what they are afterwards, and returns how much.
func (w *lotsWalk) restore(e *eventstore.Event, p *fundsPayload) decimal.Decimal {
	sum := decimal.Zero
	for _, v := range p.Vouchers {
		l := w.lots[lotKey{e.OrgID, "voucher " + v.VoucherID}]
		if l == nil || l.currency != p.Currency || !v.Amount.Equal(l.amount) {
			w.check.fault("event %d gives money back to the voucher %s, which there is not", e.Position, v.VoucherID)
			continue
		}
		sum = sum.Add(v.Left.Sub(l.left))
		l.left = v.Left
		w.bounded(e, l, v.VoucherID)
	}
	return sum
}

func (w *lotsWalk) bounded(e *eventstore.Event, l *lotLeft, id string) {
	if l.left.IsNegative() || l.left.GreaterThan(l.amount) {
		w.check.fault("event %d leaves %s of %s on the %s %s", e.Position, l.left, l.amount, l.fund, id)
	}
}

// end holds the sum of what is left against the balances.
func (w *lotsWalk) end(held map[fundKey]decimal.Decimal) {
	sums := map[fundKey]decimal.Decimal{}
	for key, l := range w.lots {
		of := fundKey{key.org, l.currency, "fund:" + l.fund}
		sums[of] = sums[of].Add(l.left)
	}
	for key, balance := range held {
		if (key.place == "fund:gift" || key.place == "fund:voucher") && !balance.Equal(sums[key]) {
			w.check.fault("%s of %s is %s %s, what is left of its parts %s", key.place, key.org, balance, key.currency, sums[key])
		}
	}
}
