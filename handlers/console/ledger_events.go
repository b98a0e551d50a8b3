package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
)

const (
	// browseSpan bounds the positions that one page looks through: an organisation's events, or those of a type, may lie far
	// apart. 20,000 take about 15 ms.
	browseSpan = 20_000
	// eventsShown bounds the events of a page.
	eventsShown = 50
	// briefMost bounds what a list shows of a payload, in bytes.
	briefMost = 160
)

// look is what part of the log a page shows.
type look struct {
	stream, kind string
	from         int64
	newestFirst  bool
	span         int64
	limit        int
}

// looked is what was found.
type looked struct {
	eventstore.Browsed
	Rows []eventRow
}

// eventRow is an event of a list.
type eventRow struct {
	*view
	eventstore.Event
}

// browse reads a part of the log as the organisation of the page may see it.
func (v *view) browse(l look) (looked, error) {
	b := eventstore.Browse{Stream: l.stream, From: l.from, NewestFirst: l.newestFirst, Span: max(l.span, 0), Limit: l.limit}
	if l.kind != "" {
		b.Types = []string{l.kind}
	}
	if b.Span == 0 {
		b.Span = browseSpan
	}
	found, err := v.c.Server.Reads.BrowseFor(v.r.Context(), v.org, b)
	if err != nil {
		return looked{}, err
	}
	out := looked{Browsed: found, Rows: make([]eventRow, len(found.Events))}
	for i := range found.Events {
		out.Rows[i] = eventRow{v, found.Events[i]}
	}
	return out, nil
}

type eventsData struct {
	*view
	looked
	// Kind, Stream, From and Oldest are the filters as they were understood.
	Kind, Stream, From string
	Oldest             bool
}

// eventsPage is the browser of the log. All that is asked stands in the address: type, stream, from (a position; a version,
// where a stream is named) and order.
func (v *view) eventsPage() error {
	d := &eventsData{view: v, Kind: v.Query("type"), Stream: strings.TrimSpace(v.Query("stream")), From: strings.TrimSpace(v.Query("from")), Oldest: v.Query("order") == "oldest"}
	from, err := strconv.ParseInt(strings.ReplaceAll(d.From, ",", ""), 10, 64)
	if d.From != "" && (err != nil || from < 1) {
		return wrongQuery("from", "a position is a whole number from 1 on")
	}
	if d.Kind != "" && !slices.Contains(domain.Codes("event"), d.Kind) {
		return wrongQuery("type", "there is no such event")
	}
	if err := v.reach(); err != nil {
		return err
	}
	d.looked, err = v.browse(look{stream: d.Stream, kind: d.Kind, from: from, newestFirst: !d.Oldest, limit: eventsShown})
	if err != nil {
		return err
	}
	v.asOf = d.Head
	return v.show("ledger_events", d)
}

func wrongQuery(field, detail string) error {
	return &handlers.Problem{Type: "/docs#invalid_value", Title: "Invalid value", Status: 400, Code: "invalid_value", Field: field, Detail: detail}
}

// Kinds are the types of events, for the filter.
func (d *eventsData) Kinds() []string { return domain.Codes("event") }

// On is the address of the events after those that the page shows, "" when there are none.
func (d *eventsData) On() string {
	if d.Next == 0 {
		return ""
	}
	return d.Here("from", strconv.FormatInt(d.Next, 10))
}

// Sparse says that the page looked as far as one page does, and found less than it could show.
func (d *eventsData) Sparse() bool { return d.Next > 0 && len(d.Rows) < eventsShown }

// EventLink is the address of an event's page.
func (v *view) EventLink(position int64) string {
	return v.To("/ledger/events/" + strconv.FormatInt(position, 10))
}

// StreamLink is the address of a stream's events.
func (v *view) StreamLink(stream string) string { return v.To("/ledger/events", "stream", stream) }

// At is the event's position.
func (e eventRow) At() int64 { return e.Position }

// Link is the address of the event's page.
func (e eventRow) Link() string { return e.EventLink(e.Position) }

// Kind is the kind of the event's stream, Of the id of what it is about.
func (e eventRow) Kind() string { ref, _ := domain.ParseRef(e.Stream); return ref.Kind }

// Of is the id of what the event is about.
func (e eventRow) Of() string {
	ref, ok := domain.ParseRef(e.Stream)
	if !ok {
		return e.Stream
	}
	if ref.Kind == domain.KindResource {
		_, id := ref.ResourceOf()
		return id
	}
	return ref.ID
}

// Subject is the address of the page of what the event is about: an order, a resource, an account.
func (e eventRow) Subject() string {
	ref, _ := domain.ParseRef(e.Stream)
	switch ref.Kind {
	case domain.KindOrder:
		return e.To("/orders/" + url.PathEscape(ref.ID))
	case domain.KindResource:
		return e.ResourceLink(ref.ResourceOf())
	}
	if e.who.OrgID == "" {
		return e.To("/account", "org_id", e.OrgID)
	}
	return e.To("/account")
}

// Brief is the beginning of the payload.
func (e eventRow) Brief() string {
	text := string(e.Payload[:min(len(e.Payload), briefMost)])
	for !utf8.ValidString(text) { // cut within a character
		text = text[:len(text)-1]
	}
	if len(e.Payload) > briefMost {
		text += "…"
	}
	return text
}
