package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// loop is a service's way through the API, beside timers that run.
type loop struct {
	*timed
	service string
	n       int
}

func newLoop(t *testing.T) *loop {
	t.Helper()
	a := &loop{timed: newTimed(t)}
	a.service = a.key(t, "org-acme", auth.Service)
	a.want(t, 200, "", a.platform, "PUT", "/v1/orgs/org-acme", `{"fulfil_within_seconds":1,"refund_failed_after_seconds":1,"overdue_days":0}`, "Idempotency-Key: settings")
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: up")
	return a
}

// bought is an order for a host, paid; its service names the host and its time.
func (a *loop) bought(t *testing.T) (path string) {
	t.Helper()
	a.n++
	body := strings.NewReplacer(`"resource_id":"bsr-1",`, "", `,
   "effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"`, "").Replace(orderBody)
	return "/v1/orders/" + a.paid(t, body)
}

func (a *loop) report(t *testing.T, status int, code, path, body string) response {
	t.Helper()
	a.n++
	return a.want(t, status, code, a.service, "POST", path+"/fulfilment", body, fmt.Sprint("Idempotency-Key: report-", a.n))
}

// What fails is refunded whole by itself, which its order, its organisation's log and the statement tell; what the service
// says later is refused, and says why.
func TestLoopOfAFailure(t *testing.T) {
	t.Parallel()
	a := newLoop(t)
	order := a.bought(t)
	a.report(t, 200, "", order, `{"state":"started"}`)
	a.report(t, 200, "", order, `{"state":"failed","reason":"no hosts"}`)
	a.await(t, "org-acme", domain.TypeOrderRefunded, 1)
	if r := a.get(t, a.acme, order); r.text("status") != "refunded" || r.text("refunded.cash") != "28.86" || r.text("refunds.0.reason") != "fulfilment failed" {
		t.Errorf("the order that failed: %s", r.Body)
	}
	if r := a.get(t, a.acme, "/v1/accounts/org-acme"); r.text("balances.0.cash") != "100.00" {
		t.Errorf("the money is back: %s", r.Body)
	}
	r := a.report(t, 409, "order_not_fulfillable", order, `{"state":"completed","resource_id":"host-1"}`)
	if !strings.Contains(r.text("detail"), "the order is refunded") {
		t.Errorf("completed after its refund: %s", r.Body)
	}
	done := a.bought(t)
	a.report(t, 200, "", done, `{"state":"completed","resource_id":"host-2"}`)
	r = a.report(t, 409, "order_not_fulfillable", done, `{"state":"failed"}`)
	if !strings.Contains(r.text("detail"), "fulfilled before") {
		t.Errorf("failed after it was completed: %s", r.Body)
	}
}

// An order that no service fulfils in time is listed and counted as overdue, until it is fulfilled after all.
func TestLoopOfALateService(t *testing.T) {
	t.Parallel()
	a := newLoop(t)
	order := a.bought(t)
	a.await(t, "org-acme", domain.TypeFulfilmentOverdue, 1)
	overdue := func() response { return a.get(t, a.acme, "/v1/orders", "overdue=true") }
	if r := overdue(); r.text("items.0.status") != "paid" || r.text("items.0.fulfilment_overdue.deadline") == "" {
		t.Errorf("overdue: %s", r.Body)
	}
	metric := func(line string) {
		t.Helper()
		if text := string(a.want(t, 200, "", a.platform, "GET", "/metrics", "").Body); !strings.Contains(text, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	metric("ledger_orders_overdue 1\n")
	a.report(t, 200, "", order, `{"state":"completed","resource_id":"host-1"}`)
	if r := overdue(); r.member("items.0") != nil {
		t.Errorf("fulfilled late, and overdue still: %s", r.Body)
	}
	metric("ledger_orders_overdue 0\n")
	if r := a.get(t, a.acme, order); r.text("status") != "completed" || r.member("fulfilment_overdue") != nil {
		t.Errorf("fulfilled late: %s", r.Body)
	}
}

// A lease ends, its resource is to be released; it is renewed just then, and the service that was late leaves it alone. When
// that is over too, the service closes it, and bills nothing after.
func TestLoopOfARelease(t *testing.T) {
	t.Parallel()
	a := newLoop(t)
	order := a.bought(t)
	now := time.Now().UTC().Truncate(time.Second)
	began := now.AddDate(0, -1, 0).Add(-time.Hour)
	a.report(t, 200, "", order, fmt.Sprintf(`{"state":"completed","resource_id":"host-1","effective_at":%q,"expires_at":%q}`,
		began.Format(time.RFC3339), now.Add(-time.Hour).Format(time.RFC3339)))
	due := a.await(t, "org-acme", domain.TypeReleaseDue, 1)[0].(domain.ReleaseDue)
	if due.ResourceID != "host-1" || due.Reason != domain.ReleaseLeaseEnded || !due.Since.Equal(now.Add(-time.Hour)) || !due.DueAt.Equal(due.Since) || !strings.HasSuffix(order, due.OrderID) {
		t.Errorf("to be released: %+v", due)
	}
	if r := a.get(t, a.acme, "/v1/resources", "releasing=true"); r.text("items.0.releases.0.reason") != "lease_ended" {
		t.Errorf("to be released: %s", r.Body)
	}
	renewal := bodyOf("renewal", `"parent_order_id":"`+due.OrderID+`"`, `"bsr-1"`, `"host-1"`, `,
   "effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"`, "")
	renewed := a.paid(t, renewal)
	const closing = `{"reason":"expired","if_release_due":true}`
	a.want(t, 409, "release_not_due", a.service, "DELETE", "/v1/resources/host-1", closing, "Idempotency-Key: close")
	if back := a.await(t, "org-acme", domain.TypeReleaseWithdrawn, 1)[0].(domain.ReleaseWithdrawn); back.Since != due.Since || back.OrderID != due.OrderID {
		t.Errorf("withdrawn: %+v, of %+v", back, due)
	}
	if r := a.get(t, a.acme, "/v1/resources", "releasing=true"); r.member("items.0") != nil {
		t.Errorf("renewed, and to be released still: %s", r.Body)
	}
	// Its money back, the lease ends where it did: that is a release again, of the same end.
	a.want(t, 200, "", a.bank, "POST", "/v1/orders/"+renewed+"/refund", `{"reason":"no longer wanted"}`, "Idempotency-Key: back")
	r := a.get(t, a.acme, "/v1/resources/host-1")
	if r.text("status") == "active" {
		a.await(t, "org-acme", domain.TypeReleaseDue, 2)
		a.want(t, 200, "", a.service, "DELETE", "/v1/resources/host-1", closing, "Idempotency-Key: close")
	}
	if r := a.get(t, a.acme, "/v1/resources/host-1"); r.text("status") != "closed" || r.member("releases") != nil {
		t.Errorf("released: %s", r.Body)
	}
	a.want(t, 409, "resource_closed", a.service, "DELETE", "/v1/resources/host-1", closing, "Idempotency-Key: again")
	late := fmt.Sprintf(`{"records":[{"record_id":"late","resource_id":"host-1","meter":"out","quantity":"1","unit":"GB","from":%q,"to":%q}]}`,
		now.Format(time.RFC3339), now.Add(time.Second).Format(time.RFC3339))
	if r := a.send(t, a.service, "POST", "/v1/usage", late, "Idempotency-Key: late"); r.StatusCode < 400 {
		t.Errorf("use after the release: %s", r.Body)
	}
}
