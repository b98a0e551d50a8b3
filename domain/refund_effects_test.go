package domain_test

import (
	"math/big"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orderledger/domain"
)

// Refunds in any number and form never give back more than was paid, of any line, fund, grant or voucher; and what time
// gives back is what plain fractions give.
func TestAnyRefundsStayWithinWhatWasPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		maybe := func(name string) *time.Time {
			if !rapid.Bool().Draw(t, name) {
				return nil
			}
			end := noon.Add(time.Duration(rapid.IntRange(1, 30*24).Draw(t, "end of "+name)) * time.Hour)
			return &end
		}
		w.must(noon.Add(-day), topUp("100000", "r"))
		w.must(noon.Add(-day), domain.ChangeSettings{OrgID: org, Proration: map[string]string{"*": rapid.SampledFrom([]string{"second", "hour", "day"}).Draw(t, "basis")}})
		price := rapid.StringMatching(`[0-9]{1,3}\.[0-9]{2}`)
		for _, id := range []string{"a", "b"} {
			g, v := gift("0.01", maybe("gift")), voucher(id, "0.01")
			g.Amount, v.Amount, v.ValidTo = g.Amount.Add(amount(price.Draw(t, "gift"))), v.Amount.Add(amount(price.Draw(t, "voucher"))), maybe("voucher")
			w.must(noon.Add(-day), g)
			w.must(noon.Add(-day), v)
		}
		// Another price than 0 is among them: what costs nothing is paid at once.
		w.bought(append(rapid.SliceOfN(price, 0, 3).Draw(t, "prices"), "0.37")...)
		at := noon
		for range rapid.IntRange(1, 8).Draw(t, "refunds") {
			at = at.Add(time.Duration(rapid.IntRange(0, 6*24*3600).Draw(t, "wait")) * time.Second)
			c := refund()
			c.ReturnVouchers = rapid.Bool().Draw(t, "vouchers too")
			if rapid.Bool().Draw(t, "by line") {
				c.LineNos = []int{rapid.IntRange(1, len(w.Order(orderID).Lines)).Draw(t, "line")}
			}
			if rapid.IntRange(0, 3).Draw(t, "by amount") > 0 {
				a := amount(price.Draw(t, "amount")).Add(amount("0.01"))
				c.Amount = &a
			}
			before := w.Order(orderID)
			if _, why := w.do(at, c); why == nil && c.Amount == nil {
				wantFractions(t, w, before, at)
			}
		}
		wantWhole(t, w)
	})
}

// wantFractions wants the last refund to have taken of each line what is left of its time, by plain fractions.
func wantFractions(t *rapid.T, w *world, before *domain.Order, at time.Time) {
	o := w.Order(orderID)
	basis := map[string]int64{"second": 1, "hour": 3600, "day": 86400}[w.Org(org).Proration["*"]]
	for i, paid := range before.LineFunds {
		was, is := lineRefund(before, i+1), lineRefund(o, i+1)
		taken := is.Returned.Total().Add(is.Forfeited).Sub(was.Returned.Total()).Sub(was.Forfeited)
		if is.Consumed == was.Consumed && taken.Sign() == 0 {
			continue // not one of the lines asked for, or nothing was left
		}
		left := paid.Total().Sub(was.Returned.Total()).Sub(was.Consumed).Sub(was.Forfeited)
		seconds := int64(o.Lines[i].ExpiresAt.Sub(at) / time.Second)
		seconds = max(0, seconds-seconds%basis)
		want := new(big.Rat).Mul(big.NewRat(paid.Total().Units(), 1), big.NewRat(seconds, 30*24*3600))
		if most := big.NewRat(left.Units(), 1); want.Cmp(most) > 0 {
			want = most
		}
		if off := want.Sub(want, big.NewRat(taken.Units(), 1)); off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("line %d: %s of %s was taken with %d seconds left", i+1, taken, paid.Total(), seconds)
		}
		if now := is.Consumed.Sub(was.Consumed).Add(taken); now != left {
			t.Fatalf("line %d: %s was left, %s is accounted for", i+1, left, now)
		}
	}
}

