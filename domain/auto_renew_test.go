package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

func autoRenew(enabled bool) domain.SetAutoRenew {
	return domain.SetAutoRenew{OrgID: "org-acme", ResourceID: "r-1", Enabled: enabled}
}

func renew() domain.RenewResource {
	return domain.RenewResource{OrgID: "org-acme", ResourceID: "r-1"}
}

func triedBy(w *world, d domain.Decision) domain.RenewalTried {
	w.t.Helper()
	e, ok := d.Events[len(d.Events)-1].Event.(domain.RenewalTried)
	if !ok {
		w.t.Fatalf("the last event is %T", d.Events[len(d.Events)-1].Event)
	}
	return e
}

func TestAutoRenewalPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.wantRefused(noon, autoRenew(true), domain.NotFound, "resource_id")
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30)
	w.must(noon, autoRenew(true))
	if p := w.Resource("org-acme", "r-1").AutoRenew; !p.Enabled || p.Quantity.String() != "1" || p.BeforeSeconds != 24*3600 {
		t.Errorf("the policy is %+v", p)
	}
	for _, q := range []string{"0", "-1", "0.5", "1001"} {
		c, quantity := autoRenew(true), decimal(q)
		c.Quantity = &quantity
		w.wantRefused(noon, c, domain.InvalidValue, "quantity")
	}
	for _, s := range []int64{-1, 366*24*3600 + 1} {
		c := autoRenew(true)
		c.BeforeSeconds = &s
		w.wantRefused(noon, c, domain.InvalidValue, "before_seconds")
	}
	w.must(noon, autoRenew(false))
	w.wantRefused(noon.Add(30*day), renew(), domain.NothingDue, "")
	w.opened(noon, secondOrder, "r-2", meteredTerm("net", "hour", noon, flat("out", "1")))
	c := autoRenew(true)
	c.ResourceID = "r-2" // nothing of it is prepaid
	w.wantRefused(noon, c, domain.InvalidValue, "enabled")
	c.Enabled = false
	w.must(noon, c)
}

// With the money for it the renewal is paid, and the lease goes on where it ended.
func TestAutoRenewalIsPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30)
	c, quantity, before := autoRenew(true), decimal("2"), int64(3600)
	c.Quantity, c.BeforeSeconds = &quantity, &before
	w.must(noon, c)
	end := noon.Add(30 * day)
	w.wantRefused(end.Add(-time.Hour-time.Microsecond), renew(), domain.NothingDue, "")
	d := w.must(end.Add(-time.Hour), renew())
	o := w.Order(placedIn(d)[0].OrderID)
	l := o.Lines[0]
	if o.OrderType != domain.Renewal || *o.ParentOrderID != orderID || o.Status != domain.Completed || o.Paid.Cash != amount("2.00") || o.BillingPeriod != "2025-12" ||
		!l.EffectiveAt.Equal(end) || !l.ExpiresAt.Equal(end.Add(2*day)) || l.Quantity.String() != "2" || l.Unit != "day" || l.UnitPrice.String() != "1" {
		t.Errorf("the renewal is %+v", o)
	}
	if e := triedBy(w, d); !e.Paid || e.OrderID != o.OrderID || !e.LeaseEnd.Equal(end) || e.Missing.Sign() != 0 {
		t.Errorf("tried: %+v", e)
	}
	r := w.Resource("org-acme", "r-1")
	if !r.Terms[0].ExpiresAt.Equal(end.Add(2*day)) || len(r.Leases) != 2 || !r.AutoRenew.AttemptedFor.Equal(end) {
		t.Errorf("the resource is %+v", r)
	}
	w.wantRefused(end.Add(-time.Hour), renew(), domain.NothingDue, "")
	w.must(end.Add(2*day-time.Hour), renew()) // and so on
	if b := w.Account("org-acme").Balance("CNY"); b.Cash != amount("66.00") {
		t.Errorf("100.00 − 30.00 − 2 × 2.00 is %s", b.Cash)
	}
	w.wantSameAfterReplay()
}

// Without the money the renewal waits for its user, who is told what is missing; it is tried once.
func TestAutoRenewalWithoutMoney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("30.40", "bank"))
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30)
	w.must(noon, autoRenew(true))
	at := noon.Add(29 * day)
	d := w.must(at, renew())
	o := w.Order(placedIn(d)[0].OrderID)
	if o.Status != domain.Unpaid || !o.PayBefore.Equal(at.Add(7*day)) || o.Arrears || len(d.Events) != 2 {
		t.Errorf("the renewal is %+v", o)
	}
	if e := triedBy(w, d); e.Paid || e.Missing != amount("0.60") || e.Currency != "CNY" {
		t.Errorf("tried: %+v", e)
	}
	w.wantRefused(at.Add(time.Hour), renew(), domain.NothingDue, "")
	w.must(at, autoRenew(true)) // says nothing new about this end
	w.wantRefused(at.Add(time.Hour), renew(), domain.NothingDue, "")
	w.must(at, topUp("1.00", "bank-2"))
	w.must(at, domain.PayOrder{OrderID: o.OrderID, OrgID: "org-acme"})
	if r := w.Resource("org-acme", "r-1"); !r.Terms[0].ExpiresAt.Equal(noon.Add(31 * day)) {
		t.Errorf("paid, the lease ends at %s", r.Terms[0].ExpiresAt)
	}
	w.wantSameAfterReplay()
}

// A renewal that is dearer than the organisation allows waits for its approval.
func TestAutoRenewalAwaitsApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30)
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", ApprovalOver: map[domain.Currency]domain.Amount{"CNY": amount("0.99")}})
	w.must(noon, autoRenew(true))
	d := w.must(noon.Add(29*day), renew())
	if o := w.Order(placedIn(d)[0].OrderID); o.Status != domain.AwaitingApproval || triedBy(w, d).Paid {
		t.Errorf("the renewal is %+v", o)
	}
}

// A lease that ran out goes on after the days that were charged for; months are those of the organisation's calendar.
func TestRenewalAfterOverdueDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	end := time.Date(2026, 1, 30, 4, 0, 0, 0, time.UTC)
	term := domain.Term{
		ProductCode: "gpu", ChargeMode: domain.ModeMonth, Quantity: decimal("1"), Unit: "month", UnitPrice: decimal("31"), Count: decimal("1"), ExpiresAt: &end,
	}
	w.opened(noon, orderID, "r-1", term)
	w.must(end, overdue("r-1"))
	w.must(end, autoRenew(true))
	d := w.must(end, renew())
	l := placedIn(d)[0].Lines[0]
	if want := time.Date(2026, 2, 28, 4, 0, 0, 0, time.UTC); !l.EffectiveAt.Equal(end.Add(day)) || !l.ExpiresAt.Equal(want) {
		t.Errorf("the renewal is from %s to %s", l.EffectiveAt, l.ExpiresAt)
	}
}

// A policy that looks further ahead than a lease is long renews once a lease, when that has begun: not again and again
// until all money is spent.
func TestRenewalFarAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30)
	c, before := autoRenew(true), int64((90*day)/time.Second)
	c.BeforeSeconds = &before
	w.must(noon, c)
	w.must(noon, renew())
	w.wantRefused(noon, renew(), domain.NothingDue, "")
	end := noon.Add(30 * day)
	w.wantRefused(end.Add(-time.Microsecond), renew(), domain.NothingDue, "")
	w.must(end, renew())
}
