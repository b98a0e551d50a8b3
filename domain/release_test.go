package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

func review(orderID string) domain.ReviewRelease {
	return domain.ReviewRelease{OrgID: "org-acme", ResourceID: "r-1", OrderID: orderID}
}

func wantRefused(t *testing.T, what string, why *domain.Rejection, code domain.Code) {
	t.Helper()
	if why == nil || why.Code != code {
		t.Errorf("%s: %v, want %s", what, why, code)
	}
}

// A lease of a month from noon: its resource is to be released after it and the days that are charged after it, not before,
// and not twice; a renewal takes it back, and a service that heard too late can't close it.
func TestReleaseAfterALease(t *testing.T) {
	t.Parallel()
	for _, days := range []int64{0, 3} {
		te := newTenant(t)
		te.must(noon, domain.ChangeSettings{OrgID: "org-acme", OverdueDays: &days})
		end, ok := te.Resource("org-acme", "r-1").LeaseEnd()
		if !ok {
			t.Fatal("no lease")
		}
		due := end.Add(time.Duration(days) * day)
		_, why := te.do(due.Add(-time.Microsecond), review(""))
		wantRefused(t, "before it is due", why, domain.NothingDue)
		_, why = te.do(due.Add(-time.Microsecond), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1", IfReleaseDue: true})
		wantRefused(t, "closed before it is due", why, domain.ReleaseNotDue)
		te.must(due, review(""))
		if all := te.Resource("org-acme", "r-1").Releases; len(all) != 1 || !all[0].Since.Equal(end) || !all[0].DueAt.Equal(due) || all[0].OrderID != orderID {
			t.Errorf("to be released for %+v, due at %s", all, due)
		}
		_, why = te.do(due, review(""))
		wantRefused(t, "twice", why, domain.NothingDue)

		renewal := te.order(domain.Renewal, line("30"))
		te.must(due, renewal)
		_, why = te.do(due, review(""))
		wantRefused(t, "placed is not paid", why, domain.NothingDue)
		te.must(due, domain.PayOrder{OrderID: renewal.OrderID, OrgID: "org-acme"})
		_, why = te.do(due, domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1", IfReleaseDue: true})
		wantRefused(t, "closed though it was renewed", why, domain.ReleaseNotDue)
		te.must(due, review(""))
		if all := te.Resource("org-acme", "r-1").Releases; len(all) != 0 {
			t.Errorf("renewed, and to be released for %+v", all)
		}
		te.must(due.Add(60*day), review(""))
		te.must(due.Add(60*day), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1", IfReleaseDue: true})
		if r := te.Resource("org-acme", "r-1"); r.Status != domain.ResourceGone || len(r.Releases) != 0 {
			t.Errorf("%s, to be released for %+v", r.Status, r.Releases)
		}
	}
}

// When a resource's times end, by what it is charged for.
func TestTimeEnds(t *testing.T) {
	t.Parallel()
	at := func(days int) *time.Time { end := noon.Add(time.Duration(days) * day); return &end }
	prepaid := func(end *time.Time) domain.Term { return domain.Term{ChargeMode: domain.ModeMonth, ExpiresAt: end} }
	trial := func(end *time.Time) domain.Term { return domain.Term{ChargeMode: domain.ModeTrial, ExpiresAt: end} }
	metered := domain.Term{ChargeMode: domain.ModeMetered}
	for name, c := range map[string]struct {
		terms        []domain.Term
		leased, free *time.Time
		ok           bool
	}{
		"nothing":                   {nil, nil, nil, false},
		"metered alone":             {[]domain.Term{metered}, nil, nil, false},
		"the last of two leases":    {[]domain.Term{prepaid(at(9)), prepaid(at(5)), metered}, at(9), nil, true},
		"a lease without an end":    {[]domain.Term{prepaid(at(9)), prepaid(nil)}, nil, nil, false},
		"a trial":                   {[]domain.Term{trial(at(3))}, nil, at(3), true},
		"a trial beside a lease":    {[]domain.Term{trial(at(30)), prepaid(at(5))}, at(5), at(30), true},
		"a trial for as long as it": {[]domain.Term{trial(nil), prepaid(at(5))}, nil, nil, false},
	} {
		r := &domain.Resource{Status: domain.ResourceActive, Terms: c.terms}
		leased, free, ok := r.TimeEnds()
		same := func(a, b *time.Time) bool { return (a == nil) == (b == nil) && (a == nil || a.Equal(*b)) }
		if !same(leased, c.leased) || !same(free, c.free) || ok != c.ok {
			t.Errorf("%s: %v, %v, %v", name, leased, free, ok)
		}
		if r.Status = domain.ResourceGone; c.ok {
			if _, _, ok := r.TimeEnds(); ok {
				t.Errorf("%s: a closed one has time", name)
			}
		}
	}
}

// An order is overdue at its deadline, once, and not when it is fulfilled, in part refunded or not.
func TestMarkOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100.00", "r"))
	mark := domain.MarkOverdue{OrderID: orderID, OrgID: "org-acme"}
	_, why := w.do(noon, mark)
	wantRefused(t, "no order", why, domain.NotFound)
	w.must(noon, place("30"))
	_, why = w.do(noon.Add(2*day), mark)
	wantRefused(t, "unpaid", why, domain.NothingDue)
	w.must(noon, pay())
	_, why = w.do(noon.Add(day-time.Microsecond), mark)
	wantRefused(t, "in time", why, domain.NotYetDue)
	w.must(noon.Add(day), domain.ChangeSettings{OrgID: "org-acme", FulfilWithinSeconds: ptr(int64(0))})
	_, why = w.do(noon.Add(day), mark)
	wantRefused(t, "without a deadline", why, domain.NothingDue)
	w.must(noon.Add(day), domain.ChangeSettings{OrgID: "org-acme", FulfilWithinSeconds: ptr(int64(24 * 3600))})
	w.must(noon.Add(day), mark)
	_, why = w.do(noon.Add(day), mark)
	wantRefused(t, "twice", why, domain.NothingDue)
	w.must(noon.Add(2*day), fulfil("failed"))
	if w.Order(orderID).Overdue == nil {
		t.Error("failed, it is not overdue any more")
	}
	w.must(noon.Add(2*day), fulfil("started"))
	w.must(noon.Add(2*day), fulfil("completed"))
	if w.Order(orderID).Overdue != nil {
		t.Error("completed, it is overdue")
	}
	_, why = w.do(noon.Add(9*day), mark)
	wantRefused(t, "completed", why, domain.NothingDue)
}
