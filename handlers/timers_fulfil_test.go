package handlers_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"orderledger/domain"
)

// paidOrder is an order that was placed and paid, and awaits its service.
func (a *timed) paidOrder(t *testing.T, org, price string) domain.PlaceOrder {
	t.Helper()
	o := order(org, price)
	a.must(t, "place-"+o.OrderID, o)
	a.must(t, "pay-"+o.OrderID, pay(o))
	return o
}

func fulfilment(o domain.PlaceOrder, state string) domain.ReportFulfilment {
	return domain.ReportFulfilment{OrderID: o.OrderID, OrgID: o.OrgID, State: state, Reason: "as told"}
}

// once wants exactly so many events of a type, also when the timers have done other work since.
func (a *timed) once(t *testing.T, org, name string, n int) {
	t.Helper()
	soon := time.Now().Add(100 * time.Millisecond)
	mark := "mark-" + uuid.NewString()
	a.must(t, mark, domain.GrantGift{OrgID: mark, Amount: amount("1.00"), Currency: "CNY", ExpiresAt: &soon, Reason: "mark"})
	a.await(t, mark, domain.TypeFundsLapsed, 1)
	if got := a.await(t, org, name, n); len(got) != n {
		t.Errorf("%s has %d events %s, want %d", org, len(got), name, n)
	}
}

// An order that is paid and not fulfilled is overdue once, whatever came of it until then; one that is fulfilled never is,
// nor one whose organisation sets no deadline.
func TestTimersMarkOverdue(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	second, none := int64(1), int64(0)
	a.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", FulfilWithinSeconds: &second})
	a.must(t, "never", domain.ChangeSettings{OrgID: "org-calm", FulfilWithinSeconds: &none})
	a.must(t, "top-up", topUp("org-acme", "50.00", "bank"))
	a.must(t, "top-up calm", topUp("org-calm", "50.00", "bank"))
	a.paidOrder(t, "org-calm", "3.00")
	late, done, failed := a.paidOrder(t, "org-acme", "3.00"), a.paidOrder(t, "org-acme", "4.00"), a.paidOrder(t, "org-acme", "5.00")
	a.must(t, "done", fulfilment(done, "completed"))
	a.must(t, "failed", fulfilment(failed, "failed"))
	a.await(t, "org-acme", domain.TypeFulfilmentOverdue, 2)
	a.once(t, "org-acme", domain.TypeFulfilmentOverdue, 2)
	a.once(t, "org-calm", domain.TypeFulfilmentOverdue, 0)
	for _, e := range a.await(t, "org-acme", domain.TypeFulfilmentOverdue, 2) {
		if e := e.(domain.FulfilmentOverdue); e.OrderID == done.OrderID || e.Deadline.Sub(e.Since) != time.Second {
			t.Errorf("overdue: %+v", e)
		}
	}
	if o := a.must(t, "late", fulfilment(late, "completed")).State.(*domain.Order); o.Overdue != nil || o.Status != domain.Completed {
		t.Errorf("fulfilled late, the order is %s, overdue %+v", o.Status, o.Overdue)
	}
}

// Where an organisation wants that, what no service began in time is refunded; what one began is left to it.
func TestTimersRefundWhatNobodyFulfils(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	second := int64(1)
	a.must(t, "top-up", topUp("org-acme", "50.00", "bank"))
	begun := a.paidOrder(t, "org-acme", "3.00")
	a.must(t, "begun", fulfilment(begun, "started"))
	alone := a.paidOrder(t, "org-acme", "4.00")
	a.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", RefundUnfulfilledAfterSeconds: &second})
	back := a.await(t, "org-acme", domain.TypeOrderRefunded, 1)[0].(domain.OrderRefunded)
	if back.OrderID != alone.OrderID || back.Returned.Cash != amount("4.00") || back.Reason != "not fulfilled in time" {
		t.Errorf("refunded %+v", back)
	}
	a.once(t, "org-acme", domain.TypeOrderRefunded, 1)
	_, err := a.do(t, "too late", fulfilment(alone, "completed"))
	wantCode(t, err, domain.OrderNotFulfillable)
	if o := a.must(t, "in its time", fulfilment(begun, "completed")).State.(*domain.Order); o.Status != domain.Completed {
		t.Errorf("what was begun is %s", o.Status)
	}
}

// A list that is late has a timer refund what was tried again and fulfilled meanwhile: that is refused.
func TestRefundsByThemselvesAreOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "5.00", "bank"))
	o := order("org-acme", "3.00")
	l.must(t, "place", o)
	l.must(t, "pay", pay(o))
	for _, state := range []string{"failed", "started", "completed"} {
		l.must(t, state, fulfilment(o, state))
	}
	_, err := l.do(t, "timer", domain.RefundOrder{OrderID: o.OrderID, OrgID: o.OrgID, Unfulfilled: true})
	wantCode(t, err, domain.NotRefundable)
	l.must(t, "person", domain.RefundOrder{OrderID: o.OrderID, OrgID: o.OrgID})
}

// One line can't be made: it is given back, and the order completed for the rest. If that fails too, the rest comes back by
// itself, though the order is refunded in part already.
func TestOrdersOfWhichAPartFails(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	second := int64(1)
	a.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", RefundFailedAfterSeconds: &second})
	a.must(t, "top-up", topUp("org-acme", "50.00", "bank"))
	two := func(key string) domain.PlaceOrder {
		o := order("org-acme", "3.00")
		disk := o.Lines[0]
		disk.ProductCode, disk.ResourceID, disk.UnitPrice = "disk", "disk-"+key, decimal("2.00")
		o.Lines[0].ResourceID = "host-" + key
		o.Lines = append(o.Lines, disk)
		a.must(t, "place "+key, o)
		a.must(t, "pay "+key, pay(o))
		a.must(t, "started "+key, fulfilment(o, "started"))
		a.must(t, "failed "+key, fulfilment(o, "failed"))
		a.must(t, "back "+key, domain.RefundOrder{OrderID: o.OrderID, OrgID: o.OrgID, LineNos: []int{2}, Reason: "no disks"})
		a.must(t, "again "+key, fulfilment(o, "started"))
		return o
	}
	good, bad := two("good"), two("bad")
	if o := a.must(t, "completed", fulfilment(good, "completed")).State.(*domain.Order); o.Status != domain.PartiallyRefunded || o.Refunded.Cash != amount("2.00") {
		t.Errorf("completed for a part, the order is %s, refunded %+v", o.Status, o.Refunded)
	}
	a.must(t, "failed", fulfilment(bad, "failed"))
	back := a.await(t, "org-acme", domain.TypeOrderRefunded, 3)
	if e := back[2].(domain.OrderRefunded); e.OrderID != bad.OrderID || e.Returned.Cash != amount("3.00") || e.Reason != "fulfilment failed" {
		t.Errorf("refunded by itself: %+v", e)
	}
	a.once(t, "org-acme", domain.TypeOrderRefunded, 3)
	opened := a.await(t, "org-acme", domain.TypeResourceChanged, 1)
	if e := opened[0].(domain.ResourceChanged); len(opened) != 1 || e.ResourceID != "host-good" {
		t.Errorf("opened %d resources, %s first", len(opened), e.ResourceID)
	}
}
