package intake

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	takeoverLook = 50 * time.Millisecond
	// takeoverMost is how long nothing may come while some are missing that a predecessor had: all are due after ackWait,
	// and after the longest rest. Many take the broker longer, but they come one after another.
	takeoverMost = ackWait + restMax + 5*time.Second
	restMax      = 2 * time.Second
)

// takeover is the beginning as the active one. Before, another may have had messages in hand that it did not settle;
// they come again each at its own time. Until all of them are here nothing is emitted, and then everything in stream
// order: else a command could be carried out after a later one on the same order.
type takeover struct {
	last   time.Time // that a message came
	looked time.Time
	// At that time so many messages were out and not acknowledged, none above that sequence.
	pending int
	reach   uint64
	held    []*Delivery
}

// newTakeover begins one; what an unfinished one held stays held.
func newTakeover(before *takeover) *takeover {
	t := &takeover{last: time.Now()}
	if before != nil {
		t.held = before.held
	}
	return t
}

func (t *takeover) hold(d *Delivery) {
	t.held, t.last = append(t.held, d), time.Now()
}

// settleTakeover ends the takeover once every message that is out is known here.
func (s *subscription) settleTakeover(consumer jetstream.Consumer) {
	t := s.takeover
	if now := time.Now(); now.Sub(t.looked) >= takeoverLook {
		ctx, cancel := context.WithTimeout(s.reading, brokerTimeout)
		info, err := consumer.Info(ctx)
		cancel()
		if err == nil {
			t.looked, t.pending, t.reach = now, info.NumAckPending, info.Delivered.Stream
		}
	}
	late := time.Since(t.last) > takeoverMost
	if !late && (t.looked.IsZero() || s.within(t.reach) < t.pending) {
		return
	}
	if late {
		slog.Warn("messages that were in another's hand have not come again; going on without them",
			"stream", s.stream, "missing", t.pending-s.within(t.reach))
	}
	s.takeover = nil
	slices.SortFunc(t.held, func(a, b *Delivery) int { return int(int64(a.Sequence) - int64(b.Sequence)) })
	for _, d := range t.held {
		s.emit(d)
	}
}

// within counts the messages up to a sequence that are here. One that was given back is not: it comes again, or another
// settled it while this was not the active one.
func (s *subscription) within(reach uint64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for sequence, d := range s.known {
		if sequence <= reach && d.state != resting {
			n++
		}
	}
	return n
}
