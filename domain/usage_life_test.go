package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

// opening is an order that opens pay-as-you-go on r-1, with a line for each cycle.
func opening(cycles ...string) domain.PlaceOrder {
	c := place()
	for _, cycle := range cycles {
		l := line("0")
		l.ProductCode, l.ResourceID, l.ChargeMode, l.Quantity, l.Unit, l.Cycle = "by-"+cycle, "r-1", domain.ModeMetered, decimal("0"), "hour", cycle
		l.Meters = []domain.Meter{flat("m-"+cycle, "1")}
		c.Lines = append(c.Lines, l)
	}
	return c
}

// following is an order about r-1 that follows the opening one.
func following(of domain.OrderType, id string, product string, change func(*domain.LineSpec)) domain.PlaceOrder {
	parent := orderID
	c := opening("hour")
	c.OrderType, c.OrderID, c.ParentOrderID = of, id, &parent
	c.Lines[0].ProductCode = product
	change(&c.Lines[0])
	return c
}

// A life of pay-as-you-go by orders alone: opened, used, changed, turned into a lease, given back.
func TestLifeOfUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.must(noon, opening("hour"))
	if o := w.Order(orderID); o.PayableAmount.Sign() != 0 || o.Status != domain.Paid {
		t.Errorf("the opening order is %s, payable %s", o.Status, o.PayableAmount)
	}
	byOrder := func(id, quantity string, from time.Time) domain.UsageReport {
		u := used(id, "", "m-hour", quantity, from)
		u.OrderID = orderID
		return u
	}
	at := noon.Add(30 * time.Minute)
	w.must(at, report(byOrder("u-1", "3", noon)))
	w.must(at, following(domain.Resize, secondOrder, "by-hour", func(l *domain.LineSpec) { l.Meters = []domain.Meter{flat("m-hour", "2")} }))
	w.must(at.Add(10*time.Minute), report(byOrder("u-2", "4", at)))
	d := w.must(noon.Add(time.Hour), settle("r-1"))
	wantBills(t, w, d, `[2025-11] m-hour 3 at 1 = 3.00, 11-04 12:00 to 11-04 13:00; m-hour 4 at 2 = 8.00, 11-04 12:00 to 11-04 13:00; 11.00`)
	if parent := *placedIn(d)[0].ParentOrderID; parent != orderID {
		t.Errorf("the settlement follows %s, want the order that opened the use", parent)
	}

	w.must(noon.Add(80*time.Minute), report(byOrder("u-3", "5", noon.Add(70*time.Minute))))
	lease := following(domain.Convert, otherID, "by-hour", func(l *domain.LineSpec) {
		l.ChargeMode, l.Quantity, l.Unit, l.UnitPrice, l.Cycle, l.Meters = domain.ModeDay, decimal("10"), "day", decimal("1"), "", nil
	})
	w.must(noon.Add(90*time.Minute), lease)
	d = w.must(noon.Add(90*time.Minute), domain.PayOrder{OrderID: otherID, OrgID: "org-acme"})
	wantBills(t, w, d, `[2025-11] m-hour 5 at 2 = 10.00, 11-04 13:00 to 11-04 13:30; 10.00`)
	w.wantRefused(noon.Add(2*time.Hour), report(byOrder("u-4", "1", noon.Add(95*time.Minute))), domain.InvalidValue, "records[0].meter")
	if u := w.Org("org-acme").Unsettled; len(u) != 0 {
		t.Errorf("unsettled is %v", u)
	}

	w.must(noon.Add(90*time.Minute+5*day), closing("r-1"))
	if b := w.Account("org-acme").Balance("CNY"); b.Cash != amount("74.00") { // 100 − 11 − 10 − 10 + 5
		t.Errorf("the balance is %s", b.Cash)
	}
	w.wantSameAfterReplay()
}

// Prices of time that is settled are forgotten; use that waits keeps its own.
func TestPricesOfUseThatWaitsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.must(noon, opening("month", "hour"))
	w.must(noon.Add(time.Hour), report(used("u-1", "r-1", "m-month", "3", noon)))
	resize := func(at time.Time, id, price string) {
		w.must(at, following(domain.Resize, id, "by-month", func(l *domain.LineSpec) {
			l.Cycle, l.Meters = "month", []domain.Meter{flat("m-month", price)}
		}))
	}
	resize(noon.Add(time.Hour), secondOrder, "2")
	late := noon.AddDate(0, 0, 40)
	w.must(late, report(used("u-2", "r-1", "m-hour", "1", late.Add(-time.Hour)), used("u-3", "r-1", "m-month", "1", late.Add(-time.Hour))))
	hours := settle("r-1")
	wantBills(t, w, w.must(late, hours), `[2025-11] m-month 3 at 1 = 3.00, 10-31 16:00 to 11-30 16:00; 3.00`)
	w.must(late, hours)
	w.must(late, report(used("u-4", "r-1", "m-month", "1", late.Add(-time.Hour))))
	resize(late, otherID, "9")
	if n := len(w.Resource("org-acme", "r-1").Terms[0].Rates); n != 2 {
		t.Errorf("%d prices are kept, want those since the first one ended", n)
	}
	wantBills(t, w, w.must(late.AddDate(0, 1, 0), hours), `[2025-12] m-month 2 at 2 = 4.00, 11-30 16:00 to 12-31 16:00; 4.00`)
}
