package domain_test

import (
	"math/big"
	"slices"

	"orderledger/domain"
)

// paths are the edges of an order's life, by the event that goes along them: what the reference draws, written down a
// second time.
var paths = map[string]map[domain.Status][]domain.Status{
	domain.TypeOrderPlaced:   {"": {domain.Unpaid, domain.AwaitingApproval}},
	domain.TypeOrderApproved: {domain.AwaitingApproval: {domain.Unpaid}},
	domain.TypeOrderRejected: {domain.AwaitingApproval: {domain.Cancelled}},
	domain.TypeOrderPaid:     {domain.Unpaid: {domain.Paid, domain.Completed}},
	domain.TypeOrderCancelled: {
		domain.Unpaid: {domain.Cancelled}, domain.AwaitingApproval: {domain.Cancelled},
	},
	domain.TypeOrderExpired: {domain.Unpaid: {domain.Expired}, domain.AwaitingApproval: {domain.Expired}},
	domain.TypeOrderVoided:  {domain.Unpaid: {domain.Voided}, domain.AwaitingApproval: {domain.Voided}},
	domain.TypeFulfilmentStarted: {
		domain.Paid: {domain.Fulfilling}, domain.FulfilmentFailure: {domain.Fulfilling}, domain.PartiallyRefunded: {domain.PartiallyRefunded},
	},
	domain.TypeOrderCompleted: {
		domain.Paid: {domain.Completed}, domain.Fulfilling: {domain.Completed}, domain.PartiallyRefunded: {domain.PartiallyRefunded},
	},
	domain.TypeFulfilmentFailed: {
		domain.Paid: {domain.FulfilmentFailure}, domain.Fulfilling: {domain.FulfilmentFailure}, domain.PartiallyRefunded: {domain.PartiallyRefunded},
	},
	domain.TypeFulfilmentOverdue: {
		domain.Paid: {domain.Paid}, domain.Fulfilling: {domain.Fulfilling}, domain.FulfilmentFailure: {domain.FulfilmentFailure},
		domain.PartiallyRefunded: {domain.PartiallyRefunded},
	},
	domain.TypeOrderRefunded: {
		domain.Paid:              {domain.PartiallyRefunded, domain.Refunded},
		domain.FulfilmentFailure: {domain.PartiallyRefunded, domain.Refunded},
		domain.Completed:         {domain.PartiallyRefunded, domain.Refunded},
		domain.PartiallyRefunded: {domain.PartiallyRefunded, domain.Refunded},
	},
}

// Which types a service provisions once they are paid, which a user may cancel, and which are debited at once.
var (
	provisioned = []domain.OrderType{domain.Purchase, domain.Upgrade, domain.Recovery}
	cancellable = []domain.OrderType{
		domain.Purchase, domain.Renewal, domain.Upgrade, domain.Convert, domain.TermSettlement, domain.Supplement, domain.Recovery,
	}
	debited = []domain.OrderType{domain.UsageSettlement, domain.OverdueDaily}
)

// checkPaths folds a command's events one by one, and wants each to go along an edge.
func checkPaths(w *world, before map[domain.Ref]domain.State, events []stored) {
	now := map[domain.Ref]domain.State{}
	for _, e := range events {
		if e.stream.Kind != domain.KindOrder {
			continue
		}
		if _, begun := now[e.stream]; !begun {
			now[e.stream] = before[e.stream]
		}
		event, err := domain.DecodeEvent(e.name, e.payload)
		if err != nil {
			w.t.Fatal(err)
		}
		was, _ := now[e.stream].(*domain.Order)
		now[e.stream] = domain.Evolve(now[e.stream], event, e.meta)
		checkEdge(w, e, was, now[e.stream].(*domain.Order))
	}
}

