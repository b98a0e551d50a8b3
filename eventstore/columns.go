package eventstore

import (
	"encoding/binary"
	"time"
)

// array is one column of a batch as a PostgreSQL array in binary form: a header, then each element's length
// and bytes. Building it by hand, event by event, lets the executor do this work while the batch before
// is on its way, and costs a fifth of encoding Go slices by reflection when the batch is sent.
// The form is that of array_recv in PostgreSQL's arrayfuncs.c.
type array struct {
	element uint32 // the elements' type, by OID
	count   int
	nulls   bool
	buffer  []byte // begins with room for the header
}

// Types of elements and parameters, by OID: fixed in PostgreSQL's catalogue.
const (
	oidBytea       = 17
	oidInt8        = 20
	oidText        = 25
	oidJSON        = 114
	oidTextArray   = 1009
	oidTimestamptz = 1184
)

const arrayHeader = 20

func newArray(element uint32) array {
	return array{element: element, buffer: make([]byte, arrayHeader, 4096)}
}

func (a *array) length(n int) {
	a.count++
	a.buffer = binary.BigEndian.AppendUint32(a.buffer, uint32(n))
}

func (a *array) int8(v int64) {
	a.length(8)
	a.buffer = binary.BigEndian.AppendUint64(a.buffer, uint64(v))
}

func (a *array) time(t time.Time) { a.int8(sinceEpoch(t)) }

func (a *array) text(s string) {
	a.length(len(s))
	a.buffer = append(a.buffer, s...)
}

// textOrNull takes "" for NULL.
func (a *array) textOrNull(s string) {
	if s == "" {
		a.null()
		return
	}
	a.text(s)
}

func (a *array) bytes(b []byte) {
	a.length(len(b))
	a.buffer = append(a.buffer, b...)
}

func (a *array) null() {
	a.count++
	a.nulls = true
	a.buffer = append(a.buffer, 0xff, 0xff, 0xff, 0xff)
}

// value is the whole array; it shares its memory with a.
func (a *array) value() []byte {
	if a.count == 0 {
		empty := make([]byte, 12)
		binary.BigEndian.PutUint32(empty[8:], a.element)
		return empty
	}
	h := a.buffer[:arrayHeader]
	binary.BigEndian.PutUint32(h, 1) // dimensions
	if a.nulls {
		binary.BigEndian.PutUint32(h[4:], 1)
	}
	binary.BigEndian.PutUint32(h[8:], a.element)
	binary.BigEndian.PutUint32(h[12:], uint32(a.count))
	binary.BigEndian.PutUint32(h[16:], 1) // the first index
	return a.buffer
}

// postgresEpoch is where PostgreSQL's timestamps begin; they count microseconds.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func sinceEpoch(t time.Time) int64 { return t.UnixMicro() - postgresEpoch }

func int8Value(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

// columns are the events of a batch, by column.
type columns struct {
	events int // how many are in

	position, stream, version, kind, org, actor, key, fingerprint array
	correlation, causation, occurredAt, recordedAt, payload, hash array
}

func newColumns() *columns {
	text := func() array { return newArray(oidText) }
	return &columns{
		position: newArray(oidInt8), stream: text(), version: newArray(oidInt8), kind: text(), org: text(), actor: text(),
		key: text(), fingerprint: newArray(oidBytea), correlation: text(), causation: text(),
		occurredAt: newArray(oidTimestamptz), recordedAt: newArray(oidTimestamptz), payload: newArray(oidJSON), hash: newArray(oidBytea),
	}
}

func (c *columns) add(e *Event) {
	c.events++
	c.position.int8(e.Position)
	c.stream.text(e.Stream)
	c.version.int8(e.Version)
	c.kind.text(e.Type)
	c.org.text(e.OrgID)
	c.actor.text(e.Actor)
	c.key.textOrNull(e.Key)
	if e.Key == "" {
		c.fingerprint.null()
	} else {
		c.fingerprint.bytes(e.Fingerprint[:])
	}
	c.correlation.textOrNull(e.Correlation)
	c.causation.textOrNull(e.Causation)
	c.occurredAt.time(e.OccurredAt)
	c.recordedAt.time(e.RecordedAt)
	c.payload.bytes(e.Payload)
	c.hash.bytes(e.Hash[:])
}

// values are the columns as parameters, in the order of appendSQL.
func (c *columns) values() [][]byte {
	return [][]byte{
		c.position.value(), c.stream.value(), c.version.value(), c.kind.value(), c.org.value(), c.actor.value(), c.key.value(),
		c.fingerprint.value(), c.correlation.value(), c.causation.value(), c.occurredAt.value(), c.recordedAt.value(),
		c.payload.value(), c.hash.value(),
	}
}
