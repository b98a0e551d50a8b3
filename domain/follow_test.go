package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// Ids of orders in these tests, in the order in which they come.
func nth(n int) string { return fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", n) }

// tenant is an organisation with money, a resource "r-1" on a monthly lease of 30.00 that order 1 bought, from
// 2025-11-04T12:00Z to 2025-12-04T12:00Z, and a second term of it that is metered.
type tenant struct {
	*world
	t  *testing.T
	at time.Time
	n  int
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	te := &tenant{world: newWorld(t), t: t, at: noon, n: 1}
	te.must(noon, domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("UTC")})
	te.must(noon, topUp("1000.00", "r"))
	c := place("30")
	c.Lines[0].ResourceID = "r-1"
	c.Lines = append(c.Lines, meteredLine("r-1"))
	te.must(noon, c)
	te.must(noon, pay())
	te.must(noon, fulfil("completed"))
	return te
}

func meteredLine(resource string) domain.LineSpec {
	l := line("0")
	l.ProductCode, l.ResourceID, l.ChargeMode, l.Quantity, l.Unit, l.Cycle = "traffic", resource, domain.ModeMetered, decimal("0"), "GB", "day"
	l.Meters = []domain.Meter{{Meter: "out", Unit: "GB", UnitPrice: ptr(decimal("0.5"))}}
	return l
}

// order is an order of a type that follows order 1, with lines about r-1.
func (te *tenant) order(of domain.OrderType, lines ...domain.LineSpec) domain.PlaceOrder {
	te.n++
	for i := range lines {
		if lines[i].ResourceID == "" {
			lines[i].ResourceID = "r-1"
		}
	}
	c := domain.PlaceOrder{
		OrderID: nth(te.n), OrgID: "org-acme", OrderType: of, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
		ParentOrderID: ptr(orderID), Lines: lines,
	}
	if of.ByOperator() {
		c.Reason = "asked by mail"
	}
	return c
}

// does places an order after some time, and pays it when it has to be paid.
func (te *tenant) does(after time.Duration, c domain.PlaceOrder) *domain.Order {
	te.t.Helper()
	te.at = noon.Add(after)
	te.must(te.at, c)
	if te.Order(c.OrderID).Status == domain.Unpaid {
		te.must(te.at, domain.PayOrder{OrderID: c.OrderID, OrgID: "org-acme"})
	}
	return te.Order(c.OrderID)
}

func (te *tenant) refuses(after time.Duration, c domain.Command, code domain.Code) {
	te.t.Helper()
	_, why := te.do(noon.Add(after), c)
	if why == nil || why.Code != code {
		te.t.Fatalf("%s: %v, want %s", c.Name(), why, code)
	}
}

// lease is the term of r-1 that the tenant bought as a lease.
func (te *tenant) lease() domain.Term { te.t.Helper(); return te.term("gpu-instance") }

func (te *tenant) term(product string) domain.Term {
	te.t.Helper()
	if r := te.Resource("org-acme", "r-1"); r != nil {
		for _, term := range r.Terms {
			if term.ProductCode == product {
				return term
			}
		}
	}
	te.t.Fatalf("there is no %s", product)
	return domain.Term{}
}

func (te *tenant) cash() string { return te.Account("org-acme").Balance("CNY").Cash.String() }

func changed(price string) domain.LineSpec {
	l := line("0")
	l.Quantity, l.NewUnitPrice = decimal("0"), ptr(decimal(price))
	l.NewConfig = []domain.Component{{Component: "GPU", Value: price}}
	return l
}

func endingAt(end time.Time) domain.LineSpec {
	l := line("0")
	l.Quantity, l.ExpiresAt = decimal("0"), &end
	return l
}

