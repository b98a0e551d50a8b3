package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

func overdue(resourceID string) domain.ChargeOverdue {
	return domain.ChargeOverdue{OrgID: "org-acme", ResourceID: resourceID}
}

// A lease that ran out is charged by the day, each day when it begins, for as many days as the settings say.
func TestOverdueDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	three := int64(3)
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", OverdueDays: &three})
	w.leased(noon, orderID, "r-1", "gpu", "1.05", 30) // 31.50 for 30 days
	end := noon.Add(30 * day)
	w.wantRefused(end.Add(-time.Microsecond), overdue("r-1"), domain.NothingDue, "")
	d := w.must(end, overdue("r-1"))
	wantBills(t, w, d, `[2025-12]  1 at 1.05 = 1.05, 12-04 12:00 to 12-05 12:00; 1.05`)
	o := w.Order(placedIn(d)[0].OrderID)
	if o.OrderType != domain.OverdueDaily || *o.ParentOrderID != orderID || o.Lines[0].ChargeMode != domain.ModeDay || o.Lines[0].Unit != "day" || o.Status != domain.Completed {
		t.Errorf("the day's order is %+v", o)
	}
	w.wantRefused(end.Add(day-time.Microsecond), overdue("r-1"), domain.NothingDue, "")
	w.must(end.Add(2*day), overdue("r-1")) // nobody looked for a day: the days are charged one by one
	w.must(end.Add(2*day), overdue("r-1"))
	w.wantRefused(end.Add(100*day), overdue("r-1"), domain.NothingDue, "")
	if b := w.Account("org-acme").Balance("CNY"); b.Cash != amount("65.35") {
		t.Errorf("100.00 − 31.50 − 3 × 1.05 is %s", b.Cash)
	}
	w.wantRefused(end, overdue("r-2"), domain.NotFound, "resource_id")
	w.wantSameAfterReplay()
}

// The price of a day is the lease's, by its true length.
func TestPriceOfAnOverdueDay(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 10, 31, 16, 0, 0, 0, time.UTC) // November in Shanghai
	for _, c := range []struct {
		name      string
		term      domain.Term
		from      bool
		lease     time.Duration
		unitPrice string
		amount    string
	}{
		{"a month of 30 days", domain.Term{ChargeMode: domain.ModeMonth, Quantity: decimal("1"), UnitPrice: decimal("28.86"), Count: decimal("1")}, true, 30 * day, "0.962", "0.96"},
		{"two of a year", domain.Term{ChargeMode: domain.ModeYear, Quantity: decimal("1"), UnitPrice: decimal("1000"), Count: decimal("2")}, true, 365 * day, "2.739726027397", "5.48"},
		{"three months", domain.Term{ChargeMode: domain.ModeMonth, Quantity: decimal("3"), UnitPrice: decimal("31"), Count: decimal("1")}, true, 92 * day, "1.010869565217", "1.01"},
		{"half a day", domain.Term{ChargeMode: domain.ModeDay, Quantity: decimal("0.5"), UnitPrice: decimal("3"), Count: decimal("1")}, true, 12 * time.Hour, "3", "3.00"},
		{"a day of 23 hours", domain.Term{ChargeMode: domain.ModeDay, Quantity: decimal("1"), UnitPrice: decimal("23"), Count: decimal("1")}, true, 23 * time.Hour, "24", "24.00"},
		{"30 days, begun nobody knows when", domain.Term{ChargeMode: domain.ModePrepaid30d, Quantity: decimal("2"), UnitPrice: decimal("45"), Count: decimal("1")}, false, 60 * day, "1.5", "1.50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			end := from.Add(c.lease)
			c.term.ProductCode, c.term.ExpiresAt, c.term.OrderID, c.term.LineNo = "gpu", &end, orderID, 1
			if c.from {
				c.term.EffectiveAt = &from
			}
			w.opened(from, orderID, "r-1", c.term)
			l := placedIn(w.must(end, overdue("r-1")))[0].Lines[0]
			if l.UnitPrice.String() != c.unitPrice || l.PayableAmount.String() != c.amount || l.Count.String() != c.term.Count.String() {
				t.Errorf("a day costs %s × %s = %s, want %s and %s", l.Count, l.UnitPrice, l.PayableAmount, c.unitPrice, c.amount)
			}
		})
	}
}

// Terms whose leases ended are charged together, each for as long as its own days last.
func TestOverdueTermsTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	two := int64(2)
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", OverdueDays: &two})
	first, second := noon.Add(day), noon.Add(day+6*time.Hour)
	term := func(product, price string, end time.Time) domain.Term {
		return domain.Term{ProductCode: product, BillingItem: product, ChargeMode: domain.ModeDay, Quantity: decimal("1"), Unit: "day", UnitPrice: decimal(price), Count: decimal("1"), ExpiresAt: &end}
	}
	w.opened(noon, orderID, "r-1", term("a", "1", first), term("b", "2", second), meteredTerm("net", "hour", noon, flat("out", "1")))
	later := noon.Add(10 * day)
	wantBills(t, w, w.must(later, overdue("r-1")), `[2025-11] a 1 at 1 = 1.00, 11-05 12:00 to 11-06 12:00; 1.00`)
	wantBills(t, w, w.must(later, overdue("r-1")), `[2025-11] a 1 at 1 = 1.00, 11-06 12:00 to 11-07 12:00; b 1 at 2 = 2.00, 11-06 12:00 to 11-07 12:00; 3.00`)
	wantBills(t, w, w.must(later, overdue("r-1")), `[2025-11] b 1 at 2 = 2.00, 11-07 12:00 to 11-08 12:00; 2.00`)
	w.wantRefused(later, overdue("r-1"), domain.NothingDue, "")
	none := int64(0)
	w.must(later, domain.ChangeSettings{OrgID: "org-acme", OverdueDays: &none})
	w.opened(noon, secondOrder, "r-2", term("a", "1", first))
	w.wantRefused(later, overdue("r-2"), domain.NothingDue, "")
}

// A day without money waits as arrears, and a lease that goes on is charged no more.
func TestOverdueAsArrears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("10.00", "bank"))
	term := w.leased(noon, orderID, "r-1", "gpu", "1", 10)
	end := noon.Add(10 * day)
	wantBills(t, w, w.must(end, overdue("r-1")), `[arrears]  1 at 1 = 1.00, 11-14 12:00 to 11-15 12:00; 1.00`)
	longer := end.Add(5 * day)
	term.ExpiresAt = &longer
	w.changed(end, orderID, "r-1", term)
	w.wantRefused(end.Add(2*day), overdue("r-1"), domain.NothingDue, "")
	wantBills(t, w, w.must(longer, overdue("r-1")), `[arrears]  1 at 0.666666666667 = 0.67, 11-19 12:00 to 11-20 12:00; 0.67`) // 10 × 1 over 15 days
}
