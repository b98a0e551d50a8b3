package domain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// bill is what an order bills, a line each: billing item, quantity, unit price, amount, time.
func bill(o domain.OrderPlaced) string {
	var b strings.Builder
	for _, l := range o.Lines {
		fmt.Fprintf(&b, "%s %s at %s = %s, %s to %s; ", l.BillingItem, l.Quantity, l.UnitPrice, l.PayableAmount,
			l.EffectiveAt.UTC().Format("01-02 15:04"), l.ExpiresAt.UTC().Format("01-02 15:04"))
	}
	return b.String() + o.PayableAmount.String()
}

// bills are the bills of a decision, with their months.
func bills(w *world, d domain.Decision) string {
	var b strings.Builder
	for _, o := range placedIn(d) {
		month := string(w.Order(o.OrderID).BillingPeriod)
		if w.Order(o.OrderID).Arrears {
			month = "arrears"
		}
		fmt.Fprintf(&b, "[%s] %s\n", month, bill(o))
	}
	return b.String()
}

func wantBills(t *testing.T, w *world, d domain.Decision, want string) {
	t.Helper()
	if got := bills(w, d); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("billed is\n%s\nwant\n%s", got, want)
	}
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("in", "0.05"), tiered("out", "10", "1.00", "", "0.50")))
	hour := noon.Add(time.Hour)
	w.must(hour, report(
		used("u-1", "r-1", "out", "8", noon), used("u-2", "r-1", "out", "6.5", hour.Add(-time.Microsecond)),
		used("u-3", "r-1", "in", "3", noon), used("u-4", "r-1", "out", "4", hour)))

	w.wantRefused(hour.Add(-time.Microsecond), settle("r-1"), domain.InvalidValue, "at") // it is before the report
	early := hour.Add(-time.Microsecond)
	through := settle("r-1")
	through.Through = &early
	w.wantRefused(hour, through, domain.NothingDue, "")
	d := w.must(hour, settle("r-1")) // a cycle is over at its end, which is the next one's
	wantBills(t, w, d, `[2025-11] in 3 at 0.05 = 0.15, 11-04 12:00 to 11-04 13:00; out 14.5 at 0.844827586207 = 12.25, 11-04 12:00 to 11-04 13:00; 12.40`)
	w.wantRefused(hour.Add(59*time.Minute), settle("r-1"), domain.NothingDue, "")

	o := w.Order(placedIn(d)[0].OrderID)
	if o.Status != domain.Completed || o.OrderType != domain.UsageSettlement || *o.ParentOrderID != orderID || o.Paid.Cash != amount("12.40") ||
		o.ProjectID != "default" || o.BusinessGroup != "ml" || o.Tags["team"] != "vision" || o.PayBefore != nil {
		t.Errorf("the settlement is %+v", o)
	}
	l := o.Lines[1]
	if l.ResourceID != "r-1" || l.ResourceName != "train-1" || l.Region != "cn-north-1" || l.ProductCode != "net" || l.Unit != "GB" || l.ChargeMode != domain.ModeMetered ||
		l.Count.String() != "1" || len(l.Meters) != 1 || len(l.Meters[0].Tiers) != 2 || l.Cycle != "hour" {
		t.Errorf("its line is %+v", l)
	}
	if r := w.Resource("org-acme", "r-1"); !r.SettledThrough.Equal(hour) || len(r.Uses) != 1 || fmt.Sprint(w.Org("org-acme").Unsettled) != "[{2025-11 1}]" {
		t.Errorf("settled through %s, left %+v, unsettled %v", r.SettledThrough, r.Uses, w.Org("org-acme").Unsettled)
	}

	// Use of the hour that is settled is late, and goes into the first that is not: tiers count it there.
	got := receipt(w, w.must(hour.Add(time.Minute), report(used("u-5", "r-1", "out", "7", early))))
	if got.Accepted != 1 || got.Late != 1 || len(got.Opened) != 0 {
		t.Errorf("use that was late: %+v", got)
	}
	d = w.must(hour.Add(time.Hour), settle("r-1"))
	wantBills(t, w, d, `[2025-11] out 11 at 0.954545454545 = 10.50, 11-04 13:00 to 11-04 14:00; 10.50`)
	if u := w.Org("org-acme").Unsettled; len(u) != 0 || w.Resource("org-acme", "r-1").UnsettledPeriods != nil {
		t.Errorf("unsettled is %v", u)
	}
	if b := w.Account("org-acme").Balance("CNY"); b.Cash != amount("77.10") {
		t.Errorf("100.00 − 12.40 − 10.50 is %s", b.Cash)
	}
	w.wantRefused(hour.Add(time.Hour), settle("r-9"), domain.NotFound, "resource_id")
	w.wantSameAfterReplay()
}

// After a change of price each rate has its own line, and its own tiers.
func TestSettlementOfSeveralRates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, tiered("out", "10", "1.00", "", "0.50")))
	half := noon.Add(30 * time.Minute)
	w.must(half, report(used("u-1", "r-1", "out", "12", noon)))
	term := w.Resource("org-acme", "r-1").Terms[0]
	term.Rates = append(term.Rates[:1:1], domain.Rate{From: half, Meters: []domain.Meter{tiered("out", "2", "3.00", "", "0.25")}})
	term.OrderID, term.OpenedBy = secondOrder, orderID
	w.changed(half, secondOrder, "r-1", term)
	w.must(noon.Add(time.Hour), report(used("u-2", "r-1", "out", "1", half.Add(-time.Microsecond)), used("u-3", "r-1", "out", "4", half)))
	d := w.must(noon.Add(time.Hour), settle("r-1"))
	wantBills(t, w, d, `[2025-11] out 13 at 0.884615384615 = 11.50, 11-04 12:00 to 11-04 13:00; out 4 at 1.625 = 6.50, 11-04 12:00 to 11-04 13:00; 18.00`)
	if parent := *placedIn(d)[0].ParentOrderID; parent != orderID {
		t.Errorf("the settlement follows %s, not the order that opened the use", parent)
	}
	// What is late now costs what the next cycle costs.
	w.must(noon.Add(time.Hour), report(used("u-4", "r-1", "out", "1", noon)))
	wantBills(t, w, w.must(noon.Add(2*time.Hour), settle("r-1")), `[2025-11] out 1 at 3 = 3.00, 11-04 13:00 to 11-04 14:00; 3.00`)
}