func TestResourceOpensWhenItsOrderCompletes(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	r := te.Resource("org-acme", "r-1")
	if len(r.Terms) != 2 || len(r.Leases) != 1 || r.Currency != "CNY" || r.ProjectID != "default" || r.Status != domain.ResourceActive {
		t.Fatalf("opened as %+v", r)
	}
	lease, metered := te.lease(), te.term("traffic")
	if !lease.EffectiveAt.Equal(noon) || !lease.ExpiresAt.Equal(time.Date(2025, 12, 4, 12, 0, 0, 0, time.UTC)) || lease.OrderID != orderID {
		t.Errorf("the lease is %+v", lease)
	}
	if metered.Cycle != "day" || len(metered.Rates) != 1 || !metered.Rates[0].From.Equal(noon) {
		t.Errorf("the metered term is %+v", metered)
	}
	// The order's own lines say now what time they paid for, so that a refund goes by it.
	if l := te.Order(orderID).Lines[0]; l.EffectiveAt == nil || !l.ExpiresAt.Equal(*lease.ExpiresAt) {
		t.Errorf("the order's line is for %v to %v", l.EffectiveAt, l.ExpiresAt)
	}
	again := place("30")
	again.OrderID, again.Lines[0].ResourceID = nth(90), "r-1"
	te.must(noon, again)
	te.must(noon, domain.PayOrder{OrderID: nth(90), OrgID: "org-acme"})
	te.refuses(1, domain.ReportFulfilment{OrderID: nth(90), OrgID: "org-acme", State: "completed"}, domain.ResourceExists)
	free := place()
	free.OrderID, free.Lines = nth(91), []domain.LineSpec{meteredLine("r-1")}
	te.refuses(1, free, domain.ResourceExists)
	te.wantSameAfterReplay()
}

func TestPayAsYouGoOpensAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := place()
	c.Lines = []domain.LineSpec{meteredLine("r-9")}
	if got := namesOf(w.must(noon, c)); got != "order.placed.v1 order.paid.v1 resource.changed.v1" {
		t.Errorf("placing made %s", got)
	}
	if got := namesOf(w.must(noon.Add(1), fulfil("completed"))); got != "order.completed.v1" {
		t.Errorf("its fulfilment made %s: what is open is not opened again", got)
	}
	if got := w.Resource("org-acme", "r-9").Terms[0].Rates; len(got) != 1 {
		t.Errorf("its rates are %+v", got)
	}
	// One whose resource is not known yet opens when it is.
	c.OrderID, c.Lines[0].ResourceID = nth(2), ""
	w.must(noon, c)
	report := fulfil("completed")
	report.OrderID, report.ResourceID = nth(2), "r-10"
	w.must(noon.Add(time.Hour), report)
	if r := w.Resource("org-acme", "r-10"); r == nil || !r.Terms[0].Rates[0].From.Equal(noon.Add(time.Hour)) {
		t.Errorf("it opened as %+v", r)
	}
}

func TestRenewalsGoOnWhereTheLeaseEnds(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	want := []string{"2026-01-04", "2026-03-04", "2026-04-04"}
	for i, quantity := range []string{"1", "2", "1"} {
		before := *te.lease().ExpiresAt
		l := line("31")
		l.Quantity = decimal(quantity)
		o := te.does(time.Duration(i+1)*time.Hour, te.order(domain.Renewal, l))
		if o.Status != domain.Completed || !o.Lines[0].EffectiveAt.Equal(before) || o.Lines[0].ExpiresAt.Format("2006-01-02") != want[i] {
			t.Fatalf("renewal %d is %s, for %s to %s", i+1, o.Status, o.Lines[0].EffectiveAt, o.Lines[0].ExpiresAt)
		}
	}
	lease := te.lease()
	if lease.Quantity.String() != "5" || lease.UnitPrice.String() != "31" || !lease.EffectiveAt.Equal(noon) || lease.OpenedBy != orderID {
		t.Errorf("the lease is %+v", lease)
	}
	if n := len(te.Resource("org-acme", "r-1").Leases); n != 4 {
		t.Errorf("%d leases, want the purchase and 3 renewals", n)
	}
	wrong := line("31")
	wrong.EffectiveAt, wrong.ExpiresAt = ptr(noon), ptr(noon.Add(30*day))
	te.refuses(4*time.Hour, te.order(domain.Renewal, wrong), domain.LeaseMismatch)
	// Two renewals of one end: who is paid second finds that the lease has moved.
	a, b := te.order(domain.Renewal, line("31")), te.order(domain.Renewal, line("31"))
	te.must(noon.Add(5*time.Hour), a)
	te.must(noon.Add(5*time.Hour), b)
	te.must(noon.Add(6*time.Hour), domain.PayOrder{OrderID: a.OrderID, OrgID: "org-acme"})
	te.refuses(6*time.Hour, domain.PayOrder{OrderID: b.OrderID, OrgID: "org-acme"}, domain.LeaseMismatch)
	te.must(noon.Add(7*time.Hour), domain.CancelOrder{OrderID: b.OrderID, OrgID: "org-acme"})
	te.wantSameAfterReplay()
}

