package eventstore_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"orderledger/eventstore"
)

// bothModes runs a test against a server that syncs every write and one that does not.
func bothModes(t *testing.T, test func(t *testing.T, b *broker, synced bool)) {
	for _, mode := range []struct {
		name string
		sync time.Duration
	}{{"synced", 0}, {"unsynced", time.Minute}} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			test(t, newBroker(t, mode.sync), mode.sync == 0)
		})
	}
}

func TestEveryEventOnceInOrder(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, b *broker, synced bool) {
		m := newMirror(t)
		nc, js := b.connect()
		m.append(2500) // before the relay runs: more than a page
		r, end := m.relay(nc, synced)
		for _, n := range []int{1, 1, 7, 300, 1, 1001} {
			m.append(n)
		}
		m.mirrored(js)
		eventually(t, "the relay says so", func() bool {
			s := r.Status()
			return s.Position == m.head.Position && s.Lag == 0 && s.State == "running" && s.LastError == ""
		})
		end()
		m.append(50)
		m.relay(nc, synced) // a restart
		m.mirrored(js)
	})
}

func TestTwoRelaysAtOnce(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, b *broker, synced bool) {
		m := newMirror(t)
		one, js := b.connect()
		two, _ := b.connect()
		m.append(3000)
		_, end := m.relay(one, synced)
		m.relay(two, synced)
		for range 20 {
			m.append(10)
		}
		m.mirrored(js)
		end() // the other goes on alone
		m.append(10)
		m.mirrored(js)
	})
}

func TestMessageForAnOutsideConsumer(t *testing.T) {
	t.Parallel()
	e := eventstore.Event{
		Stream: "order-a b", Version: 3, Type: "org.settings_changed.v1", OrgID: "org-é", Actor: "a\"\\\n\u0001é", Key: "k",
		Correlation: "c\t", OccurredAt: time.Date(2026, 11, 21, 4, 5, 6, 7000, time.UTC), Payload: []byte(`{"a":1}`),
	}
	events := []eventstore.Event{e}
	eventstore.Seal(eventstore.Head{Epoch: 2}, events, time.Date(2026, 11, 21, 4, 5, 7, 0, time.UTC))
	e = events[0]
	m := eventstore.Message(&e)
	want := fmt.Sprintf("ledger.events.%s.org.settings_changed.%s",
		base64.RawURLEncoding.EncodeToString([]byte("org-é")), base64.RawURLEncoding.EncodeToString([]byte("a b")))
	if m.Subject != want {
		t.Errorf("subject %s, want %s", m.Subject, want)
	}
	for name, value := range map[string]string{
		"Ledger-Position": "1", "Ledger-Epoch": "2", "Ledger-Stream-Version": "3", "Ledger-Hash": e.Hash.String(),
		"Ledger-Envelope": string(e.Envelope()), "ce-specversion": "1.0", "ce-id": "2-1", "ce-source": "/orgs/org-%C3%A9",
		"ce-type": e.Type, "ce-subject": "order-a%20b", "ce-time": "2026-11-21T04:05:06.000007Z",
	} {
		if got := m.Header[name]; len(got) != 1 || got[0] != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	back, err := eventstore.ReadMessage(m.Header, m.Data)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", e) {
		t.Errorf("read back\n%+v, not\n%+v", back, e)
	}
	if _, err := eventstore.ReadMessage(m.Header, []byte(`{"a":2}`)); err == nil {
		t.Error("another payload was accepted")
	}
	for i := range e.Envelope() {
		m.Header.Set("Ledger-Envelope", string(e.Envelope()[:i]))
		if _, err := eventstore.ReadMessage(m.Header, m.Data); err == nil {
			t.Fatalf("an envelope cut at %d was accepted", i)
		}
	}
}