func checkEdge(w *world, e stored, was, is *domain.Order) {
	var from domain.Status
	if was != nil {
		from = was.Status
	}
	if !slices.Contains(paths[e.name][from], is.Status) {
		w.t.Fatalf("path: %s leads from %q to %q: %s", e.name, from, is.Status, e.payload)
	}
	at, wrong := e.meta.OccurredAt, ""
	switch e.name {
	case domain.TypeOrderPaid:
		switch {
		case (is.Status == domain.Completed) == slices.Contains(provisioned, is.OrderType):
			wrong = "whether it completes at once does not fit its type"
		case was.PayBefore != nil && !at.Before(*was.PayBefore):
			wrong = "it is paid after its deadline"
		case was.Approval != nil && was.Approval.State != "granted":
			wrong = "it is paid without the approval it needs"
		}
	case domain.TypeOrderCancelled:
		if was.Arrears || !slices.Contains(cancellable, was.OrderType) {
			wrong = "its user may not cancel it"
		}
	case domain.TypeOrderExpired:
		if was.PayBefore == nil || at.Before(*was.PayBefore) {
			wrong = "its deadline has not come"
		}
	case domain.TypeOrderVoided:
		if is.CloseReason == "" {
			wrong = "it is voided without a reason"
		}
	case domain.TypeOrderApproved, domain.TypeOrderRejected:
		if is.Approval.By == was.PlacedBy && !was.Imported && e.meta.OccurredAt.Equal(e.meta.RecordedAt) {
			wrong = "who placed it decides on its approval"
		}
	case domain.TypeFulfilmentStarted, domain.TypeOrderCompleted, domain.TypeFulfilmentFailed:
		if !slices.Contains(provisioned, was.OrderType) {
			wrong = "nothing of its type is provisioned"
		}
	}
	if wrong == "" && was != nil && at.Before(was.OccurredAt) {
		wrong = "it happens before the event before it"
	}
	if wrong != "" {
		w.t.Fatalf("path: %s of a %s: %s: %s", e.name, is.OrderType, wrong, e.payload)
	}
}

// checkOrder wants an order's amounts to be the sums of its lines, and its status to fit its money.
func checkOrder(w *world, o *domain.Order) {
	list, discount, payable := int64(0), int64(0), int64(0)
	for i := range o.Lines {
		l := &o.Lines[i]
		checkLine(w, o, l)
		list, discount, payable = list+l.ListAmount.Units(), discount+l.DiscountAmount.Units(), payable+l.PayableAmount.Units()
	}
	if list != o.ListAmount.Units() || discount != o.DiscountAmount.Units() || payable != o.PayableAmount.Units() {
		w.t.Fatalf("sums: the lines' are %d, %d, %d; the order has %s, %s, %s", list, discount, payable, o.ListAmount, o.DiscountAmount, o.PayableAmount)
	}
	checkSign(w, o)
	paid := o.PaidAt != nil
	if unfinished := []domain.Status{domain.AwaitingApproval, domain.Unpaid, domain.Cancelled, domain.Expired, domain.Voided}; paid == slices.Contains(unfinished, o.Status) {
		w.t.Fatalf("paid: an order that is %s was paid at %v", o.Status, o.PaidAt)
	}
	if !paid {
		if o.Paid.Total().Sign() != 0 || o.BillingPeriod != "" || len(o.LineFunds) > 0 {
			w.t.Fatalf("paid: an order that is %s has paid %+v in %s", o.Status, o.Paid, o.BillingPeriod)
		}
		if o.Status == domain.Unpaid && payable <= 0 {
			w.t.Fatalf("paid: an order about %s waits to be paid", o.PayableAmount)
		}
		return
	}
	checkPaid(w, o)
	checkVouchers(w, o)
}

