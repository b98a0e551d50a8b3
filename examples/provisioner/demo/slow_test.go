package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"orderledger/client"
)

// TestSlowSubscriber has services that stand still while thousands of events come, and are slow then: they miss none, and
// see none twice, over NATS and over HTTP.
func TestSlowSubscriber(t *testing.T) {
	t.Parallel()
	const orders = 4000
	l, dir, _ := newLedger(t)
	if err := l.prepare(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	key, err := l.run(t.Context(), "key", "create", "--org", org, "--role", "service")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.run(t.Context(), "service", "create", "gpu", "--org", org); err != nil {
		t.Fatal(err)
	}
	came := make(chan struct{})
	var all, stood sync.WaitGroup
	for name, via := range map[string]client.Via{
		"NATS": client.NATS{URL: l.nats, Service: "gpu", OrgID: org}, "HTTP": client.HTTP{URL: l.http, Key: key},
	} {
		c, err := client.New(via)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		stood.Add(1)
		all.Go(func() { followSlowly(t, name, c, orders, stood.Done, came) })
	}
	stood.Wait() // both have their first event in hand
	file := filepath.Join(dir, "orders.jsonl")
	writeOrders(t, file, orders)
	if _, err := output(t.Context(), l.program, "import", file, "--server", l.http, "--key", l.key); err != nil {
		t.Fatal(err)
	}
	close(came)
	all.Wait()
}

// followSlowly handles events until all orders were seen. The log has no other organisation: positions have no gap.
func followSlowly(t *testing.T, name string, c *client.Client, orders int, stands func(), came <-chan struct{}) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var last int64
	seen := 0
	from := client.PositionFuncs{LoadFunc: func(context.Context) (int64, error) { return 0, nil }}
	err := c.Subscribe(ctx, client.Filter{OrgID: org}, from, func(ctx context.Context, e client.Event) error {
		if e.Position != last+1 {
			t.Errorf("%s: after position %d comes %d", name, last, e.Position)
		}
		if last = e.Position; last == 1 {
			stands()
			select {
			case <-came:
			case <-ctx.Done():
			}
		}
		if _, ok := e.Data.(client.OrderPlaced); ok {
			seen++
		}
		if seen == orders {
			cancel()
		}
		if last%100 == 0 {
			time.Sleep(20 * time.Millisecond) // slower than they come
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || seen != orders {
		t.Errorf("%s: %d of %d orders were seen, %v", name, seen, orders, err)
	}
}

func writeOrders(t *testing.T, file string, orders int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range orders {
		fmt.Fprintf(f, `{"key":"place-%d","command":"place_order","body":{"org_id":%q,"order_type":"purchase","project_id":"p","consumer_id":"c","currency":"CNY","lines":[{"product_code":"gpu","product_name":"GPU","resource_type":"host","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"2.50"}]}}`+"\n", i, org)
	}
}
