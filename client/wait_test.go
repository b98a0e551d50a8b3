package client_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/client"
)

// Orders are paid while they begin to be waited for, and connections are cut meanwhile: no payment is missed.
func TestWaitPaidAtAnyMoment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		via, p := through(t, via)
		ctx, waits, pays := patient(t), l.open(t, via), l.open(t, l.http())
		var all sync.WaitGroup
		for i := range 30 {
			placed, err := pays.Place(ctx, purchase())
			must(t, err)
			all.Go(func() {
				time.Sleep(rand.N(20 * time.Millisecond)) // at any moment, before or after
				o, err := waits.WaitPaid(ctx, placed.OrderID)
				if err != nil || o.Status != client.StatusPaid || o.OrderID != placed.OrderID {
					t.Errorf("order %d: %+v, %v", i, o, err)
				}
			})
			all.Go(func() {
				time.Sleep(rand.N(20 * time.Millisecond))
				if i%5 == 0 {
					p.cut()
				}
				if _, err := pays.Pay(ctx, client.PayOrder{OrderID: placed.OrderID}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

// The order is paid when it was looked at and the log is not followed yet, the moment in which a payment could be missed.
func TestPaidBetweenLookAndListen(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	ctx, pays := patient(t), l.open(t, l.http())
	placed, err := pays.Place(ctx, purchase())
	must(t, err)
	var looks atomic.Int64
	b := newBetween(t, l, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/v1/orders/") || looks.Add(1) > 1 {
			return false
		}
		onward, err := http.NewRequestWithContext(r.Context(), r.Method, l.url+r.URL.RequestURI(), nil)
		if err != nil {
			t.Error(err)
			return false
		}
		onward.Header = r.Header
		resp, err := http.DefaultTransport.RoundTrip(onward)
		if err != nil {
			t.Error(err)
			return false
		}
		seen, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode == http.StatusOK && !bytes.Contains(seen, []byte(`"status":"unpaid"`)) {
			t.Errorf("%s, %v", seen, err)
		}
		if resp.StatusCode != http.StatusOK { // the read model has not come to it yet: it will be asked again
			looks.Add(-1)
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(resp.StatusCode)
			_, _ = w.Write(seen)
			return true
		}
		if _, err := pays.Pay(ctx, client.PayOrder{OrderID: placed.OrderID}); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(seen)
		return true
	})
	t.Cleanup(func() { http.DefaultTransport.(*http.Transport).CloseIdleConnections() })
	o, err := l.open(t, client.HTTP{URL: b.URL, Key: l.gpu}).WaitPaid(ctx, placed.OrderID)
	if err != nil || o.Status != client.StatusPaid || looks.Load() < 2 {
		t.Errorf("%+v, %v after %d looks", o, err, looks.Load())
	}
}

// What ends an order without a payment ends the wait.
func TestWaitEndsWithTheOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, c := patient(t), l.open(t, via)
		for _, end := range []struct{ command, status string }{{"cancel_order", client.StatusCancelled}, {"void_order", client.StatusVoided}} {
			placed, err := c.Place(ctx, purchase())
			must(t, err)
			ended := make(chan error, 1)
			go func() {
				_, err := c.WaitPaid(ctx, placed.OrderID)
				ended <- err
			}()
			_, err = l.bank.Do(ctx, end.command, end.command+placed.OrderID, map[string]string{
				"org_id": "org-acme", "order_id": placed.OrderID, "reason": "no longer needed",
			})
			must(t, err)
			var never *client.NotPaid
			if !errors.As(<-ended, &never) || never.Order.Status != end.status || never.Error() == "" {
				t.Errorf("%s: %+v", end.command, never)
			}
		}
		// One that costs nothing is paid when it is placed.
		free := purchase()
		free.Lines[0].UnitPrice = "0"
		free.Lines[0].ChargeMode = "trial"
		placed, err := c.Place(ctx, free)
		must(t, err)
		if o, err := c.WaitPaid(ctx, placed.OrderID); err != nil || o.PaidAt == nil {
			t.Errorf("a free one: %+v, %v", o, err)
		}
	})
}
