package domain_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
)

func closing(resourceID string) domain.CloseResource {
	return domain.CloseResource{OrgID: "org-acme", ResourceID: resourceID}
}

// closed is the last event of a decision that closes a resource.
func closedBy(t *testing.T, d domain.Decision) domain.ResourceClosed {
	t.Helper()
	e, ok := d.Events[len(d.Events)-1].Event.(domain.ResourceClosed)
	if !ok {
		t.Fatalf("the last event is %T", d.Events[len(d.Events)-1].Event)
	}
	return e
}

// Closing bills use of the cycle that is not over, to the moment, and of those that nobody settled, month by month.
func TestClosingBillsPendingUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "1")), meteredTerm("disk", "month", noon, tiered("size", "10", "1", "", "0.5")))
	at := november.Add(30 * time.Minute)
	w.must(at, report(used("u-1", "r-1", "out", "2", noon), used("u-2", "r-1", "size", "20", noon), used("u-3", "r-1", "out", "3", november), used("u-4", "r-1", "size", "4", november)))
	c := closing("r-1")
	c.Reason = "no longer needed"
	d := w.must(at, c)
	wantBills(t, w, d, `
[2025-11] size 20 at 0.75 = 15.00, 10-31 16:00 to 11-30 16:00; out 2 at 1 = 2.00, 11-04 12:00 to 11-04 13:00; 17.00
[2025-12] out 3 at 1 = 3.00, 11-30 16:00 to 11-30 16:30; size 4 at 1 = 4.00, 11-30 16:00 to 11-30 16:30; 7.00`)
	e := closedBy(t, d)
	if len(e.SettlementOrders) != 2 || e.SettlementOrders[0] != placedIn(d)[0].OrderID || len(e.RefundOrders) != 0 || e.Reason != "no longer needed" {
		t.Errorf("closed by %+v", e)
	}
	r := w.Resource("org-acme", "r-1")
	if r.Status != domain.ResourceGone || !r.ClosedAt.Equal(at) || len(r.Uses) != 0 || len(r.UnsettledPeriods) != 0 || len(w.Org("org-acme").Unsettled) != 0 {
		t.Errorf("the resource is %+v", r)
	}
	for _, c := range []domain.Command{closing("r-1"), settle("r-1"), overdue("r-1"), domain.SetAutoRenew{OrgID: "org-acme", ResourceID: "r-1"}, domain.RenewResource{OrgID: "org-acme", ResourceID: "r-1"}} {
		w.wantRefused(at, c, domain.ResourceIsClosed, "")
	}
	w.wantRefused(at, report(used("u-9", "r-1", "out", "2", noon)), domain.ResourceIsClosed, "records[0].resource_id")
	w.wantRefused(at, closing("r-9"), domain.NotFound, "resource_id")
	w.must(at, closeMonth("2025-11"))

	// Brought back, it goes on in the cycle in which it was closed.
	w.changed(at, otherID, "r-1", r.Terms...)
	w.must(at.Add(10*time.Minute), report(used("u-5", "r-1", "out", "5", at)))
	wantBills(t, w, w.must(november.Add(time.Hour), settle("r-1")), `[2025-12] out 5 at 1 = 5.00, 11-30 16:00 to 11-30 17:00; 5.00`)
	w.wantSameAfterReplay()
}

// Closing gives back what was paid for time to come, order by order.
func TestClosingRefundsLeases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.must(noon, domain.GrantGift{OrgID: "org-acme", Amount: amount("20.00"), Currency: "CNY", Reason: "welcome"})
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30)                                           // 20.00 of it by gift
	w.leased(noon.Add(5*day), secondOrder, "r-1", "disk", "2.00", 10)                           // 20.00
	w.leased(noon.Add(5*day), otherID, "r-1", "net", "0.50", 1)                                 // over when the resource is closed
	w.leased(noon.Add(5*day), "0198c2f0-0000-7000-8000-000000000077", "r-2", "gpu", "1.00", 30) // another's
	at := noon.Add(9 * day)
	d := w.must(at, closing("r-1"))
	e := closedBy(t, d)
	got := ""
	for _, p := range placedIn(d) {
		got += fmt.Sprintf("%s %s %s; ", p.OrderType, *p.ParentOrderID, p.PayableAmount)
	}
	// 30.00 × 21 ÷ 30, cash first; 20.00 × 6 ÷ 10.
	if want := "refund " + orderID + " -21.00; refund " + secondOrder + " -12.00; "; got != want || len(e.RefundOrders) != 2 {
		t.Errorf("refunded are %s, want %s: %+v", got, want, e)
	}
	if o := w.Order(orderID); o.RefundState != domain.RefundFull || o.Refunded.Cash != amount("10.00") || o.Refunded.Gift != amount("11.00") || o.Consumed != amount("9.00") {
		t.Errorf("the first order is %s: returned %+v, consumed %s", o.RefundState, o.Refunded, o.Consumed)
	}
	if o := w.Order(otherID); o.RefundState != domain.RefundNone {
		t.Errorf("a lease that was over was refunded: %+v", o.Refunds)
	}
	// 100 − 10 − 20 − 0.50 − 30 in cash, and 10 + 12 came back.
	if b := w.Account("org-acme").Balance("CNY"); b.Cash != amount("61.50") || b.Gift != amount("11.00") {
		t.Errorf("the balance is %+v", b)
	}
	if r := w.Resource("org-acme", "r-1"); r.Status != domain.ResourceGone || len(r.Leases) != 0 {
		t.Errorf("the resource is %+v", r)
	}
	w.wantSameAfterReplay()
}

// What vouchers paid is lost with the resource, unless they are asked back.
func TestClosingReturnsVouchersIfAsked(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{false, true} {
		w := newWorld(t)
		w.must(noon, domain.IssueVoucher{OrgID: "org-acme", VoucherID: "v-1", Amount: amount("10.00"), Currency: "CNY"})
		w.leased(noon, orderID, "r-1", "gpu", "1.00", 10)
		c := closing("r-1")
		c.ReturnVouchers = back
		d := w.must(noon.Add(4*day), c)
		want, left := "0.00", "6.00"
		if back {
			want, left = "6.00", "0.00"
		}
		o := w.Order(orderID)
		if b := w.Account("org-acme").Balance("CNY"); b.Voucher != amount(want) || o.Forfeited != amount(left) || o.Consumed != amount("4.00") || len(closedBy(t, d).RefundOrders) != 1 {
			t.Errorf("asked back %v: the balance is %+v, forfeited %s, consumed %s", back, b, o.Forfeited, o.Consumed)
		}
	}
}