func checkLine(w *world, o *domain.Order, l *domain.Line) {
	if l.PayableAmount.Units() != l.ListAmount.Units()-l.DiscountAmount.Units() {
		w.t.Fatalf("line: %s less %s is not %s", l.ListAmount, l.DiscountAmount, l.PayableAmount)
	}
	exact := new(big.Rat).Mul(rat(l.Count.String()), rat(l.Quantity.String()))
	exact.Mul(exact, rat(l.UnitPrice.String()))
	off := new(big.Rat).Sub(exact.Mul(exact, minorUnit(o.Currency)), new(big.Rat).SetInt64(l.ListAmount.Units()))
	tolerance := big.NewRat(1, 2)
	if o.OrderType == domain.UsageSettlement { // a tiered meter's unit price is an average, rounded to 12 digits
		share := new(big.Rat).Mul(rat(l.Quantity.String()), minorUnit(o.Currency))
		tolerance.Add(tolerance, share.Mul(share, big.NewRat(1, 1e12)))
	}
	tiered := len(l.Meters) == 1 && o.OrderType == domain.UsageSettlement
	if tiered && tieredPrice(l.Meters[0].Tiers, rat(l.Quantity.String()), o.Currency).Int64() != l.ListAmount.Units() {
		w.t.Fatalf("line: %s by the tiers of %+v is not %s", l.Quantity, l.Meters[0], l.ListAmount)
	}
	if off.Abs(off).Cmp(tolerance) > 0 {
		w.t.Fatalf("line: %s of %s: %s × %s × %s is not %s", o.OrderType, o.OrderID, l.Count, l.Quantity, l.UnitPrice, l.ListAmount)
	}
	if l.EffectiveAt != nil && l.ExpiresAt != nil && !l.EffectiveAt.Before(*l.ExpiresAt) {
		w.t.Fatalf("line: %s of %s: its time is from %s to %s", o.OrderType, o.OrderID, l.EffectiveAt, l.ExpiresAt)
	}
}

func checkSign(w *world, o *domain.Order) {
	sign := o.PayableAmount.Sign()
	switch o.OrderType {
	case domain.Purchase, domain.Renewal, domain.Upgrade, domain.Recovery, domain.UsageSettlement, domain.OverdueDaily:
		if sign < 0 {
			w.t.Fatalf("sign: a %s amounts to %s", o.OrderType, o.PayableAmount)
		}
	case domain.Downgrade, domain.Refund:
		if sign > 0 {
			w.t.Fatalf("sign: a %s amounts to %s", o.OrderType, o.PayableAmount)
		}
	case domain.Resize, domain.Compensation, domain.TransferIn:
		if sign != 0 {
			w.t.Fatalf("sign: a %s amounts to %s", o.OrderType, o.PayableAmount)
		}
	}
	if o.Arrears && !slices.Contains(debited, o.OrderType) {
		w.t.Fatalf("arrears: a %s is arrears", o.OrderType)
	}
	if o.Arrears && o.PayBefore != nil {
		w.t.Fatalf("arrears: they expire at %s", o.PayBefore)
	}
}

// checkPaid wants what was paid to be what was due, on the order and on each line, whatever the fund.
func checkPaid(w *world, o *domain.Order) {
	if o.Paid.Total() != o.PayableAmount || len(o.LineFunds) != len(o.Lines) || o.BillingPeriod == "" {
		w.t.Fatalf("paid: %s of %s, on %d of %d lines, in %q", o.Paid.Total(), o.PayableAmount, len(o.LineFunds), len(o.Lines), o.BillingPeriod)
	}
	funds := domain.NoFunds(o.Currency)
	for i, l := range o.LineFunds {
		funds = funds.Add(l.Funds)
		if l.Total() != o.Lines[i].PayableAmount || l.LineNo != o.Lines[i].LineNo {
			w.t.Fatalf("paid: line %d of a %s costs %s and was paid %s", l.LineNo, o.OrderType, o.Lines[i].PayableAmount, l.Total())
		}
		gifts, vouchers := int64(0), int64(0)
		for _, g := range l.Gifts {
			gifts += g.Amount.Units()
		}
		for _, v := range l.Vouchers {
			vouchers += v.Amount.Units()
		}
		if gifts != l.Gift.Units() || vouchers != l.Voucher.Units() {
			w.t.Fatalf("paid: line %d's lots give %d and %d, its funds %+v", l.LineNo, gifts, vouchers, l.Funds)
		}
	}
	if funds != o.Paid {
		w.t.Fatalf("paid: the lines' funds sum to %+v, the order's are %+v", funds, o.Paid)
	}
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("not a number: " + s)
	}
	return r
}

// minorUnit is how many minor units one of a currency has.
func minorUnit(c domain.Currency) *big.Rat {
	switch c {
	case "JPY":
		return big.NewRat(1, 1)
	case "KWD":
		return big.NewRat(1000, 1)
	}
	return big.NewRat(100, 1)
}