func lineRefund(o *domain.Order, no int) domain.LineRefund {
	for _, r := range o.LineRefunds {
		if r.LineNo == no {
			return r
		}
	}
	return domain.LineRefund{Returned: domain.NoFunds(o.Currency), Consumed: o.Currency.Zero(), Forfeited: o.Currency.Zero()}
}

// A preview tells what the refund then does, and does nothing itself.
func TestPreviewOfARefund(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon.Add(-day), topUp("300", "r"))
	w.bought("100", "200")
	at := noon.Add(10 * day)
	events := len(w.history)
	c := refund(linesNo(2))
	c.Preview = true
	back, origin, why := domain.PreviewRefund(w, c, domain.Clock{Now: at, At: at})
	if why != nil || len(w.history) != events || w.Order(orderID).Status != domain.Completed {
		t.Fatalf("refused with %v; %d events, the order is %s", why, len(w.history)-events, w.Order(orderID).Status)
	}
	w.must(at, refund(linesNo(2)))
	posted := *w.Order(back.OrderID)
	if posted.PayableAmount != amount("-133.33") || posted.BillingPeriod != "2025-11" || origin.Refunded != w.Order(orderID).Refunded || origin.Status != domain.PartiallyRefunded {
		t.Errorf("posted %+v of %+v", posted, origin)
	}
	posted.Position, back.Position = 0, 0
	if !reflect.DeepEqual(*back, posted) {
		t.Errorf("previewed\n%+v\nposted\n%+v", *back, posted)
	}
	l := posted.Lines[0]
	if l.ProductCode != "p2" || l.Quantity.String() != "-1" || l.Unit != "refund" || l.UnitPrice.String() != "133.33" || l.Corrects != orderID+"-2" ||
		!l.EffectiveAt.Equal(at) || !l.ExpiresAt.Equal(noon.Add(30*day)) {
		t.Errorf("its line is %+v", l)
	}
	if _, _, why := domain.PreviewRefund(w, refund(linesNo(2)), domain.Clock{Now: at, At: at}); why == nil || why.Code != domain.NotRefundable {
		t.Errorf("previewed again: %v", why)
	}
}

// Money goes back to the grant and the voucher it came from: to what is left of them, or to ones that are there again.
func TestRefundsGoBackToTheirLots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := noon.Add(20 * day)
	least := amount("1.00")
	w.must(noon.Add(-day), gift("10", &end))
	w.must(noon.Add(-day), gift("10", nil))
	w.must(noon.Add(-day), voucher("used", "10", until(end), spend("1"), products("p1", "p7"), modes(domain.ModePrepaid30d), types(domain.Purchase)))
	w.must(noon.Add(-day), voucher("left", "10"))
	issued, whole := w.Account(org).Gifts, w.Account(org).Vouchers
	w.bought("30")
	if a := w.Account(org); len(a.Gifts) != 1 || len(a.Vouchers) != 0 {
		t.Fatalf("after paying there are %v and %v", a.Gifts, a.Vouchers)
	}
	w.must(noon, refund(sum("25"), vouchersToo))
	a := w.Account(org)
	if len(a.Gifts) != 2 || a.Gifts[0].GrantID != issued[1].GrantID || a.Gifts[1].GrantID != issued[0].GrantID || a.Gifts[1].Left != amount("10.00") || !a.Gifts[1].ExpiresAt.Equal(end) {
		t.Errorf("the grants are %+v", a.Gifts)
	}
	if len(a.Vouchers) != 2 || a.Vouchers[0].MinSpend == nil || *a.Vouchers[0].MinSpend != least {
		t.Fatalf("the vouchers are %+v", a.Vouchers)
	}
	w.must(noon, refund(sum("5"), vouchersToo))
	if got := w.Account(org).Vouchers; !reflect.DeepEqual(got, whole) {
		t.Errorf("the vouchers are\n%+v\nthey were\n%+v", got, whole)
	}
	wantWhole(t, w)
}

