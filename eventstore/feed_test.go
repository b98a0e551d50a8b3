package eventstore_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"orderledger/eventstore"
)

// reader follows the log in the background and notes what it got.
type reader struct {
	t    *testing.T
	got  chan eventstore.Event
	next int64
	hash eventstore.Hash
	end  func() error
}

func (m *mirror) follow(t *testing.T, nc *nats.Conn, pageMax int) *reader {
	t.Helper()
	r := &reader{t: t, got: make(chan eventstore.Event, 20_000), next: 1}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	feed := eventstore.NewFeed(m.log, m.watch, nc)
	go func() {
		done <- feed.Follow(ctx, 0, eventstore.Hash{}, pageMax, func(_ context.Context, page []eventstore.Event) error {
			if len(page) == 0 || len(page) > pageMax {
				t.Errorf("a page of %d events", len(page))
			}
			for _, e := range page {
				r.got <- e
			}
			return nil
		})
	}()
	r.end = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = r.end() }) // finish looks at it
	return r
}

// upTo waits for every event up to a position: each once, in order, chained.
func (r *reader) upTo(position int64) {
	r.t.Helper()
	deadline := time.After(patience)
	for ; r.next <= position; r.next++ {
		select {
		case e := <-r.got:
			if e.Position != r.next || e.ChainHash(r.hash) != e.Hash {
				r.t.Fatalf("got event %d after %d; chained: %v", e.Position, r.next-1, e.ChainHash(r.hash) == e.Hash)
			}
			r.hash = e.Hash
		case <-deadline:
			r.t.Fatalf("event %d did not come", r.next)
		}
	}
}

func (r *reader) finish() {
	r.t.Helper()
	if err := r.end(); !errors.Is(err, context.Canceled) {
		r.t.Errorf("Follow ended with %v", err)
	}
	if len(r.got) != 0 {
		r.t.Errorf("%d events came twice, or from nowhere", len(r.got))
	}
}

func TestFeedFromPostgresThenLive(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, _ := b.connect()
	m.relay(nc, false)
	m.append(2500)
	readers := []*reader{m.follow(t, nc, 100), m.follow(t, nc, 10_000), m.follow(t, nil, 500)}
	for range 30 {
		m.append(20)
	}
	for _, r := range readers {
		r.upTo(m.head.Position)
	}
	for range 20 { // one by one, each at once
		m.append(1)
		for _, r := range readers {
			r.upTo(m.head.Position)
		}
	}
	for _, r := range readers {
		r.finish()
	}
}

// The live feed is really used: what is on the stream alone comes too.
func TestFeedIsLive(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, js := b.connect()
	_, end := m.relay(nc, false)
	m.append(5)
	m.filled(js)
	r := m.follow(t, nc, 100)
	r.upTo(5)
	eventually(t, "a live consumer", func() bool { return consumers(t, js) == 1 })
	end()
	events := makeEvents(m.head.Position, 1, 10, "")
	next := eventstore.Seal(m.head, events, time.Now().UTC().Truncate(time.Microsecond))
	if err := nc.PublishMsg(eventstore.Message(&events[0])); err != nil {
		t.Fatal(err)
	}
	r.upTo(next.Position)
	r.finish()
	eventually(t, "the consumer is gone", func() bool { return consumers(t, js) == 0 })
}

func TestFeedWithoutBroker(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, js := b.connect()
	m.relay(nc, false)
	m.append(10)
	r := m.follow(t, nc, 100)
	r.upTo(10)
	b.server.Stop()
	began := time.Now()
	for range 5 {
		m.append(100)
		r.upTo(m.head.Position)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("without the broker, 500 events took %s", took)
	}
	b.start()
	m.append(10)
	r.upTo(m.head.Position)
	eventually(t, "live again", func() bool { return consumers(t, js) == 1 })
	m.append(10)
	r.upTo(m.head.Position)
	r.finish()
}

// Messages that somebody put onto the stream are not taken for events, and stop the mirror.
func TestFeedRefusesPoison(t *testing.T) {
	t.Parallel()
	forged := func(m *mirror, change func(e *eventstore.Event, msg *nats.Msg)) *nats.Msg {
		events := makeEvents(m.head.Position, 1, 10, "forged")
		eventstore.Seal(m.head, events, time.Now().UTC().Truncate(time.Microsecond))
		msg := eventstore.Message(&events[0])
		change(&events[0], msg)
		return msg
	}
	for name, change := range map[string]func(e *eventstore.Event, msg *nats.Msg){
		"other payload": func(_ *eventstore.Event, msg *nats.Msg) { msg.Data = []byte(`{"amount":"1000000"}`) },
		"other hash":    func(e *eventstore.Event, msg *nats.Msg) { msg.Header.Set("Ledger-Hash", eventstore.Hash{1}.String()) },
		"other chain": func(e *eventstore.Event, msg *nats.Msg) {
			e.Hash = e.ChainHash(eventstore.Hash{7})
			*msg = *eventstore.Message(e)
		},
		"other position": func(e *eventstore.Event, msg *nats.Msg) {
			e.Position++
			*msg = *eventstore.Message(e)
		},
		"no event": func(_ *eventstore.Event, msg *nats.Msg) { msg.Header = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, m := newBroker(t, time.Minute), newMirror(t)
			nc, js := b.connect()
			_, end := m.relay(nc, false)
			m.append(10)
			m.filled(js)
			end()
			r := m.follow(t, nc, 100)
			r.upTo(10)
			eventually(t, "a live consumer", func() bool { return consumers(t, js) == 1 })
			if err := nc.PublishMsg(forged(m, change)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the consumer was given up", func() bool { return consumers(t, js) == 0 })
			m.append(20)
			r.upTo(m.head.Position)
			r.finish()
			relay, _ := m.relay(nc, false)
			if name == "other position" || name == "no event" { // by no relay: the stream is filled anew without it
				m.mirrored(js)
			} else {
				m.stopped(relay)
			}
		})
	}
}

func TestFeedEnds(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.append(3)
	feed := eventstore.NewFeed(m.log, m.watch, nil)
	broken := errors.New("can't be applied")
	calls := 0
	err := feed.Follow(t.Context(), 1, m.hashAt(1), 1, func(_ context.Context, page []eventstore.Event) error {
		if calls++; page[0].Position == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || calls != 2 {
		t.Errorf("ended with %v after %d pages", err, calls)
	}
	for name, err := range map[string]error{
		"another hash": feed.Follow(t.Context(), 2, eventstore.Hash{1}, 10, nil),
		"a longer log": feed.Follow(t.Context(), 4, eventstore.Hash{1}, 10, nil),
	} {
		if !errors.Is(err, eventstore.ErrOtherHistory) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// From the append's return to the follower, with synced writes: a few milliseconds, measured at a
// moderate pace; the bound leaves room for a busy machine.
func TestFeedIsPrompt(t *testing.T) {
	b, m := newBroker(t, 0), newMirror(t)
	nc, js := b.connect()
	m.relay(nc, true)
	m.append(1)
	r := m.follow(t, nc, 100)
	r.upTo(1)
	eventually(t, "a live consumer", func() bool { return consumers(t, js) == 1 })
	var took []time.Duration
	for range 200 {
		m.append(1)
		began := time.Now()
		r.upTo(m.head.Position)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("p50 %s, p99 %s", took[100], took[198])
	if took[198] > 200*time.Millisecond {
		t.Errorf("p99 is %s", took[198])
	}
	r.finish()
}
