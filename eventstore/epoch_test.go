package eventstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/internal/schema"
)

// A database restored from an older backup is a second log that shares the first events and then has
// fewer, or others.
func TestAnotherHistoryStopsTheRelayUntilAnEpochIsOpened(t *testing.T) {
	t.Parallel()
	for name, restored := range map[string]struct{ common, others int }{
		"shorter":           {60, 0},
		"as long":           {60, 40},
		"longer":            {60, 90},
		"nothing in common": {0, 70},
		"empty":             {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, before, after := newBroker(t, time.Minute), newMirror(t), newMirror(t)
			nc, js := b.connect()
			before.append(100)
			_, end := before.relay(nc, false)
			before.mirrored(js)
			end()
			durable(t, js, "slow", 30)
			durable(t, js, "quick", 100)
			after.append(restored.common)
			after.appendSalted(restored.others, 10, "other")

			relay, _ := after.relay(nc, false)
			after.stopped(relay)
			events := makeEvents(after.head.Position, 1, 10, "")
			next := eventstore.Seal(after.head, events, time.Now().UTC())
			if _, err := after.log.Append(t.Context(), &eventstore.Batch{Base: after.head, Next: next, Events: events}); !errors.Is(err, eventstore.ErrHeadMoved) {
				t.Fatalf("an append to a fenced log: %v", err)
			}

			head, err := eventstore.OpenEpoch(t.Context(), after.log, nc, "restored the backup of Monday")
			if err != nil || head.Epoch != 2 || head.Fenced != "" {
				t.Fatal(head, err)
			}
			after.reload()
			after.append(5)
			after.mirrored(js)
			continues(t, js, "slow", int64(min(30, restored.common)+1))
			continues(t, js, "quick", int64(restored.common+1))
			kept := fetchAll(t, js, "LEDGER_SURPLUS_2")
			if len(kept) != 100-restored.common {
				t.Fatalf("%d messages were kept, want %d", len(kept), 100-restored.common)
			}
			for i, msg := range kept {
				e, err := eventstore.ReadMessage(msg.Headers(), msg.Data())
				if err != nil || e.Position != int64(restored.common+i+1) || e.Hash != before.hashAt(e.Position) {
					t.Fatalf("surplus %d is event %d, %v", i, e.Position, err)
				}
			}
			s, err := js.Stream(t.Context(), "LEDGER_SURPLUS_2")
			if err != nil || !s.CachedInfo().Config.Sealed || s.CachedInfo().Config.Mirror != nil {
				t.Fatalf("the surplus is not sealed: %v", err)
			}
			eventually(t, "the relay runs", func() bool { return relay.Status().State == "running" })
		})
	}
}

func TestEpochsAreNotedAndRise(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, js := b.connect()
	m.append(3)
	if _, err := eventstore.OpenEpoch(t.Context(), m.log, nc, "there is no stream yet"); err != nil {
		t.Fatal(err)
	}
	m.relay(nc, false)
	m.filled(js)
	// A restored database may have a lower epoch than the stream.
	s, err := js.Stream(t.Context(), eventstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	c := s.CachedInfo().Config
	c.Metadata["ledger-epoch"] = "7"
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if head, err := eventstore.OpenEpoch(t.Context(), m.log, nc, "drill"); err != nil || head.Epoch != 8 {
		t.Fatal(head, err)
	}
	if head, err := eventstore.OpenEpoch(t.Context(), m.log, nil, "without a broker"); err != nil || head.Epoch != 9 {
		t.Fatal(head, err)
	}
	m.reload()
	m.append(3)
	m.mirrored(js) // nothing was wrong with the stream: it goes on
	if _, err := js.Stream(t.Context(), "LEDGER_SURPLUS_8"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("a surplus was kept: %v", err)
	}
	pool := m.db.Pool(t, schema.App)
	var reasons []string
	if err := pool.QueryRow(t.Context(), `SELECT array_agg(reason ORDER BY epoch) FROM epochs WHERE position = 3 AND octet_length(hash) = 32`).Scan(&reasons); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(reasons, "; "); got != "there is no stream yet; drill; without a broker" {
		t.Errorf("noted: %s", got)
	}
}
