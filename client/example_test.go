package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"orderledger/client"
)

// A service's work on one order, from its placing to the resource.
func Example() {
	url, key, stop := startExample()
	defer stop()
	ctx := context.Background()

	c, err := client.New(client.HTTP{URL: url, Key: key})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	placed, err := c.Place(ctx, client.PlaceOrder{
		OrderID:   client.OrderID("shop", "4711"), // the same each time: the order is placed once
		OrderType: "purchase", ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
		Lines: []client.Line{{
			ProductCode: "gpu-instance", ProductName: "GPU instance", ResourceType: "cloud-host",
			Count: "1", ChargeMode: "month", Quantity: "1", Unit: "month", UnitPrice: "28.86",
		}},
	})
	if err != nil {
		panic(err)
	}
	if _, err := c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID}); err != nil { // often somebody else's work
		panic(err)
	}

	order, err := c.WaitPaid(ctx, placed.OrderID)
	if err != nil {
		panic(err)
	}
	fmt.Println(order.Status, order.Paid.Total(), order.Currency)

	if _, err := c.Fulfil(ctx, client.Fulfilment{OrderID: order.OrderID, State: client.Started}); err != nil {
		panic(err)
	}
	done := client.Fulfilment{OrderID: order.OrderID, State: client.Completed, ResourceID: "gpu-4711"} // no time of the clock: bytes stay the same
	if _, err := c.Fulfil(ctx, done); err != nil {
		panic(err)
	}
	order, err = c.Order(ctx, order.OrderID)
	if err != nil {
		panic(err)
	}
	fmt.Println(order.Status, order.Lines[0].ResourceID)
	// Output:
	// paid 28.86 CNY
	// completed gpu-4711
}

// The same order, placed again by a service that does not know whether it did: the first outcome comes again.
func ExampleClient_Place() {
	url, key, stop := startExample()
	defer stop()
	c, err := client.New(client.HTTP{URL: url, Key: key})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	order := purchase() // as in the example of the package
	order.OrderID = client.OrderID("shop", "4711")
	for range 2 {
		placed, err := c.Place(context.Background(), order)
		fmt.Println(placed.Replayed, err)
	}
	order.Lines[0].Count = "2"
	_, err = c.Place(context.Background(), order)
	fmt.Println(client.IsRefused(err, "key_reused"))
	// Output:
	// false <nil>
	// true <nil>
	// true
}

// A refusal says why, to programs and to people.
func ExampleRefusal() {
	url, key, stop := startExample()
	defer stop()
	c, err := client.New(client.HTTP{URL: url, Key: key})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	order := purchase()
	order.Lines[0].UnitPrice = "5000000.00"
	placed, err := c.Place(context.Background(), order)
	if err != nil {
		panic(err)
	}
	_, err = c.Pay(context.Background(), client.PayOrder{OrderID: placed.OrderID})
	var refused *client.Refusal
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
	}
	// Output: insufficient_funds
}

// A service that follows what happens. Its position is in a file: after a crash the event under way comes again.
func ExampleClient_Subscribe() {
	url, key, stop := startExample()
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, err := client.New(client.HTTP{URL: url, Key: key})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	placed, err := c.Place(ctx, purchase())
	if err != nil {
		panic(err)
	}

	dir, err := os.MkdirTemp("", "ledger-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	position := client.PositionFile(filepath.Join(dir, "position"))
	filter := client.Filter{Types: []string{"order.placed", "order.paid", "order.cancelled"}}
	err = c.Subscribe(ctx, filter, position, func(ctx context.Context, e client.Event) error {
		switch data := e.Data.(type) {
		case client.OrderPlaced:
			fmt.Println("placed:", data.PayableAmount, data.Currency)
			_, err := c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID})
			return err // an error has the event handled again
		case client.OrderPaid:
			fmt.Println("paid:", data.Paid.Total(), data.Currency)
			cancel()
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// placed: 28.86 CNY
	// paid: 28.86 CNY
	// context canceled
}

// startExample starts a ledger for an example, and returns the address and an API key of a service.
func startExample() (url, key string, stop func()) {
	e := &exampleTB{}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	l := newLedger(e)
	return l.url, l.gpu, e.end
}

// exampleTB is what the ledger's parts are started with outside a test.
type exampleTB struct {
	testing.TB
	ctx    context.Context
	cancel context.CancelFunc
	ends   []func()
}

func (e *exampleTB) Helper()                  {}
func (e *exampleTB) Context() context.Context { return e.ctx }
func (e *exampleTB) Cleanup(end func())       { e.ends = append(e.ends, end) }
func (e *exampleTB) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }
func (e *exampleTB) Fatalf(f string, a ...any) {
	panic(fmt.Sprintf(f, a...))
}
func (e *exampleTB) Error(args ...any) { panic(fmt.Sprint(args...)) }

func (e *exampleTB) TempDir() string {
	dir, err := os.MkdirTemp("", "ledger-example-")
	if err != nil {
		panic(err)
	}
	e.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (e *exampleTB) end() {
	e.cancel()
	for _, end := range slices.Backward(e.ends) {
		end()
	}
}
