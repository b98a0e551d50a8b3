package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

// What a change gives back is no more than the time that it takes was paid for: the used part of a lease stays paid,
// whatever quantity and price the change says. The lease is 30.00 for 30 days.
func TestChangesGiveBackWhatTimeIsWorth(t *testing.T) {
	t.Parallel()
	ending := func(after time.Duration, quantity, price string) domain.LineSpec {
		l := endingAt(noon.Add(after))
		l.Quantity, l.UnitPrice = decimal(quantity), decimal(price)
		return l
	}
	for name, c := range map[string]struct {
		after time.Duration
		of    domain.OrderType
		line  domain.LineSpec
		want  domain.Code // "" is none
	}{
		"down by all that is left":         {20 * day, domain.Downgrade, explicit("1", "-10", "0"), ""},
		"down by a cent more":              {20 * day, domain.Downgrade, explicit("1", "-10.01", "0"), domain.NotRefundable},
		"down by what is used, too":        {29 * day, domain.Downgrade, explicit("1", "-30", "0"), domain.NotRefundable},
		"sooner, for what is cut off":      {day, domain.TermSettlement, ending(20*day, "-1", "10"), ""},
		"sooner, for a cent more":          {day, domain.TermSettlement, ending(20*day, "-1", "10.01"), domain.NotRefundable},
		"sooner, for more than is left":    {29 * day, domain.TermSettlement, ending(29*day+time.Hour, "-1", "10"), domain.NotRefundable},
		"sooner, and it costs":             {day, domain.TermSettlement, ending(20*day, "1", "5"), domain.InvalidValue},
		"later, and it gives back":         {day, domain.TermSettlement, ending(40*day, "-1", "5"), domain.InvalidValue},
		"later, and it gives back by both": {day, domain.TermSettlement, ending(40*day, "1", "-5"), domain.InvalidValue},
		"sooner, and both are negative":    {day, domain.TermSettlement, ending(20*day, "-1", "-5"), domain.InvalidValue},
		"sooner, for nothing":              {day, domain.TermSettlement, ending(20*day, "-1", "0"), ""},
		"later, for a price of its own":    {day, domain.TermSettlement, ending(40*day, "1", "5"), ""},
	} {
		te := newTenant(t)
		_, why := te.do(noon.Add(c.after), te.order(c.of, c.line))
		if got := codeOf(why); got != c.want {
			t.Errorf("%s: %v, want %q", name, why, c.want)
		}
		te.wantSameAfterReplay()
	}
}

func codeOf(why *domain.Rejection) domain.Code {
	if why == nil {
		return ""
	}
	return why.Code
}

// A lease that was sold for less than its list price gives back by what was paid for it.
func TestDiscountsAreNotGivenBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   domain.OrderType
		line domain.LineSpec
		want string
	}{
		"ended ten days sooner":  {domain.TermSettlement, endingAt(noon.Add(20 * day)), "-3.00"},
		"down to two thirds":     {domain.Downgrade, changed("20"), "-3.00"},
		"down to nothing":        {domain.Downgrade, changed("0"), "-9.00"},
		"up has no discount":     {domain.Upgrade, changed("60"), "30.00"},
		"ten days more has none": {domain.TermSettlement, endingAt(noon.Add(40 * day)), "10.00"},
	} {
		te := &tenant{world: newWorld(t), t: t, at: noon, n: 1}
		te.must(noon, domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("UTC")})
		te.must(noon, topUp("1000.00", "r"))
		bought := place("30")
		bought.Lines[0].ResourceID, bought.Lines[0].DiscountAmount = "r-1", amount("21.00")
		te.must(noon, bought)
		te.must(noon, pay())
		te.must(noon, fulfil("completed"))
		if o := te.does(0, te.order(c.of, c.line)); o.PayableAmount.String() != c.want {
			t.Errorf("%s is %s, want %s", name, o.PayableAmount, c.want)
		}
		te.wantSameAfterReplay()
	}
}