func TestBrokerDownWhileTheLogGrows(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, b *broker, synced bool) {
		m := newMirror(t)
		nc, js := b.connect()
		r, _ := m.relay(nc, synced)
		m.append(10)
		eventually(t, "the relay has caught up", func() bool { return r.Status().Position == 10 })
		b.server.Stop()
		m.append(5000)
		eventually(t, "the relay waits", func() bool { s := r.Status(); return s.State == "waiting" && s.Lag == 5000 })
		b.start()
		m.mirrored(js)
	})
}

func TestRelayStartsBeforeItsBroker(t *testing.T) {
	t.Parallel()
	b := newBroker(t, 0)
	b.server.Stop()
	m := newMirror(t)
	nc, err := nats.Connect("nats://"+b.addr, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.RetryOnFailedConnect(true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	m.append(3)
	m.relay(nc, true)
	b.start()
	_, js := b.connect()
	m.mirrored(js)
}

// What a stream loses is put back with the same numbers, however it was lost, on an idle log too.
func TestLossIsRepaired(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, b *broker){
		"store deleted": func(t *testing.T, b *broker) {
			if err := os.RemoveAll(filepath.Join(b.dir, "jetstream")); err != nil {
				t.Fatal(err)
			}
		},
		"tail cut by a byte": func(t *testing.T, b *broker) { cutBlock(t, b, func(size int64) int64 { return size - 1 }) },
		"tail cut after a crash": func(t *testing.T, b *broker) {
			// What a server writes as it stops, and a killed one does not.
			if err := os.Remove(filepath.Join(b.dir, "jetstream", "$G", "streams", eventstore.StreamName, "msgs", "index.db")); err != nil {
				t.Fatal(err)
			}
			cutBlock(t, b, func(size int64) int64 { return size * 9 / 10 })
		},
		"tail cut by half": func(t *testing.T, b *broker) { cutBlock(t, b, func(size int64) int64 { return size / 2 }) },
		"block deleted":    func(t *testing.T, b *broker) { cutBlock(t, b, func(int64) int64 { return -1 }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, m := newBroker(t, 0), newMirror(t)
			nc, js := b.connect()
			m.append(2000)
			m.relay(nc, true)
			m.filled(js)
			durable(t, js, "provisioning", 700)
			b.server.Stop()
			damage(t, b)
			b.start()
			m.mirrored(js)
			if name != "store deleted" { // which had the consumers in it
				continues(t, js, "provisioning", 701)
			}
			m.append(5)
			m.mirrored(js)
		})
	}
}

// cutBlock shortens the stream's last block, or deletes it at a negative size.
func cutBlock(t *testing.T, b *broker, size func(int64) int64) {
	t.Helper()
	dir := filepath.Join(b.dir, "jetstream", "$G", "streams", eventstore.StreamName, "msgs")
	blocks, err := filepath.Glob(filepath.Join(dir, "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("no blocks in %s: %v", dir, err)
	}
	last := blocks[len(blocks)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if to := size(info.Size()); to >= 0 {
		err = os.Truncate(last, to)
	} else {
		err = os.Remove(last)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestStreamDeletedWhileTheRelayRuns(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, js := b.connect()
	m.append(100)
	m.relay(nc, false)
	m.filled(js)
	for _, idle := range []bool{true, false} {
		if err := js.DeleteStream(t.Context(), eventstore.StreamName); err != nil {
			t.Fatal(err)
		}
		deleted := time.Now()
		if !idle {
			m.append(1)
		}
		m.mirrored(js)
		if took := time.Since(deleted); took > 8*time.Second {
			t.Errorf("the loss was repaired after %s; it should be found within 5 s", took)
		}
	}
}

func TestStreamRefusesDeletes(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, js := b.connect()
	m.append(10)
	m.relay(nc, false)
	m.filled(js)
	s, err := js.Stream(t.Context(), eventstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	if s.DeleteMsg(t.Context(), 5) == nil || s.Purge(t.Context()) == nil {
		t.Error("a message could be deleted, or the stream purged")
	}
}
