package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

// Changes of a lease of 30.00 for 2025-11-04T12:00Z to 2025-12-04T12:00Z, 30 days; the numbers are worked out by hand.
func TestChangesAreProrated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		basis            string
		after            time.Duration
		of               domain.OrderType
		line             domain.LineSpec
		quantity, amount string
	}{
		"an upgrade at once":                   {"", 0, domain.Upgrade, changed("45"), "1", "15.00"},
		"an upgrade half way":                  {"", 15 * day, domain.Upgrade, changed("45"), "0.5", "7.50"},
		"an upgrade, one second gone":          {"", time.Second, domain.Upgrade, changed("45"), "0.999999614198", "15.00"},
		"half a second counts as one":          {"", time.Second / 2, domain.Upgrade, changed("45"), "0.999999614198", "15.00"},
		"by the hour, one second gone":         {"hour", time.Second, domain.Upgrade, changed("45"), "0.998611111111", "14.98"},
		"by the day, one second gone":          {"day", time.Second, domain.Upgrade, changed("45"), "0.966666666667", "14.50"},
		"by the day, nine and a half days":     {"day", 9*day + 12*time.Hour, domain.Upgrade, changed("45"), "0.666666666667", "10.00"},
		"by the day, within the last":          {"day", 29*day + time.Hour, domain.Upgrade, changed("45"), "0", "0.00"},
		"by the hour, within the last":         {"hour", 30*day - time.Minute, domain.Upgrade, changed("45"), "0", "0.00"},
		"a downgrade half way":                 {"", 15 * day, domain.Downgrade, changed("20"), "0.5", "-5.00"},
		"a downgrade to nothing, by the day":   {"day", 20*day + time.Microsecond, domain.Downgrade, changed("0"), "0.3", "-9.00"},
		"a downgrade to the same price":        {"", day, domain.Downgrade, changed("30"), "0.966666666667", "0.00"},
		"a later end":                          {"", day, domain.TermSettlement, endingAt(noon.Add(33 * day)), "0.1", "3.00"},
		"a later end, by the day":              {"day", day, domain.TermSettlement, endingAt(noon.Add(32*day + time.Second)), "0.1", "3.00"},
		"a sooner end":                         {"", day, domain.TermSettlement, endingAt(noon.Add(21 * day)), "-0.3", "-9.00"},
		"a sooner end, by the day":             {"day", day, domain.TermSettlement, endingAt(noon.Add(21*day + time.Hour)), "-0.266666666667", "-8.00"},
		"a quantity and a price that are said": {"", 20 * day, domain.Upgrade, explicit("2", "7.5", "37.5"), "2", "15.00"},
		"the same for less":                    {"", 20 * day, domain.Downgrade, explicit("0.25", "-10", "20"), "0.25", "-2.50"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			te := newTenant(t)
			if c.basis != "" {
				te.must(noon, domain.ChangeSettings{OrgID: "org-acme", Proration: map[string]string{"gpu-instance": c.basis, "*": "second"}})
			}
			o := te.does(c.after, te.order(c.of, c.line))
			l := o.Lines[0]
			if l.Quantity.String() != c.quantity || o.PayableAmount.String() != c.amount {
				t.Errorf("%s for %s, want %s for %s", l.Quantity, o.PayableAmount, c.quantity, c.amount)
			}
			te.wantSameAfterReplay()
		})
	}
}

func explicit(quantity, price, next string) domain.LineSpec {
	l := changed(next)
	l.Quantity, l.UnitPrice = decimal(quantity), decimal(price)
	return l
}

