package client

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is an event of the log.
type Event struct {
	// Position is its place in the log; positions ascend, and those of one organisation or type have gaps.
	Position int64 `json:"position"`
	// Stream is what it happened to: "order-ID", "resource-ORG/ID"; Version numbers the stream's events from 1.
	Stream  string `json:"stream"`
	Version int64  `json:"version"`
	// Epoch is raised when a ledger was restored.
	Epoch int64 `json:"epoch"`
	// Type has the version of its form: "order.paid.v1".
	Type  string `json:"type"`
	OrgID string `json:"org_id"`
	// Actor is who sent the command: "service:gpu", "key:…", "timer". CommandKey stands on a command's first event.
	Actor       string    `json:"actor"`
	CommandKey  string    `json:"command_key"`
	Correlation string    `json:"correlation"`
	Causation   string    `json:"causation"`
	OccurredAt  time.Time `json:"occurred_at"`
	RecordedAt  time.Time `json:"recorded_at"`
	// Hash is the chain's after this event, in hex.
	Hash string `json:"hash"`
	// Payload is what happened, as JSON. Members may be added to it; docs/api/schemas/events describes each type.
	Payload json.RawMessage `json:"payload"`
	// Data is the payload as a value of this package, such as OrderPaid, or Raw of a type that has none.
	Data any `json:"-"`
}

// Name is the type without its version: "order.paid".
func (e *Event) Name() string {
	if i := strings.LastIndex(e.Type, ".v"); i > 0 {
		return e.Type[:i]
	}
	return e.Type
}

// Raw is the payload of an event that this package has no type for.
type Raw json.RawMessage

// decode reads the payload into Data.
func (e *Event) decode() error {
	read, known := readers[e.Type]
	if !known {
		e.Data = Raw(e.Payload)
		return nil
	}
	data, err := read(e.Payload)
	if err != nil {
		return fmt.Errorf("read %s at position %d: %w", e.Type, e.Position, err)
	}
	e.Data = data
	return nil
}

// readers read the payloads of types by their version.
var readers = map[string]func([]byte) (any, error){
	"order.placed.v1":               read[OrderPlaced],
	"order.approved.v1":             read[OrderApproved],
	"order.rejected.v1":             read[OrderRejected],
	"order.paid.v1":                 read[OrderPaid],
	"order.cancelled.v1":            read[OrderCancelled],
	"order.expired.v1":              read[OrderExpired],
	"order.voided.v1":               read[OrderVoided],
	"order.fulfilment_started.v1":   read[FulfilmentStarted],
	"order.completed.v1":            read[OrderCompleted],
	"order.fulfilment_failed.v1":    read[FulfilmentFailed],
	"order.refunded.v1":             read[OrderRefunded],
	"order.fulfilment_overdue.v1":   read[FulfilmentOverdue],
	"resource.changed.v1":           read[ResourceChanged],
	"resource.renewal_tried.v1":     read[RenewalTried],
	"resource.overdue_charged.v1":   read[OverdueCharged],
	"resource.release_due.v1":       read[ReleaseDue],
	"resource.release_withdrawn.v1": read[ReleaseWithdrawn],
	"resource.closed.v1":            read[ResourceClosed],
}

func read[T any](raw []byte) (any, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}
