package client_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"orderledger/client"
	"orderledger/handlers/intake"
)

// Whoever may ask the server anything can have the answer sent to any subject, a stored message among them. An answer on the
// log's stream is no event and ends no subscription; a copy of another command's result answers nothing.
func TestAnswersSentElsewhere(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	ctx, c := patient(t), l.open(t, l.overNATS())
	intruder, err := nats.Connect(l.natsURL)
	must(t, err)
	t.Cleanup(intruder.Close)
	sendTo := func(to, question string) {
		t.Helper()
		came, err := intruder.SubscribeSync(to)
		must(t, err)
		must(t, intruder.PublishRequest(question, to, nil))
		if _, err := came.NextMsgWithContext(ctx); err != nil {
			t.Fatal(err)
		}
	}
	sendTo("ledger.events.org-acme.order.paid.x", "$JS.API.INFO")

	early := purchase()
	early.OrderID = uuid.NewString()
	sent, err := intruder.SubscribeSync("ledger.commands.gpu.pay_order")
	must(t, err)
	must(t, intruder.FlushWithContext(ctx))
	paid := make(chan client.Outcome, 1)
	go func() {
		out, err := c.Pay(ctx, client.PayOrder{OrderID: early.OrderID}) // which waits for the order
		if err != nil {
			t.Error(err)
		}
		paid <- out
	}()
	_, err = sent.NextMsgWithContext(ctx)
	must(t, err)
	_, err = c.Place(ctx, purchase(), client.WithKey("another"))
	must(t, err)
	sendTo(intake.ResultSubject("gpu", "pay/"+early.OrderID), "$JS.API.DIRECT.GET.LEDGER_RESULTS."+intake.ResultSubject("gpu", "another"))
	placed, err := c.Place(ctx, early)
	must(t, err)
	if out := <-paid; out.Position <= placed.Position {
		t.Errorf("paid at %d what was placed at %d", out.Position, placed.Position)
	}

	ctx, stop := context.WithCancel(ctx)
	err = c.Subscribe(ctx, client.Filter{}, client.PositionFile(filepath.Join(t.TempDir(), "p")), func(_ context.Context, e client.Event) error {
		if e.Name() == "order.paid" {
			stop()
		}
		return nil
	})
	if ctx.Err() == nil {
		t.Errorf("the subscription ended: %v", err)
	}
	stop()
}
