package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/internal/natsserver"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// patience bounds every wait of these tests: far more than a working program needs on a busy machine.
const patience = 30 * time.Second

// mirror is a log on a database of its own, with what it takes to relay it.
type mirror struct {
	t     testing.TB
	db    *testkit.DB
	log   *eventstore.Log
	watch *eventstore.Watch
	head  eventstore.Head
}

func newMirror(t testing.TB) *mirror {
	t.Helper()
	db := testkit.Database(t)
	log := eventstore.NewLog(db.Pool(t, schema.App))
	m := &mirror{t: t, db: db, log: log, watch: eventstore.NewWatch(log)}
	t.Cleanup(m.watch.Close)
	m.reload()
	return m
}

func (m *mirror) reload() {
	m.t.Helper()
	head, err := m.log.Head(context.Background())
	if err != nil {
		m.t.Fatal(err)
	}
	m.head = head
}

// makeEvents makes events, not yet sealed, for the positions after a head. The salt makes another history.
func makeEvents(after int64, n, payload int, salt string) []eventstore.Event {
	filler := slices.Repeat([]byte("x"), payload)
	events := make([]eventstore.Event, n)
	for i := range events {
		id := after + int64(i) + 1
		events[i] = eventstore.Event{
			Stream: fmt.Sprintf("order-%s0198-%d", salt, id), Version: 1, Type: "order.placed.v1", OrgID: "org-acme", Actor: "user-7",
			Key: fmt.Sprintf("key-%s%d", salt, id), Fingerprint: eventstore.Hash{byte(id)},
			OccurredAt: testTime, Payload: fmt.Appendf(nil, `{"n":%d,"filler":"%s"}`, id, filler),
		}
	}
	return events
}

// append puts n events into the log, in one batch.
func (m *mirror) append(n int) { m.appendSalted(n, 300, "") }

func (m *mirror) appendSalted(n, payload int, salt string) {
	m.t.Helper()
	for n > 0 {
		events := makeEvents(m.head.Position, min(n, 1000), payload, salt)
		m.appendEvents(events)
		n -= len(events)
	}
}

// testTime is when everything is recorded, so that two logs can have the same events.
var testTime = time.Date(2026, 11, 21, 4, 5, 6, 7000, time.UTC)

func (m *mirror) appendEvents(events []eventstore.Event) {
	m.t.Helper()
	next := eventstore.Seal(m.head, events, testTime)
	if _, err := m.log.Append(context.Background(), &eventstore.Batch{Base: m.head, Next: next, Events: events}); err != nil {
		m.t.Fatal(err)
	}
	m.head = next
}

// broker is a NATS server that can be stopped and started on the same port.
type broker struct {
	t      testing.TB
	server *natsserver.Server
	dir    string
	addr   string
	sync   time.Duration
}

func newBroker(t testing.TB, sync time.Duration) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", sync: sync}
	b.start()
	b.addr = b.server.Addr()
	t.Cleanup(func() { b.server.Stop() })
	return b
}

func (b *broker) start() {
	b.t.Helper()
	s, err := natsserver.Start(natsserver.Options{Dir: b.dir, Addr: b.addr, SyncInterval: b.sync})
	if err != nil {
		b.t.Fatal(err)
	}
	b.server = s
}

// connect makes a connection as the program does it: it reconnects for ever.
func (b *broker) connect() (*nats.Conn, jetstream.JetStream) {
	b.t.Helper()
	nc, err := nats.Connect(b.server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.RetryOnFailedConnect(true))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.t.Fatal(err)
	}
	return nc, js
}

// relay runs a relay until the test, or the returned function, ends it.
func (m *mirror) relay(nc *nats.Conn, synced bool) (*eventstore.Relay, func()) {
	m.t.Helper()
	r := eventstore.NewRelay(m.log, m.watch, nc, eventstore.RelayOptions{SyncedWrites: synced})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	end := sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			m.t.Errorf("the relay ended with %v", err)
		}
	})
	m.t.Cleanup(end)
	return r, end
}

