package domain_test

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"orderledger/domain"
)

// checkVouchers wants each voucher that paid to have been allowed to: its time, its minimum, the order's type, and the
// products and modes of the lines that it paid.
func checkVouchers(w *world, o *domain.Order) {
	allows := func(none bool, is bool) bool { return none || is }
	for i := range o.LineFunds {
		line := &o.Lines[i]
		if o.Paid.Total().Sign() > 0 {
			for _, g := range o.LineFunds[i].Gifts {
				if g.Amount.Sign() <= 0 || g.ExpiresAt != nil && !o.PaidAt.Before(*g.ExpiresAt) {
					w.t.Fatalf("gifts: %+v paid at %s", g, o.PaidAt)
				}
			}
		}
		for _, part := range o.LineFunds[i].Vouchers {
			at := slices.IndexFunc(o.PaidVouchers, func(v domain.Voucher) bool { return v.VoucherID == part.VoucherID })
			if o.Paid.Total().Sign() < 0 {
				continue // it gives back
			}
			if at < 0 || part.Amount.Sign() <= 0 {
				w.t.Fatalf("vouchers: %+v paid, and the order knows %+v", part, o.PaidVouchers)
			}
			v := &o.PaidVouchers[at]
			if !allows(v.ValidFrom == nil, v.ValidFrom != nil && !o.PaidAt.Before(*v.ValidFrom)) ||
				!allows(v.ValidTo == nil, v.ValidTo != nil && o.PaidAt.Before(*v.ValidTo)) ||
				!allows(v.MinSpend == nil, v.MinSpend != nil && !o.PayableAmount.Less(*v.MinSpend)) ||
				!allows(len(v.OrderTypes) == 0, slices.Contains(v.OrderTypes, o.OrderType)) ||
				!allows(len(v.Products) == 0, slices.Contains(v.Products, line.ProductCode)) ||
				!allows(len(v.ChargeModes) == 0, slices.Contains(v.ChargeModes, line.ChargeMode)) || v.Currency != o.Currency {
				w.t.Fatalf("vouchers: %+v paid line %d of a %s at %s", v, line.LineNo, o.OrderType, o.PaidAt)
			}
		}
	}
}

// tieredPrice is what a quantity costs by graduated tiers, in minor units, rounded half away from zero.
func tieredPrice(tiers []domain.Tier, quantity *big.Rat, c domain.Currency) *big.Int {
	sum, from := new(big.Rat), new(big.Rat)
	for _, t := range tiers {
		to := quantity
		if t.UpTo != nil && rat(t.UpTo.String()).Cmp(quantity) < 0 {
			to = rat(t.UpTo.String())
		}
		if to.Cmp(from) > 0 {
			part := new(big.Rat).Sub(to, from)
			sum.Add(sum, part.Mul(part, rat(t.UnitPrice.String())))
			from = to
		}
	}
	return rounded(sum.Mul(sum, minorUnit(c)))
}

// rounded rounds half up, which for what is not negative is away from zero.
func rounded(r *big.Rat) *big.Int {
	twice := new(big.Int).Mul(r.Num(), big.NewInt(2))
	twice.Add(twice, r.Denom())
	return twice.Div(twice, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
}

// checkCollected wants money that came in to have paid what waited oldest first: in each currency, nothing that still
// waits is older than what was paid.
func checkCollected(w *world, c domain.Command, before map[domain.Ref]domain.State) {
	switch c.(type) {
	case domain.TopUp, domain.CollectArrears:
	default:
		return
	}
	was, _ := before[domain.AccountRef(c.Org())].(*domain.Account)
	if was == nil {
		return
	}
	waits := map[domain.Currency]bool{}
	for _, a := range was.Arrears.First(was.Arrears.Len()) {
		paid := w.Order(a.OrderID).Status != domain.Unpaid
		if paid && waits[a.Currency] {
			w.t.Fatalf("arrears: %s was paid, and one before it waits", a.OrderID)
		}
		waits[a.Currency] = waits[a.Currency] || !paid
	}
}

// checkTimed reckons a refund of what the time that is left is worth by itself: of each line, what was paid × time left ÷
// all its time comes back or is forfeited, no more than is left of it, and all the rest is consumed.
func checkTimed(w *world, s turn, before map[domain.Ref]domain.State, events []stored) {
	c, ok := s.Command.(domain.RefundOrder)
	if !ok || c.Amount != nil {
		return
	}
	o := before[domain.OrderRef(c.OrderID)].(*domain.Order)
	for _, e := range events {
		if e.name != domain.TypeOrderRefunded {
			continue
		}
		event, err := domain.DecodeEvent(e.name, e.payload)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range event.(domain.OrderRefunded).Lines {
			left, cut := o.LineFunds[r.LineNo-1].Total().Units(), int64(0)
			for _, done := range o.LineRefunds {
				if done.LineNo == r.LineNo {
					left -= done.Returned.Total().Units() + done.Consumed.Units() + done.Forfeited.Units()
					for _, c := range done.Cuts { // what came back for time to come does not come back again
						cut += share(c.Amount.Units(), c.From, c.To, s.Clock.At, time.Microsecond)
					}
				}
			}
			want := min(left, max(0, worth(w, o, r.LineNo-1, s.Clock.At, cut)))
			got, consumed := r.Returned.Total().Units()+r.Forfeited.Units(), r.Consumed.Units()
			if got != want || consumed != left-want {
				w.t.Fatalf("refunds: line %d at %s: %d comes back and %d is consumed, want %d of %d: %+v", r.LineNo, s.Clock.At, got, consumed, want, left, o.Lines[r.LineNo-1])
			}
		}
	}
}

// worth is what the time that is left of a line is worth, less what was cut of it.
func worth(w *world, o *domain.Order, i int, at time.Time, cut int64) int64 {
	l, paid := &o.Lines[i], o.LineFunds[i].Total().Units()
	there := !slices.Contains(provisioned, o.OrderType) || o.Fulfilment != nil && o.Fulfilment.State == "completed"
	if !there || l.EffectiveAt == nil || l.ExpiresAt == nil {
		return paid
	}
	settings := domain.SettingsOf(w.Org(o.OrgID))
	name, ok := settings.Proration[l.ProductCode]
	if !ok {
		name = settings.Proration["*"]
	}
	basis := map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour}[name]
	if basis == 0 {
		basis = time.Second
	}
	return share(paid, *l.EffectiveAt, *l.ExpiresAt, at, basis) - cut
}

// share is the part of an amount that the time to come is worth, of the time that it was for.
func share(amount int64, from, to, at time.Time, basis time.Duration) int64 {
	if !at.After(from) {
		return amount
	}
	part := big.NewRat(max(0, to.Sub(at).Truncate(basis)).Microseconds(), to.Sub(from).Microseconds())
	return rounded(part.Mul(part, new(big.Rat).SetInt64(amount))).Int64()
}

// describe names what a run did, for the tally: orders by their type.
func describe(c domain.Command) string {
	if p, ok := c.(domain.PlaceOrder); ok {
		return fmt.Sprint(p.Name(), " ", p.OrderType)
	}
	return c.Name()
}