// An upgrade that is given back takes its price along: a downgrade would give the difference back once more.
func TestUpgradeGivenBack(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	up := te.does(0, te.order(domain.Upgrade, changed("60")))
	done := fulfil("completed")
	done.OrderID = up.OrderID
	te.must(te.at, done)
	te.must(te.at, domain.RefundOrder{OrderID: up.OrderID, OrgID: "org-acme", Reason: "not needed"})
	if l := te.lease(); l.UnitPrice.String() != "30" || te.cash() != "970.00" {
		t.Errorf("after the refund the lease costs %s, cash %s", l.UnitPrice, te.cash())
	}
	if _, why := te.do(te.at, te.order(domain.Downgrade, changed("45"))); codeOf(why) != domain.InvalidValue {
		t.Errorf("a downgrade to more than it costs: %v", why)
	}
	te.wantSameAfterReplay()
}

// A lease that was upgraded and is ended sooner gives back of each order what that order paid for.
func TestUpgradedLeaseEndsSooner(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	up := te.does(15*day, te.order(domain.Upgrade, changed("60"))) // 15.00
	done := fulfil("completed")
	done.OrderID = up.OrderID
	te.must(te.at, done)
	if o := te.does(15*day, te.order(domain.TermSettlement, endingAt(noon.Add(20*day)))); o.PayableAmount.String() != "-10.00" {
		t.Errorf("ten days of the purchase are %s", o.PayableAmount)
	}
	// Closed on day 16: the purchase has 4 days left to its new end, the upgrade 14 of the 15 that it paid for.
	te.must(noon.Add(16*day), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1"})
	if got := te.cash(); got != "983.00" {
		t.Errorf("cash %s, want 955 + 10 + 4 + 14", got)
	}
	te.wantSameAfterReplay()
}

// Days after a lease that were charged one by one are not paid for again when the lease is prolonged.
func TestLaterEndAfterOverdueDays(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	for range 2 {
		te.must(noon.Add(31*day), domain.ChargeOverdue{OrgID: "org-acme", ResourceID: "r-1"})
	}
	if _, why := te.do(noon.Add(31*day), te.order(domain.TermSettlement, endingAt(noon.Add(31*day+time.Hour)))); codeOf(why) != domain.LeaseMismatch {
		t.Errorf("an end within a day that was charged: %v", why)
	}
	o := te.does(31*day, te.order(domain.TermSettlement, endingAt(noon.Add(35*day))))
	if o.PayableAmount.String() != "3.00" || !o.Lines[0].EffectiveAt.Equal(noon.Add(32*day)) || o.Status != domain.Completed {
		t.Errorf("three days more cost %s from %s, %s", o.PayableAmount, o.Lines[0].EffectiveAt, o.Status)
	}
	late := te.order(domain.TermSettlement, endingAt(noon.Add(60*day)))
	te.must(noon.Add(34*day), late)
	te.must(noon.Add(35*day), domain.ChargeOverdue{OrgID: "org-acme", ResourceID: "r-1"})
	if _, why := te.do(noon.Add(35*day), domain.PayOrder{OrderID: late.OrderID, OrgID: "org-acme"}); codeOf(why) != domain.LeaseMismatch {
		t.Errorf("paid after another day was charged: %v", why)
	}
	te.wantSameAfterReplay()
}

// More time is charged by whole units of the basis, or a lease could be prolonged for nothing, a part of a unit at a time.
func TestLaterEndIsNotFree(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	te.must(noon, domain.ChangeSettings{OrgID: "org-acme", Proration: map[string]string{"*": "day"}})
	if o := te.does(0, te.order(domain.TermSettlement, endingAt(noon.Add(31*day-time.Minute)))); o.PayableAmount.String() != "1.00" {
		t.Errorf("a day less a minute costs %s, want a day", o.PayableAmount)
	}
}

// Who has to pay nothing from cash lacks none, however far cash is below a credit limit that was lowered.
func TestNothingIsMissingForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, domain.ChangeSettings{OrgID: org, CreditLimit: map[domain.Currency]domain.Amount{"CNY": amount("100")}})
	w.must(noon, place("30"))
	w.must(noon, pay())
	opening := placeID(otherID)
	opening.Lines = []domain.LineSpec{meteredLine("r-2")}
	w.must(noon, opening)
	w.must(noon, domain.ChangeSettings{OrgID: org, CreditLimit: map[domain.Currency]domain.Amount{"CNY": amount("0")}})
	w.must(noon.Add(time.Hour), domain.ReportUsage{OrgID: org, Records: []domain.UsageReport{{
		RecordID: "a", ResourceID: "r-2", Meter: "out", Quantity: decimal("0.001"), Unit: "GB", From: noon, To: noon.Add(time.Minute),
	}}})
	w.must(noon.Add(2*day), domain.SettleUsage{OrgID: org, ResourceID: "r-2"})
	for ref, s := range w.states {
		if o, ok := s.(*domain.Order); ok && o.OrderType == domain.UsageSettlement && o.Status != domain.Completed {
			t.Errorf("a settlement of nothing is %s: %s", o.Status, ref)
		}
	}
	w.must(noon, domain.IssueVoucher{OrgID: org, Amount: amount("5"), Currency: "CNY"})
	covered := place("5")
	covered.OrderID = nth(4)
	w.must(noon, covered)
	if _, why := w.do(noon, domain.PayOrder{OrderID: nth(4), OrgID: org}); why != nil {
		t.Errorf("an order that a voucher covers: %v", why)
	}
	w.wantSameAfterReplay()
}