// A renewal of what was never reported as fulfilled goes by the purchase's line, and opens the resource's history.
func TestRenewalOfWhatNobodyReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("UTC")})
	w.must(noon, topUp("100.00", "r"))
	c := place("10")
	c.Lines[0].ResourceID, c.Lines[0].EffectiveAt, c.Lines[0].ExpiresAt = "r-1", ptr(noon), ptr(noon.AddDate(0, 1, 0))
	w.must(noon, c)
	w.must(noon, pay())
	te := &tenant{world: w, t: t, n: 1}
	if got := w.Resource("org-acme", "r-1"); got != nil {
		t.Fatalf("the resource is %+v before anybody said so", got)
	}
	te.does(time.Hour, te.order(domain.Renewal, line("10")))
	if lease := te.lease(); lease.ExpiresAt.Format("2006-01-02") != "2026-01-04" || len(w.Resource("org-acme", "r-1").Leases) != 2 {
		t.Fatalf("the lease is %+v", lease)
	}
	if got := namesOf(w.must(noon.Add(2*time.Hour), fulfil("completed"))); got != "order.completed.v1" {
		t.Errorf("the late report made %s", got)
	}
}

func TestResizeSetsANewRate(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	l := meteredLine("")
	l.Meters[0].UnitPrice = ptr(decimal("0.75"))
	o := te.does(day, te.order(domain.Resize, l))
	if o.Status != domain.Completed || o.PayableAmount.Sign() != 0 {
		t.Fatalf("the order is %s, about %s", o.Status, o.PayableAmount)
	}
	term := te.term("traffic")
	if len(term.Rates) != 2 || !term.Rates[1].From.Equal(noon.Add(day)) || term.Rates[1].Meters[0].UnitPrice.String() != "0.75" {
		t.Errorf("the rates are %+v", term.Rates)
	}
	l.Cycle = "month"
	te.refuses(2*day, te.order(domain.Resize, l), domain.InvalidValue)
}

// One end for leases of many orders: a line for each, the time between at each lease's price.
func TestUnifiedExpiry(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	// r-2 is bought ten days later, for a month of 31 days at 62.00.
	c := place("62")
	c.OrderID, c.Lines[0].ResourceID = nth(2), "r-2"
	te.n = 2
	te.does(10*day, c)
	done := fulfil("completed")
	done.OrderID = nth(2)
	te.must(te.at, done)
	end := time.Date(2026, 1, 13, 12, 0, 0, 0, time.UTC)
	a, b := endingAt(end), endingAt(end)
	b.ResourceID = "r-2"
	o := te.does(11*day, te.order(domain.TermSettlement, a, b))
	// r-1: 40 days after 2025-12-04 at 30.00 for 30 days; r-2: 30 days after 2025-12-14 at 62.00 for 30 days.
	if got := o.Lines[0].PayableAmount.String() + " " + o.Lines[1].PayableAmount.String(); got != "40.00 62.00" {
		t.Fatalf("it costs %s", got)
	}
	if a, b := te.lease().ExpiresAt, te.Resource("org-acme", "r-2").Terms[0].ExpiresAt; !a.Equal(end) || !b.Equal(end) {
		t.Errorf("they end at %s and %s", a, b)
	}
	if q := te.lease().Quantity.String(); q != "2.333333333333" {
		t.Errorf("the lease is of %s months; 70 days of 30 are 2⅓", q)
	}
	te.wantSameAfterReplay()
}

