package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

// What was transferred in begins at once: leases from its placing, or for the time that its lines say.
func TestTransferIn(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	leased, given := line("0"), line("0")
	leased.ResourceID, given.ResourceID, given.BillingItem = "r-7", "r-7", "disk"
	given.EffectiveAt, given.ExpiresAt = ptr(noon.Add(-10*day)), ptr(noon.Add(20*day))
	metered := meteredLine("r-7")
	c := te.order(domain.TransferIn, leased, given, metered)
	c.ParentOrderID = nil
	o := te.does(time.Hour, c)
	r := te.Resource("org-acme", "r-7")
	if o.Status != domain.Completed || r == nil || len(r.Terms) != 3 || len(r.Leases) != 0 {
		t.Fatalf("the order is %s, the resource %+v", o.Status, r)
	}
	if got := r.Terms[0].ExpiresAt; !got.Equal(time.Date(2025, 12, 4, 13, 0, 0, 0, time.UTC)) || !o.Lines[0].ExpiresAt.Equal(*got) {
		t.Errorf("the first lease ends at %s", got)
	}
	if got := r.Terms[1].ExpiresAt; !got.Equal(noon.Add(20 * day)) {
		t.Errorf("the second lease ends at %s", got)
	}
	c.OrderID = nth(60)
	te.refuses(2*time.Hour, c, domain.ResourceExists)
	te.must(noon.Add(3*time.Hour), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-7"})
	te.refuses(4*time.Hour, c, domain.ResourceIsClosed)
	te.wantSameAfterReplay()
}

// An order that is closed, cancelled or expired is followed by none, and what ended is not brought back.
func TestNothingFollowsWhatEnded(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]domain.Command{"cancelled": cancel(), "expired": expire(), "voided": void()} {
		w := newWorld(t)
		c := place("10")
		c.Lines[0].ResourceID = "r-1"
		w.must(noon, c)
		w.must(noon.Add(week), ends)
		te := &tenant{world: w, t: t, n: 1}
		for _, of := range []domain.OrderType{domain.Renewal, domain.Recovery, domain.Supplement} {
			if _, why := w.do(noon.Add(week+1), te.order(of, line("10"))); why == nil || why.Code != domain.ParentMismatch {
				t.Errorf("a %s of what is %s: %v", of, name, why)
			}
		}
	}
}

// A renewal that costs too much waits for its approval like any order; whoever brought an order in placed it.
func TestApprovalOfOrdersThatFollow(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	te.must(noon, approvalOver("20.00"))
	c := te.order(domain.Renewal, line("30"))
	imported := domain.Clock{Now: noon.Add(2 * time.Hour), At: noon.Add(time.Hour), Actor: "import:key:ana"}
	if _, why := te.doAt(imported, c); why != nil {
		t.Fatal(why)
	}
	ok := domain.ApproveOrder{OrderID: c.OrderID, OrgID: "org-acme"}
	if _, why := te.doAt(by("key:ana", 3*time.Hour), ok); why == nil || why.Code != domain.ApprovalByPlacer {
		t.Errorf("approved by who brought it in: %v", why)
	}
	if _, why := te.doAt(by("key:ben", 3*time.Hour), ok); why != nil {
		t.Fatal(why)
	}
	te.must(noon.Add(4*time.Hour), domain.PayOrder{OrderID: c.OrderID, OrgID: "org-acme"})
	if o := te.Order(c.OrderID); o.Status != domain.Completed || o.Approval.By != "key:ben" {
		t.Errorf("it is %s, %+v", o.Status, o.Approval)
	}
}

// History that is brought in goes back neither on an order, nor on the order that it takes money from, nor on a resource.
func TestHistoryDoesNotGoBack(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	later := noon.Add(10 * day)
	te.must(noon.Add(5*day), domain.RefundOrder{OrderID: orderID, OrgID: "org-acme", Amount: ptr(amount("1.00")), Reason: "kindness"})
	early := domain.Clock{Now: later, At: noon.Add(4 * day), Actor: "import:key:ana"}
	back := te.order(domain.Supplement, line("-1"))
	if _, why := te.doAt(early, back); why == nil || why.Field != "at" {
		t.Errorf("money back before the refund before it: %v", why)
	}
	te.does(6*day, te.order(domain.Compensation, endingAt(noon.Add(40*day))))
	early.At = noon.Add(5*day + 12*time.Hour)
	if _, why := te.doAt(early, te.order(domain.Renewal, line("30"))); why == nil || why.Field != "at" {
		t.Errorf("a renewal before the compensation before it: %v", why)
	}
	early.At = later
	if _, why := te.doAt(early, te.order(domain.Renewal, line("30"))); why != nil {
		t.Errorf("a renewal after all: %v", why)
	}
}

func TestNumbersStayReadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := place("0")
	l := &c.Lines[0]
	l.ResourceID, l.Quantity, l.Unit = "r-1", decimal("900000000000000"), "pack"
	l.EffectiveAt, l.ExpiresAt = ptr(noon), ptr(noon.Add(time.Second))
	w.must(noon, c)
	w.must(noon, fulfil("completed"))
	te := &tenant{world: w, t: t, n: 1}
	long := endingAt(noon.Add(1000 * day))
	long.Unit = "pack"
	te.refuses(0, te.order(domain.Compensation, long), domain.LeaseMismatch)
	te.refuses(0, te.order(domain.TermSettlement, long), domain.LeaseMismatch)
	// A lease that says when it ends and not when it begins may end before it is there: it has no length to share out.
	c = place("5")
	c.OrderID = nth(30)
	c.Lines[0].ResourceID, c.Lines[0].ExpiresAt = "r-2", ptr(noon)
	w.must(noon, topUp("10.00", "r"))
	w.must(noon, c)
	w.must(noon, domain.PayOrder{OrderID: nth(30), OrgID: "org-acme"})
	done := fulfil("completed")
	done.OrderID = nth(30)
	w.must(noon, done)
	upgrade, settled := changed("9"), endingAt(noon.Add(day))
	upgrade.ResourceID, settled.ResourceID = "r-2", "r-2"
	for _, c := range []domain.PlaceOrder{te.order(domain.Upgrade, upgrade), te.order(domain.TermSettlement, settled)} {
		c.ParentOrderID = ptr(nth(30))
		te.refuses(0, c, domain.LeaseMismatch)
	}
}