// An upgrade whose lease is gone when it is there does not open a lease for the difference.
func TestUpgradeOfALeaseThatIsGone(t *testing.T) {
	t.Parallel()
	te := newTenant(t) // the resource stays: its traffic is metered
	up := te.does(day, te.order(domain.Upgrade, changed("31")))
	te.must(noon.Add(2*day), domain.RefundOrder{OrderID: orderID, OrgID: "org-acme", LineNos: []int{1}})
	report := domain.ReportFulfilment{OrderID: up.OrderID, OrgID: "org-acme", State: "completed"}
	if _, why := te.do(noon.Add(3*day), report); codeOf(why) != domain.LeaseMismatch {
		t.Errorf("completed all the same: %v", why)
	}
	report.State = "failed"
	te.must(noon.Add(3*day), report)
	te.must(noon.Add(3*day), domain.RefundOrder{OrderID: up.OrderID, OrgID: "org-acme"})
	if o := te.Order(up.OrderID); o.Status != domain.Refunded || o.Refunded.Total() != up.PayableAmount {
		t.Errorf("given back: %s, %s of %s", o.Status, o.Refunded.Total(), up.PayableAmount)
	}
	te.wantSameAfterReplay()
}

// Use of a cycle before the resource was opened is nobody's: it would be billed in a month of its own choosing.
func TestUseBeforeTheResource(t *testing.T) {
	t.Parallel()
	te := newTenant(t) // at noon; cycles are days
	for from, want := range map[time.Time]domain.Code{
		noon.Add(-12 * time.Hour):             "",
		noon.Add(-12*time.Hour - time.Second): domain.InvalidValue,
		noon.AddDate(-20, 0, 0):               domain.InvalidValue,
	} {
		_, why := te.do(noon.Add(time.Hour), domain.ReportUsage{OrgID: "org-acme", Records: []domain.UsageReport{{
			RecordID: from.String(), ResourceID: "r-1", Meter: "out", Quantity: decimal("1"), Unit: "GB", From: from, To: noon,
		}}})
		if codeOf(why) != want {
			t.Errorf("use from %s: %v", from, why)
		}
	}
}

// Time that was given for nothing is not paid back by a downgrade. 30 days for 30.00, then 30 days as a compensation.
func TestFreeTimeIsNotGivenBack(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	te.does(0, te.order(domain.Compensation, endingAt(noon.Add(60*day))))
	if o := te.does(15*day, te.order(domain.Downgrade, changed("10"))); o.PayableAmount.String() != "-10.00" {
		t.Errorf("down to a third with half of the paid time left is %s, want -10.00", o.PayableAmount)
	}
	te.wantSameAfterReplay()
}

// An order that is placed late may say since when its resource was used.
func TestUseSinceTheOrderSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	since := noon.Add(-48 * time.Hour)
	term := meteredTerm("net", "hour", since, flat("out", "1"))
	term.EffectiveAt = &since
	w.opened(noon, orderID, "r-1", term)
	use := func(id string, from time.Time) domain.ReportUsage {
		return domain.ReportUsage{OrgID: "org-acme", Records: []domain.UsageReport{{
			RecordID: id, ResourceID: "r-1", Meter: "out", Quantity: decimal("1"), Unit: "GB", From: from, To: from.Add(time.Minute),
		}}}
	}
	w.must(noon, use("a", since))
	w.wantRefused(noon, use("b", since.Add(-time.Hour)), domain.InvalidValue, "records[0].from")
}
