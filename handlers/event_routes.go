package handlers

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"orderledger/eventstore"
	"orderledger/projections"
)

// eventSpan bounds the positions that one request looks through: an organisation's events may lie far
// apart in the log.
const eventSpan = 10_000

// eventAnswer is an event of the log. Its envelope, which the chain covers, is made of these fields.
type eventAnswer struct {
	Position    int64           `json:"position"`
	Stream      string          `json:"stream"`
	Version     int64           `json:"version"`
	Epoch       int64           `json:"epoch"`
	Type        string          `json:"type"`
	OrgID       string          `json:"org_id"`
	Actor       string          `json:"actor"`
	CommandKey  *string         `json:"command_key" doc:"On a command's first event"`
	Fingerprint *string         `json:"fingerprint" doc:"On a command's first event: of its body"`
	Correlation *string         `json:"correlation"`
	Causation   *string         `json:"causation"`
	OccurredAt  eventTime       `json:"occurred_at"`
	RecordedAt  eventTime       `json:"recorded_at"`
	Payload     json.RawMessage `json:"payload"`
	Hash        string          `json:"hash" doc:"The chain's after this event"`
}

// eventTime is written as the envelope has it.
type eventTime time.Time

// MarshalJSON writes UTC with microseconds.
func (t eventTime) MarshalJSON() ([]byte, error) {
	return append(eventstore.AppendTime([]byte{'"'}, time.Time(t)), '"'), nil
}

func eventAnswerOf(e *eventstore.Event) eventAnswer {
	a := eventAnswer{
		Position: e.Position, Stream: e.Stream, Version: e.Version, Epoch: e.Epoch, Type: e.Type, OrgID: e.OrgID, Actor: e.Actor,
		CommandKey: orNull(e.Key), Correlation: orNull(e.Correlation), Causation: orNull(e.Causation),
		OccurredAt: eventTime(e.OccurredAt), RecordedAt: eventTime(e.RecordedAt), Payload: e.Payload, Hash: e.Hash.String(),
	}
	if e.Key != "" {
		a.Fingerprint = orNull(e.Fingerprint.String())
	}
	return a
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func eventAnswers(events []eventstore.Event) []eventAnswer {
	all := make([]eventAnswer, len(events))
	for i := range events {
		all[i] = eventAnswerOf(&events[i])
	}
	return all
}

func (s *Server) eventRoutes() []route {
	return []route{
		readRoute("/v1/events", "list-events", "The log in order; with Accept: text/event-stream, live", projections.List[eventAnswer]{}, s.listEvents,
			append(pageParameters(), parameter{"after", "Events after this position"})...),
	}
}

func (s *Server) listEvents(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	after, _ := q.number("after")
	if cursor := q.after(); cursor != "" {
		var err error
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil || after < 0 {
			q.fail("cursor", "it is not one that this list gave out")
		}
	}
	live := strings.Contains(c.r.Header.Get("Accept"), "text/event-stream")
	if last := c.r.Header.Get("Last-Event-ID"); live && last != "" {
		var err error
		if after, err = strconv.ParseInt(last, 10, 64); err != nil || after < 0 {
			q.fail("Last-Event-ID", "a position")
		}
	}
	org, err := s.begin(q)
	if err != nil {
		return err
	}
	if live {
		return s.followEvents(c, org, after)
	}
	page, err := s.Reads.ReadFor(c.r.Context(), org, after, eventSpan, limit)
	if err != nil {
		return err
	}
	list := projections.List[eventAnswer]{Items: eventAnswers(page.Events), AsOf: page.Head}
	if page.Reached < page.Head {
		list.NextCursor = cursorOf(strconv.FormatInt(page.Reached, 10))
	}
	return c.answer(list)
}

const (
	followersMax    = 256                   // live streams of one process
	followPage      = 500                   // events read at once
	followPause     = 20 * time.Millisecond // between looks, so that a busy log costs a follower 50 queries a second at most
	followHeartbeat = 15 * time.Second      // of silence, before a comment shows that the stream lives
	followPatience  = 10 * time.Second      // for a reader that takes nothing; then it is cut off
)

// followEvents streams events as they come. The id of each is its position, with which a reader that
// lost its connection goes on.
func (s *Server) followEvents(c *call, org string, after int64) error {
	if s.followers.Add(1) > followersMax {
		s.followers.Add(-1)
		return problem(codeBusy, "too many live streams are open here")
	}
	defer s.followers.Add(-1)
	f := follower{call: c, Server: s, control: http.NewResponseController(c.w), org: org, after: after}
	if err := f.control.SetReadDeadline(time.Time{}); err != nil { // the request's would end the stream
		return err
	}
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.WriteHeader(http.StatusOK)
	f.comment("following")
	for f.err == nil {
		f.catchUp()
		f.wait()
		f.stillMay()
	}
	return nil // the status is sent; whoever follows connects again
}

// follower is a live stream.
type follower struct {
	*call
	*Server
	control *http.ResponseController
	org     string
	after   int64
	err     error // ends the stream
}

// catchUp sends what there is.
func (f *follower) catchUp() {
	for f.err == nil {
		var page eventstore.Page
		if page, f.err = f.Reads.ReadFor(f.r.Context(), f.org, f.after, eventSpan, followPage); f.err != nil {
			return
		}
		var b []byte
		for i := range page.Events {
			e := &page.Events[i]
			b = strconv.AppendInt(append(b, "id: "...), e.Position, 10)
			b = append(append(append(b, "\nevent: "...), e.Type...), "\ndata: "...)
			b = append(append(b, encodeAnswer(eventAnswerOf(e))...), '\n')
		}
		f.after = page.Reached
		f.send(b)
		if page.Reached >= page.Head {
			return
		}
	}
}

// wait waits until the log has more, and sends comments meanwhile.
func (f *follower) wait() {
	pause := time.NewTimer(followPause)
	defer pause.Stop()
	heartbeat := time.NewTicker(followHeartbeat)
	defer heartbeat.Stop()
	var moved <-chan struct{}
	for f.err == nil {
		select {
		case <-pause.C:
			// From now on, anything new ends the wait.
		case <-moved:
		case <-heartbeat.C:
			f.stillMay()
			f.comment("still here")
			continue
		case <-f.stop.Done():
			f.err = f.stop.Err()
			return
		case <-f.r.Context().Done():
			f.err = f.r.Context().Err()
			return
		}
		var position int64
		if position, moved = f.Watch.Position(); position > f.after {
			return
		}
	}
}

// stillMay ends the stream of a key that was revoked: else it would go on for as long as it is connected.
func (f *follower) stillMay() {
	if f.err == nil {
		_, f.err = f.identify(f.r)
	}
}

func (f *follower) comment(text string) { f.send([]byte(": " + text + "\n\n")) }

// send writes and flushes. A reader that takes nothing for a while is cut off.
func (f *follower) send(b []byte) {
	if len(b) == 0 || f.err != nil {
		return
	}
	if f.err = f.control.SetWriteDeadline(time.Now().Add(followPatience)); f.err != nil {
		return
	}
	if _, f.err = f.w.Write(b); f.err == nil {
		f.err = f.control.Flush()
	}
}
