package eventstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unsafe"

	"github.com/nats-io/nats.go"
)

// The headers of an event's message. The body is the payload, byte for byte as stored.
const (
	HeaderPosition      = "Ledger-Position"
	HeaderEpoch         = "Ledger-Epoch"
	HeaderStreamVersion = "Ledger-Stream-Version"
	HeaderHash          = "Ledger-Hash"
	HeaderEnvelope      = "Ledger-Envelope"

	headerSpecVersion = "ce-specversion"
	headerID          = "ce-id"
	headerSource      = "ce-source"
	headerType        = "ce-type"
	headerSubject     = "ce-subject"
	headerTime        = "ce-time"
)

const subjectPrefix = "ledger.events."

// ErrBadMessage: a message is not an event of the ledger, or its payload is not the one that its envelope names.
var ErrBadMessage = errors.New("not an event of the ledger")

// Message is an event as it stands on JetStream: its subject is
// ledger.events.{org}.{kind}.{event}.{id}, its CloudEvents id {epoch}-{position}, which no two events
// share, even over a restore.
func Message(e *Event) *nats.Msg { return newMessageWriter().write(e) }

// ReadMessage reads an event from a message's headers and body. The payload is the one that the envelope
// names, or the error is ErrBadMessage; that the event is in the log is known when ChainHash of the hash
// before it gives its Hash.
func ReadMessage(headers nats.Header, body []byte) (Event, error) {
	e, _, err := readMessage(headers, body)
	return e, err
}

func readMessage(headers nats.Header, body []byte) (e Event, envelope string, err error) {
	envelope = headers.Get(HeaderEnvelope)
	payload, ok := parseEnvelope(envelope, &e)
	if !ok {
		return Event{}, "", fmt.Errorf("%w: its envelope can't be read", ErrBadMessage)
	}
	if sha256.Sum256(body) != payload {
		return Event{}, "", fmt.Errorf("%w: the payload at position %d is another", ErrBadMessage, e.Position)
	}
	if !e.Hash.parse(headers.Get(HeaderHash)) {
		return Event{}, "", fmt.Errorf("%w: the hash at position %d can't be read", ErrBadMessage, e.Position)
	}
	e.Payload = body
	return e, envelope, nil
}

// parse reads the hash as String writes it.
func (h *Hash) parse(s string) bool {
	if len(s) != hex.EncodedLen(len(h)) {
		return false
	}
	_, err := hex.Decode(h[:], unsafe.Slice(unsafe.StringData(s), len(s)))
	return err == nil
}

// messageWriter writes events as messages, one after another, into the same memory: a message is good
// until the next one is written. That makes one allocation per message of about twenty.
type messageWriter struct {
	msg    nats.Msg
	slots  []headerSlot
	buffer []byte
	ends   []int
}

// headerSlot is the value of one header; the map holds a slice of it, and need not be touched to change it.
type headerSlot struct {
	name  string
	value []string
}

// eventHeaders are in the order in which write appends their values.
var eventHeaders = []string{
	HeaderPosition, HeaderEpoch, HeaderStreamVersion, HeaderHash, HeaderEnvelope,
	headerID, headerSource, headerType, headerSubject, headerTime,
}

func newMessageWriter() *messageWriter {
	w := &messageWriter{ends: make([]int, 0, len(eventHeaders))}
	w.msg.Header = make(nats.Header, len(eventHeaders)+5)
	w.msg.Header[headerSpecVersion] = []string{"1.0"}
	for _, name := range eventHeaders {
		value := make([]string, 1)
		w.msg.Header[name] = value
		w.slots = append(w.slots, headerSlot{name, value})
	}
	return w
}

func (w *messageWriter) write(e *Event) *nats.Msg {
	b, ends := appendSubject(w.buffer[:0], e), w.ends[:0]
	subject := len(b)
	end := func() { ends = append(ends, len(b)) }
	b = strconv.AppendInt(b, e.Position, 10)
	end()
	b = strconv.AppendInt(b, e.Epoch, 10)
	end()
	b = strconv.AppendInt(b, e.Version, 10)
	end()
	b = hex.AppendEncode(b, e.Hash[:])
	end()
	b = e.appendEnvelope(b)
	end()
	b = strconv.AppendInt(b, e.Epoch, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, e.Position, 10)
	end()
	b = append(b, "/orgs/"...)
	b = appendEscaped(b, e.OrgID)
	end()
	b = append(b, e.Type...)
	end()
	b = appendEscaped(b, e.Stream)
	end()
	b = AppendTime(b, e.OccurredAt)
	end()
	w.buffer, w.ends = b, ends

	text := string(b)
	w.msg.Subject = text[:subject]
	for i, from := 0, subject; i < len(ends); i++ {
		w.slots[i].value[0] = text[from:ends[i]]
		from = ends[i]
	}
	w.msg.Reply, w.msg.Data = "", e.Payload
	return &w.msg
}

// appendSubject takes kind and event from a type like "order.paid.v1", and the id from the stream's name.
func appendSubject(b []byte, e *Event) []byte {
	kind, event, _ := strings.Cut(e.Type, ".")
	if i := strings.LastIndexByte(event, '.'); i >= 0 {
		event = event[:i]
	}
	_, id, _ := strings.Cut(e.Stream, "-")
	b = append(b, subjectPrefix...)
	b = appendToken(b, e.OrgID)
	b = append(b, '.')
	b = appendToken(b, kind)
	b = append(b, '.')
	b = appendToken(b, event)
	b = append(b, '.')
	return appendToken(b, id)
}

// appendToken writes what may stand between two dots of a subject; other texts go in base64url.
func appendToken(b []byte, s string) []byte {
	if s == "" {
		return append(b, '_')
	}
	if isToken(s) {
		return append(b, s...)
	}
	return base64.RawURLEncoding.AppendEncode(b, unsafe.Slice(unsafe.StringData(s), len(s)))
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// appendEscaped writes a text as header values of CloudEvents have it: percent-encoded outside ASCII.
func appendEscaped(b []byte, s string) []byte {
	if isToken(s) {
		return append(b, s...)
	}
	return append(b, url.PathEscape(s)...)
}