// Terms may have cycles of their own: the cycles that end first are settled first, together where they end together.
// What different orders opened is settled by different orders.
func TestSettlementOfSeveralTerms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "1")), meteredTerm("disk", "day", noon, flat("size", "2")))
	r := w.Resource("org-acme", "r-1")
	backup := meteredTerm("backup", "hour", noon, flat("copies", "0.5"))
	backup.BillingItem, backup.OrderID, backup.LineNo = "cold", secondOrder, 1
	w.changed(noon, secondOrder, "r-1", append(r.Terms[:2:2], backup)...)
	midnight := noon.Add(4 * time.Hour) // in Shanghai
	w.must(midnight.Add(time.Hour), report(
		used("u-1", "r-1", "size", "5", noon), used("u-2", "r-1", "out", "1", noon), used("u-3", "r-1", "copies", "3", noon),
		used("u-4", "r-1", "out", "2", midnight.Add(-time.Minute)), used("u-5", "r-1", "out", "4", midnight)))
	at := midnight.Add(2 * time.Hour)
	wantBills(t, w, w.must(at, settle("r-1")), `
[2025-11] cold/copies 3 at 0.5 = 1.50, 11-04 12:00 to 11-04 13:00; 1.50
[2025-11] out 1 at 1 = 1.00, 11-04 12:00 to 11-04 13:00; 1.00`)
	wantBills(t, w, w.must(at, settle("r-1")), `[2025-11] size 5 at 2 = 10.00, 11-03 16:00 to 11-04 16:00; out 2 at 1 = 2.00, 11-04 15:00 to 11-04 16:00; 12.00`)
	d := w.must(at, settle("r-1"))
	wantBills(t, w, d, `[2025-11] out 4 at 1 = 4.00, 11-04 16:00 to 11-04 17:00; 4.00`)
	w.wantRefused(at, settle("r-1"), domain.NothingDue, "")
	w.wantSameAfterReplay()
}

// Short of funds a settlement waits, and so do those after it; the next top-up pays them, oldest first.
func TestSettlementAsArrears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("1.00", "bank"))
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "1")))
	w.must(noon.Add(3*time.Hour), report(used("u-1", "r-1", "out", "3", noon), used("u-2", "r-1", "out", "0.5", noon.Add(time.Hour))))
	first := w.must(noon.Add(3*time.Hour), settle("r-1"))
	second := w.must(noon.Add(3*time.Hour), settle("r-1"))
	wantBills(t, w, first, `[arrears] out 3 at 1 = 3.00, 11-04 12:00 to 11-04 13:00; 3.00`)
	wantBills(t, w, second, `[arrears] out 0.5 at 1 = 0.50, 11-04 13:00 to 11-04 14:00; 0.50`)
	w.must(noon.Add(4*time.Hour), topUp("2.25", "bank-2"))
	if a, b := w.Order(placedIn(first)[0].OrderID), w.Order(placedIn(second)[0].OrderID); a.Status != domain.Completed || b.Status != domain.Unpaid {
		t.Errorf("after the top-up they are %s and %s", a.Status, b.Status)
	}
	w.must(noon.Add(4*time.Hour), topUp("0.25", "bank-3"))
	if o := w.Order(placedIn(second)[0].OrderID); o.Status != domain.Completed || w.Account("org-acme").Arrears.Len() != 0 {
		t.Errorf("after the next one it is %s", o.Status)
	}
}

// A use with many meters is settled by several orders, none of them larger than an event may be.
func TestSettlementOfManyLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("1000.00", "bank"))
	var terms []domain.Term
	c := report()
	config := make([]domain.Component, 64)
	for i := range config {
		config[i] = domain.Component{Component: strings.Repeat("c", 250), Value: strings.Repeat("v", 250), Unit: "core"}
	}
	for i := range 30 {
		var meters []domain.Meter
		for m := range 20 {
			name := fmt.Sprintf("m-%d-%d", i, m)
			meters = append(meters, flat(name, "1"))
			c.Records = append(c.Records, used(name, "r-1", name, "1", noon))
		}
		term := meteredTerm(fmt.Sprint("p-", i), "hour", noon, meters...)
		if i < 2 {
			term.Config = config
		}
		terms = append(terms, term)
	}
	w.opened(noon, orderID, "r-1", terms...)
	w.must(noon.Add(time.Hour), c)
	d := w.must(noon.Add(time.Hour), settle("r-1"))
	lines := 0
	for _, o := range placedIn(d) {
		lines += len(o.Lines)
		if _, payload, _ := domain.EncodeEvent(o); len(payload) > 512<<10 {
			t.Errorf("a settlement of %d bytes", len(payload))
		}
		if len(o.Lines) > 200 {
			t.Errorf("a settlement of %d lines", len(o.Lines))
		}
	}
	if b := w.Account("org-acme").Balance("CNY"); lines != 600 || b.Cash != amount("400.00") || len(w.Resource("org-acme", "r-1").Uses) != 0 {
		t.Errorf("%d lines of 1.00 leave %s", lines, b.Cash)
	}
}
