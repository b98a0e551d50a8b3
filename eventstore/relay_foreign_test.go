package eventstore_test

import (
	"testing"
	"time"

	"orderledger/eventstore"
)

// The server answers where a client's reply subject says, whatever that client may publish to. A service that may ask
// anything puts an answer on the log's stream by that: it stops nothing, and does not stay.
func TestAnswersSentToTheStreamDoNotStay(t *testing.T) {
	t.Parallel()
	b, m := newBroker(t, time.Minute), newMirror(t)
	nc, js := b.connect()
	m.append(100)
	relay, _ := m.relay(nc, false)
	m.mirrored(js)
	durable(t, js, "provisioning", 70)
	intruder, _ := b.connect()
	before, err := js.Stream(t.Context(), eventstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	if err := intruder.PublishRequest("$JS.API.INFO", "ledger.events.org-1.order.paid.forged", nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream is made anew and is the log again", func() bool {
		now, err := js.Stream(t.Context(), eventstore.StreamName)
		if err != nil {
			return false
		}
		info := now.CachedInfo()
		return !info.Created.Equal(before.CachedInfo().Created) && info.State.LastSeq == uint64(m.head.Position)
	})
	m.append(5)
	m.mirrored(js)
	continues(t, js, "provisioning", 71)
	if s := relay.Status(); s.State != "running" {
		t.Errorf("the relay is %s", s.State)
	}
	if m.reload(); m.head.Fenced != "" {
		t.Errorf("the log is fenced: %s", m.head.Fenced)
	}
}
