package projections

import (
	"context"
	"encoding/json"

	"github.com/shopspring/decimal"

	"orderledger/eventstore"
)

// streams goes through all streams of a kind, one after the other, up to the head.
func (v Verification) streams(ctx context.Context, kind, check string, upTo int64, next func(e *eventstore.Event, first bool)) error {
	var done int64
	stream := ""
	for after, version := "", int64(0); ; {
		page, err := readStreamPage(ctx, v.Projector, kind, after, version, upTo)
		if err != nil {
			return err
		}
		for i := range page {
			e := &page[i]
			next(e, e.Stream != stream)
			stream = e.Stream
		}
		done += int64(len(page))
		v.progress(check, done, 0)
		if len(page) < streamPage {
			return nil
		}
		after, version = page[len(page)-1].Stream, page[len(page)-1].Version
	}
}

// orders holds the amounts of every order against each other, from its events' JSON: lines sum to the order, what is
// paid is what was to be paid, line by line, and no more than that ever comes back, is consumed or forfeited.
func (v Verification) orders(ctx context.Context, _ *eventstore.Log, log *logWalk) ([]Check, error) {
	w := &orderWalk{check: Check{Name: "orders", OK: true}}
	err := v.streams(ctx, "order", w.check.Name, log.head.Position, w.next)
	if err == nil {
		w.left()
	}
	return []Check{w.check}, err
}

// orderWalk is an order on the way through its events.
type orderWalk struct {
	check   Check
	payable map[int]decimal.Decimal
	paid    map[int]amounts // nil before the payment
	back    map[int]amounts // returned by fund, consumed and forfeited
	// owing is where an order was placed that has no deadline and does not wait for money: it is paid at once. 0 is none.
	owing int64
}

// left finds an order that would stay unpaid for ever.
func (w *orderWalk) left() {
	if w.owing > 0 {
		w.check.fault("event %d places an order without a deadline, and it is not paid at once", w.owing)
	}
	w.owing = 0
}

// orderPayload has what the walk reads of a payload; of an account's parts, the amounts.
type orderPayload struct {
	PayBefore *string         `json:"pay_before"`
	Arrears   bool            `json:"arrears"`
	List      decimal.Decimal `json:"list_amount"`
	Discount  decimal.Decimal `json:"discount_amount"`
	Payable   decimal.Decimal `json:"payable_amount"`
	Paid      amounts         `json:"paid"`
	Returned  amounts         `json:"returned"`
	Consumed  decimal.Decimal `json:"consumed_amount"`
	Forfeited decimal.Decimal `json:"forfeited_amount"`
	Lines     []struct {
		LineNo    int             `json:"line_no"`
		List      decimal.Decimal `json:"list_amount"`
		Discount  decimal.Decimal `json:"discount_amount"`
		Payable   decimal.Decimal `json:"payable_amount"`
		Cash      decimal.Decimal `json:"cash"`
		Gift      decimal.Decimal `json:"gift"`
		Voucher   decimal.Decimal `json:"voucher"`
		Returned  amounts         `json:"returned"`
		Consumed  decimal.Decimal `json:"consumed_amount"`
		Forfeited decimal.Decimal `json:"forfeited_amount"`
		Gifts     []lotPart       `json:"gifts"`
		Vouchers  []lotPart       `json:"vouchers"`
	} `json:"lines"`
}

func (w *orderWalk) next(e *eventstore.Event, first bool) {
	kind := about(e)
	if first || kind != "order.paid" {
		w.left()
	}
	if first {
		*w = orderWalk{check: w.check}
	}
	w.owing = 0
	if kind != "order.placed" && kind != "order.paid" && kind != "order.refunded" {
		return
	}
	w.check.Checked++
	var p orderPayload
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
		return
	}
	switch kind {
	case "order.placed":
		w.placed(e, &p)
	case "order.paid":
		w.pay(e, &p)
	case "order.refunded":
		w.refund(e, &p)
	}
}

