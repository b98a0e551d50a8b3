package domain_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
)

const secondOrder = "0198c2f0-0000-7000-8000-000000000012"

func TestRecordsAreCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "0.8")))
	at := noon.Add(30 * time.Minute)
	twice := used("u-2", "r-1", "out", "5", noon)
	got := receipt(w, w.must(at, report(used("u-1", "r-1", "out", "1.5", noon), twice, twice, used("u-3", "r-1", "out", "2", noon.Add(time.Minute)))))
	if got.Accepted != 3 || got.Duplicate != 1 || got.Late != 0 || fmt.Sprint(got.Opened) != "[{2025-11 1}]" {
		t.Errorf("the first report: %+v", got)
	}
	// The same id counts once, whatever the record says; and once more even if that could not be recorded any more.
	got = receipt(w, w.must(at, report(used("u-1", "r-1", "out", "100", noon), used("u-4", "r-1", "out", "0", noon))))
	if got.Accepted != 1 || got.Duplicate != 1 || len(got.Opened) != 0 {
		t.Errorf("the second report: %+v", got)
	}
	got = receipt(w, w.must(at, report(used("u-1", "r-1", "out", "1", noon))))
	if got.Accepted != 0 || got.Duplicate != 1 {
		t.Errorf("nothing new: %+v", got)
	}
	uses := w.Resource("org-acme", "r-1").Uses
	if len(uses) != 1 || uses[0].Quantity.String() != "8.5" || uses[0].Records != 4 || !uses[0].CycleStart.Equal(noon) || !uses[0].CycleEnd.Equal(noon.Add(time.Hour)) {
		t.Errorf("in use are %+v", uses)
	}
	if !uses[0].From.Equal(noon) || !uses[0].To.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("the records span %s to %s", uses[0].From, uses[0].To)
	}
	w.wantSameAfterReplay()
}

func TestRecordsThatCantBePriced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "0.8")), meteredTerm("disk", "day", noon, flat("size", "0.1"), flat("out", "0.2")))
	w.opened(noon, secondOrder, "r-2", meteredTerm("net", "hour", noon, flat("out", "0.8")))
	closed := domain.StreamEvent{Stream: domain.ResourceRef("org-acme", "r-2"), Event: domain.ResourceClosed{OrgID: "org-acme", ResourceID: "r-2"}}
	w.append(domain.Clock{Now: noon, At: noon}, closed)
	at := noon.Add(time.Hour)
	good := used("u-0", "r-1", "size", "1", noon)
	change := func(f func(*domain.UsageReport)) domain.UsageReport { u := good; u.RecordID = "u-1"; f(&u); return u }
	for name, c := range map[string]struct {
		u     domain.UsageReport
		code  domain.Code
		field string
	}{
		"no id":                    {change(func(u *domain.UsageReport) { u.RecordID = "" }), domain.InvalidValue, "records[1].record_id"},
		"an id beyond bounds":      {change(func(u *domain.UsageReport) { u.RecordID = fmt.Sprintf("%0129d", 1) }), domain.InvalidValue, "records[1].record_id"},
		"an unprintable id":        {change(func(u *domain.UsageReport) { u.RecordID = "a\u200b" }), domain.InvalidValue, "records[1].record_id"},
		"about nothing":            {change(func(u *domain.UsageReport) { u.ResourceID = "" }), domain.InvalidValue, "records[1].resource_id"},
		"an order id of no form":   {change(func(u *domain.UsageReport) { u.OrderID = "x" }), domain.InvalidValue, "records[1].order_id"},
		"less than nothing":        {change(func(u *domain.UsageReport) { u.Quantity = decimal("-1") }), domain.InvalidValue, "records[1].quantity"},
		"no time":                  {change(func(u *domain.UsageReport) { u.To = u.From }), domain.InvalidValue, "records[1].to"},
		"less than the log's time": {change(func(u *domain.UsageReport) { u.To = u.From.Add(999) }), domain.InvalidValue, "records[1].to"},
		"the future":               {change(func(u *domain.UsageReport) { u.To = at.Add(5*time.Minute + time.Microsecond) }), domain.InvalidValue, "records[1].to"},
		"another unit":             {change(func(u *domain.UsageReport) { u.Unit = "MB" }), domain.InvalidValue, "records[1].unit"},
		"an unknown meter":         {change(func(u *domain.UsageReport) { u.Meter = "in" }), domain.InvalidValue, "records[1].meter"},
		"a meter of two terms":     {change(func(u *domain.UsageReport) { u.Meter = "out" }), domain.InvalidValue, "records[1].meter"},
		"two lines' meter":         {change(func(u *domain.UsageReport) { u.Meter, u.OrderID = "out", orderID }), domain.InvalidValue, "records[1].meter"},
		"an unknown resource":      {change(func(u *domain.UsageReport) { u.ResourceID = "r-9" }), domain.NotFound, "records[1].resource_id"},
		"an unknown order":         {change(func(u *domain.UsageReport) { u.ResourceID, u.OrderID = "", otherID }), domain.NotFound, "records[1].order_id"},
		"another one's order":      {change(func(u *domain.UsageReport) { u.OrderID = secondOrder }), domain.InvalidValue, "records[1].order_id"},
		"a closed resource":        {change(func(u *domain.UsageReport) { u.ResourceID, u.Meter = "r-2", "out" }), domain.ResourceIsClosed, "records[1].resource_id"},
		"more than all money":      {change(func(u *domain.UsageReport) { u.Quantity = decimal("999999999999999") }), domain.InvalidValue, "records"},
	} {
		w.t = t
		if _, why := w.do(at, report(good, c.u)); why == nil || why.Code != c.code || why.Field != c.field {
			t.Errorf("%s: %v, want %s at %s", name, why, c.code, c.field)
		}
	}
	if r := w.Resource("org-acme", "r-1"); len(r.Uses) != 0 {
		t.Errorf("a report with a wrong record left %+v", r.Uses)
	}
	last := change(func(u *domain.UsageReport) { u.To = at.Add(5 * time.Minute) })
	if got := receipt(w, w.must(at, report(good, last))); got.Accepted != 2 {
		t.Errorf("a meter's clock that is five minutes ahead: %+v", got)
	}
	w.wantRefused(noon.Add(-time.Hour), report(used("u-9", "r-1", "size", "1", noon.Add(-2*time.Hour))), domain.InvalidValue, "at")
	w.wantRefused(at, report(), domain.InvalidValue, "records")
	w.wantRefused(at, report(make([]domain.UsageReport, 5001)...), domain.InvalidValue, "records")
}

