package eventstore

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"orderledger/internal/jcs"
)

// Hash is a SHA-256.
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// PayloadMax bounds an event's payload, in bytes.
const PayloadMax = 768 << 10

// Event is one entry of the log. Position, Epoch, RecordedAt and Hash are filled in by Seal.
type Event struct {
	Position int64
	// Stream is what the event belongs to, Version its number there, from 1.
	Stream  string
	Version int64
	Epoch   int64
	Type    string
	OrgID   string
	Actor   string
	// Key and Fingerprint are those of the command, on its first event; Key is "" on the others.
	Key         string
	Fingerprint Hash
	// Correlation and Causation are "" when there is none. The later events of a command have the
	// position of its first as their causation.
	Correlation string
	Causation   string
	// OccurredAt and RecordedAt are in UTC and whole microseconds.
	OccurredAt time.Time
	RecordedAt time.Time
	// Payload is JSON text; its exact bytes are stored and hashed.
	Payload []byte
	Hash    Hash
}

// Seal gives the events of a batch their positions, in order after base, and their place in the hash
// chain. It returns the head that they lead to.
func Seal(base Head, events []Event, recordedAt time.Time) Head {
	next := base
	next.RecordedAt = recordedAt
	var buffer []byte
	for i := range events {
		e := &events[i]
		next.Position++
		e.Position, e.Epoch, e.RecordedAt = next.Position, base.Epoch, recordedAt
		buffer = e.appendEnvelope(buffer[:0])
		next.Hash = chain(next.Hash, buffer)
		e.Hash = next.Hash
	}
	return next
}

// ChainHash is the hash of the chain after e, given the one before it.
func (e *Event) ChainHash(before Hash) Hash { return chain(before, e.Envelope()) }

func chain(before Hash, envelope []byte) Hash {
	h := sha256.New()
	h.Write(before[:])
	h.Write(envelope)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

// Envelope is what the hash chain and the proofs cover: one RFC 8785 JSON object, its keys sorted.
func (e *Event) Envelope() []byte { return e.appendEnvelope(make([]byte, 0, 640)) }

func (e *Event) appendEnvelope(b []byte) []byte {
	payload := sha256.Sum256(e.Payload)
	b = append(b, `{"actor":`...)
	b = appendText(b, e.Actor)
	b = append(b, `,"causation":`...)
	b = appendText(b, e.Causation)
	b = append(b, `,"command_key":`...)
	b = appendText(b, e.Key)
	b = append(b, `,"correlation":`...)
	b = appendText(b, e.Correlation)
	b = append(b, `,"epoch":`...)
	b = strconv.AppendInt(b, e.Epoch, 10)
	b = append(b, `,"fingerprint":`...)
	if e.Key == "" {
		b = append(b, "null"...)
	} else {
		b = appendHex(b, e.Fingerprint[:])
	}
	b = append(b, `,"occurred_at":"`...)
	b = AppendTime(b, e.OccurredAt)
	b = append(b, `","org_id":`...)
	b = appendText(b, e.OrgID)
	b = append(b, `,"payload_sha256":`...)
	b = appendHex(b, payload[:])
	b = append(b, `,"position":`...)
	b = strconv.AppendInt(b, e.Position, 10)
	b = append(b, `,"recorded_at":"`...)
	b = AppendTime(b, e.RecordedAt)
	b = append(b, `","stream":`...)
	b = appendText(b, e.Stream)
	b = append(b, `,"type":`...)
	b = appendText(b, e.Type)
	b = append(b, `,"version":`...)
	b = strconv.AppendInt(b, e.Version, 10)
	return append(b, '}')
}

// AppendTime writes a time as envelopes have it: UTC with six digits of a second.
func AppendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

func appendHex(b, digest []byte) []byte {
	return append(hex.AppendEncode(append(b, '"'), digest), '"')
}

// appendText writes a JSON string, and null for "".
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return jcs.AppendString(b, s)
}
