package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"orderledger/domain"
	"orderledger/handlers"
)

type waiter func(context.Context) (handlers.Result, error)

// start puts a command into the queue; its order is that of the calls.
func (l *ledger) start(t *testing.T, key string, c domain.Command) waiter {
	t.Helper()
	wait, err := l.Start(t.Context(), request(key, c))
	if err != nil {
		t.Fatalf("start %s: %v", key, err)
	}
	return wait
}

// Every order is placed, paid, cancelled and paid again without waiting in between: what depends on what
// came before it must find it, however the commands fall into batches.
func TestDependentCommandsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "1000.00", "bank"))
	const orders = 400 // more than one batch
	want := []domain.Code{"", "", domain.OrderNotUnpaid, domain.OrderNotUnpaid}
	var waits []waiter
	for i := range orders {
		o := order("org-acme", "0.01")
		again := pay(o)
		again.Funds = &domain.Allocation{Cash: amount("0.01")}
		for j, c := range []domain.Command{o, pay(o), domain.CancelOrder{OrderID: o.OrderID, OrgID: o.OrgID}, again} {
			waits = append(waits, l.start(t, fmt.Sprint(i, "-", j), c))
		}
	}
	var last int64
	for i, wait := range waits {
		r, err := wait(t.Context())
		if code := codeOf(err); code != want[i%4] {
			t.Fatalf("command %d of order %d: %v, want code %q", i%4, i/4, err, want[i%4])
		}
		if err == nil && r.First != last+1 && i > 0 {
			t.Fatalf("command %d has its first event at %d, want %d", i, r.First, last+1)
		}
		last = max(last, r.Last)
	}
}

// A command may name its order alone; the order may still be in the queue before it.
func TestOrganisationIsToldByAnOrderInTheSameBatch(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "1000.00", "bank"))
	var waits []waiter
	for i := range 50 {
		o := order("org-acme", "1.00")
		waits = append(waits, l.start(t, fmt.Sprint("place", i), o))
		waits = append(waits, l.start(t, fmt.Sprint("pay", i), domain.PayOrder{OrderID: o.OrderID}))
	}
	for i, wait := range waits {
		if _, err := wait(t.Context()); err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
	}
	if r := l.must(t, "pay7", domain.PayOrder{OrderID: orderOf(t, waits[14])}); !r.Replayed {
		t.Errorf("the payment's key is not known in its organisation: %+v", r)
	}
}

// A refusal goes by what stands in the log, not by what this replica happens to know.
func TestRefusalsKnowWhatOtherReplicasDid(t *testing.T) {
	t.Parallel()
	a := newLedger(t)
	b := openLedger(t, a.db)
	o := order("org-acme", "1.00")
	a.must(t, "place", o)
	_, err := a.do(t, "pay", pay(o))
	wantCode(t, err, domain.InsufficientFunds)
	b.must(t, "top-up", topUp("org-acme", "1.00", "bank"))
	a.must(t, "pay", pay(o)) // the key was not used up

	second := order("org-acme", "1.00")
	b.must(t, "place-2", second)
	_, err = a.do(t, "pay-2", pay(second))
	wantCode(t, err, domain.InsufficientFunds)
	if _, err = b.do(t, "pay", pay(o)); err != nil {
		t.Errorf("a key that another replica used: %v", err)
	}
}

func orderOf(t *testing.T, wait waiter) string {
	t.Helper()
	r, err := wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.State.(*domain.Order).OrderID
}

func codeOf(err error) domain.Code {
	var r *domain.Rejection
	if errors.As(err, &r) {
		return r.Code
	}
	if err != nil {
		return domain.Code(err.Error())
	}
	return ""
}
