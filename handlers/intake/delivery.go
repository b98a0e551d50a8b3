package intake

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// subjectKey is where a message's metadata has its subject.
const subjectKey = "subject"

// Delivery is a message as it came from the stream.
type Delivery struct {
	// Sequence is the message's in its stream, Published when it was stored there.
	Sequence  uint64
	Published time.Time
	// Times is how often it was delivered so far, to whomever.
	Times uint64

	msg   jetstream.Msg
	size  int64
	state deliveryState // guarded by the subscription
	beat  time.Time     // of the last word of progress
	after time.Duration
}

type deliveryState int

const (
	held    deliveryState = iota // until what came before it is settled
	active                       // somebody handles it
	resting                      // given back, to come again later
)

type deliveryContext struct{}

// DeliveryOf is how a message came; nil for one of another subscriber.
func DeliveryOf(m *message.Message) *Delivery {
	d, _ := m.Context().Value(deliveryContext{}).(*Delivery)
	return d
}

// Again has the message come again after a while, once it is negatively acknowledged.
func (d *Delivery) Again(after time.Duration) { d.after = after }

// take takes a message off the server's hands.
func (s *subscription) take(m jetstream.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		slog.Error("a message without metadata", "stream", s.stream, "error", err) // not by JetStream
		return
	}
	if pin := m.Headers().Get("Nats-Pin-Id"); pin != s.pin {
		s.pin = pin
		s.takeover = newTakeover(s.takeover)
	}
	d := &Delivery{
		Sequence: meta.Sequence.Stream, Published: meta.Timestamp.UTC(), Times: meta.NumDelivered,
		msg: m, size: int64(len(m.Data())), beat: time.Now(),
	}
	s.mu.Lock()
	if before := s.known[d.Sequence]; before != nil && before.state != resting {
		before.beat = time.Now() // it is here already: its word of progress came too late
		s.mu.Unlock()
		return
	}
	s.known[d.Sequence] = d
	s.mu.Unlock()
	if s.takeover == nil {
		s.emit(d)
		return
	}
	s.takeover.hold(d)
}

// emit hands a message on, in the order of the calls.
func (s *subscription) emit(d *Delivery) {
	size := min(d.size, inFlightBytes)
	if s.room.Acquire(s.reading, size) != nil {
		return // it is given back with all that is held
	}
	s.mu.Lock()
	d.state = active
	s.mu.Unlock()
	m := message.NewMessage(strconv.FormatUint(d.Sequence, 10), d.msg.Data())
	for name, values := range d.msg.Headers() {
		if len(values) > 0 {
			m.Metadata.Set(name, values[0])
		}
	}
	m.Metadata.Set(subjectKey, d.msg.Subject())
	ctx, cancel := context.WithCancel(context.WithValue(s.handling, deliveryContext{}, d))
	m.SetContext(ctx)
	if s.arrived != nil {
		s.arrived(m)
	}
	s.flying.Go(func() {
		defer cancel()
		defer s.room.Release(size)
		s.await(d, m)
	})
	select {
	case s.out <- m:
	case <-s.handling.Done(): // nobody reads
	}
}

// await tells the server what became of a message.
func (s *subscription) await(d *Delivery, m *message.Message) {
	var err error
	select {
	case <-m.Acked():
		s.mu.Lock()
		delete(s.known, d.Sequence)
		s.mu.Unlock()
		err = d.msg.Ack()
	case <-m.Nacked():
		err = s.rest(d)
	case <-s.handling.Done():
		err = s.rest(d)
	}
	if err != nil {
		slog.Debug("the message comes again", "sequence", d.Sequence, "error", err)
	}
}

// rest gives a message back.
func (s *subscription) rest(d *Delivery) error {
	s.mu.Lock()
	d.state = resting
	s.mu.Unlock()
	if s.reading.Err() != nil {
		return d.msg.Nak() // for whoever is active next
	}
	after := d.after
	if after == 0 {
		after = nakDelay
	}
	return d.msg.NakWithDelay(after)
}

// beat sends words of progress for all messages that are here, until they are abandoned.
func (s *subscription) beat() {
	tick := time.NewTicker(ackWait / 8)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			now := time.Now()
			var late []jetstream.Msg
			s.mu.Lock()
			for _, d := range s.known {
				if d.state != resting && now.Sub(d.beat) >= ackWait/4 {
					d.beat = now
					late = append(late, d.msg)
				}
			}
			s.mu.Unlock()
			for _, m := range late {
				_ = m.InProgress() // where it gets lost, the message comes again and is known
			}
		case <-s.handling.Done():
			return
		}
	}
}

func isTimeout(err error) bool {
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded)
}