func TestReportsOfFulfilment(t *testing.T) {
	t.Parallel()
	paid := func() *world {
		w := newWorld(t)
		w.must(noon, topUp("100.00", "r"))
		c := place("10", "20")
		c.Lines[0].ResourceID, c.Lines[1].BillingItem = "r-1", "disk"
		w.must(noon, c)
		w.must(noon, pay())
		return w
	}
	w := paid()
	done := fulfil("completed")
	done.ResourceID, done.EffectiveAt, done.ExpiresAt = "r-2", ptr(noon.Add(day)), ptr(noon.Add(40*day))
	w.must(noon.Add(time.Hour), done)
	o := w.Order(orderID)
	if o.Lines[0].ResourceID != "r-1" || o.Lines[1].ResourceID != "r-2" || !o.Lines[0].EffectiveAt.Equal(noon.Add(day)) || !o.Lines[1].ExpiresAt.Equal(noon.Add(40*day)) {
		t.Errorf("the lines are %+v", o.Lines)
	}
	for _, id := range []string{"r-1", "r-2"} {
		if r := w.Resource("org-acme", id); r == nil || len(r.Terms) != 1 || !r.Terms[0].ExpiresAt.Equal(noon.Add(40*day)) {
			t.Errorf("%s opened as %+v", id, r)
		}
	}
	w = paid()
	w.must(noon, domain.RefundOrder{OrderID: orderID, OrgID: "org-acme", LineNos: []int{2}, Reason: "not wanted"})
	w.must(noon.Add(time.Hour), done)
	if w.Resource("org-acme", "r-2") != nil || w.Resource("org-acme", "r-1") == nil {
		t.Error("a line that was given back opened its resource")
	}
	for name, c := range map[string]struct {
		change func(*domain.ReportFulfilment)
		field  string
	}{
		"a state that is none":   {func(c *domain.ReportFulfilment) { c.State = "done" }, "state"},
		"an end before its time": {func(c *domain.ReportFulfilment) { c.EffectiveAt, c.ExpiresAt = ptr(noon), ptr(noon) }, "expires_at"},
		"a resource id too long": {func(c *domain.ReportFulfilment) { c.ResourceID = string(make([]byte, 129)) }, "resource_id"},
	} {
		r := fulfil("completed")
		c.change(&r)
		if why := r.Check(); why == nil || why.Field != c.field {
			t.Errorf("%s: %v", name, why)
		}
	}
	one := newWorld(t)
	c := place("0")
	c.Lines[0].ResourceID = "r-1"
	one.must(noon, c)
	other := fulfil("completed")
	other.ResourceID = "r-9"
	if _, why := one.do(noon, other); why == nil || why.Field != "resource_id" {
		t.Errorf("another resource than the order's: %v", why)
	}
}

// Time is given back by the order that paid for it: a lease that was renewed is cut renewal first.
func TestTimeIsGivenBackOrderByOrder(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	renewal := te.does(day, te.order(domain.Renewal, line("30"))) // to 2026-01-04
	back := func(parent string, end time.Time) domain.PlaceOrder {
		c := te.order(domain.TermSettlement, endingAt(end))
		c.ParentOrderID = &parent
		return c
	}
	bought := *renewal.Lines[0].EffectiveAt
	sooner := noon.Add(20 * day)
	te.refuses(2*day, back(renewal.OrderID, sooner), domain.LeaseMismatch)
	te.refuses(2*day, back(orderID, sooner), domain.LeaseMismatch)
	if o := te.does(2*day, back(renewal.OrderID, bought)); o.PayableAmount.String() != "-30.00" {
		t.Errorf("the renewal gives back %s", o.PayableAmount)
	}
}

// A renewal after days that were charged one by one begins after them, and the lease anew with it.
func TestRenewalAfterDaysOverdue(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	for i := range 2 {
		te.must(noon.Add(time.Duration(30+i)*day+time.Hour), domain.ChargeOverdue{OrgID: "org-acme", ResourceID: "r-1"})
	}
	o := te.does(32*day-time.Hour, te.order(domain.Renewal, line("30")))
	lease := te.lease()
	if from := noon.Add(32 * day); !o.Lines[0].EffectiveAt.Equal(from) || !lease.EffectiveAt.Equal(from) || lease.Quantity.String() != "1" {
		t.Errorf("renewed from %s; the lease is %s from %s", o.Lines[0].EffectiveAt, lease.Quantity, lease.EffectiveAt)
	}
}

// What a discount spared is not given back.
func TestTimeIsGivenBackAtWhatItCost(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	half := line("30")
	half.DiscountAmount = amount("15.00")
	renewal := te.does(day, te.order(domain.Renewal, half)) // 31 days for 15.00
	c := te.order(domain.TermSettlement, endingAt(renewal.Lines[0].ExpiresAt.Add(-10*day)))
	c.ParentOrderID = &renewal.OrderID
	if o := te.does(2*day, c); o.PayableAmount.String() != "-4.84" || o.Lines[0].UnitPrice.String() != "15" { // 15 × 10 ÷ 31
		t.Errorf("ten days give back %s at %s", o.PayableAmount, o.Lines[0].UnitPrice)
	}
}
