package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/natsserver"
)

// relay measures events into JetStream against a bare publish of the same messages in the same mode, and
// how far the broker is behind at half load.
func (b *bed) relay(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	count := min(b.Events, 100_000)
	if err := grow(ctx, e.log, count, orgs); err != nil {
		return err
	}
	events, err := readAll(ctx, e.log, count)
	if err != nil {
		return err
	}
	messages := make([]*nats.Msg, len(events))
	for i := range events {
		messages[i] = eventstore.Message(&events[i])
	}
	for _, synced := range []bool{false, true} {
		var relayed, bare []float64
		for range rounds {
			r, err := b.relayAll(ctx, e.log, synced, int64(len(events)))
			if err != nil {
				return err
			}
			p, err := b.publishAll(ctx, messages, synced)
			if err != nil {
				return err
			}
			relayed, bare = append(relayed, r), append(bare, p)
		}
		b.report(mode(synced)+": events relayed, against a bare publish", median(relayed), "events/s", median(bare))
		if err := b.relayLag(ctx, e, synced); err != nil {
			return err
		}
	}
	return nil
}

func mode(synced bool) string {
	if synced {
		return "sync on every write"
	}
	return "default sync"
}

// follow starts a relay into a new broker; stop ends both.
func (b *bed) follow(log *eventstore.Log, synced bool) (server *natsserver.Server, relay *eventstore.Relay, stop func(), err error) {
	b.databases++
	server, err = b.broker("nats-"+strconv.Itoa(b.databases), synced)
	if err != nil {
		return nil, nil, nil, err
	}
	nc, err := server.Connect(nats.MaxReconnects(-1))
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	watch := eventstore.NewWatch(log)
	relay = eventstore.NewRelay(log, watch, nc, eventstore.RelayOptions{SyncedWrites: synced})
	var running sync.WaitGroup
	running.Go(func() { _ = relay.Run(ctx) })
	return server, relay, func() {
		cancel()
		running.Wait()
		watch.Close()
		nc.Close()
		server.Stop()
	}, nil
}

