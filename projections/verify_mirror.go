package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
)

// mirrorWait is how long the broker may take for the next message.
const mirrorWait = 10 * time.Second

// mirror holds every message on JetStream against its event: sequence, hash, payload. What the relay has
// not sent yet is no fault.
func (v Verification) mirror(ctx context.Context, log *eventstore.Log, w *logWalk) ([]Check, error) {
	c := Check{Name: "mirror", OK: true}
	if v.NATS == nil {
		c.Detail = "left out: no NATS server was given"
		return []Check{c}, nil
	}
	js, err := jetstream.New(v.NATS)
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	stream, err := js.Stream(ctx, eventstore.StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		c.fault("event 1 is missing: there is no stream %s", eventstore.StreamName)
		return []Check{c}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for stream %s: %w", eventstore.StreamName, err)
	}
	state := stream.CachedInfo().State
	upTo := min(w.head.Position, int64(state.LastSeq))
	if upTo == 0 {
		return []Check{c}, nil
	}
	if err := v.compareStream(ctx, log, stream, upTo, &c); err != nil {
		return nil, err
	}
	if behind := w.head.Position - int64(state.LastSeq); c.OK && behind > 0 {
		c.Detail = fmt.Sprintf("the last %d events are still to be sent", behind)
	} else if c.OK && behind < 0 {
		if now, err := log.Head(ctx); err == nil && int64(state.LastSeq) > now.Position {
			c.fault("message %d is on the stream, beyond the log's head at %d", state.LastSeq, now.Position)
		}
	}
	return []Check{c}, nil
}

// compareStream goes through the stream and the log side by side.
func (v Verification) compareStream(ctx context.Context, log *eventstore.Log, stream jetstream.Stream, upTo int64, c *Check) error {
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		return fmt.Errorf("read stream %s: %w", eventstore.StreamName, err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(verifyPage))
	if err != nil {
		return fmt.Errorf("read stream %s: %w", eventstore.StreamName, err)
	}
	defer messages.Stop()
	return v.pages(ctx, log, c.Name, upTo, func(events []eventstore.Event) error {
		for i := 0; i < len(events) && c.OK; i++ {
			m, err := messages.Next(jetstream.NextMaxWait(mirrorWait))
			if err != nil {
				return fmt.Errorf("read message %d: %w", events[i].Position, err)
			}
			at, err := m.Metadata()
			if err != nil {
				return fmt.Errorf("read message %d: %w", events[i].Position, err)
			}
			if c.Checked++; int64(at.Sequence.Stream) != events[i].Position {
				c.fault("event %d: the next message on the stream is %d", events[i].Position, at.Sequence.Stream)
				return nil
			}
			c.sameAs(m, &events[i])
		}
		return nil
	})
}

// sameAs holds a message against the event of its sequence.
func (c *Check) sameAs(m jetstream.Msg, e *eventstore.Event) {
	read, err := eventstore.ReadMessage(m.Headers(), m.Data())
	switch {
	case err != nil:
		c.fault("event %d: its message is %s", e.Position, err)
	case read.Hash != e.Hash || read.Position != e.Position || !bytes.Equal(read.Payload, e.Payload):
		c.fault("event %d: its message is of another history, with hash %s", e.Position, read.Hash)
	}
}