func TestTermEndsSooner(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	o := te.does(5*day, te.order(domain.TermSettlement, endingAt(noon.Add(20*day))))
	if o.Status != domain.Completed || o.Paid.Cash.String() != "-10.00" || o.Lines[0].Corrects != orderID+"-1" || !o.Lines[0].Prorated {
		t.Fatalf("the order is %s, paid %+v, line %+v", o.Status, o.Paid, o.Lines[0])
	}
	if got := te.cash(); got != "980.00" {
		t.Errorf("cash %s, want 1000 − 30 + 10", got)
	}
	if origin := te.Order(orderID); origin.Refunded.Cash.String() != "10.00" || origin.RefundState != domain.RefundPartial {
		t.Errorf("the purchase has %+v refunded", origin.Refunded)
	}
	if got := te.lease().ExpiresAt; !got.Equal(noon.Add(20 * day)) {
		t.Errorf("the lease ends at %s", got)
	}
	te.refuses(5*day, te.order(domain.TermSettlement, endingAt(noon.Add(4*day))), domain.LeaseMismatch)
	te.refuses(5*day, te.order(domain.TermSettlement, endingAt(noon.Add(20*day))), domain.LeaseMismatch)
}

// What a lease's end gave back is not given back a second time.
func TestRefundAfterTheTermEndedSooner(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	te.does(5*day, te.order(domain.TermSettlement, endingAt(noon.Add(20*day))))
	te.must(noon.Add(10*day), refundOf(orderID))
	// Of 30 days 10 are used; 10.00 came back before, 10.00 do now.
	if got := te.cash(); got != "990.00" {
		t.Errorf("cash %s, want 1000 − 10 for ten days", got)
	}
}

func TestCompensationGivesTimeForNothing(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	o := te.does(day, te.order(domain.Compensation, endingAt(noon.Add(45*day))))
	lease := te.lease()
	if o.Status != domain.Completed || !lease.ExpiresAt.Equal(noon.Add(45*day)) || lease.Quantity.String() != "1.5" || len(te.Resource("org-acme", "r-1").Leases) != 1 {
		t.Errorf("the order is %s, the lease %+v", o.Status, lease)
	}
	te.refuses(day, te.order(domain.Compensation, endingAt(noon.Add(40*day))), domain.LeaseMismatch)
	dear := endingAt(noon.Add(50 * day))
	dear.Quantity, dear.UnitPrice = decimal("1"), decimal("1")
	te.refuses(day, te.order(domain.Compensation, dear), domain.InvalidValue)
}

