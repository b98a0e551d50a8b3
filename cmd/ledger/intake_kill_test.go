package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/internal/testkit"
)

// TestKilledDuringIntake kills the ledger again and again while a service's commands wait in the queue. Each command is
// published once: whatever a kill cuts in two comes to one effect, and to an outcome that the service hears.
func TestKilledDuringIntake(t *testing.T) {
	t.Parallel()
	const kills, orders = 3, 800
	const commands = 3*orders + 1
	db, broker := testkit.Postgres(t), testkit.NATS(t)
	env := []string{"LEDGER_DATABASE_URL=" + db.URL("ledger"), "LEDGER_NATS_URL=" + broker.URL(), "LEDGER_NATS_SYNCED=true"}
	mustIn(t, env, "migrate")
	mustIn(t, env, "service", "create", "gpu", "--role", "platform")
	nc, err := broker.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(512))
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int64
	if _, err := nc.Subscribe("ledger.results.gpu.*", func(*nats.Msg) { heard.Add(1) }); err != nil {
		t.Fatal(err)
	}
	serve := func() *running { return launch(t, env, "serve", "--http", "127.0.0.1:0") }
	d := serve()
	d.await(t, func() bool { _, err := js.Stream(t.Context(), "LEDGER_POISON"); return err == nil })
	published := make(chan error, 1)
	go func() { published <- publishOrders(js, orders) }()

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for k := range kills {
		moment := int64(commands * (k + 1) / (kills + 2))
		d.await(t, func() bool { return heard.Load() >= moment })
		time.Sleep(time.Duration(random.Int64N(int64(5 * time.Millisecond)))) // into the middle of something
		d.kill()
		d = serve()
	}
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	d.await(t, func() bool { return messagesIn(t, js, "LEDGER_COMMANDS") == 0 })

	positions, again := outcomesOf(t, js)
	if len(positions) != commands {
		t.Errorf("%d commands have an outcome, want %d", len(positions), commands)
	}
	t.Logf("%d of %d commands were in hand when their ledger was killed, committed and not acknowledged", again, commands)
	if again == 0 {
		t.Error("no kill came between a commit and its acknowledgement: nothing was tested")
	}
	if events := int(highest(positions)); events != messagesIn(t, js, "LEDGER") || events != 5*orders+1 {
		t.Errorf("the last effect is at %d, the mirror has %d events, want %d", events, messagesIn(t, js, "LEDGER"), 5*orders+1)
	}
	if out := mustIn(t, env, "verify"); !strings.Contains(out, "clean") {
		t.Errorf("verify:\n%s", out)
	}
}

// publishOrders publishes a top-up, and orders that are placed, paid and fulfilled, without waiting for outcomes.
func publishOrders(js jetstream.JetStream, orders int) error {
	futures := make([]jetstream.PubAckFuture, 0, 3*orders+1)
	publish := func(command, key string, body object) error {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		f, err := js.PublishMsgAsync(&nats.Msg{Subject: "ledger.commands.gpu." + command, Data: raw, Header: nats.Header{"Ledger-Key": {key}}},
			jetstream.WithStallWait(time.Minute))
		futures = append(futures, f)
		return err
	}
	if err := publish("top_up", "top-up", object{"org_id": "org-e2e", "amount": "1000000.00", "currency": "CNY", "reference": "r"}); err != nil {
		return err
	}
	for i := range orders {
		id := fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", i)
		order := smallOrder(2)
		order["order_id"] = id
		order["lines"].([]object)[0]["resource_id"] = fmt.Sprint("r-", i)
		for _, c := range []struct {
			command, key string
			body         object
		}{
			{"place_order", "place-", order},
			{"pay_order", "pay-", object{"org_id": "org-e2e", "order_id": id}},
			{"report_fulfilment", "done-", object{"org_id": "org-e2e", "order_id": id, "state": "completed"}},
		} {
			if err := publish(c.command, fmt.Sprint(c.key, i), c.body); err != nil {
				return err
			}
		}
	}
	for _, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return err
		}
	}
	return nil
}

// outcomesOf reads LEDGER_RESULTS: where each command's effect ends, and how many were told again of an effect that was
// there. Every command was accepted, and has one position, however often it was told.
func outcomesOf(t *testing.T, js jetstream.JetStream) (positions map[string]int64, again int) {
	t.Helper()
	consumer, err := js.OrderedConsumer(t.Context(), "LEDGER_RESULTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	positions = map[string]int64{}
	for left := messagesIn(t, js, "LEDGER_RESULTS"); left > 0; left-- {
		m, err := messages.Next(jetstream.NextMaxWait(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		var o struct {
			Key, Outcome, Detail string
			Position             int64
		}
		if err := json.Unmarshal(m.Data(), &o); err != nil {
			t.Fatal(err)
		}
		if known := positions[o.Key]; o.Outcome != "accepted" && o.Outcome != "replayed" || known != 0 && known != o.Position {
			t.Errorf("%+v, and its effect was at %d", o, known)
		}
		if positions[o.Key] = o.Position; o.Outcome == "replayed" {
			again++
		}
	}
	return positions, again
}

func highest(positions map[string]int64) (last int64) {
	for _, p := range positions {
		last = max(last, p)
	}
	return last
}

func messagesIn(t *testing.T, js jetstream.JetStream, stream string) int {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return int(s.CachedInfo().State.Msgs)
}
