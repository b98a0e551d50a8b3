package console

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"

	"orderledger/eventstore"
	"orderledger/handlers"
)

// eventPayloadShown bounds what the page of an event shows of its payload, in bytes of what is stored.
const eventPayloadShown = 128 << 10

type eventData struct {
	*view
	Event eventRow
	// Before is the chain's hash before the event.
	Before eventstore.Hash
	// Older and Newer are its neighbours in the log, as far as this key may see them; InStream those in its stream.
	Older, Newer                 *eventRow
	OlderInStream, NewerInStream *eventRow
}

// eventPage shows one event as it is stored, and checks its place in the chain.
func (v *view) eventPage() error {
	e, err := v.eventAt(v.r.PathValue("position"))
	if err != nil {
		return err
	}
	d := eventData{view: v, Event: *e}
	if d.Before, err = v.hashBefore(e.Position); err != nil {
		return err
	}
	for _, n := range []struct {
		into **eventRow
		look look
	}{
		{&d.Older, look{from: e.Position - 1, newestFirst: true}},
		{&d.Newer, look{from: e.Position + 1}},
		{&d.OlderInStream, look{stream: e.Stream, from: e.Version - 1, newestFirst: true}},
		{&d.NewerInStream, look{stream: e.Stream, from: e.Version + 1}},
	} {
		if n.look.from == 0 {
			continue
		}
		n.look.limit = 1
		found, err := v.browse(n.look)
		if err != nil {
			return err
		}
		v.asOf = found.Head
		if len(found.Rows) > 0 {
			*n.into = &found.Rows[0]
		}
	}
	return v.show("ledger_event", d)
}

// eventAt is the event at a position, as the page's organisation may see it.
func (v *view) eventAt(text string) (*eventRow, error) {
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil || position < 1 {
		return nil, handlers.NotFound()
	}
	if err := v.reach(); err != nil {
		return nil, err
	}
	found, err := v.browse(look{from: position, span: 1, limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found.Rows) == 0 {
		return nil, handlers.NotFound()
	}
	v.asOf = found.Head
	return &found.Rows[0], nil
}

// hashBefore is the chain's hash before a position. A hash tells nothing of the event that it is of, whose ever that is.
func (v *view) hashBefore(position int64) (eventstore.Hash, error) {
	if position == 1 {
		return eventstore.Hash{}, nil
	}
	before, err := v.c.Server.Log.Read(v.r.Context(), position-2, 1)
	if err != nil || len(before) == 0 || before[0].Position != position-1 {
		return eventstore.Hash{}, err
	}
	return before[0].Hash, nil
}

// Chained says whether the event's hash is that of the one before it and of its envelope.
func (d eventData) Chained() bool { return d.Event.ChainHash(d.Before) == d.Event.Hash }

// Payload is the payload, indented; a large one only its beginning, as it is stored.
func (d eventData) Payload() string {
	if d.Cut() {
		return string(d.Event.Payload[:eventPayloadShown])
	}
	var b bytes.Buffer
	if json.Indent(&b, d.Event.Payload, "", "  ") != nil {
		return string(d.Event.Payload)
	}
	return b.String()
}

// Cut says that the payload is not shown whole.
func (d eventData) Cut() bool { return len(d.Event.Payload) > eventPayloadShown }

// Size is the payload's, in bytes.
func (d eventData) Size() int { return len(d.Event.Payload) }

// Envelope is what the chain covers.
func (d eventData) Envelope() string { return string(d.Event.Envelope()) }

// Occurred and Recorded are the times as the envelope has them.
func (d eventData) Occurred() string { return string(eventstore.AppendTime(nil, d.Event.OccurredAt)) }

// Recorded is when it was written down.
func (d eventData) Recorded() string { return string(eventstore.AppendTime(nil, d.Event.RecordedAt)) }

// Command is the address of the command that the event is of.
func (d eventData) Command() string { return d.CommandLink(d.Event.first()) }

// Request is how a program asks for the event.
func (d eventData) Request() string {
	q := url.Values{"after": {strconv.FormatInt(d.Event.Position-1, 10)}, "limit": {"1"}}
	return "/v1/events?" + q.Encode()
}

// CommandLink is the address of a command's page, by the position of its first event.
func (v *view) CommandLink(first int64) string {
	return v.To("/ledger/commands/" + strconv.FormatInt(first, 10))
}

// first is the position of the first event of the command that an event is of.
func (e *eventRow) first() int64 {
	if first, err := strconv.ParseInt(e.Causation, 10, 64); e.Key == "" && err == nil {
		return first
	}
	return e.Position
}
