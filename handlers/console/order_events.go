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
	return 20
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
	case domain.TypeOrderCancelled, domain.TypeOrderExpired, domain.TypeOrderVoided, domain.TypeOrderRejected, domain.TypeFulfilmentFailed,
		domain.TypeFulfilmentOverdue:
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
	before, err := v.stateBefore(o, page.Events, line.Form)
	for i := range page.Events {
		if err == nil {
			line.Events[i], err = v.orderEvent(page.Events[i], o, before)
		}
		if line.Form == eventsRaw {
			line.Events[i].JSON = rawEvent(&page.Events[i])
		}
	}
	return line, err
}

// unfolded is a state on the way through a time line, and its fields. A nil one is not followed.
type unfolded struct {
	state  domain.State
	fields flatState
}

// stateBefore is the order's state before the first of some events, where the time line shows what they changed.
func (v *view) stateBefore(o *domain.Order, events []eventstore.Event, form string) (*unfolded, error) {
	if form != eventsFull || len(events) == 0 {
		return nil, nil
	}
	var u unfolded
	var err error
	if events[0].Version > 1 {
		if u.state, err = handlers.StateAt(v.r.Context(), v.c.Server.Log, domain.OrderRef(o.OrderID), events[0].Position-1); err != nil {
			return nil, err
		}
	}
	u.fields, err = flat(u.state)
	return &u, err
}

// orderEvent shows an event, and what it changed if states are followed.
func (v *view) orderEvent(stored eventstore.Event, o *domain.Order, before *unfolded) (orderEvent, error) {
	shown := orderEvent{Event: stored}
	e, err := domain.DecodeEvent(stored.Type, stored.Payload)
	if err != nil {
		return shown, err
	}
	shown.Facts = v.factsOf(e, o.Currency)
	if before == nil {
		return shown, nil
	}
	before.state = domain.Evolve(before.state, e, domain.Meta{
		Position: stored.Position, Version: stored.Version, OccurredAt: stored.OccurredAt, RecordedAt: stored.RecordedAt, Actor: stored.Actor,
	})
	after, err := flat(before.state)
	if err != nil {
		return shown, err
	}
	if shown.Changes = after.changesFrom(before.fields); len(shown.Changes) > changesShown {
		shown.MoreChanges = len(shown.Changes) - changesShown
		shown.Changes = shown.Changes[:changesShown]
	}
	before.fields = after
	return shown, nil
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
