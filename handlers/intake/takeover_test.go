package intake

import (
	"testing"
	"time"
)

// A broker that has much to deliver again takes its time: a takeover is given up when nothing comes any more, not when
// it takes long.
func TestTakeoverWaitsWhileMessagesCome(t *testing.T) {
	t.Parallel()
	s := &subscription{Subscriber: &Subscriber{}, known: map[uint64]*Delivery{}}
	s.reading, s.stop = t.Context(), func() {}
	s.takeover = &takeover{last: time.Now().Add(-takeoverMost - time.Second), looked: time.Now().Add(time.Minute), pending: 3, reach: 3}
	came := &Delivery{Sequence: 2}
	s.known[2] = came
	s.takeover.hold(came)
	s.settleTakeover(nil)
	if s.takeover == nil {
		t.Fatal("it goes on although a message has just come")
	}
	s.takeover.held = nil // there is nobody to emit to
	s.takeover.last = time.Now().Add(-takeoverMost - time.Second)
	s.settleTakeover(nil)
	if s.takeover != nil {
		t.Error("it waits for ever")
	}
}

// What was given back is not here: as the active one again, after another was, one can't know what became of it.
func TestTakeoverCountsWhatIsHere(t *testing.T) {
	t.Parallel()
	s := &subscription{Subscriber: &Subscriber{}, known: map[uint64]*Delivery{1: {Sequence: 1, state: resting}}}
	s.reading = t.Context()
	s.takeover = newTakeover(nil)
	s.takeover.looked, s.takeover.pending, s.takeover.reach = time.Now().Add(time.Minute), 1, 1
	s.settleTakeover(nil)
	if s.takeover == nil {
		t.Error("it goes on although the message that is out is not here")
	}
}
