package intake_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers/intake"
	"orderledger/internal/natsserver"
	"orderledger/internal/testkit"
)

const (
	anyCommand = "ledger.commands.*.*"
	payOrder   = "ledger.commands.gpu.pay_order"
)

// queue is a broker with the streams, and what reads them.
type queue struct {
	server *natsserver.Server
	nc     *nats.Conn
	js     jetstream.JetStream
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{server: testkit.NATS(t)}
	q.nc, q.js = q.connect(t)
	if err := intake.EnsureStreams(t.Context(), q.js, 1); err != nil {
		t.Fatal(err)
	}
	return q
}

func (q *queue) connect(t *testing.T) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(q.server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
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

// put publishes so many messages, numbered from the one after the last.
func (q *queue) put(t *testing.T, n int) {
	t.Helper()
	acks := make([]jetstream.PubAckFuture, n)
	for i := range acks {
		ack, err := q.js.PublishAsync(payOrder, []byte(strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		acks[i] = ack
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			t.Fatal(err)
		}
	}
}

// insist publishes a message until the broker says that it has it, and returns its sequence. A connection that has not
// noticed yet that its server is gone takes messages all the same.
func (q *queue) insist(t *testing.T) uint64 {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		ack, err := q.js.Publish(ctx, payOrder, nil)
		cancel()
		switch {
		case err == nil:
			return ack.Sequence
		case time.Now().After(deadline):
			t.Fatal(err)
		}
	}
}

// subscribe reads commands on a connection of its own, which cut ends as a killed process would.
func (q *queue) subscribe(t *testing.T) (s *intake.Subscriber, messages <-chan *message.Message, cut func()) {
	t.Helper()
	nc, js := q.connect(t)
	s = intake.NewSubscriber(js, intake.CommandsStream, "intake")
	messages, err := s.Subscribe(context.WithoutCancel(t.Context()), anyCommand)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, messages, nc.Close
}

// next waits for a message, which has to be the one at a sequence.
func next(t *testing.T, messages <-chan *message.Message, sequence uint64) *message.Message {
	t.Helper()
	select {
	case m := <-messages:
		if m == nil {
			t.Fatalf("the channel was closed before message %d", sequence)
		}
		if got := intake.DeliveryOf(m).Sequence; got != sequence {
			t.Fatalf("message %d came, want %d", got, sequence)
		}
		return m
	case <-time.After(20 * time.Second):
		t.Fatalf("message %d did not come", sequence)
	}
	return nil
}

func none(t *testing.T, messages <-chan *message.Message, within time.Duration) {
	t.Helper()
	select {
	case m := <-messages:
		t.Fatalf("message %s came, want none", m.UUID)
	case <-time.After(within):
	}
}

// left is how many commands the stream holds.
func (q *queue) left(t *testing.T) uint64 {
	t.Helper()
	s, err := q.js.Stream(t.Context(), intake.CommandsStream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

func (q *queue) emptied(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); q.left(t) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d commands are left", q.left(t))
		}
	}
}

func TestStreamOrderWithoutWaiting(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	q.put(t, 1500)
	_, messages, _ := q.subscribe(t)
	var all []*message.Message
	for i := range uint64(1500) { // none is acknowledged before all are here
		all = append(all, next(t, messages, i+1))
	}
	for _, m := range all {
		m.Ack()
	}
	q.emptied(t)
}

func TestNotAcknowledgedComesAgain(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	q.put(t, 2)
	_, messages, _ := q.subscribe(t)
	first := next(t, messages, 1)
	intake.DeliveryOf(first).Again(100 * time.Millisecond)
	first.Nack()
	next(t, messages, 2).Ack() // the others go on meanwhile
	again := next(t, messages, 1)
	if n := intake.DeliveryOf(again).Times; n != 2 {
		t.Errorf("delivered %d times, want 2", n)
	}
	again.Ack()
	q.emptied(t)
}