func TestConvertToPayAsYouGoAndBack(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	metered := line("0")
	metered.ChargeMode, metered.Quantity, metered.Unit, metered.Cycle = domain.ModeHour, decimal("0"), "hour", "day"
	metered.Meters = []domain.Meter{{Meter: "hours", Unit: "hour", UnitPrice: ptr(decimal("0.1"))}}
	o := te.does(10*day, te.order(domain.Convert, metered))
	// 20 of 30 days are left of 30.00.
	if o.Status != domain.Completed || o.Paid.Cash.String() != "-20.00" || len(o.Lines) != 2 || o.Lines[1].Unit != "refund" || o.Lines[1].Corrects != orderID+"-1" {
		t.Fatalf("the conversion is %s, paid %+v, lines %+v", o.Status, o.Paid, o.Lines)
	}
	lease := te.lease()
	if lease.ChargeMode != domain.ModeHour || lease.ExpiresAt != nil || len(lease.Rates) != 1 || len(te.Resource("org-acme", "r-1").Leases) != 0 {
		t.Fatalf("the term is %+v", lease)
	}
	te.refuses(11*day, te.order(domain.Renewal, line("30")), domain.ParentMismatch)
	from := noon.Add(11 * day)
	te.must(from, domain.ReportUsage{OrgID: "org-acme", Records: []domain.UsageReport{{
		RecordID: "u-1", ResourceID: "r-1", Meter: "hours", Quantity: decimal("24"), Unit: "hour", From: from.Add(-time.Hour), To: from,
	}}})
	back := te.order(domain.Convert, line("15"))
	back.ParentOrderID = &o.OrderID
	te.must(noon.Add(12*day), back)
	// Use goes on to be charged until the lease is paid, and is billed then; the lease begins with its payment.
	te.must(noon.Add(13*day), domain.PayOrder{OrderID: back.OrderID, OrgID: "org-acme"})
	converted := te.Order(back.OrderID)
	if got := converted.Lines[0]; !got.EffectiveAt.Equal(noon.Add(13*day)) || got.ExpiresAt.Format("2006-01-02") != "2025-12-17" {
		t.Errorf("the lease that it bought is for %s to %s", got.EffectiveAt, got.ExpiresAt)
	}
	if lease = te.lease(); lease.ChargeMode != domain.ModeMonth || len(lease.Rates) != 0 || !lease.ExpiresAt.Equal(*converted.Lines[0].ExpiresAt) {
		t.Errorf("the term is %+v", lease)
	}
	if got := te.cash(); got != "972.60" {
		t.Errorf("cash %s, want 1000 − 30 + 20 − 2.40 of use − 15", got)
	}
	if r := te.Resource("org-acme", "r-1"); len(r.Uses) != 0 || len(r.Leases) != 1 {
		t.Errorf("%d uses and %d leases are left", len(r.Uses), len(r.Leases))
	}
	yearly := line("100")
	yearly.ChargeMode, yearly.Unit = domain.ModeYear, "year"
	again := te.order(domain.Convert, yearly)
	again.ParentOrderID = &back.OrderID
	te.refuses(14*day, again, domain.LeaseMismatch)
	te.wantSameAfterReplay()
}

