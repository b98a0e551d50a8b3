package console

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
)

// The ways to show a time line.
const (
	eventsCompact = "compact"
	eventsFull    = "full"
	eventsRaw     = "raw"
)

var eventForms = []string{eventsCompact, eventsFull, eventsRaw}

// eventsPage bounds a compact time line; those with states and payloads show fewer events.
func eventsPage(form string) int {
	if form == eventsCompact {
		return 500
	}
	return 50
}

// orderEvents is the time line of an order.
type orderEvents struct {
	Form   string
	Forms  []string
	Events []orderEvent
	// Next is the version to go on after, 0 at the end.
	Next int64
}

// orderEvent is an event of the time line, with as much of it as its form shows.
type orderEvent struct {
	eventstore.Event
	Facts   []fact
	Changes []fieldChange
	// MoreChanges counts those that are not shown.
	MoreChanges int
	JSON        string
}

// Class is the kind of the event, for its colour: what ended the order, what moved money.
func (e orderEvent) Class() string {
	switch e.Type {
	case domain.TypeOrderCancelled, domain.TypeOrderExpired, domain.TypeOrderVoided, domain.TypeOrderRejected, domain.TypeFulfilmentFailed:
		return "bad"
	case domain.TypeOrderPaid, domain.TypeOrderCompleted, domain.TypeOrderApproved:
		return "good"
	case domain.TypeOrderRefunded:
		return "back"
	}
	return "calm"
}

// Late says whether it was recorded later than it happened.
func (e orderEvent) Late() bool { return e.RecordedAt.After(e.OccurredAt) }

// ChangeCount is how many fields it changed.
func (e orderEvent) ChangeCount() int64 { return int64(len(e.Changes) + e.MoreChanges) }

func (v *view) orderEvents(o *domain.Order) (line orderEvents, err error) {
	line = orderEvents{Form: eventsCompact, Forms: eventForms}
	if form := v.Query("events"); slices.Contains(eventForms, form) {
		line.Form = form
	}
	after, _ := strconv.ParseInt(v.Query("after"), 10, 64)
	limit := eventsPage(line.Form)
	page, err := v.c.Server.Reads.ReadStreamFor(v.r.Context(), v.org, domain.OrderRef(o.OrderID).String(), max(after, 0), limit)
	if err != nil {
		return line, err
	}
	if n := len(page.Events); n == limit && page.Events[n-1].Version < o.Version {
		line.Next = page.Events[n-1].Version
	}
	line.Events = make([]orderEvent, len(page.Events))
	state, err := v.stateBefore(o, page.Events, line.Form)
	for i := range page.Events {
		if err == nil {
			line.Events[i], state, err = v.orderEvent(page.Events[i], o, state, line.Form)
		}
	}
	return line, err
}

// stateBefore is the order's state before the first of some events, where the time line shows what they changed.
func (v *view) stateBefore(o *domain.Order, events []eventstore.Event, form string) (domain.State, error) {
	if form != eventsFull || len(events) == 0 || events[0].Version == 1 {
		return nil, nil
	}
	return handlers.StateAt(v.r.Context(), v.c.Server.Log, domain.OrderRef(o.OrderID), events[0].Position-1)
}

func (v *view) orderEvent(stored eventstore.Event, o *domain.Order, before domain.State, form string) (orderEvent, domain.State, error) {
	shown := orderEvent{Event: stored}
	e, err := domain.DecodeEvent(stored.Type, stored.Payload)
	if err != nil {
		return shown, nil, err
	}
	shown.Facts = v.factsOf(e, o.Currency)
	switch form {
	case eventsFull:
		after := domain.Evolve(before, e, domain.Meta{
			Position: stored.Position, Version: stored.Version, OccurredAt: stored.OccurredAt, RecordedAt: stored.RecordedAt, Actor: stored.Actor})
		changes, err := stateChanges(before, after)
		if err != nil {
			return shown, nil, err
		}
		if shown.Changes = changes; len(changes) > changesShown {
			shown.Changes, shown.MoreChanges = changes[:changesShown], len(changes)-changesShown
		}
		return shown, after, nil
	case eventsRaw:
		shown.JSON = rawEvent(&stored)
	}
	return shown, nil, nil
}

// payloadShown bounds the JSON that is shown of one event, in bytes.
const payloadShown = 32 << 10

// rawEvent is an event as the log has it: its envelope, its payload, and the chain's hash after it.
func rawEvent(e *eventstore.Event) string {
	whole, err := json.Marshal(struct {
		Envelope json.RawMessage `json:"envelope"`
		Payload  json.RawMessage `json:"payload"`
		Hash     string          `json:"hash"`
	}{e.Envelope(), e.Payload, e.Hash.String()})
	var b bytes.Buffer
	if err != nil || json.Indent(&b, whole, "", "  ") != nil {
		return string(e.Payload)
	}
	if b.Len() > payloadShown {
		return string(bytes.ToValidUTF8(b.Bytes()[:payloadShown], nil)) + "\n…"
	}
	return b.String()
}