// Records say which term they are about by the resource, by the order, or by both.
func TestWhatRecordsAreAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "0.8")))
	w.opened(noon, secondOrder, "r-2", meteredTerm("net", "hour", noon, flat("out", "0.8")), meteredTerm("disk", "day", noon, flat("size", "0.1")))
	byOrder := used("u-1", "", "out", "1", noon)
	byOrder.OrderID = orderID
	bySecond := used("u-2", "", "size", "2", noon)
	bySecond.OrderID = secondOrder
	both := used("u-3", "r-2", "out", "3", noon)
	both.OrderID = secondOrder
	w.must(noon.Add(time.Hour), report(byOrder, bySecond, both, used("u-4", "r-2", "size", "4", noon)))
	got := ""
	for _, id := range []string{"r-1", "r-2"} {
		for _, u := range w.Resource("org-acme", id).Uses {
			got += fmt.Sprintf("%s %s %s %s; ", id, u.ProductCode, u.Meter, u.Quantity)
		}
	}
	if want := "r-1 net out 1; r-2 disk size 6; r-2 net out 3; "; got != want {
		t.Errorf("in use are %s, want %s", got, want)
	}
	// A meter that a later order added is found by the order that opened the term.
	r := w.Resource("org-acme", "r-1")
	term := r.Terms[0]
	term.Rates = append(term.Rates[:1:1], domain.Rate{From: noon.Add(time.Hour), Meters: []domain.Meter{flat("out", "0.8"), flat("in", "0.1")}})
	term.OrderID, term.OpenedBy = otherID, orderID
	w.changed(noon.Add(time.Hour), otherID, "r-1", term)
	added := used("u-5", "", "in", "1", noon.Add(time.Hour))
	added.OrderID = orderID
	w.must(noon.Add(2*time.Hour), report(added))
	added.RecordID, added.From = "u-6", noon.Add(59*time.Minute)
	w.wantRefused(noon.Add(2*time.Hour), report(added), domain.InvalidValue, "records[0].meter") // it had no price then
}

// Many records of a resource make events of 500; what they add up to does not show it.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "0.8")))
	w.opened(noon, secondOrder, "r-2", meteredTerm("net", "month", noon, flat("out", "0.8")))
	c := report()
	for i := range 1300 {
		c.Records = append(c.Records, used(fmt.Sprint("u-", i), []string{"r-1", "r-1", "r-1", "r-2"}[i%4], "out", "0.1", noon.Add(time.Duration(i)*time.Minute)))
	}
	d := w.must(noon.Add(24*time.Hour), c)
	var sizes []int
	for _, e := range d.Events[1:] {
		sizes = append(sizes, len(e.Event.(domain.UsageRecorded).Records))
	}
	if fmt.Sprint(sizes) != "[500 475 325]" || len(d.Claims) != 1300 || receipt(w, d).Accepted != 1300 || fmt.Sprint(receipt(w, d).Opened) != "[{2025-11 2}]" {
		t.Errorf("events of %d records, %d claims, %+v", sizes, len(d.Claims), receipt(w, d))
	}
	sum, hours := decimal("0"), w.Resource("org-acme", "r-1").Uses
	for i, u := range hours {
		sum = domain.Decimal{Decimal: sum.Add(u.Quantity.Decimal)}
		if i > 0 && !u.CycleStart.Equal(hours[i-1].CycleEnd) {
			t.Errorf("the hour after %s is %s", hours[i-1].CycleEnd, u.CycleStart)
		}
	}
	if sum.String() != "97.5" || len(hours) != 22 { // 975 records of 1,300 minutes
		t.Errorf("%d hours add up to %s", len(hours), sum)
	}
	if month := w.Resource("org-acme", "r-2").Uses; len(month) != 1 || month[0].Quantity.String() != "32.5" {
		t.Errorf("the month: %+v", month)
	}
	w.wantSameAfterReplay()
}

// A resource takes so many uses that wait, and no more: its state is held in memory.
func TestUsesThatWaitAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := noon.Add(-24 * 500 * time.Hour)
	w.opened(long, orderID, "r-1", meteredTerm("net", "hour", long, flat("out", "0.8")))
	for part := range 3 {
		c := report()
		for i := range 4000 {
			n := part*4000 + i
			c.Records = append(c.Records, used(fmt.Sprint("u-", n), "r-1", "out", "1", long.Add(time.Duration(n)*time.Hour)))
		}
		if part < 2 {
			w.must(noon, c)
		} else {
			w.wantRefused(noon, c, domain.LimitReached, "")
			w.must(noon, report(c.Records[:2000]...))
		}
	}
}