// eventually waits for what has no signal to wait for.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// mirrored waits until the stream has all of the log, and compares them, message by message, as an
// outside consumer would.
func (m *mirror) mirrored(js jetstream.JetStream) {
	m.t.Helper()
	m.filled(js)
	var before eventstore.Hash
	next := int64(1)
	for _, msg := range fetchAll(m.t, js, eventstore.StreamName) {
		meta, err := msg.Metadata()
		if err != nil {
			m.t.Fatal(err)
		}
		e, err := eventstore.ReadMessage(msg.Headers(), msg.Data())
		if err != nil {
			m.t.Fatalf("message %d: %v", meta.Sequence.Stream, err)
		}
		if e.Position != next || meta.Sequence.Stream != uint64(next) || e.ChainHash(before) != e.Hash {
			m.t.Fatalf("message %d is event %d after %d; chained: %v", meta.Sequence.Stream, e.Position, next-1, e.ChainHash(before) == e.Hash)
		}
		if h := msg.Headers(); h.Get("Ledger-Position") != strconv.FormatInt(next, 10) || h.Get("Ledger-Hash") != e.Hash.String() {
			m.t.Fatalf("message %d has headers %v", next, h)
		}
		next, before = next+1, e.Hash
	}
	if next-1 != m.head.Position || before != m.head.Hash {
		m.t.Fatalf("the stream ends at %d, the log at %d; hashes equal: %v", next-1, m.head.Position, before == m.head.Hash)
	}
}

// filled waits until the stream ends where the log ends.
func (m *mirror) filled(js jetstream.JetStream) {
	m.t.Helper()
	var got string
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		s, err := js.Stream(ctx, eventstore.StreamName)
		cancel()
		if err == nil && s.CachedInfo().State.LastSeq == uint64(m.head.Position) && s.CachedInfo().State.Msgs == uint64(m.head.Position) {
			return
		}
		if got = fmt.Sprint(err); err == nil {
			got = fmt.Sprintf("%+v", s.CachedInfo().State)
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("the stream does not reach position %d: %s", m.head.Position, got)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func fetchAll(t testing.TB, js jetstream.JetStream, stream string) []jetstream.Msg {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		t.Fatal(err)
	}
	var all []jetstream.Msg
	for want := c.CachedInfo().NumPending; uint64(len(all)) < want; {
		batch, err := c.FetchNoWait(1000)
		if err != nil {
			t.Fatal(err)
		}
		for msg := range batch.Messages() {
			all = append(all, msg)
		}
		if batch.Error() != nil {
			t.Fatal(batch.Error())
		}
	}
	return all
}

// stopped waits until the relay has stopped and the head is fenced.
func (m *mirror) stopped(r *eventstore.Relay) {
	m.t.Helper()
	eventually(m.t, "the relay stopped", func() bool { return strings.HasPrefix(r.Status().State, "stopped: ") })
	eventually(m.t, "the head is fenced", func() bool { m.reload(); return m.head.Fenced != "" })
}

func (m *mirror) hashAt(position int64) eventstore.Hash {
	m.t.Helper()
	page, err := m.log.Read(context.Background(), position-1, 1)
	if err != nil || len(page) != 1 {
		m.t.Fatal(page, err)
	}
	return page[0].Hash
}

func consumers(t testing.TB, js jetstream.JetStream) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := js.Stream(ctx, eventstore.StreamName)
	if err != nil {
		return -1
	}
	return s.CachedInfo().State.Consumers
}

// durable makes a consumer as a service outside has it, and acknowledges the first n events.
func durable(t testing.TB, js jetstream.JetStream, name string, n int) {
	t.Helper()
	c, err := js.CreateConsumer(t.Context(), eventstore.StreamName, jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckAllPolicy})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Fetch(n)
	if err != nil {
		t.Fatal(err)
	}
	var last jetstream.Msg
	for msg := range batch.Messages() {
		last = msg
	}
	if err := last.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// continues checks that a durable consumer goes on at a position.
func continues(t testing.TB, js jetstream.JetStream, name string, position int64) {
	t.Helper()
	c, err := js.Consumer(t.Context(), eventstore.StreamName, name)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := c.Next(jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got := msg.Headers().Get("Ledger-Position"); got != strconv.FormatInt(position, 10) {
		t.Errorf("%s goes on at %s, want %d", name, got, position)
	}
}
