package domain_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orderledger/domain"
)

func closeMonth(p domain.Period) domain.ClosePeriod {
	return domain.ClosePeriod{OrgID: "org-acme", Period: p}
}

func seal(p domain.Period, position int64) domain.SealPeriod {
	return domain.SealPeriod{
		OrgID: "org-acme", Period: p, Position: position, Lines: 3, Digest: strings.Repeat("0f", 32),
		Totals: []domain.PeriodTotal{{Currency: "CNY", Amount: amount("3.00"), Funds: domain.Funds{Cash: amount("1.00"), Gift: amount("2.00"), Voucher: amount("0.00")}, Lines: 3}},
	}
}

// november is over at its end by the clocks of Shanghai.
var november = time.Date(2025, 11, 30, 16, 0, 0, 0, time.UTC)

func TestClosingMonths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wantRefused(november.Add(-time.Microsecond), closeMonth("2025-11"), domain.PeriodNotOver, "")
	w.wantRefused(november, closeMonth("2025-12"), domain.PeriodNotOver, "")
	for _, p := range []domain.Period{"", "2025", "2025-13", "2025-1", "1969-12"} {
		w.wantRefused(november, closeMonth(p), domain.InvalidValue, "period")
	}
	d, why := w.doAt(domain.Clock{Now: november, At: november, Actor: "key:7"}, closeMonth("2025-11"))
	if why != nil || d.Events[0].Event.(domain.PeriodClosed).By != "key:7" {
		t.Fatalf("closing: %v %+v", why, d)
	}
	w.wantRefused(november, closeMonth("2025-11"), domain.PeriodIsClosed, "")
	w.wantRefused(november, closeMonth("2025-09"), domain.PeriodIsClosed, "")

	// Money of a closed month belongs to the first open one, and so does money that is brought in for it.
	w.must(november, topUp("100.00", "bank"))
	for i, at := range []time.Time{november.Add(-time.Hour), november} {
		o := place("10.00")
		o.OrderID = fmt.Sprintf("0198c2f0-0000-7000-8000-00000000010%d", i)
		clock := domain.Clock{Now: november.Add(time.Hour), At: at}
		for _, c := range []domain.Command{o, domain.PayOrder{OrderID: o.OrderID, OrgID: "org-acme"}} {
			if _, why := w.doAt(clock, c); why != nil {
				t.Fatal(why)
			}
		}
		if p := w.Order(o.OrderID).BillingPeriod; p != "2025-12" {
			t.Errorf("money of %s belongs to %s", at, p)
		}
	}

	// Months in between are closed with the later one, each by its own event, and sealed each for itself.
	march := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	if d := w.must(march, closeMonth("2026-02")); len(d.Events) != 3 {
		t.Errorf("December to February were closed by %d events", len(d.Events))
	}
	w.wantRefused(march, seal("2026-03", 1), domain.PeriodNotOver, "")
	closing := w.Org("org-acme").Closing
	if len(closing) != 4 || closing[0].Period != "2025-11" || closing[3].Period != "2026-02" || closing[0].Position != 1 {
		t.Fatalf("closing are %+v", closing)
	}
	w.wantRefused(march, seal("2025-12", closing[1].Position+1), domain.InvalidValue, "position")
	w.must(march, seal("2025-12", closing[1].Position))
	w.wantRefused(march, seal("2025-12", closing[1].Position), domain.PeriodIsClosed, "")
	w.wantRefused(march, seal("2025-10", 1), domain.PeriodIsClosed, "")
	w.must(march, seal("2025-11", closing[0].Position))
	if left := w.Org("org-acme").Closing; len(left) != 2 || left[0].Period != "2026-01" {
		t.Errorf("closing are %+v", left)
	}
	w.wantRefused(march.AddDate(20, 0, 0), closeMonth("2046-01"), domain.LimitReached, "")
	w.wantSameAfterReplay()
}

func TestSealsAddUp(t *testing.T) {
	t.Parallel()
	for field, wrong := range map[string]func(*domain.SealPeriod){
		"digest":        func(c *domain.SealPeriod) { c.Digest = "0f" },
		"lines":         func(c *domain.SealPeriod) { c.Lines++ },
		"totals.amount": func(c *domain.SealPeriod) { c.Totals[0].Amount = amount("3.01") },
		"totals.currency": func(c *domain.SealPeriod) {
			c.Totals = append(c.Totals, c.Totals[0])
			c.Lines = 6
		},
	} {
		c := seal("2025-11", 1)
		if wrong(&c); c.Check() == nil || c.Check().Field != field {
			t.Errorf("%s: %v", field, c.Check())
		}
	}
	if c := seal("2025-11", 1); c.Check() != nil {
		t.Error(c.Check())
	}
}

