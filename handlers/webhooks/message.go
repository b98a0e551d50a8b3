package webhooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"orderledger/eventstore"
)

// Ping is the type of what a test sends.
const Ping = "webhook.ping"

// Message is the body of a delivery. Its members come to stay; others may come in time.
type Message struct {
	Type string `json:"type" doc:"The event's type, such as order.paid.v1, or webhook.ping"`
	// Timestamp is when it happened, in UTC with microseconds, as everywhere.
	Timestamp  string          `json:"timestamp"`
	Data       json.RawMessage `json:"data" doc:"The event's payload, as GET /v1/events has it"`
	Position   int64           `json:"position" doc:"The event's place in the log; 0 for a ping"`
	Epoch      int64           `json:"epoch"`
	Stream     string          `json:"stream"`
	Version    int64           `json:"version" doc:"Its place in its stream"`
	OrgID      string          `json:"org_id"`
	RecordedAt string          `json:"recorded_at"`
}

// parcel is a message on its way: the same bytes and id at every attempt.
type parcel struct {
	id        string
	eventType string
	position  int64
	body      []byte
}

// parcelOf makes an event's message for an endpoint. The id is made of both, so that whoever sees it twice knows it, over a
// restore too, which begins another epoch.
func parcelOf(endpointID string, e *eventstore.Event) parcel {
	return parcel{
		id: fmt.Sprintf("evt_%d-%d_%s", e.Epoch, e.Position, endpointID), eventType: e.Type, position: e.Position,
		body: encode(Message{
			Type: e.Type, Timestamp: timeText(e.OccurredAt), Data: e.Payload, Position: e.Position, Epoch: e.Epoch,
			Stream: e.Stream, Version: e.Version, OrgID: e.OrgID, RecordedAt: timeText(e.RecordedAt),
		}),
	}
}

func pingOf(e *Endpoint, at time.Time) parcel {
	now := timeText(at)
	return parcel{
		id: "ping_" + strconv.FormatInt(at.UnixMicro(), 10) + "_" + e.ID, eventType: Ping,
		body: encode(Message{Type: Ping, Timestamp: now, Data: json.RawMessage(`{}`), OrgID: e.OrgID, RecordedAt: now}),
	}
}

func timeText(t time.Time) string { return string(eventstore.AppendTime(nil, t)) }

// encode writes the JSON. The payload is valid JSON: the database holds no other.
func encode(m Message) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		panic(fmt.Sprintf("webhooks: event %d can't be encoded: %v", m.Position, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
