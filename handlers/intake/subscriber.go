package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"
)

const (
	// inFlightMax and inFlightBytes bound the messages that are not settled yet.
	inFlightMax   = 2000
	inFlightBytes = 64 << 20
	// pullMax and pullBytes bound what is asked for ahead. The library drops what comes while it holds pullMax messages
	// unread, and a message that is dropped comes again out of order: there are never so many out.
	pullMax   = 2 * inFlightMax
	pullBytes = 8 << 20
	// pullExpiry renews the claim to be the active one, which is lost after pinnedFor without asking.
	pullExpiry = time.Second
	pinnedFor  = 3 * time.Second
	// ackWait is how long a message may be out without a word of progress.
	ackWait = 4 * time.Second
	// nakDelay is how long a message rests that was not settled for an unknown reason.
	nakDelay = time.Second
	// closeGrace is how long messages in flight may take when the subscriber is closed; then they are given back.
	closeGrace = 3 * time.Second

	// outMax spares waking whoever reads for each message.
	outMax = 64

	followPause    = 100 * time.Millisecond
	followPauseMax = 2 * time.Second
)

// Subscriber is a watermill subscriber on a durable pull consumer. Of all subscribers with the same durable name one is
// active, in whatever process; the others stand by. It emits messages in stream order without waiting for the ones
// before to be acknowledged. A message that is not acknowledged comes again, as one that was delivered before.
type Subscriber struct {
	js      jetstream.JetStream
	stream  string
	durable string
	// prepare sees to the stream before the consumer is made; nil does not.
	prepare func(context.Context) error
	// arrived is called with each message before it is emitted, one after another in stream order; nil is not.
	arrived func(*message.Message)

	closing context.Context
	close   context.CancelFunc
	mu      sync.Mutex // no subscription begins while the subscriber closes
	running sync.WaitGroup
}

// NewSubscriber makes a subscriber of a stream.
func NewSubscriber(js jetstream.JetStream, stream, durable string) *Subscriber {
	s := &Subscriber{js: js, stream: stream, durable: durable}
	s.closing, s.close = context.WithCancel(context.Background())
	return s
}

// Subscribe emits the messages of a subject, which may have wildcards, until ctx ends or the subscriber is closed.
func (s *Subscriber) Subscribe(ctx context.Context, subject string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return nil, errors.New("the subscriber is closed")
	}
	sub := &subscription{
		Subscriber: s, subject: subject, out: make(chan *message.Message, outMax),
		known: map[uint64]*Delivery{}, room: semaphore.NewWeighted(inFlightBytes),
	}
	if _, err := sub.ensure(ctx); err != nil {
		return nil, err
	}
	sub.reading, sub.stop = context.WithCancel(ctx)
	sub.handling, sub.abandon = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(s.closing, sub.stop)
	context.AfterFunc(sub.reading, func() { time.AfterFunc(closeGrace, sub.abandon) })
	s.running.Go(sub.run)
	return sub.out, nil
}

// Close stops reading, waits for the messages in flight and gives back what is not settled within some seconds.
// Another subscriber may be active at once.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// subscription is one call of Subscribe.
type subscription struct {
	*Subscriber
	subject string
	out     chan *message.Message
	room    *semaphore.Weighted

	reading  context.Context // ended: no more messages
	stop     context.CancelFunc
	handling context.Context // of the messages; ended: leave them
	abandon  context.CancelFunc
	flying   sync.WaitGroup

	mu    sync.Mutex
	known map[uint64]*Delivery // by sequence: out of the server and not acknowledged

	// What follows belongs to run's goroutine.
	pin      string // by which the server knows us as the active one
	takeover *takeover
}

func (s *subscription) ensure(ctx context.Context) (jetstream.Consumer, error) {
	if s.prepare != nil {
		if err := s.prepare(ctx); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	c, err := s.js.CreateOrUpdateConsumer(ctx, s.stream, jetstream.ConsumerConfig{
		Durable: s.durable, FilterSubject: s.subject, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		MaxAckPending: inFlightMax, MaxDeliver: -1,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{s.durable}, PinnedTTL: pinnedFor,
	})
	if err != nil {
		return nil, fmt.Errorf("make consumer %s of stream %s: %w", s.durable, s.stream, err)
	}
	return c, nil
}

// run follows the stream until it is to stop. Whatever fails is tried again.
func (s *subscription) run() {
	defer s.abandon()
	beating := make(chan struct{})
	go func() { defer close(beating); s.beat() }()
	pause := followPause
	for s.reading.Err() == nil {
		since := time.Now()
		err := s.follow()
		if s.reading.Err() != nil {
			break
		}
		if time.Since(since) > followPauseMax {
			pause = followPause
		}
		slog.Warn("the subscription goes on in a moment", "stream", s.stream, "error", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-s.reading.Done():
		}
		pause = min(2*pause, followPauseMax)
	}
	close(s.out)
	s.settleAll()
	s.unpin()
	s.abandon()
	<-beating
}

// follow reads messages until something fails for good.
func (s *subscription) follow() error {
	consumer, err := s.ensure(s.reading)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullPriorityGroup(s.durable), jetstream.PullExpiry(pullExpiry),
		jetstream.PullMaxMessagesWithBytesLimit(pullMax, pullBytes))
	if err != nil {
		return fmt.Errorf("read stream %s: %w", s.stream, err)
	}
	defer giveBack(messages)
	for {
		wait := jetstream.NextContext(s.reading)
		if s.takeover != nil {
			wait = jetstream.NextMaxWait(takeoverLook)
		}
		m, err := messages.Next(wait)
		switch {
		case s.reading.Err() != nil:
			if m != nil {
				_ = m.Nak() // where it gets lost, the message comes again later
			}
			return s.reading.Err()
		case err == nil:
			s.take(m)
		case errors.Is(err, jetstream.ErrNoHeartbeat), s.takeover != nil && isTimeout(err):
		default:
			return fmt.Errorf("read stream %s: %w", s.stream, err)
		}
		if s.takeover != nil {
			s.settleTakeover(consumer)
		}
	}
}

// giveBack ends reading; what was fetched ahead goes to whoever is active next.
func giveBack(messages jetstream.MessagesContext) {
	messages.Drain()
	for {
		m, err := messages.Next(jetstream.NextMaxWait(closeGrace))
		if err != nil {
			messages.Stop()
			return
		}
		_ = m.Nak()
	}
}

// settleAll waits for the messages in flight, whose contexts end a grace after reading did.
func (s *subscription) settleAll() {
	s.flying.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.known {
		if d.state == held {
			_ = d.msg.Nak()
		}
	}
}

// unpin lets a subscriber that stands by take over at once.
func (s *subscription) unpin() {
	if s.pin == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.stream)
	if err != nil {
		return // it loses the pin by itself soon
	}
	consumer, err := stream.Consumer(ctx, s.durable)
	if err != nil {
		return
	}
	for _, g := range consumer.CachedInfo().PriorityGroups {
		if g.PinnedClientID == s.pin {
			_ = stream.UnpinConsumer(ctx, s.durable, g.Group)
		}
	}
}
