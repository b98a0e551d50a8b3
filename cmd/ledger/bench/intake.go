package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers/intake"
	"orderledger/internal/auth"
	"orderledger/internal/natsserver"
	"orderledger/internal/schema"
)

// intakeAhead bounds the commands that are published and have no result yet.
const intakeAhead = 4000

const intakeBody = `{"org_id":"org-1","order_type":"purchase","project_id":"default","consumer_id":"user-7","currency":"CNY","tags":{"team":"vision"},
"lines":[{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","resource_name":"train-1","region":"cn-north-1",
"new_config":[{"component":"CPU","value":"64","unit":"core"}],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86",
"effective_at":"2026-01-01T00:00:00Z","expires_at":"2026-02-01T00:00:00Z"}]}`

// intake measures commands from their publishing on NATS to their results, beside the executor alone, and beside a
// consumer that takes one message at a time and awaits each acknowledgement, as watermill's stock subscriber does.
func (b *bed) intake(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	app, err := pool(ctx, url, schema.App, 8)
	if err != nil {
		return err
	}
	defer app.Close()
	services := auth.NewServices(app)
	if _, err := services.Create(ctx, "bench", "", auth.Platform, "bench"); err != nil {
		return err
	}
	if err := b.through(ctx, e, app, services, false, b.intakeInTurns); err != nil {
		return err
	}
	return b.through(ctx, e, app, services, true, b.intakeSynced)
}

// through runs an intake on a broker of its own, which syncs each message or does not, and measures.
func (b *bed) through(ctx context.Context, e *executor, app *pgxpool.Pool, services *auth.Services, synced bool,
	measure func(context.Context, *executor, *sender) error,
) error {
	server, err := b.broker(fmt.Sprint("nats-intake-", synced), synced)
	if err != nil {
		return err
	}
	defer server.Stop()
	nc, err := server.Connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = intake.New(intake.Options{Executor: e.Executor, Services: services, Pool: app, NATS: nc}).Run(running) // ends when cancelled
	}()
	defer func() { cancel(); <-ended }()
	s, err := newSender(server)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.await(ctx, fmt.Sprint("warm-", synced)); err != nil {
		return err
	}
	return measure(ctx, e, s)
}

// intakeSynced measures commands each of which is on the broker's disk before its service hears so.
func (b *bed) intakeSynced(ctx context.Context, _ *executor, s *sender) error {
	all, err := s.send(ctx, "synced", 0, b.span())
	if err != nil {
		return err
	}
	b.report("the same, each command synced by the broker", float64(len(all))/b.span().Seconds(), "commands/s", 0)
	return nil
}

// intakeInTurns measures the executor alone and through the broker, round by round, then at half of that.
func (b *bed) intakeInTurns(ctx context.Context, e *executor, s *sender) error {
	var alone, through []float64
	for round := range rounds {
		one, _, err := inTurns(ctx, 256, b.span(), func(ctx context.Context, caller, turn int) error {
			_, err := e.Do(ctx, request(fmt.Sprintf("alone-%d-%d-%d", round, caller, turn), purchase(org(caller))))
			return err
		})
		if err != nil {
			return err
		}
		all, err := s.send(ctx, fmt.Sprint("full-", round), 0, b.span())
		if err != nil {
			return err
		}
		alone, through = append(alone, one), append(through, float64(len(all))/b.span().Seconds())
	}
	b.report("published to result, against the executor alone", median(through), "commands/s", median(alone))
	var middle, tail []float64
	for round := range rounds {
		half, err := s.send(ctx, fmt.Sprint("half-", round), median(through)/2, b.span())
		if err != nil {
			return err
		}
		middle, tail = append(middle, half.at(0.5)), append(tail, half.at(0.99))
	}
	stock, own, err := s.onlyAcknowledged(ctx, b.span())
	if err != nil {
		return err
	}
	b.report("published to result, against one acknowledged at a time", median(through), "commands/s", stock)
	b.report("the subscriber, only acknowledging, against the same", own, "messages/s", stock)
	b.report("p50 from publishing to result at half load", median(middle), "ms", 0)
	b.report("p99 from publishing to result at half load", median(tail), "ms", 0)
	return nil
}

// sender publishes commands and hears their results, on a connection of its own.
type sender struct {
	nc  *nats.Conn
	js  jetstream.JetStream
	sub *nats.Subscription

	mu   sync.Mutex
	sent map[string]time.Time // by key, until the result is here
	took latencies
	room chan struct{} // has as many as may be published
}

