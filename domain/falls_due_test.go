package domain_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
)

// leasedUntil is an active resource with a prepaid term for each end, a day after noon and so on.
func leasedUntil(days ...int) *domain.Resource {
	r := &domain.Resource{OrgID: "org-acme", ResourceID: "r-1", Status: domain.ResourceActive}
	r.Terms = append(r.Terms, meteredTerm("net", "hour", noon, flat("out", "1")))
	for i, n := range days {
		end := noon.Add(time.Duration(n) * day)
		r.Terms = append(r.Terms, domain.Term{ProductCode: fmt.Sprint("p-", i), ChargeMode: domain.ModeDay, ExpiresAt: &end})
	}
	return r
}

func times(days ...int) (all []time.Time) {
	for _, n := range days {
		all = append(all, noon.Add(time.Duration(n)*day))
	}
	return all
}

// Leases of different ends fall due one after the other, whatever became of those before them.
func TestRenewalsFallDueByEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ends, tried []int
		want        int // the end's day; 0 is none
	}{
		"no lease":                         {nil, nil, 0},
		"one":                              {[]int{30}, nil, 30},
		"one that was tried":               {[]int{30}, []int{30}, 0},
		"the first of two":                 {[]int{40, 30}, nil, 30},
		"the first was tried":              {[]int{40, 30}, []int{30}, 40},
		"both were tried":                  {[]int{40, 30}, []int{30, 40}, 0},
		"a new one, before what was tried": {[]int{40, 20}, []int{40}, 20},
		"all of an end":                    {[]int{30, 30, 50}, []int{30}, 50},
	} {
		r := leasedUntil(c.ends...)
		r.RenewalsTried = times(c.tried...)
		if _, _, ok := r.RenewalDueAt(); ok {
			t.Errorf("%s: renewed without a policy", name)
		}
		r.AutoRenew = &domain.AutoRenew{Enabled: true, Quantity: decimal("1"), BeforeSeconds: 3600}
		at, end, ok := r.RenewalDueAt()
		if want := times(c.want)[0]; ok != (c.want > 0) || ok && (!end.Equal(want) || !at.Equal(want.Add(-time.Hour))) {
			t.Errorf("%s: %t, at %s for %s", name, ok, at, end)
		}
		r.Status = domain.ResourceGone
		if _, _, ok := r.RenewalDueAt(); ok {
			t.Errorf("%s: closed, and renewed", name)
		}
	}
}

func TestNextOverdueDay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ends          []int
		through, days int // 0: nothing was charged
		want          int // 0 is none
	}{
		"no lease":                                {nil, 0, 7, 0},
		"the first day":                           {[]int{30}, 0, 7, 30},
		"none are charged":                        {[]int{30}, 0, 0, 0},
		"the last day":                            {[]int{30}, 36, 7, 36},
		"all were charged":                        {[]int{30}, 37, 7, 0},
		"renewed after days that were charged":    {[]int{60}, 33, 7, 60},
		"the first of two":                        {[]int{50, 30}, 0, 7, 30},
		"the first is over, the second later":     {[]int{50, 30}, 37, 7, 50},
		"the second's days":                       {[]int{50, 30}, 52, 7, 52},
		"the second's last":                       {[]int{50, 30}, 56, 7, 56},
		"both are over":                           {[]int{50, 30}, 57, 7, 0},
		"the second ended while the first's last": {[]int{36, 30}, 37, 7, 37},
		"fewer days than before":                  {[]int{50, 30}, 33, 2, 50},
		"none any more":                           {[]int{50, 30}, 33, 0, 0},
		"three":                                   {[]int{50, 30, 40}, 37, 7, 40},
	} {
		r := leasedUntil(c.ends...)
		if c.through > 0 {
			through := times(c.through)[0]
			r.OverdueThrough = &through
		}
		start, ok := r.NextOverdueDay(int64(c.days))
		if want := times(c.want)[0]; ok != (c.want > 0) || ok && !start.Equal(want) {
			t.Errorf("%s: %t, %s, want day %d", name, ok, start, c.want)
		}
		r.Status = domain.ResourceGone
		if _, ok := r.NextOverdueDay(int64(c.days)); ok {
			t.Errorf("%s: closed, and charged", name)
		}
	}
}

func TestSettlementsFallDueByEnd(t *testing.T) {
	t.Parallel()
	r := leasedUntil(30)
	if end, ok := r.SettlementDueAt(); ok {
		t.Errorf("due at %s without use", end)
	}
	r.Uses = []domain.Use{{CycleStart: noon, CycleEnd: noon.Add(day)}, {CycleStart: noon.Add(time.Hour), CycleEnd: noon.Add(2 * time.Hour)}}
	if end, ok := r.SettlementDueAt(); !ok || !end.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("%t, due at %s", ok, end)
	}
	r.Status = domain.ResourceGone
	if _, ok := r.SettlementDueAt(); ok {
		t.Error("closed, and due")
	}
}

// The second lease is renewed though the first one's renewal waits for its user, and each end is tried once.
func TestRenewalOfTheSecondLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := noon.Add(30*day + 12*time.Hour)
	disk := domain.Term{
		ProductCode: "disk", ChargeMode: domain.ModeDay, Quantity: decimal("1"), Unit: "day", UnitPrice: decimal("0.40"), Count: decimal("1"),
		ExpiresAt: &second, OrderID: orderID, LineNo: 1, Config: []domain.Component{},
	}
	w.must(noon, topUp("30.50", "bank"))
	w.leased(noon, orderID, "r-1", "gpu", "1.00", 30, disk)
	w.must(noon, autoRenew(true))
	first, at := noon.Add(30*day), noon.Add(30*day) // long after both opened
	if e := triedBy(w, w.must(at, renew())); e.Paid || !e.LeaseEnd.Equal(first) || e.Missing != amount("0.50") {
		t.Errorf("tried: %+v", e)
	}
	if e := triedBy(w, w.must(at, renew())); !e.Paid || !e.LeaseEnd.Equal(second) {
		t.Errorf("then tried: %+v", e)
	}
	w.wantRefused(at, renew(), domain.NothingDue, "")
	r := w.Resource("org-acme", "r-1")
	if !r.Terms[0].ExpiresAt.Equal(first) || !r.Terms[1].ExpiresAt.Equal(second.Add(day)) || len(r.RenewalsTried) != 2 {
		t.Errorf("the resource is %+v", r)
	}
	w.must(second, topUp("0.30", "bank-2"))
	if e := triedBy(w, w.must(second, renew())); !e.Paid || !e.LeaseEnd.Equal(second.Add(day)) {
		t.Errorf("the next end: %+v", e)
	}
	if r := w.Resource("org-acme", "r-1"); len(r.RenewalsTried) != 2 { // the second's first end is forgotten
		t.Errorf("tried for %v", r.RenewalsTried)
	}
	w.wantSameAfterReplay()
}