// A resource is paid for until its lease ends: what is given back ends it, and the last one closes the resource.
func TestRefundsEndLeases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon.Add(-day), topUp("300", "r"))
	w.bought("100", "200")
	begin, end, later := noon, noon.Add(30*day), noon.Add(60*day)
	open := func(id string, terms ...domain.Term) {
		e := domain.ResourceChanged{OrgID: org, ResourceID: id, OrderID: orderID, OrderType: domain.Purchase, Terms: terms}
		for _, t := range terms {
			if t.ExpiresAt != nil {
				e.Leases = append(e.Leases, domain.Lease{OrderID: t.OrderID, LineNo: t.LineNo, EffectiveAt: *t.EffectiveAt, ExpiresAt: *t.ExpiresAt})
			}
		}
		w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.ResourceRef(org, id), Event: e})
	}
	lease := domain.Term{ChargeMode: domain.ModePrepaid30d, Count: decimal("1"), Quantity: decimal("1"), UnitPrice: decimal("100"), EffectiveAt: &begin, ExpiresAt: &end, OrderID: orderID}
	first, second := lease, lease
	first.ProductCode, first.LineNo = "p1", 1
	second.ProductCode, second.LineNo = "p2", 2
	open("r1", first)
	open("r2", second, domain.Term{ProductCode: "backup", ChargeMode: domain.ModeMetered, Cycle: "day"})

	w.must(noon.Add(day), refund(sum("1")))
	if r := w.Resource(org, "r1"); r.Status != domain.ResourceActive || len(r.Leases) != 1 {
		t.Errorf("after an amount came back the resource is %+v", r)
	}
	w.must(noon.Add(2*day), refund())
	if r := w.Resource(org, "r1"); r.Status != domain.ResourceGone || len(r.Terms) != 1 || !r.ClosedAt.Equal(noon.Add(2*day)) {
		t.Errorf("a resource that nothing is paid for any more is %+v", r)
	}
	if r := w.Resource(org, "r2"); r.Status != domain.ResourceActive || len(r.Terms) != 1 || r.Terms[0].ProductCode != "backup" || len(r.Leases) != 0 {
		t.Errorf("a resource that is still metered is %+v", r)
	}

	// A renewal that has not begun gives back its own time only.
	w = newWorld(t)
	w.must(noon.Add(-day), topUp("300", "r"))
	c := place("100")
	c.OrderType, c.ParentOrderID = domain.Renewal, nil
	l := &c.Lines[0]
	l.ProductCode, l.ResourceID, l.ChargeMode, l.Unit, l.EffectiveAt, l.ExpiresAt = "p1", "r1", domain.ModePrepaid30d, "30d", &end, &later
	w.placed(c)
	w.must(noon, pay())
	first.ExpiresAt, first.Quantity = &later, decimal("2")
	open("r1", first)
	e := domain.ResourceChanged{OrgID: org, ResourceID: "r1", OrderID: orderID, OrderType: domain.Renewal, Terms: []domain.Term{first}, Leases: []domain.Lease{
		{OrderID: otherID, LineNo: 1, EffectiveAt: begin, ExpiresAt: end}, {OrderID: orderID, LineNo: 1, EffectiveAt: end, ExpiresAt: later},
	}}
	w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.ResourceRef(org, "r1"), Event: e})
	w.must(noon.Add(day), refund())
	if r := w.Resource(org, "r1"); len(r.Leases) != 1 || len(r.Terms) != 1 || !r.Terms[0].EffectiveAt.Equal(begin) || !r.Terms[0].ExpiresAt.Equal(end) || r.Terms[0].Quantity.String() != "1" {
		t.Errorf("without its renewal the resource is %+v", r)
	}
}

// placed appends an order as it would be placed, whatever the rules for its type.
func (w *world) placed(c domain.PlaceOrder) {
	spec := c.Lines[0]
	spec.DiscountAmount = amount("0.00")
	price := amount("100.00")
	w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.OrderRef(c.OrderID), Event: domain.OrderPlaced{
		Header: domain.Header{OrderID: c.OrderID, OrgID: c.OrgID, OrderType: c.OrderType, Currency: c.Currency, Tags: map[string]string{}},
		Lines:  []domain.Line{{LineNo: 1, LineSpec: spec, ListAmount: price, PayableAmount: price}}, ListAmount: price, DiscountAmount: amount("0.00"), PayableAmount: price,
	}})
}