func newSender(server *natsserver.Server) (*sender, error) {
	nc, err := server.Connect()
	if err != nil {
		return nil, err
	}
	s := &sender{nc: nc, sent: map[string]time.Time{}, room: make(chan struct{}, intakeAhead)}
	if s.js, err = jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(2*intakeAhead)); err == nil {
		s.sub, err = nc.Subscribe("ledger.results.bench.*", func(m *nats.Msg) {
			now, key := time.Now(), m.Header.Get(intake.HeaderKey)
			s.mu.Lock()
			defer s.mu.Unlock()
			if at, ok := s.sent[key]; ok {
				delete(s.sent, key)
				s.took = append(s.took, now.Sub(at))
				<-s.room
			}
		})
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return s, s.sub.SetPendingLimits(-1, -1)
}

func (s *sender) close() { s.nc.Close() }

// await waits until the intake answers.
func (s *sender) await(ctx context.Context, run string) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, err := s.js.Stream(ctx, intake.PoisonStream) // the last that it makes
		if err == nil {
			all, err := s.send(ctx, run, 1000, 500*time.Millisecond)
			if err == nil && len(all) == 0 {
				err = errors.New("the intake gave no result")
			}
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for the intake's streams: %w", err)
		}
	}
}

// send publishes for a while, at a rate or, with 0, as fast as results come, and returns what each result of that time
// took; the rest is waited for.
func (s *sender) send(ctx context.Context, run string, perSecond float64, span time.Duration) (latencies, error) {
	s.mu.Lock()
	s.took = nil
	s.mu.Unlock()
	start := time.Now()
	for i := 0; time.Since(start) < span && ctx.Err() == nil; i++ {
		if perSecond > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))))
		}
		s.room <- struct{}{}
		key := run + "-" + strconv.Itoa(i)
		m := &nats.Msg{Subject: "ledger.commands.bench.place_order", Data: []byte(intakeBody), Header: nats.Header{intake.HeaderKey: {key}}}
		s.mu.Lock()
		s.sent[key] = time.Now()
		s.mu.Unlock()
		if _, err := s.js.PublishMsgAsync(m); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	all := s.took
	s.mu.Unlock()
	for deadline := time.Now().Add(time.Minute); len(s.room) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d commands have no result after a minute", len(s.room))
		}
	}
	return all, ctx.Err()
}

// onlyAcknowledged is how many messages a second are taken by who does nothing but acknowledge them: one after another,
// awaiting each acknowledgement, as watermill's stock JetStream subscriber does, and by the intake's subscriber.
func (s *sender) onlyAcknowledged(ctx context.Context, span time.Duration) (stock, own float64, err error) {
	most := int(span.Seconds() * 50_000)
	one, err := s.filled(ctx, "STOCK", most)
	if err != nil {
		return 0, 0, err
	}
	if stock, err = oneByOne(ctx, one, most, span); err != nil {
		return 0, 0, err
	}
	if _, err = s.filled(ctx, "OWN", most); err != nil {
		return 0, 0, err
	}
	subscriber := intake.NewSubscriber(s.js, "OWN", "own")
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(ctx, "OWN")
	if err != nil {
		return 0, 0, err
	}
	done, start := 0, time.Now()
	for ; done < most && time.Since(start) < span; done++ {
		m, ok := <-messages
		if !ok {
			return 0, 0, ctx.Err()
		}
		m.Ack()
	}
	return stock, float64(done) / time.Since(start).Seconds(), nil
}

// filled makes a queue of so many commands.
func (s *sender) filled(ctx context.Context, name string, most int) (jetstream.Stream, error) {
	stream, err := s.js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{name}, Retention: jetstream.WorkQueuePolicy})
	if err != nil {
		return nil, err
	}
	for i := range most {
		if _, err := s.js.PublishMsgAsync(&nats.Msg{Subject: name, Data: []byte(intakeBody)}); err != nil {
			return nil, err
		}
		if i%intakeAhead == intakeAhead-1 || i == most-1 {
			<-s.js.PublishAsyncComplete()
		}
	}
	return stream, nil
}

func oneByOne(ctx context.Context, stream jetstream.Stream, most int, span time.Duration) (float64, error) {
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return 0, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	done, start := 0, time.Now()
	for ; done < most && time.Since(start) < span; done++ {
		m, err := messages.Next()
		if err == nil {
			err = m.DoubleAck(ctx)
		}
		if err != nil {
			return 0, err
		}
	}
	return float64(done) / time.Since(start).Seconds(), nil
}
