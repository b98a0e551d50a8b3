package domain_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
)

// What a change gave back of the time to come is not given back again: the refund afterwards is what the time is worth
// at its new price, or up to its new end.
func TestRefundsAfterChanges(t *testing.T) {
	t.Parallel()
	price := func(p string) func(*domain.LineSpec) {
		return func(l *domain.LineSpec) { d := decimal(p); l.NewUnitPrice = &d }
	}
	ends := func(after time.Duration) func(*domain.LineSpec) {
		return func(l *domain.LineSpec) { l.ExpiresAt = ptr(noon.Add(after)) }
	}
	for name, c := range map[string]struct {
		change   domain.PlaceOrder
		at       time.Duration
		refundAt time.Duration
		want     string // what came back in all, and what is consumed
	}{
		"down to nothing":          {changeOf(domain.Downgrade, price("0")), 10 * day, 10 * day, "200.00 0.00 not_refundable"},
		"down to half":             {changeOf(domain.Downgrade, price("150")), 10 * day, 20 * day, "150.00 150.00"},
		"down to half, at once":    {changeOf(domain.Downgrade, price("150")), 10 * day, 10 * day, "200.00 100.00"},
		"ended earlier":            {changeOf(domain.TermSettlement, ends(20*day)), 5 * day, 10 * day, "200.00 100.00"},
		"ended earlier, and ended": {changeOf(domain.TermSettlement, ends(20*day)), 5 * day, 20 * day, "100.00 0.00 not_refundable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.leasedOnce()
			w.must(noon.Add(c.at), c.change)
			_, why := w.do(noon.Add(c.refundAt), refund())
			o := w.Order(orderID)
			got := fmt.Sprintf("%s %s", o.Refunded.Total(), o.Consumed)
			if why != nil {
				got += " " + string(why.Code)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			w.wantSameAfterReplay()
		})
	}
}

// changeOf is an order that changes what leasedOnce bought.
func changeOf(of domain.OrderType, edit func(*domain.LineSpec)) domain.PlaceOrder {
	c := placeID(otherID)
	c.OrderType, c.ParentOrderID = of, ptr(orderID)
	l := line("0")
	l.ProductCode, l.ResourceID, l.ChargeMode, l.Unit, l.Quantity, l.UnitPrice = "p1", "r1", domain.ModePrepaid30d, "30d", decimal("0"), decimal("0")
	edit(&l)
	c.Lines = []domain.LineSpec{l}
	return c
}

// leasedOnce buys 30 days of a resource for 300 and has it made.
func (w *world) leasedOnce() {
	w.must(noon.Add(-day), topUp("1000", "r"))
	begin, end := noon, noon.Add(30*day)
	p := placeProducts("300")
	l := &p.Lines[0]
	l.EffectiveAt, l.ExpiresAt, l.ChargeMode, l.Unit, l.ResourceID = &begin, &end, domain.ModePrepaid30d, "30d", "r1"
	w.must(noon, p)
	w.must(noon, pay())
	w.must(noon, domain.ReportFulfilment{OrderID: orderID, OrgID: org, State: "completed"})
}

// A lease that was renewed can be given back all the same: what is left is the renewal's time, and giving that back, too,
// closes the resource. Time that was given for nothing goes with the lease that it prolonged.
func TestRefundOfARenewedLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leasedOnce()
	w.must(noon, changeOf(domain.Renewal, func(l *domain.LineSpec) { l.Quantity, l.UnitPrice = decimal("2"), decimal("300") }))
	w.must(noon, domain.PayOrder{OrderID: otherID, OrgID: org})
	w.must(noon.Add(15*day), refund())
	r := w.Resource(org, "r1")
	if r.Status != domain.ResourceActive || len(r.Leases) != 1 || !r.Terms[0].EffectiveAt.Equal(noon.Add(30*day)) || !r.Terms[0].ExpiresAt.Equal(noon.Add(90*day)) || r.Terms[0].Quantity.String() != "2" {
		t.Errorf("with its renewal left the resource is %+v", r)
	}
	c := refund()
	c.OrderID = otherID
	w.must(noon.Add(15*day), c)
	if r := w.Resource(org, "r1"); r.Status != domain.ResourceGone || w.Account(org).Balance("CNY").Cash != amount("850.00") {
		t.Errorf("without any lease the resource is %+v, the account %+v", r, w.Account(org).Balances)
	}

	w = newWorld(t)
	w.leasedOnce()
	given := changeOf(domain.Compensation, func(l *domain.LineSpec) { l.ExpiresAt = ptr(noon.Add(40 * day)) })
	given.Reason = "an outage"
	w.must(noon, given)
	w.must(noon.Add(15*day), refund())
	if r := w.Resource(org, "r1"); r.Status != domain.ResourceGone {
		t.Errorf("with free days left alone the resource is %+v", r)
	}
	w.wantSameAfterReplay()
}

// The example of docs/domain.md, to the cent.
func TestTheRefundInTheDocs(t *testing.T) {
	t.Parallel()
	for _, returned := range []bool{false, true} {
		w := newWorld(t)
		w.must(noon.Add(-day), topUp("18", "r"))
		w.must(noon.Add(-day), gift("5", nil))
		w.must(noon.Add(-day), voucher("v", "7"))
		w.bought("30")
		c, want := refund(), "18.00 5.00 0.00, 6.00, 1.00, refunded"
		if c.ReturnVouchers = returned; returned {
			want = "18.00 5.00 1.00, 6.00, 0.00, refunded"
		}
		_, why := w.do(noon.Add(6*day), c)
		if got := w.outcome(why); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
