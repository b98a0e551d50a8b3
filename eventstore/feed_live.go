package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unsafe"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// live hands over what arrives on JetStream. It returns nil when Postgres is to be read: because the log
// has more while the live feed rests, or because the live feed failed or is late.
func (r *follower) live(ctx context.Context) error {
	if r.nc == nil || time.Now().Before(r.liveFrom) {
		return r.wait(ctx)
	}
	q, err := openLive(ctx, r.nc, r.position, r.hash)
	if err == nil {
		err = r.takeLive(ctx, q)
		q.close()
	}
	var own handleError
	if errors.As(err, &own) {
		return own.error
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.liveFrom = time.Now().Add(r.pause)
	r.pause = min(2*r.pause, feedRetryMax)
	slog.DebugContext(ctx, "the feed reads Postgres", "position", r.position, "because", err)
	return nil
}

// wait returns when the log has more, or when the live feed may be tried again.
func (r *follower) wait(ctx context.Context) error {
	waiting := ctx
	if r.nc != nil {
		var cancel context.CancelFunc
		waiting, cancel = context.WithDeadline(ctx, r.liveFrom)
		defer cancel()
	}
	before := r.position
	if head, err := r.watch.Wait(waiting, before); err == nil && head == r.seen {
		// Postgres had nothing beyond our position though this head was notified: a log that was restored.
		return sleep(ctx, feedLateAfter)
	} else if err == nil {
		r.seen = head
	}
	return ctx.Err()
}

// takeLive takes pages from the queue until that fails or is late.
func (r *follower) takeLive(ctx context.Context, q *liveQueue) error {
	late := time.NewTimer(feedLateAfter)
	defer late.Stop()
	var goal int64 // the notified head that is to be reached before late fires, 0 when there is none
	for {
		head, moved := r.watch.Position()
		if goal <= r.position {
			if goal = 0; head > r.position {
				goal = head
				late.Reset(feedLateAfter)
			}
		}
		if goal != 0 {
			moved = nil
		}
		select {
		case <-q.ready:
			page, err := q.take(r.pageMax)
			if len(page) > 0 {
				if err := r.give(ctx, page); err != nil {
					return err
				}
				r.pause = feedRetryFirst
			} else if err != nil {
				return err
			}
		case <-moved:
		case <-late.C:
			if goal > r.position && !q.waiting() {
				return fmt.Errorf("nothing came for %s, and the log reaches %d", feedLateAfter, goal)
			}
			goal = 0
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const (
	// liveOpenTimeout bounds how long a broker that hangs keeps a follower from reading Postgres.
	liveOpenTimeout = 250 * time.Millisecond
	// liveFetch and liveFetchBytes bound what is asked of the broker at once.
	liveFetch      = 1000
	liveFetchBytes = 4 << 20
	// liveQueueBytes bounds the payloads that wait for a follower.
	liveQueueBytes = 8 << 20
)

// liveQueue takes events from JetStream, checks them, and keeps them until they are taken. Its first
// failure ends it.
type liveQueue struct {
	nc       *nats.Conn
	consumer string
	consume  jetstream.ConsumeContext
	// ready has a token when take would return something.
	ready chan struct{}

	mu       sync.Mutex
	room     sync.Cond // signalled when events were taken, or the queue is closed
	events   []Event
	size     int // bytes of their payloads
	position int64
	hash     Hash
	failure  error
}

var errLiveClosed = errors.New("the live feed is closed")

// openLive begins after a position whose hash is known. The consumer is the server's only for as long as
// it is read.
func openLive(ctx context.Context, nc *nats.Conn, position int64, hash Hash) (*liveQueue, error) {
	if s := nc.Status(); s != nats.CONNECTED {
		return nil, fmt.Errorf("%w: the connection is %s", errDisconnected, s)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, liveOpenTimeout)
	defer cancel()
	c, err := js.CreateConsumer(ctx, StreamName, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: uint64(position) + 1,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 30 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("follow stream %s: %w", StreamName, err)
	}
	q := &liveQueue{nc: nc, consumer: c.CachedInfo().Name, ready: make(chan struct{}, 1), position: position, hash: hash}
	q.room.L = &q.mu
	q.consume, err = c.Consume(q.accept, jetstream.PullMaxMessagesWithBytesLimit(liveFetch, liveFetchBytes),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { q.fail(err) }))
	if err != nil {
		return nil, fmt.Errorf("follow stream %s: %w", StreamName, err)
	}
	return q, nil
}

// close ends the queue and its consumer. It waits for no answer: a server that doesn't hear of it
// forgets the consumer by itself.
func (q *liveQueue) close() {
	q.fail(errLiveClosed)
	q.consume.Stop()
	_ = q.nc.Publish("$JS.API.CONSUMER.DELETE."+StreamName+"."+q.consumer, nil)
}

// accept takes a message from the broker, and blocks while the queue is full.
func (q *liveQueue) accept(m jetstream.Msg) {
	e, envelope, err := readMessage(m.Headers(), m.Data())
	var at *jetstream.MsgMetadata
	if err == nil {
		at, err = m.Metadata()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size >= liveQueueBytes && q.failure == nil {
		q.room.Wait()
	}
	if q.failure != nil {
		return
	}
	switch {
	case err != nil:
	case e.Position != q.position+1 || at.Sequence.Stream != uint64(e.Position):
		err = fmt.Errorf("event %d came as message %d after %d", e.Position, at.Sequence.Stream, q.position)
	case chain(q.hash, unsafe.Slice(unsafe.StringData(envelope), len(envelope))) != e.Hash:
		err = fmt.Errorf("event %d does not continue the hash chain", e.Position)
	}
	if err != nil {
		q.failLocked(err)
		return
	}
	q.events, q.size = append(q.events, e), q.size+len(e.Payload)
	q.position, q.hash = e.Position, e.Hash
	q.signal()
}

// take returns what waits, at most so many, and the failure once nothing does.
func (q *liveQueue) take(most int) ([]Event, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	page := q.events
	if len(page) > most {
		page, q.events = page[:most:most], page[most:]
		for i := range page {
			q.size -= len(page[i].Payload)
		}
	} else {
		q.events, q.size = nil, 0
	}
	q.room.Broadcast()
	if len(q.events) > 0 || q.failure != nil {
		q.signal()
	}
	return page, q.failure
}

func (q *liveQueue) waiting() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events) > 0
}

func (q *liveQueue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failLocked(err)
}

func (q *liveQueue) failLocked(err error) {
	if q.failure == nil {
		q.failure = err
		q.room.Broadcast()
		q.signal()
	}
}

func (q *liveQueue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
