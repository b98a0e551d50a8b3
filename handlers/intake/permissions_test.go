package intake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers/intake"
)

// A server with the printed permissions holds a service to its own name, and lets it do what it has to.
func TestPermissionsHoldAServiceToItsName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "nats.conf")
	config := fmt.Sprintf("listen: 127.0.0.1:-1\njetstream: { store_dir: %q }\nauthorization: { users: [\n"+
		"{ user: ledger, password: l }\n{ user: gpu, password: g, %s }\n] }\n", dir, intake.Permissions("gpu", "org-acme"))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatalf("%v in\n%s", err, config)
	}
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server is not ready")
	}
	connect := func(o ...nats.Option) (*nats.Conn, jetstream.JetStream) {
		nc, err := nats.Connect(s.ClientURL(), o...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		return nc, js
	}
	_, ours := connect(nats.UserInfo("ledger", "l"))
	if err := intake.EnsureStreams(t.Context(), ours, 1); err != nil {
		t.Fatal(err)
	}
	refused := make(chan struct{}, 10)
	nc, js := connect(nats.UserInfo("gpu", "g"), nats.CustomInboxPrefix("_INBOX_gpu"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, _ error) { refused <- struct{}{} }))
	if _, err := js.Publish(t.Context(), "ledger.commands.gpu.pay_order", []byte("{}")); err != nil {
		t.Errorf("its own command: %v", err)
	}
	for _, subject := range []string{"ledger.commands.bank.top_up", "ledger.results.gpu.x", "ledger.events.org-acme.order.paid.x", "$JS.API.STREAM.PURGE.LEDGER_COMMANDS"} {
		if err := nc.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-refused:
		case <-time.After(10 * time.Second):
			t.Errorf("it may publish to %s", subject)
		}
	}
	if _, err := ours.Publish(t.Context(), intake.ResultSubject("gpu", "k"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateOrUpdateConsumer(t.Context(), intake.ResultsStream, jetstream.ConsumerConfig{
		Durable: "gpu", FilterSubject: "ledger.results.gpu.>", AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatalf("a consumer of its own results: %v", err)
	}
	if m, err := consumer.Next(); err != nil || m.DoubleAck(t.Context()) != nil {
		t.Errorf("its result: %v", err)
	}
	results, err := js.Stream(t.Context(), intake.ResultsStream)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := results.GetLastMsgForSubject(t.Context(), intake.ResultSubject("gpu", "k")); err != nil || string(m.Data) != "{}" {
		t.Errorf("its result, asked for by its subject: %v, %v", m, err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := js.CreateOrUpdateConsumer(short, intake.ResultsStream, jetstream.ConsumerConfig{Durable: "gpu", FilterSubject: "ledger.results.bank.>"}); err == nil {
		t.Error("it may read another service's results")
	}
	if _, err := results.GetLastMsgForSubject(short, intake.ResultSubject("bank", "k")); err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		t.Errorf("it may ask for another service's result: %v", err)
	}
}
