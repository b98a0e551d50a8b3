package domain_test

import "orderledger/domain"

// checkRefunds wants the refunds of an order never to pass what was paid: per fund, per line, and all in all.
func checkRefunds(w *world, o *domain.Order) {
	if len(o.Refunds) == 0 {
		if o.RefundState != domain.RefundNone || o.Refunded.Total().Sign() != 0 || len(o.LineRefunds) > 0 {
			w.t.Fatalf("refunds: %s, %+v without a refund", o.RefundState, o.Refunded)
		}
		return
	}
	returned, consumed, forfeited := domain.NoFunds(o.Currency), int64(0), int64(0)
	for _, r := range o.Refunds {
		returned = returned.Add(r.Returned)
		consumed, forfeited = consumed+r.Consumed.Units(), forfeited+r.Forfeited.Units()
		checkRefundOrder(w, o, r)
	}
	if returned != o.Refunded || consumed != o.Consumed.Units() || forfeited != o.Forfeited.Units() {
		w.t.Fatalf("refunds: they sum to %+v, %d, %d; the order has %+v, %s, %s", returned, consumed, forfeited, o.Refunded, o.Consumed, o.Forfeited)
	}
	checkBounds(w, "order "+o.OrderID, o.Paid, o.Refunded, consumed, forfeited)
	done := o.Refunded.Total().Units()+consumed+forfeited == o.Paid.Total().Units()
	if done != (o.Status == domain.Refunded) || done != (o.RefundState == domain.RefundFull) {
		w.t.Fatalf("refunds: %+v, %d, %d of %+v, and the order is %s, %s", o.Refunded, consumed, forfeited, o.Paid, o.Status, o.RefundState)
	}
	checkLineRefunds(w, o)
}

func checkLineRefunds(w *world, o *domain.Order) {
	returned, consumed, forfeited := domain.NoFunds(o.Currency), int64(0), int64(0)
	for _, r := range o.LineRefunds {
		returned = returned.Add(r.Returned)
		consumed, forfeited = consumed+r.Consumed.Units(), forfeited+r.Forfeited.Units()
		if r.LineNo < 1 || r.LineNo > len(o.LineFunds) {
			w.t.Fatalf("refunds: there is no line %d", r.LineNo)
		}
		paid := o.LineFunds[r.LineNo-1]
		checkBounds(w, "a line", paid.Funds, r.Returned, r.Consumed.Units(), r.Forfeited.Units())
		checkParts(w, paid, r)
	}
	if returned != o.Refunded || consumed != o.Consumed.Units() || forfeited != o.Forfeited.Units() {
		w.t.Fatalf("refunds: the lines' sum to %+v, %d, %d; the order has %+v, %s, %s", returned, consumed, forfeited, o.Refunded, o.Consumed, o.Forfeited)
	}
}

// checkParts wants each grant and voucher to get back at most what it gave, and the parts to sum to their fund.
func checkParts(w *world, paid domain.LinePayment, back domain.LineRefund) {
	gave, gifts, vouchers := map[string]int64{}, int64(0), int64(0)
	for _, g := range paid.Gifts {
		gave["gift "+g.GrantID] += g.Amount.Units()
	}
	for _, v := range paid.Vouchers {
		gave["voucher "+v.VoucherID] += v.Amount.Units()
	}
	for _, g := range back.Gifts {
		gave["gift "+g.GrantID] -= g.Amount.Units()
		gifts += g.Amount.Units()
	}
	for _, v := range back.Vouchers {
		gave["voucher "+v.VoucherID] -= v.Amount.Units()
		vouchers += v.Amount.Units()
	}
	for lot, left := range gave {
		if left < 0 {
			w.t.Fatalf("refunds: %s got back %d more than it gave", lot, -left)
		}
	}
	if gifts != back.Returned.Gift.Units() || vouchers != back.Returned.Voucher.Units() {
		w.t.Fatalf("refunds: the lots got back %d and %d, the funds %+v", gifts, vouchers, back.Returned)
	}
}

func checkBounds(w *world, what string, paid, returned domain.Funds, consumed, forfeited int64) {
	over := func(got, most domain.Amount) bool { return got.Sign() < 0 || most.Less(got) }
	if over(returned.Cash, paid.Cash) || over(returned.Gift, paid.Gift) || over(returned.Voucher, paid.Voucher) {
		w.t.Fatalf("refunds: %s gave back %+v of %+v", what, returned, paid)
	}
	if consumed < 0 || forfeited < 0 || returned.Total().Units()+consumed+forfeited > paid.Total().Units() {
		w.t.Fatalf("refunds: %s gave back %+v, %d is consumed, %d forfeited, of %+v", what, returned, consumed, forfeited, paid)
	}
}

// checkRefundOrder wants the order that a refund is: the same money, with the other sign.
func checkRefundOrder(w *world, o *domain.Order, r domain.RefundNote) {
	back := w.Order(r.RefundOrderID)
	if back == nil || back.ParentOrderID == nil || back.OrgID != o.OrgID || back.Currency != o.Currency {
		w.t.Fatalf("refunds: of %s: there is no fitting order %s", o.OrderID, r.RefundOrderID)
	}
	if back.OrderType == domain.Refund && (*back.ParentOrderID != o.OrderID || back.Paid != r.Returned.Neg() || back.Status != domain.Completed) {
		w.t.Fatalf("refunds: of %s: %+v came back, and its order is %s with %+v", o.OrderID, r.Returned, back.Status, back.Paid)
	}
}