// relayAll relays the whole log into a new broker.
func (b *bed) relayAll(ctx context.Context, log *eventstore.Log, synced bool, last int64) (perSecond float64, err error) {
	start := time.Now()
	_, relay, stop, err := b.follow(log, synced)
	if err != nil {
		return 0, err
	}
	defer stop()
	for relay.Status().Position < last {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return float64(last) / time.Since(start).Seconds(), nil
}

// publishAll publishes ready-made messages to a stream without any check.
func (b *bed) publishAll(ctx context.Context, messages []*nats.Msg, synced bool) (float64, error) {
	b.databases++
	server, err := b.broker("bare-"+strconv.Itoa(b.databases), synced)
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	nc, err := server.Connect()
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if _, err := eventstore.EnsureStream(ctx, js, 1); err != nil {
		return 0, err
	}
	if synced {
		err = publishBatches(ctx, nc, messages)
	} else {
		err = publishPipelined(ctx, js, messages)
	}
	return float64(len(messages)) / time.Since(start).Seconds(), err
}

func publishPipelined(ctx context.Context, js jetstream.JetStream, messages []*nats.Msg) error {
	for _, m := range messages {
		if _, err := js.PublishMsgAsync(m, jetstream.WithStallWait(10*time.Second)); err != nil {
			return err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publishBatches publishes atomic batches of 1,000, one after another, as the relay does on such a broker.
func publishBatches(ctx context.Context, nc *nats.Conn, messages []*nats.Msg) error {
	const size = 1000
	for from := 0; from < len(messages); from += size {
		batch := messages[from:min(from+size, len(messages))]
		id := strconv.Itoa(from)
		for i, m := range batch {
			headers := make(nats.Header, len(m.Header)+3)
			for name, values := range m.Header {
				headers[name] = values
			}
			headers["Nats-Batch-Id"], headers["Nats-Batch-Sequence"] = []string{id}, []string{strconv.Itoa(i + 1)}
			sent := &nats.Msg{Subject: m.Subject, Header: headers, Data: m.Data}
			if i < len(batch)-1 {
				if err := nc.PublishMsg(sent); err != nil {
					return err
				}
				continue
			}
			headers["Nats-Batch-Commit"] = []string{"1"}
			answer, err := nc.RequestMsgWithContext(ctx, sent)
			if err != nil {
				return err
			}
			if len(answer.Data) == 0 {
				return fmt.Errorf("batch %s got no answer", id)
			}
		}
	}
	return nil
}

// relayLag measures, at half the load that executor and relay bear together, how long after its
// acknowledgement an event is on the broker.
func (b *bed) relayLag(ctx context.Context, e *executor, synced bool) error {
	if err := endow(ctx, e.Executor); err != nil {
		return err
	}
	server, relay, stop, err := b.follow(e.log, synced)
	if err != nil {
		return err
	}
	defer stop()
	head, err := e.log.Head(ctx)
	if err != nil {
		return err
	}
	for relay.Status().Position < head.Position {
		time.Sleep(time.Millisecond)
	}
	run := fmt.Sprintf("lag-%t-%d", synced, head.Position)
	full, _, err := inTurns(ctx, 64, b.span(), placeAndPay(run, e.Executor))
	if err != nil {
		return err
	}
	for h, _ := e.log.Head(ctx); relay.Status().Position < h.Position; {
		time.Sleep(time.Millisecond)
	}
	arrived, err := listen(ctx, server)
	if err != nil {
		return err
	}
	defer arrived.stop()
	acknowledged, err := paced(ctx, e.Executor, run+"-half", full/2, b.span())
	if err != nil {
		return err
	}
	var lags latencies
	for position, at := range acknowledged {
		got, err := arrived.at(ctx, position)
		if err != nil {
			return err
		}
		lags = append(lags, max(0, got.Sub(at)))
	}
	b.report(mode(synced)+": p99 from acknowledgement to broker at half load", lags.at(0.99), "ms", 0)
	return nil
}

// paced sends commands at a steady rate, whether or not the ones before are answered, and notes when
// each was acknowledged, by the position of its last event.
func paced(ctx context.Context, e *handlers.Executor, run string, perSecond float64, span time.Duration) (map[int64]time.Time, error) {
	var mu sync.Mutex
	acknowledged := map[int64]time.Time{}
	var failed error
	var wg sync.WaitGroup
	every := time.Duration(float64(time.Second) / perSecond)
	start := time.Now()
	for i := 0; ; i++ {
		due := start.Add(time.Duration(i) * every)
		if due.Sub(start) >= span {
			break
		}
		time.Sleep(time.Until(due))
		wg.Go(func() {
			r, err := e.Do(ctx, request(run+strconv.Itoa(i), purchase(org(i))))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
				return
			}
			acknowledged[r.Last] = time.Now()
		})
	}
	wg.Wait()
	return acknowledged, failed
}

// arrivals notes when each event was seen by a subscriber of the broker.
type arrivals struct {
	stop func() // ends its connection
	mu   sync.Mutex
	when map[int64]time.Time
}

// listen hears every event published from now on, as a plain subscriber of the stream's subjects does:
// it is handed a message once the stream has taken it.
func listen(ctx context.Context, server *natsserver.Server) (_ *arrivals, err error) {
	nc, err := server.Connect()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			nc.Close()
		}
	}()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	consumer, err := js.OrderedConsumer(ctx, eventstore.StreamName, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		return nil, err
	}
	a := &arrivals{when: map[int64]time.Time{}, stop: nc.Close}
	_, err = consumer.Consume(func(m jetstream.Msg) {
		now := time.Now()
		if meta, err := m.Metadata(); err == nil {
			a.mu.Lock()
			a.when[int64(meta.Sequence.Stream)] = now
			a.mu.Unlock()
		}
	})
	return a, err
}

// at waits until the event has arrived.
func (a *arrivals) at(ctx context.Context, position int64) (time.Time, error) {
	deadline := time.Now().Add(10 * time.Second)
	for {
		a.mu.Lock()
		t, ok := a.when[position]
		a.mu.Unlock()
		if ok {
			return t, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return t, fmt.Errorf("event %d did not arrive within 10 s", position)
		}
		time.Sleep(time.Millisecond)
	}
}