func TestRecoveryBringsAClosedResourceBack(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	te.refuses(day, te.order(domain.Recovery, line("30")), domain.ResourceExists)
	te.must(noon.Add(3*day), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1"})
	te.refuses(4*day, te.order(domain.Renewal, line("30")), domain.ParentMismatch)
	c := te.order(domain.Recovery, line("30"))
	if o := te.does(4*day, c); o.Status != domain.Paid {
		t.Fatalf("the recovery is %s before it is fulfilled", o.Status)
	}
	done := fulfil("completed")
	done.OrderID = c.OrderID
	te.must(noon.Add(5*day), done)
	r := te.Resource("org-acme", "r-1")
	if r.Status != domain.ResourceActive || len(r.Terms) != 1 || !r.Terms[0].EffectiveAt.Equal(noon.Add(5*day)) || r.ClosedAt != nil {
		t.Errorf("recovered as %+v", r)
	}
}

func TestSupplementsPostBothWays(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	te.must(noon, domain.ChangeSettings{OrgID: "org-acme", FourEyes: ptr(true)})
	l := line("-3")
	c := te.order(domain.Supplement, l)
	te.must(noon.Add(time.Hour), c)
	if o := te.Order(c.OrderID); o.Status != domain.AwaitingApproval || te.cash() != "970.00" {
		t.Fatalf("before its approval it is %s, cash %s", o.Status, te.cash())
	}
	ok := domain.ApproveOrder{OrderID: c.OrderID, OrgID: "org-acme"}
	if _, why := te.doAt(by("key:other", 2*time.Hour), ok); why != nil {
		t.Fatal(why)
	}
	if o := te.Order(c.OrderID); o.Status != domain.Completed || o.Paid.Cash.String() != "-3.00" || o.Lines[0].Corrects != orderID+"-1" || te.cash() != "973.00" {
		t.Errorf("approved it is %s, paid %+v, cash %s", o.Status, o.Paid, te.cash())
	}
	te.must(noon, domain.ChangeSettings{OrgID: "org-acme", FourEyes: ptr(false)})
	if o := te.does(3*time.Hour, te.order(domain.Supplement, line("5"))); o.Status != domain.Completed || te.cash() != "968.00" {
		t.Errorf("the other way: %s, cash %s", o.Status, te.cash())
	}
	te.refuses(4*time.Hour, te.order(domain.Supplement, line("-27.01")), domain.NotRefundable)
	both := te.order(domain.Supplement, line("-1"), line("2"))
	te.refuses(4*time.Hour, both, domain.InvalidValue)
}

func TestParentsMustFit(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	change := func(do func(*domain.PlaceOrder)) domain.PlaceOrder {
		c := te.order(domain.Renewal, line("30"))
		do(&c)
		return c
	}
	unpaid := place("1")
	unpaid.OrderID = nth(50)
	te.must(noon, unpaid)
	foreign := place("0")
	foreign.OrderID, foreign.OrgID = nth(51), "org-other"
	te.must(noon, foreign)
	for name, c := range map[string]domain.PlaceOrder{
		"no such order":      change(func(c *domain.PlaceOrder) { c.ParentOrderID = ptr(nth(99)) }),
		"another's order":    change(func(c *domain.PlaceOrder) { c.ParentOrderID = ptr(nth(51)) }),
		"an unpaid order":    change(func(c *domain.PlaceOrder) { c.ParentOrderID = ptr(nth(50)) }),
		"another currency":   change(func(c *domain.PlaceOrder) { c.Currency = "USD" }),
		"another resource":   change(func(c *domain.PlaceOrder) { c.Lines[0].ResourceID = "r-2" }),
		"another product":    change(func(c *domain.PlaceOrder) { c.Lines[0].ProductCode = "disk" }),
		"another item":       change(func(c *domain.PlaceOrder) { c.Lines[0].BillingItem = "disk" }),
		"another lease mode": change(func(c *domain.PlaceOrder) { c.Lines[0].ChargeMode = domain.ModeDay }),
	} {
		if _, why := te.do(noon.Add(time.Hour), c); why == nil || why.Code != domain.ParentMismatch || why.Field == "" {
			t.Errorf("%s: %v", name, why)
		}
	}
	alone := te.order(domain.Renewal, line("30"))
	alone.Lines[0].ResourceID = "" // the parent has one
	if o := te.does(time.Hour, alone); o.Lines[0].ResourceID != "r-1" {
		t.Errorf("renewed %q", o.Lines[0].ResourceID)
	}
}

// The plain prepaid purchase, almost all that is ever placed, looks at nothing but the settings.
func TestPlainPurchaseNeedsLittle(t *testing.T) {
	t.Parallel()
	c := place("1")
	c.Lines[0].ResourceID = "r-1"
	c.Fresh = true
	if refs := c.Needs(newWorld(t)); !slices.Equal(refs, []domain.Ref{domain.OrgRef("org-acme")}) {
		t.Errorf("placing needs %v", refs)
	}
	w := newWorld(t)
	w.must(noon, place("1"))
	var names []string
	for _, ref := range pay().Needs(w) {
		names = append(names, ref.Kind)
	}
	if got := strings.Join(names, " "); got != "order account org" {
		t.Errorf("paying needs %s", got)
	}
}