// A change's price and configuration hold from then on, and what it took or gave is accounted once.
func TestUpgradeThenDowngrade(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	up := te.does(10*day, te.order(domain.Upgrade, changed("60")))
	if up.Status != domain.Paid || te.lease().UnitPrice.String() != "30" || up.PayableAmount.String() != "20.00" {
		t.Fatalf("before it is there: %s, %s, the price is %s", up.Status, up.PayableAmount, te.lease().UnitPrice)
	}
	done := fulfil("completed")
	done.OrderID = up.OrderID
	te.must(te.at, done)
	lease := te.lease()
	if lease.UnitPrice.String() != "60" || lease.Config[0].Value != "60" || lease.OrderID != up.OrderID || lease.OpenedBy != orderID {
		t.Fatalf("the term is %+v", lease)
	}
	if n := len(te.Resource("org-acme", "r-1").Leases); n != 2 {
		t.Errorf("%d leases cover time to come, want the purchase's and the upgrade's", n)
	}
	down := te.does(20*day, te.order(domain.Downgrade, changed("45")))
	if down.PayableAmount.String() != "-5.00" || down.Lines[0].OldConfig[0].Value != "60" || te.cash() != "955.00" {
		t.Fatalf("the downgrade is %s, cash %s", down.PayableAmount, te.cash())
	}
	// At the end of day 25: 5 of 30 days. The purchase: 30 × 5/30 = 5.00, less what the downgrade gave for this time,
	// 5.00 × 5/10; the upgrade: 20 × 5/20.
	te.must(noon.Add(25*day), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1"})
	if got := te.cash(); got != "962.50" {
		t.Errorf("cash %s, want 955 + 2.50 + 5.00", got)
	}
	te.wantSameAfterReplay()
}

func TestPricesThatFitNoChange(t *testing.T) {
	t.Parallel()
	te := newTenant(t)
	two := changed("45")
	two.Count = decimal("2")
	ended := changed("45")
	lasting := changed("45")
	lasting.ExpiresAt = ptr(noon.Add(60 * day))
	for name, c := range map[string]struct {
		after time.Duration
		of    domain.OrderType
		line  domain.LineSpec
		want  domain.Code
	}{
		"an upgrade for less":        {day, domain.Upgrade, changed("29.99"), domain.InvalidValue},
		"a downgrade for more":       {day, domain.Downgrade, changed("30.01"), domain.InvalidValue},
		"of more than there is":      {day, domain.Upgrade, two, domain.LeaseMismatch},
		"after the end":              {30 * day, domain.Upgrade, ended, domain.LeaseMismatch},
		"past the end":               {day, domain.Upgrade, lasting, domain.LeaseMismatch},
		"more back than was paid":    {day, domain.Downgrade, explicit("1", "-30.01", "0"), domain.NotRefundable},
		"a downgrade that costs":     {day, domain.Downgrade, explicit("1", "1", "0"), domain.InvalidValue},
		"an end that has passed":     {5 * day, domain.TermSettlement, endingAt(noon.Add(4 * day)), domain.LeaseMismatch},
		"a conversion to the same":   {day, domain.Convert, line("30"), domain.ParentMismatch},
		"a resize of what is leased": {day, domain.Resize, meteredFor("gpu-instance"), domain.ParentMismatch},
	} {
		if _, why := te.do(noon.Add(c.after), te.order(c.of, c.line)); why == nil || why.Code != c.want {
			t.Errorf("%s: %v, want %s", name, why, c.want)
		}
	}
}

func meteredFor(product string) domain.LineSpec {
	l := meteredLine("r-1")
	l.ProductCode = product
	return l
}

// An upgrade that was priced on a lease is not paid once the lease is another.
func TestStaleChangesAreNotPaid(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(te *tenant) domain.PlaceOrder{
		"renewed":    func(te *tenant) domain.PlaceOrder { return te.order(domain.Renewal, line("30")) },
		"downgraded": func(te *tenant) domain.PlaceOrder { return te.order(domain.Downgrade, changed("20")) },
		"shortened":  func(te *tenant) domain.PlaceOrder { return te.order(domain.TermSettlement, endingAt(noon.Add(20*day))) },
	} {
		te := newTenant(t)
		c := te.order(domain.Upgrade, changed("45"))
		te.must(noon.Add(day), c)
		te.does(2*day, between(te))
		if _, why := te.do(noon.Add(3*day), domain.PayOrder{OrderID: c.OrderID, OrgID: "org-acme"}); why == nil || why.Code != domain.LeaseMismatch {
			t.Errorf("%s meanwhile: %v", name, why)
		}
	}
}

// Leases end by the calendar of the organisation's zone, at the same time of day, on the month's last day at most.
func TestLeaseEnds(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		zone           string
		mode           domain.ChargeMode
		quantity, unit string
		from, to       string
	}{
		{"UTC", domain.ModeMonth, "1", "month", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"},
		{"UTC", domain.ModeMonth, "2", "month", "2026-01-31T10:00:00Z", "2026-03-31T10:00:00Z"},
		{"UTC", domain.ModeMonth, "13", "month", "2026-01-31T10:00:00Z", "2027-02-28T10:00:00Z"},
		{"UTC", domain.ModeMonth, "1", "month", "2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"},
		{"UTC", domain.ModeYear, "1", "year", "2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"},
		{"UTC", domain.ModeDay, "10", "day", "2026-02-25T00:00:00Z", "2026-03-07T00:00:00Z"},
		{"UTC", domain.ModePrepaid30d, "1", "prepaid_30d", "2026-01-31T10:00:00Z", "2026-03-02T10:00:00Z"},
		{"UTC", domain.ModePrepaid30d, "2", "30d", "2026-01-01T00:00:00Z", "2026-03-02T00:00:00Z"},
		// In Shanghai it is the first of March already: one month on is the first of April.
		{"Asia/Shanghai", domain.ModeMonth, "1", "month", "2026-02-28T17:00:00Z", "2026-03-31T17:00:00Z"},
		{"UTC", domain.ModeMonth, "1", "month", "2026-02-28T17:00:00Z", "2026-03-28T17:00:00Z"},
		// Clocks go forward in New York on 2026-03-08 and back on 2026-11-01: the time of day stays.
		{"America/New_York", domain.ModeMonth, "1", "month", "2026-02-15T17:00:00Z", "2026-03-15T16:00:00Z"},
		{"America/New_York", domain.ModeDay, "1", "day", "2026-10-31T16:00:00Z", "2026-11-01T17:00:00Z"},
		{"America/New_York", domain.ModePrepaid30d, "1", "30d", "2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z"},
	} {
		w := newWorld(t)
		w.must(noon, domain.ChangeSettings{OrgID: "org-acme", TimeZone: &c.zone})
		from, to := at(c.from), at(c.to)
		order := place("1")
		l := &order.Lines[0]
		l.ChargeMode, l.Quantity, l.Unit, l.EffectiveAt, l.ExpiresAt = c.mode, decimal(c.quantity), c.unit, &from, &to
		if _, why := w.do(noon, order); why != nil {
			t.Errorf("%s %s in %s from %s to %s: %v", c.quantity, c.mode, c.zone, c.from, c.to, why)
		}
		late := to.Add(time.Microsecond)
		order.OrderID, l.ExpiresAt = nth(2), &late
		if _, why := w.do(noon, order); why == nil || why.Field != "lines[0].expires_at" {
			t.Errorf("%s %s a microsecond longer: %v", c.quantity, c.mode, why)
		}
		l.Unit = "card" // some other unit, which is no time
		if _, why := w.do(noon, order); why != nil {
			t.Errorf("a quantity that is no time is held against it: %v", why)
		}
	}
}