func TestSlowHandlerKeepsItsMessage(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	q.put(t, 1)
	_, messages, _ := q.subscribe(t)
	m := next(t, messages, 1)
	none(t, messages, 6*time.Second) // longer than the broker waits without a word of progress
	m.Ack()
	q.emptied(t)
}

func TestOneIsActive(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	first, messages, _ := q.subscribe(t)
	q.put(t, 1)
	next(t, messages, 1).Ack()
	_, standby, _ := q.subscribe(t)
	q.put(t, 100)
	for i := range uint64(100) {
		next(t, messages, i+2).Ack()
	}
	none(t, standby, 2*time.Second)
	start := time.Now()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	q.put(t, 1)
	next(t, standby, 102).Ack()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("an orderly takeover took %s", took)
	}
}

func TestTakeoverSettlesWhatWasInHand(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	_, messages, cut := q.subscribe(t)
	q.put(t, 20)
	for i := range uint64(20) {
		m := next(t, messages, i+1)
		if i+1 != 3 && i+1 != 17 {
			m.Ack()
		}
	}
	for q.left(t) > 2 {
		time.Sleep(5 * time.Millisecond)
	}
	cut()
	q.put(t, 3) // newer than what is in hand
	_, standby, _ := q.subscribe(t)
	for _, want := range []uint64{3, 17, 21, 22, 23} {
		next(t, standby, want).Ack()
	}
	q.emptied(t)
}

func TestCloseGivesBack(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	q.put(t, 5)
	s, messages, _ := q.subscribe(t)
	m := next(t, messages, 1)
	next(t, messages, 2).Ack()
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-m.Context().Done() // after the grace
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := s.Subscribe(t.Context(), anyCommand); err == nil {
		t.Error("a closed subscriber takes a subscription")
	}
	_, standby, _ := q.subscribe(t)
	for _, want := range []uint64{1, 3, 4, 5} {
		next(t, standby, want).Ack()
	}
	q.emptied(t)
}

func TestBrokerStartsAgain(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), ""
	q := &queue{server: testkit.NATS(t, func(o *natsserver.Options) { o.Dir = dir })}
	addr = q.server.Addr()
	q.nc, q.js = q.connect(t)
	if err := intake.EnsureStreams(t.Context(), q.js, 1); err != nil {
		t.Fatal(err)
	}
	_, messages, _ := q.subscribe(t)
	q.put(t, 2)
	next(t, messages, 1).Ack()
	open := next(t, messages, 2)
	q.server.Stop()
	q.server = testkit.NATS(t, func(o *natsserver.Options) { o.Dir, o.Addr = dir, addr })
	open.Ack() // on the way while the connection is made anew
	sent := q.insist(t)
	for seen := false; !seen; {
		select {
		case m := <-messages:
			seen = intake.DeliveryOf(m).Sequence == sent
			m.Ack()
		case <-time.After(time.Minute):
			t.Fatal("nothing comes after the broker started again")
		}
	}
	q.emptied(t)
}

func TestPublisherKeepsHeaders(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	p, err := intake.NewPublisher(q.nc)
	if err != nil {
		t.Fatal(err)
	}
	m := message.NewMessage("1", []byte("x"))
	m.Metadata.Set("subject", "ledger.poison.gpu")
	m.Metadata.Set("Ledger-Key", "k")
	m.Metadata.Set("Nats-Pin-Id", "not ours to send")
	if err := p.Publish("ledger.results.gpu.k", m); err != nil {
		t.Fatal(err)
	}
	s, err := q.js.Stream(t.Context(), intake.PoisonStream)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if h := got.Header; h.Get("Ledger-Key") != "k" || h.Get("Nats-Pin-Id") != "" || h.Get("subject") != "" || string(got.Data) != "x" {
		t.Errorf("stored %v %s", h, got.Data)
	}
	m.Metadata.Set("subject", "nobody.keeps.this")
	if err := p.Publish("", m); err == nil {
		t.Error("a message that no stream took was published")
	}
}
