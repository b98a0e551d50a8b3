package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"sync"

	"github.com/shopspring/decimal"

	"orderledger/client"
)

// payer is the customer: it pays most orders, cancels some, and forgets others. It counts what it sees go by.
type payer struct {
	*client.Client
	seed   uint64
	cancel context.CancelFunc
	ended  chan error

	mu      sync.Mutex
	counted tally
	changed chan struct{} // has one when something was counted
}

// tally is counted from the log's events.
type tally struct {
	position                                        int64
	placed, paid, lost, completed, refunded, closed int
	seconds                                         decimal.Decimal // of use that was recorded
	periods                                         map[string]bool // that bill lines are in
	mine                                            map[string]bool // ids of the services' orders
}

// newPayer makes a payer that pays until it is stopped.
func newPayer(ctx context.Context, l *ledger, seed uint64) (*payer, error) {
	key, err := l.run(ctx, "key", "create", "--org", org, "--role", "org_admin", "--name", "payer")
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.HTTP{URL: l.http, Key: key})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &payer{Client: c, seed: seed, cancel: cancel, ended: make(chan error, 1), changed: make(chan struct{}, 1)}
	p.counted.periods, p.counted.mine = map[string]bool{}, map[string]bool{}
	go func() {
		first := client.PositionFuncs{LoadFunc: func(context.Context) (int64, error) { return 0, nil }}
		p.ended <- p.Subscribe(ctx, client.Filter{OrgID: org}, first, p.see)
	}()
	return p, nil
}

func (p *payer) stop() error {
	p.cancel()
	defer p.Close()
	if err := <-p.ended; !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (p *payer) see(ctx context.Context, e client.Event) error {
	p.count(e)
	placed, ok := e.Data.(client.OrderPlaced)
	if !ok || placed.OrderType != "purchase" {
		return nil
	}
	var err error
	switch chance := p.chance(placed.OrderID); {
	case chance < 75:
		_, err = p.Pay(ctx, client.PayOrder{OrderID: placed.OrderID})
	case chance < 88:
		_, err = p.Cancel(ctx, client.CancelOrder{OrderID: placed.OrderID, Reason: "not needed any more"})
	}
	if client.IsRefused(err) { // too late, on a slow machine
		slog.Warn("the payer is refused", "error", err)
		return nil
	}
	return err
}

// chance is 0 to 99, always the same for an order.
func (p *payer) chance(orderID string) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, orderID, p.seed)
	return h.Sum64() >> 16 % 100
}

func (p *payer) count(e client.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.counted
	c.position = e.Position
	switch d := e.Data.(type) {
	case client.OrderPlaced:
		if d.OrderType == "purchase" {
			c.placed++
			c.mine[d.OrderID] = true
		}
	case client.OrderPaid:
		c.periods[d.BillingPeriod] = true
		if c.mine[d.OrderID] {
			c.paid++
		}
	case client.OrderCancelled, client.OrderExpired, client.OrderVoided:
		c.lost++
	case client.OrderCompleted:
		c.completed++
	case client.OrderRefunded:
		c.refunded++
	case client.ResourceClosed:
		c.closed++
	case client.Raw:
		var u struct {
			Records []struct{ Quantity decimal.Decimal }
		}
		if e.Name() == "resource.usage_recorded" && json.Unmarshal(d, &u) == nil {
			for _, r := range u.Records {
				c.seconds = c.seconds.Add(r.Quantity)
			}
		}
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (p *payer) tally() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counted
	c.periods, c.mine = maps.Clone(c.periods), nil
	return c
}

// done says that every order came to its end, and every instance.
func (c *tally) done(orders int) bool {
	return c.placed == orders && c.paid+c.lost == orders && c.completed+c.refunded == c.paid && c.closed == c.completed
}

func (c *tally) String() string {
	return fmt.Sprintf("%d orders placed, %d paid, %d fulfilled, %d refunded, %d instances released", c.placed, c.paid, c.completed, c.refunded, c.closed)
}
