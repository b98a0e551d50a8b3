package handlers_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/testkit"
)

// Two replicas, one paying and one letting expire, just around the deadline: one of them wins, and it is the
// one that the clock says unless both may.
func TestPayAgainstExpireAtTheDeadline(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	payer, timer := openLedger(t, db), openLedger(t, db)
	payer.must(t, "top-up", topUp("org-acme", "1000.00", "bank"))
	created := time.Now().Add(-domain.DefaultPayBefore - time.Minute).UTC().Truncate(time.Microsecond)
	deadline := created.Add(domain.DefaultPayBefore)
	for i, c := range []struct {
		pay, expire time.Duration // beside the deadline
		want        string
	}{
		{-time.Microsecond, -time.Microsecond, "paid"},
		{0, 0, "expired"},
		{time.Microsecond, time.Microsecond, "expired"},
		{-time.Microsecond, 0, ""},
		{-time.Microsecond, 0, ""},
		{-time.Microsecond, time.Microsecond, ""},
		{-time.Microsecond, 0, ""},
	} {
		o := order("org-acme", "1.00")
		place := request(fmt.Sprint("place", i), o)
		place.At = created
		if _, err := payer.Do(t.Context(), place); err != nil {
			t.Fatal(err)
		}
		var payErr, expireErr error
		var both sync.WaitGroup
		both.Go(func() {
			r := request(fmt.Sprint("pay", i), pay(o))
			r.At = deadline.Add(c.pay)
			_, payErr = payer.Do(context.Background(), r)
		})
		both.Go(func() {
			r := request(fmt.Sprint("expire", i), domain.ExpireOrder{OrderID: o.OrderID, OrgID: o.OrgID})
			r.At = deadline.Add(c.expire)
			_, expireErr = timer.Do(context.Background(), r)
		})
		both.Wait()
		if (payErr == nil) == (expireErr == nil) || c.want == "paid" && payErr != nil || c.want == "expired" && expireErr != nil {
			t.Errorf("pay at %s, expire at %s beside the deadline: %v, %v, want it %s", c.pay, c.expire, payErr, expireErr, c.want)
		}
		for _, err := range []error{payErr, expireErr} {
			switch codeOf(err) {
			case "", domain.OrderNotUnpaid, domain.PaymentDeadlinePassed, domain.NotYetDue:
			default:
				t.Errorf("refused with %v", err)
			}
		}
	}
}
