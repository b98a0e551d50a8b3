package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"orderledger/client"
)

// An order's whole life, the same over HTTP and over NATS.
func TestLife(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, c := patient(t), l.open(t, via)
		placed, err := c.Place(ctx, purchase())
		must(t, err)
		if placed.Key != "place/"+placed.OrderID || placed.Position == 0 || placed.Replayed {
			t.Errorf("placed: %+v", placed)
		}
		_, err = c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID})
		must(t, err)
		o, err := c.WaitPaid(ctx, placed.OrderID)
		must(t, err)
		if o.Status != client.StatusPaid || o.Paid.Total() != "28.86" || o.Lines[0].ProductCode != "gpu-instance" || o.PaidAt == nil {
			t.Errorf("paid: %+v", o)
		}
		_, err = c.Fulfil(ctx, client.Fulfilment{OrderID: placed.OrderID, State: client.Started})
		must(t, err)
		from, to := time.Now(), time.Now().AddDate(0, 1, 0)
		_, err = c.Fulfil(ctx, client.Fulfilment{OrderID: placed.OrderID, State: client.Completed, ResourceID: "gpu-1", EffectiveAt: &from, ExpiresAt: &to})
		must(t, err)
		again, err := c.Fulfil(ctx, client.Fulfilment{OrderID: placed.OrderID, State: client.Started})
		if err != nil || !again.Replayed {
			t.Errorf("the same report again: %+v, %v", again, err)
		}
		if o, err = c.WaitPaid(ctx, placed.OrderID); err != nil {
			t.Error(err)
		}
	})
}

func TestUsageIsReportedOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, c := patient(t), l.open(t, via)
		o := purchase()
		o.Lines[0] = client.Line{
			ProductCode: "llm", ProductName: "Tokens", ResourceType: "model", ResourceID: "llm-1", Count: "1",
			ChargeMode: "metered", Quantity: "0", UnitPrice: "0", Unit: "1k", Cycle: "hour", Meters: []client.Meter{{Meter: "tokens", Unit: "1k", UnitPrice: "0.5"}},
		}
		_, err := c.Place(ctx, o)
		must(t, err)
		from := time.Now().Add(time.Second)
		usage := client.Usage{Records: []client.UsageRecord{{
			RecordID: "r-1", ResourceID: "llm-1", Meter: "tokens", Unit: "1k", Quantity: "12.5", From: from, To: from.Add(time.Minute),
		}}}
		first, err := c.ReportUsage(ctx, usage)
		must(t, err)
		if first.Replayed || !strings.HasPrefix(first.Key, "usage/") {
			t.Errorf("%+v", first)
		}
		second, err := c.ReportUsage(ctx, usage)
		if err != nil || !second.Replayed || second.Position != first.Position {
			t.Errorf("again: %+v, %v", second, err)
		}
	})
}

// A refusal comes back at once, with its code, and nothing is sent again.
func TestRefusalsAreFinal(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, c := patient(t), l.open(t, via)
		dear := purchase()
		dear.Lines[0].UnitPrice = "10000000"
		placed, err := c.Place(ctx, dear)
		must(t, err)
		_, err = c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID})
		var refused *client.Refusal
		if !errors.As(err, &refused) || refused.Code != "insufficient_funds" || refused.Key != "pay/"+placed.OrderID || refused.Command != "pay_order" {
			t.Errorf("too dear: %v", err)
		}
		if _, err := c.Cancel(ctx, client.CancelOrder{OrderID: placed.OrderID, Reason: "too dear"}); err != nil {
			t.Error(err)
		}
		if _, err := c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID}); !client.IsRefused(err, "order_not_unpaid") {
			t.Errorf("a cancelled one: %v", err)
		}
		o, err := c.WaitPaid(ctx, placed.OrderID)
		var never *client.NotPaid
		if !errors.As(err, &never) || never.Order.Status != client.StatusCancelled || o.OrderID != placed.OrderID {
			t.Errorf("waiting for a cancelled one: %v", err)
		}
		wrong := purchase()
		wrong.Lines[0].ChargeMode = "weekly"
		if _, err := c.Place(ctx, wrong); !client.IsRefused(err, "invalid_value") {
			t.Errorf("a charge mode that there is not: %v", err)
		}
		if _, err := c.Do(ctx, "pay_order", "ключ", struct{}{}); !client.IsRefused(err, "invalid_value") {
			t.Errorf("a key that is none: %v", err)
		}
		if _, err := c.Place(ctx, purchase(), client.WithKey("place/"+placed.OrderID)); !client.IsRefused(err, "key_reused") {
			t.Errorf("a key of another: %v", err)
		}
	})
}

// Events come in order, of the types that were asked for, as values.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, c := patient(t), l.open(t, via)
		placed, err := c.Place(ctx, purchase())
		must(t, err)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var got []client.Event
		f := client.Filter{Types: []string{"order.placed", "order.paid"}}
		err = c.Subscribe(ctx, f, client.PositionFile(t.TempDir()+"/position"), func(ctx context.Context, e client.Event) error {
			switch data := e.Data.(type) {
			case client.OrderPlaced:
				_, err := c.Pay(ctx, client.PayOrder{OrderID: data.OrderID})
				must(t, err)
			case client.OrderPaid:
				cancel()
			}
			got = append(got, e)
			return nil
		})
		if !errors.Is(err, context.Canceled) || len(got) != 2 || got[0].Position >= got[1].Position {
			t.Fatalf("%v, %+v", err, got)
		}
		paid := got[1]
		if paid.Name() != "order.paid" || paid.Stream != "order-"+placed.OrderID || paid.OrgID != "org-acme" || paid.Version != 2 || len(paid.Hash) != 64 || paid.CommandKey == "" {
			t.Errorf("%+v", paid)
		}
	})
}
