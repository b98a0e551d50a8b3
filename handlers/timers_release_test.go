package handlers_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

// What ended while no timer ran is to be released, once; what is renewed is not any more, until it ends again.
func TestTimersReleaseWhatEnded(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	none, long, now := int64(0), time.Now().Add(-20*24*time.Hour), time.Now()
	seed(t, a.log, "org-long", long, daily("org-long", "res-1", long))
	due := a.await(t, "org-long", domain.TypeReleaseDue, 1)[0].(domain.ReleaseDue)
	if due.Reason != domain.ReleaseLeaseEnded || !due.Since.Equal(long) || due.DueAt.Sub(due.Since) != 7*24*time.Hour || due.OrderID == "" {
		t.Errorf("to be released: %+v, the lease ended at %s", due, long)
	}
	a.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", OverdueDays: &none})
	a.must(t, "top-up", topUp("org-acme", "5.00", "bank"))
	seed(t, a.log, "org-acme", now.Add(-25*time.Hour), daily("org-acme", "res-1", now.Add(-time.Hour)), daily("org-acme", "res-2", now.Add(time.Hour)))
	a.await(t, "org-acme", domain.TypeReleaseDue, 1)
	a.must(t, "renew", domain.SetAutoRenew{OrgID: "org-acme", ResourceID: "res-1", Enabled: true})
	back := a.await(t, "org-acme", domain.TypeReleaseWithdrawn, 1)[0].(domain.ReleaseWithdrawn)
	if back.ResourceID != "res-1" || back.Reason != domain.ReleaseLeaseEnded {
		t.Errorf("withdrawn: %+v", back)
	}
	_, err := a.do(t, "too late", domain.CloseResource{OrgID: "org-acme", ResourceID: "res-1", IfReleaseDue: true})
	wantCode(t, err, domain.ReleaseNotDue)
	a.must(t, "in time", domain.CloseResource{OrgID: "org-long", ResourceID: "res-1", IfReleaseDue: true})
	a.once(t, "org-acme", domain.TypeReleaseDue, 1)
	a.once(t, "org-long", domain.TypeReleaseDue, 1)
	a.once(t, "org-long", domain.TypeReleaseWithdrawn, 0)
}

// A debtor's resource is to be released when its oldest settlement has waited too long, and not any more when that is paid,
// though the next one may be a cause of its own.
func TestTimersReleaseOfDebtors(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	second := int64(1)
	now := time.Now().UTC().Truncate(time.Microsecond)
	since := now.Add(-4 * time.Hour)
	a.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", ReleaseAfterSeconds: &second})
	seed(t, a.log, "org-acme", since, metered("org-acme", "res-1", since))
	used := report("org-acme", "res-1", now.Add(-2*time.Hour), "a", "b")
	used.Records[1].From, used.Records[1].To = now.Add(-3*time.Hour), now.Add(-3*time.Hour+time.Second)
	a.must(t, "use", used)
	first := a.await(t, "org-acme", domain.TypeReleaseDue, 1)[0].(domain.ReleaseDue)
	if first.Reason != domain.ReleaseArrears || first.ResourceID != "res-1" || first.DueAt.Sub(first.Since) != time.Second {
		t.Errorf("to be released: %+v", first)
	}
	a.await(t, "org-acme", domain.TypeArrearsOpened, 2)
	a.once(t, "org-acme", domain.TypeReleaseDue, 1)
	a.must(t, "half", topUp("org-acme", "0.50", "half"))
	next := a.await(t, "org-acme", domain.TypeReleaseDue, 2)[1].(domain.ReleaseDue)
	if next.OrderID == first.OrderID || next.Reason != domain.ReleaseArrears {
		t.Errorf("then for another settlement: %+v", next)
	}
	a.await(t, "org-acme", domain.TypeReleaseWithdrawn, 1)
	a.must(t, "rest", topUp("org-acme", "5.00", "rest"))
	_, err := a.do(t, "late", domain.CloseResource{OrgID: "org-acme", ResourceID: "res-1", IfReleaseDue: true})
	wantCode(t, err, domain.ReleaseNotDue)
	a.await(t, "org-acme", domain.TypeReleaseWithdrawn, 2)
	a.once(t, "org-acme", domain.TypeReleaseDue, 2)
	a.once(t, "org-acme", domain.TypeReleaseWithdrawn, 2)
}
