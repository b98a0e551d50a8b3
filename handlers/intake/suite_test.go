package intake_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers/intake"
	"orderledger/internal/natsserver"
	"orderledger/internal/testkit"
)

// What a subscriber of watermill's has to do, ours does: the library's own suite, in its short form. Switched off is what
// is not promised: messages are emitted before those ahead of them are acknowledged (watermill calls the contrary
// guaranteed order; that they come in order is tested below), a message may come twice, and a durable consumer's messages
// are read once among all of its subscribers. A restart of the broker is TestBrokerStartsAgain's.
func TestSuiteOfWatermill(t *testing.T) {
	t.Parallel()
	q := newSuiteQueue(t)
	features := tests.Features{ConsumerGroups: true, Persistent: true, ForceShort: true}
	alone := func(t *testing.T) (message.Publisher, message.Subscriber) { return q.pubSub(t, "all") }
	tests.TestPubSub(t, features, alone, q.pubSub)
	t.Run("InOrder", func(t *testing.T) {
		t.Parallel()
		features.GuaranteedOrder, features.GuaranteedOrderWithSingleSubscriber = true, true
		tests.TestPublishSubscribeInOrder(t, tests.TestContext{TestID: tests.NewTestID(), Features: features}, alone)
	})
}

const (
	suiteStream = "SUITE"
	suitePrefix = "suite."
	suiteUUID   = "Suite-Uuid"
)

// suiteQueue gives the suite what it wants of any broker: topics, groups, and messages that keep their ids.
type suiteQueue struct {
	nc *nats.Conn
	js jetstream.JetStream
}

func newSuiteQueue(t *testing.T) *suiteQueue {
	t.Helper()
	s := testkit.NATS(t, func(o *natsserver.Options) { o.SyncInterval = time.Minute })
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err == nil {
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: suiteStream, Subjects: []string{suitePrefix + "*"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return &suiteQueue{nc, js}
}

func (q *suiteQueue) pubSub(t *testing.T, group string) (message.Publisher, message.Subscriber) {
	t.Helper()
	p, err := intake.NewPublisher(q.nc)
	if err != nil {
		t.Fatal(err)
	}
	s := &suiteSubscriber{queue: q, group: group}
	t.Cleanup(func() { _ = s.Close() }) // the suite leaves some open
	return suitePublisher{p}, s
}

type suitePublisher struct{ *intake.Publisher }

// Publish sends each message's id along: in the ledger a message is known by its sequence.
func (p suitePublisher) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		m = m.Copy()
		m.Metadata.Set(suiteUUID, m.UUID)
		if err := p.Publisher.Publish(suitePrefix+topic, m); err != nil {
			return err
		}
	}
	return nil
}

// suiteSubscriber has a subscriber for each subscription: ours are of one durable consumer each.
type suiteSubscriber struct {
	queue *suiteQueue
	group string

	mu     sync.Mutex
	closed bool
	all    []*intake.Subscriber
}

func (s *suiteSubscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("closed")
	}
	ours := intake.NewSubscriber(s.queue.js, suiteStream, s.durable(topic))
	ours.OnArrival(func(m *message.Message) { m.UUID = m.Metadata.Get(suiteUUID) })
	s.all = append(s.all, ours)
	return ours.Subscribe(ctx, suitePrefix+topic)
}

// SubscribeInitialize makes the consumer before there is anything for it.
func (s *suiteSubscriber) SubscribeInitialize(topic string) error {
	ours := intake.NewSubscriber(s.queue.js, suiteStream, s.durable(topic))
	if _, err := ours.Subscribe(context.Background(), suitePrefix+topic); err != nil {
		return err
	}
	return ours.Close()
}

// durable is a name of the length that a priority group may have.
func (s *suiteSubscriber) durable(topic string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.group + "/" + topic))
	return fmt.Sprintf("%016x", h.Sum64())
}

func (s *suiteSubscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	all := s.all
	s.mu.Unlock()
	var err error
	for _, one := range all {
		err = errors.Join(err, one.Close())
	}
	return err
}