func (w *orderWalk) placed(e *eventstore.Event, p *orderPayload) {
	if p.PayBefore == nil && !p.Arrears {
		w.owing = e.Position
	}
	w.payable = map[int]decimal.Decimal{}
	var list, discount, payable decimal.Decimal
	for _, l := range p.Lines {
		if !l.List.Sub(l.Discount).Equal(l.Payable) {
			w.check.fault("event %d: line %d costs %s − %s, and %s is to be paid", e.Position, l.LineNo, l.List, l.Discount, l.Payable)
		}
		list, discount, payable = list.Add(l.List), discount.Add(l.Discount), payable.Add(l.Payable)
		w.payable[l.LineNo] = l.Payable
	}
	if !list.Equal(p.List) || !discount.Equal(p.Discount) || !payable.Equal(p.Payable) || len(w.payable) != len(p.Lines) {
		w.check.fault("event %d: the order's lines sum to %s − %s = %s, the order says %s − %s = %s", e.Position, list, discount, payable, p.List, p.Discount, p.Payable)
	}
}

func (w *orderWalk) pay(e *eventstore.Event, p *orderPayload) {
	if w.payable == nil || w.paid != nil || len(p.Lines) != len(w.payable) {
		w.check.fault("event %d pays an order that was paid before, or other lines than it has", e.Position)
	}
	w.paid, w.back = map[int]amounts{}, map[int]amounts{}
	sum := amounts{}
	for _, l := range p.Lines {
		funds := amounts{"cash": l.Cash, "gift": l.Gift, "voucher": l.Voucher}
		w.paid[l.LineNo], w.back[l.LineNo] = funds, amounts{}
		for fund, a := range funds {
			sum[fund] = sum[fund].Add(a)
		}
		if due, ok := w.payable[l.LineNo]; !ok || !funds.total().Equal(due) {
			w.check.fault("event %d pays line %d with %s, and %s was to be paid", e.Position, l.LineNo, funds.total(), due)
		}
		if p.Paid.total().IsPositive() && !(sumOfParts(l.Gifts).Equal(l.Gift) && sumOfParts(l.Vouchers).Equal(l.Voucher)) {
			w.check.fault("event %d pays line %d with %s, of gifts %s and vouchers %s", e.Position, l.LineNo, funds.text(), sumOfParts(l.Gifts), sumOfParts(l.Vouchers))
		}
	}
	if !sum.equal(p.Paid) {
		w.check.fault("event %d pays %s, its lines %s", e.Position, p.Paid.text(), sum.text())
	}
}

func (w *orderWalk) refund(e *eventstore.Event, p *orderPayload) {
	sum, consumed, forfeited := amounts{}, decimal.Zero, decimal.Zero
	for _, l := range p.Lines {
		paid, back := w.paid[l.LineNo], w.back[l.LineNo]
		if paid == nil {
			w.check.fault("event %d refunds line %d, which was not paid", e.Position, l.LineNo)
			continue
		}
		more := amounts{"consumed": l.Consumed, "forfeited": l.Forfeited}
		for fund, a := range l.Returned {
			sum[fund], more[fund] = sum[fund].Add(a), a
		}
		for name, a := range more {
			back[name] = back[name].Add(a)
			bound := paid[name]
			if name == "consumed" || name == "forfeited" {
				bound = paid.total()
			}
			if a.IsNegative() || back[name].GreaterThan(bound) {
				w.check.fault("event %d: %s of line %d is %s in all, and %s was paid", e.Position, name, l.LineNo, back[name], bound)
			}
		}
		if back.total().GreaterThan(paid.total()) {
			w.check.fault("event %d: of line %d, %s came back, was consumed or forfeited, and %s was paid", e.Position, l.LineNo, back.total(), paid.total())
		}
		if !sumOfParts(l.Gifts).Equal(l.Returned["gift"]) || !sumOfParts(l.Vouchers).Equal(l.Returned["voucher"]) {
			w.check.fault("event %d returns %s of line %d, to gifts %s and vouchers %s", e.Position, l.Returned.text(), l.LineNo, sumOfParts(l.Gifts), sumOfParts(l.Vouchers))
		}
		consumed, forfeited = consumed.Add(l.Consumed), forfeited.Add(l.Forfeited)
	}
	if !sum.equal(p.Returned) || !consumed.Equal(p.Consumed) || !forfeited.Equal(p.Forfeited) {
		w.check.fault("event %d returns %s, its lines %s", e.Position, p.Returned.text(), sum.text())
	}
}
