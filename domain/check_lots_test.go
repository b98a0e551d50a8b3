package domain_test

import (
	"slices"
	"time"

	"orderledger/domain"
)

// checkLots wants grants and vouchers to lapse when their time is over and not before, and money to come back to those
// alone whose time is not; and settlements to wait behind those that wait already.
func checkLots(w *world, before map[domain.Ref]domain.State, events []stored) {
	for _, e := range events {
		switch e.name {
		case domain.TypeFundsLapsed, domain.TypeAccountRefunded, domain.TypeOrderPlaced:
		default:
			continue
		}
		event, err := domain.DecodeEvent(e.name, e.payload)
		if err != nil {
			w.t.Fatal(err)
		}
		at := e.meta.OccurredAt
		over := func(end *time.Time) bool { return end != nil && !at.Before(*end) }
		switch p := event.(type) {
		case domain.FundsLapsed:
			checkLapsed(w, before[e.stream].(*domain.Account), p, over)
		case domain.AccountRefunded:
			if slices.ContainsFunc(p.Gifts, func(g domain.GiftPart) bool { return over(g.ExpiresAt) }) ||
				slices.ContainsFunc(p.Vouchers, func(v domain.Voucher) bool { return over(v.ValidTo) }) {
				w.t.Fatalf("lots: money comes back at %s to what is over: %s", at, e.payload)
			}
		case domain.OrderPlaced:
			account, _ := before[domain.AccountRef(p.OrgID)].(*domain.Account)
			if account == nil || p.Arrears || !slices.Contains(debited, p.OrderType) || p.PayableAmount.Sign() == 0 {
				continue
			}
			if slices.ContainsFunc(account.Arrears.First(account.Arrears.Len()), func(a domain.Arrear) bool { return a.Currency == p.Currency }) {
				w.t.Fatalf("arrears: %s is paid before those that wait: %s", p.OrderID, e.payload)
			}
		}
	}
}

func checkLapsed(w *world, was *domain.Account, p domain.FundsLapsed, over func(*time.Time) bool) {
	for _, g := range was.Gifts {
		lapsed := slices.ContainsFunc(p.Gifts, func(part domain.GiftPart) bool { return part.GrantID == g.GrantID && part.Amount == g.Left })
		if g.Currency == p.Currency && lapsed != over(g.ExpiresAt) {
			w.t.Fatalf("lots: %+v lapses: %v", g, lapsed)
		}
	}
	for _, v := range was.Vouchers {
		lapsed := slices.ContainsFunc(p.Vouchers, func(part domain.VoucherPart) bool { return part.VoucherID == v.VoucherID && part.Amount == v.Left })
		if v.Currency == p.Currency && lapsed != over(v.ValidTo) {
			w.t.Fatalf("lots: %+v lapses: %v", v, lapsed)
		}
	}
}
