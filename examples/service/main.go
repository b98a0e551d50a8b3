// Service is a small provisioning service: it makes what was paid for, reports what is used, and takes down what is to
// be released. Instances are in its memory alone, so that after a new start it meters those alone that were made since; a
// real one asks its cloud which run. All else is as it would be with real ones. docs/integration.md walks through it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"orderledger/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ledger, err := client.New(client.NATS{URL: os.Getenv("LEDGER_NATS_URL"), Service: "gpu", OrgID: "org-acme"})
	if err != nil {
		log.Fatal(err)
	}
	defer ledger.Close()
	s := &service{ledger: ledger, running: map[string]bool{}}
	go s.meter(ctx)
	events := client.Filter{Types: []string{"order.paid", "resource.changed", "resource.release_due", "resource.closed"}}
	err = ledger.Subscribe(ctx, events, client.PositionFile("gpu.position"), s.handle)
	if !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

type service struct {
	ledger  *client.Client
	mu      sync.Mutex
	running map[string]bool // metered instances
}

// handle may be called again for an event that it handled, after a crash: whatever it does, it does the same again.
func (s *service) handle(ctx context.Context, e client.Event) error {
	switch data := e.Data.(type) {
	case client.OrderPaid:
		if data.Completed { // there is nothing to make
			return nil
		}
		return s.provision(ctx, data.OrderID)
	case client.ResourceChanged:
		s.run(data.ResourceID, len(data.Terms) > 0 && data.Terms[0].ChargeMode == "metered")
	case client.ReleaseDue:
		if _, err := s.ledger.Release(ctx, data); client.IsRefused(err) {
			return nil // renewed, or paid, in the last moment: it stays
		} else if err != nil {
			return err
		}
		log.Printf("%s is taken down: %s", data.ResourceID, data.Reason)
	case client.ResourceClosed:
		s.run(data.ResourceID, false)
	}
	return nil
}

// provision makes what an order asks for. Keys are made of the order, so reports that are sent again count once.
func (s *service) provision(ctx context.Context, orderID string) error {
	_, err := s.ledger.Fulfil(ctx, client.Fulfilment{OrderID: orderID, State: client.Started})
	if client.IsRefused(err) { // refunded meanwhile, or no order for this service
		log.Printf("order %s is not made: %v", orderID, err)
		return nil
	}
	if err != nil {
		return err // the event comes again
	}
	order, err := s.ledger.Order(ctx, orderID)
	if err != nil {
		return err
	}
	report := client.Fulfilment{OrderID: orderID, State: client.Completed, ResourceID: order.Lines[0].ResourceID}
	if report.ResourceID == "" { // the order leaves the name to us; made of the order's, it is the same each time
		report.ResourceID = "gpu-" + orderID[len(orderID)-12:]
	}
	if err := create(order); err != nil {
		report = client.Fulfilment{OrderID: orderID, State: client.Failed, Reason: err.Error()}
	}
	_, err = s.ledger.Fulfil(ctx, report)
	if client.IsRefused(err) { // an answer: returned, it would bring the event again for ever
		log.Printf("order %s: %v", orderID, err)
		return nil
	}
	if err == nil {
		log.Printf("order %s: %s %s %s", orderID, report.State, report.ResourceID, report.Reason)
	}
	return err
}

// create is where a cloud would be called. It has to bear being called twice.
func create(order client.Order) error {
	if order.Lines[0].Region == "moon-1" {
		return fmt.Errorf("there is no capacity in %s", order.Lines[0].Region)
	}
	return nil
}

func (s *service) run(resourceID string, runs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, resourceID)
	if runs {
		s.running[resourceID] = true
	}
}

// meter reports each minute that has passed. A record counts once by its id, so that a minute may be reported again.
func (s *service) meter(ctx context.Context) {
	for {
		to := time.Now().Truncate(time.Minute).Add(time.Minute)
		select {
		case <-time.After(time.Until(to)):
		case <-ctx.Done():
			return
		}
		var usage client.Usage
		s.mu.Lock()
		for id := range s.running {
			usage.Records = append(usage.Records, client.UsageRecord{
				RecordID: id + "/" + to.UTC().Format(time.RFC3339), ResourceID: id, Meter: "gpu_minutes", Unit: "minute", Quantity: "1",
				From: to.Add(-time.Minute), To: to,
			})
		}
		s.mu.Unlock()
		if len(usage.Records) == 0 {
			continue
		}
		if _, err := s.ledger.ReportUsage(ctx, usage); err != nil {
			log.Printf("usage until %s: %v", to, err) // a service that must not lose it writes it down before
		}
	}
}