// A month waits for use that began in it; use of a closed month that comes later is billed in an open one.
func TestClosingWaitsForUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "bank"))
	w.opened(noon, orderID, "r-1", meteredTerm("net", "hour", noon, flat("out", "1")))
	w.opened(noon, secondOrder, "r-2", meteredTerm("net", "month", noon, flat("out", "1")))
	w.must(november, report(used("u-1", "r-1", "out", "1", november.Add(-time.Minute)), used("u-2", "r-1", "out", "2", november.Add(-time.Second)), used("u-3", "r-2", "out", "5", noon)))
	december := november.Add(time.Hour)
	w.must(december, report(used("u-4", "r-1", "out", "4", november)))
	w.wantRefused(december, closeMonth("2025-11"), domain.UsageUnsettled, "")
	w.must(december, closeMonth("2025-10"))
	w.must(december, settle("r-1"))
	w.wantRefused(december, closeMonth("2025-11"), domain.UsageUnsettled, "")
	d := w.must(december, settle("r-2"))
	wantBills(t, w, d, `[2025-11] out 5 at 1 = 5.00, 10-31 16:00 to 11-30 16:00; 5.00`)
	w.must(december, closeMonth("2025-11"))
	w.must(december, settle("r-1"))

	// r-2 was never settled beyond November; r-1 was: its use of then is late.
	late := w.must(december, report(used("u-5", "r-2", "out", "7", november.Add(-time.Hour)), used("u-6", "r-1", "out", "8", noon)))
	if r := receipt(w, late); r.Late != 2 || fmt.Sprint(r.Opened) != "[{2025-12 2}]" {
		t.Errorf("late use: %+v", r)
	}
	// A resource that was never settled still bills by the cycle in which it was used; its money goes to an open month.
	w.opened(noon, otherID, "r-3", meteredTerm("net", "day", noon, flat("out", "1")))
	w.must(december, report(used("u-7", "r-3", "out", "9", noon)))
	if u := w.Org("org-acme").Unsettled; fmt.Sprint(u) != "[{2025-11 1} {2025-12 2}]" {
		t.Errorf("unsettled is %v", u)
	}
	january := time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC)
	w.must(january, settle("r-1"))
	w.must(january, settle("r-2"))
	w.wantRefused(january, closeMonth("2025-12"), domain.UsageUnsettled, "")
	wantBills(t, w, w.must(january, settle("r-3")), `[2025-12] out 9 at 1 = 9.00, 11-03 16:00 to 11-04 16:00; 9.00`)
	w.must(january, closeMonth("2025-12"))
	w.wantSameAfterReplay()
}

// Whatever happens to resources, the organisation knows of each month how many of them have use that is not settled.
func TestUnsettledMonthsAreCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		now := noon
		ids := []string{"r-0", "r-1", "r-2"}
		open := func(i int) {
			w.opened(now, fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", len(w.history)), ids[i],
				meteredTerm("net", []string{"hour", "day", "month"}[i], now.Add(-1000*time.Hour), flat("out", "1")), meteredTerm("disk", "month", now.Add(-1000*time.Hour), flat("size", "0.5")))
		}
		for i := range ids {
			open(i)
		}
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for step := range steps {
			now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "hours later")) * time.Hour)
			i := rapid.IntRange(0, 2).Draw(t, "resource")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2, 3:
				c := report()
				for n := range rapid.IntRange(1, 8).Draw(t, "records") {
					back := time.Duration(rapid.IntRange(0, 1500).Draw(t, "hours ago")) * time.Hour
					c.Records = append(c.Records, used(fmt.Sprintf("u-%d-%d", step, n), ids[rapid.IntRange(0, 2).Draw(t, "of")], rapid.SampledFrom([]string{"out", "size"}).Draw(t, "meter"), "1", now.Add(-back-time.Hour)))
				}
				_, _ = w.do(now, c)
			case 4, 5, 6:
				for range rapid.IntRange(1, 5).Draw(t, "settlements") {
					_, _ = w.do(now, settle(ids[i]))
				}
			case 7:
				if _, why := w.do(now, domain.CloseResource{OrgID: "org-acme", ResourceID: ids[i]}); why == nil && rapid.Bool().Draw(t, "recover") {
					open(i)
				}
			case 8:
				zone := rapid.SampledFrom([]string{"Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe"}).Draw(t, "zone")
				w.must(now, domain.ChangeSettings{OrgID: "org-acme", TimeZone: &zone})
			case 9:
				_, _ = w.do(now, closeMonth(domain.PeriodOf(now.AddDate(0, -1, 0), time.UTC)))
			}
			wantUnsettledCounted(t, w)
		}
		w.wantSameAfterReplay()
	})
}

func wantUnsettledCounted(t *rapid.T, w *world) {
	counts := map[domain.Period]int64{}
	for _, s := range w.states {
		r, ok := s.(*domain.Resource)
		if !ok {
			continue
		}
		months := map[domain.Period]bool{}
		for _, u := range r.Uses {
			months[u.Period] = true
		}
		for p := range months {
			counts[p]++
		}
		if held := slices.Sorted(slices.Values(r.UnsettledPeriods)); !slices.Equal(held, slices.Sorted(maps.Keys(months))) {
			t.Fatalf("%s holds %v back, and has use of %v", r.ResourceID, held, months)
		}
	}
	var want []domain.UnsettledPeriod
	for _, p := range slices.Sorted(maps.Keys(counts)) {
		want = append(want, domain.UnsettledPeriod{Period: p, Resources: counts[p]})
	}
	var got []domain.UnsettledPeriod
	if o := w.Org("org-acme"); o != nil {
		got = o.Unsettled
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the organisation counts %v, its resources have %v", got, want)
	}
}
