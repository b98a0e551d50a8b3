package eventstore_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"orderledger/eventstore"
)

func exampleEvent() eventstore.Event {
	return eventstore.Event{
		Position: 7, Stream: "order-0198c2f0-0000-7000-8000-000000000001", Version: 2, Epoch: 3, Type: "order.paid.v1", OrgID: "org-acme",
		Actor: "key:\"a\\b\"\b\f\n\r\t\x01\x7f é 显卡 \u2028 🚀 </&>", Key: "k/1", Fingerprint: sha256.Sum256([]byte("body")),
		Correlation: "trace", Causation: "6",
		OccurredAt: time.Date(2025, 11, 4, 23, 0, 0, 7000, time.FixedZone("", 8*3600)), RecordedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Payload: []byte(`{"a": 1}`),
	}
}

// The envelope's text is a promise to outsiders, who recompute it.
func TestEnvelopeToTheByte(t *testing.T) {
	t.Parallel()
	e := exampleEvent()
	const want = `{"actor":"key:\"a\\b\"\b\f\n\r\t\u0001` + "\x7f é 显卡 \u2028 🚀 </&>" + `","causation":"6","command_key":"k/1","correlation":"trace","epoch":3,` +
		`"fingerprint":"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5","occurred_at":"2025-11-04T15:00:00.000007Z","org_id":"org-acme",` +
		`"payload_sha256":"f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310","position":7,"recorded_at":"2026-01-02T03:04:05.000000Z",` +
		`"stream":"order-0198c2f0-0000-7000-8000-000000000001","type":"order.paid.v1","version":2}`
	if got := string(e.Envelope()); got != want {
		t.Errorf("the envelope is\n%s\nwant\n%s", got, want)
	}
	e.Key, e.Causation, e.Correlation, e.Actor = "", "", "", ""
	var m map[string]any
	if err := json.Unmarshal(e.Envelope(), &m); err != nil || len(m) != 14 {
		t.Fatalf("%d fields, %v", len(m), err)
	}
	for _, absent := range []string{"actor", "causation", "command_key", "correlation", "fingerprint"} {
		if v, ok := m[absent]; !ok || v != nil {
			t.Errorf("%s is %v, want null", absent, v)
		}
	}
}

// The chain as an outsider makes it, with nothing but encoding/json (which sorts keys) and SHA-256.
func TestChainAsAnOutsiderMakesIt(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	events := makeEvents(0, 3, 5, "")
	events[1].Key, events[1].Fingerprint, events[1].Causation = "", eventstore.Hash{}, "1"
	events[2].Actor, events[2].Correlation = "key:é\"\\\t", "c"
	next := eventstore.Seal(m.head, events, time.Now().UTC().Truncate(time.Microsecond))
	if _, err := m.log.Append(t.Context(), &eventstore.Batch{Base: m.head, Next: next, Events: events}); err != nil {
		t.Fatal(err)
	}
	stored, err := m.log.Read(t.Context(), 0, 10)
	if err != nil || len(stored) != 3 {
		t.Fatalf("%d events, %v", len(stored), err)
	}
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	hash := make([]byte, 32)
	for _, e := range stored {
		const micro = "2006-01-02T15:04:05.000000Z"
		payload := sha256.Sum256(e.Payload)
		fields := map[string]any{
			"actor": orNull(e.Actor), "causation": orNull(e.Causation), "command_key": orNull(e.Key), "correlation": orNull(e.Correlation), "epoch": e.Epoch,
			"fingerprint": hex.EncodeToString(e.Fingerprint[:]), "occurred_at": e.OccurredAt.Format(micro), "org_id": e.OrgID, "payload_sha256": hex.EncodeToString(payload[:]),
			"position": e.Position, "recorded_at": e.RecordedAt.Format(micro), "stream": e.Stream, "type": e.Type, "version": e.Version,
		}
		if e.Key == "" {
			fields["fingerprint"] = nil
		}
		envelope, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(append(hash, envelope...))
		if hash = sum[:]; e.Hash != sum {
			t.Errorf("event %d has the hash %s, its envelope %s gives %x", e.Position, e.Hash, envelope, sum)
		}
	}
}
