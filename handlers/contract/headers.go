package contract

import (
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"orderledger/eventstore"
	"orderledger/handlers/intake"
)

const (
	digestPattern = "^[0-9a-f]{64}$"
	numberPattern = "^[1-9][0-9]*$"
	timePattern   = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$`
)

// text is the schema of a header or a member that is a string.
func text(description, pattern string) object {
	s := object{"type": "string"}
	if description != "" {
		s["description"] = description
	}
	if pattern != "" {
		s["pattern"] = pattern
	}
	return s
}

// headersOf is the schema of headers, of which the required ones are always there. Others may be: those that begin with
// Nats- are the broker's.
func headersOf(properties object, required ...string) object {
	return object{"type": "object", "properties": properties, "required": required}
}

func eventHeaders() object {
	schema := headersOf(object{
		eventstore.HeaderPosition:      text("The event's position in the log, the message's sequence in the stream", numberPattern),
		eventstore.HeaderEpoch:         text("Goes up when the log was restored from a backup", numberPattern),
		eventstore.HeaderStreamVersion: text("The event's number within its stream, from 1", numberPattern),
		eventstore.HeaderHash:          text("The hash chain's after this event", digestPattern),
		eventstore.HeaderEnvelope:      text("What the chain covers: one JSON object, its text as it was hashed; see components/schemas/envelope", ""),
		"ce-specversion":               object{"type": "string", "const": "1.0"},
		"ce-id":                        text("{epoch}-{position}, which no two events share", `^[1-9][0-9]*-[1-9][0-9]*$`),
		"ce-source":                    text("/orgs/{org_id}", "^/orgs/"),
		"ce-type":                      text("The event's name and version, such as order.paid.v1", `^[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$`),
		"ce-subject":                   text("The stream, such as order-{order_id}, percent-encoded", ""),
		"ce-time":                      text("When it happened; in UTC, with microseconds", timePattern),
	}, eventstore.HeaderPosition, eventstore.HeaderEpoch, eventstore.HeaderStreamVersion, eventstore.HeaderHash, eventstore.HeaderEnvelope,
		"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time")
	schema["description"] = "An event has no Nats-Msg-Id: it is told from others by its position, and by ce-id. Headers that begin with Nats- are the broker's"
	schema["examples"] = []object{exampleHeaders()}
	return schema
}

// exampleHeaders are those that the relay would send with an event.
func exampleHeaders() object {
	at := time.Date(2025, 11, 4, 15, 0, 0, 7000, time.UTC)
	events := []eventstore.Event{{
		Stream: "order-0198c2f0-0000-7000-8000-000000000001", Version: 3, Type: "order.completed.v1", OrgID: "org-acme", Actor: "service:provisioner",
		Key: "fulfil-4711", OccurredAt: at, Payload: []byte(`{"order_id":"0198c2f0-0000-7000-8000-000000000001","org_id":"org-acme","resource_id":"bsr-1kkpx3xp581y"}`),
	}}
	eventstore.Seal(eventstore.Head{Position: 1206, Epoch: 1}, events, at)
	headers := object{}
	for name, values := range eventstore.Message(&events[0]).Header {
		headers[name] = values[0]
	}
	return headers
}

func envelope() object {
	orNull := func(s object) object { s["type"] = []string{"string", "null"}; return s }
	count := func(description string) object {
		return object{"type": "integer", "minimum": 1, "description": description}
	}
	schema := headersOf(object{
		"actor":          text("Who did it: key:{id} of an API key, service:{name}, or timer:{name}", ""),
		"causation":      orNull(text("Of a command's later events: the position of its first", "")),
		"command_key":    orNull(text("On a command's first event: its idempotency key", "")),
		"correlation":    orNull(text("What the sender gave for correlation", "")),
		"epoch":          count("Goes up when the log was restored from a backup"),
		"fingerprint":    orNull(text("On a command's first event: the digest of its body", digestPattern)),
		"occurred_at":    text("When it happened", timePattern),
		"org_id":         text("The organisation", ""),
		"payload_sha256": text("The body's digest", digestPattern),
		"position":       count("The event's in the log"),
		"recorded_at":    text("When it was written down", timePattern),
		"stream":         text("The stream, such as order-{order_id}", ""),
		"type":           text("The event's name and version", ""),
		"version":        count("The event's number within its stream"),
	}, "actor", "causation", "command_key", "correlation", "epoch", "fingerprint", "occurred_at", "org_id", "payload_sha256",
		"position", "recorded_at", "stream", "type", "version")
	schema["additionalProperties"] = false
	schema["description"] = "The object whose text, in RFC 8785's form, is in Ledger-Envelope"
	return schema
}

func keyHeader() object {
	return text("The idempotency key: 1 to 255 printable ASCII characters that don't begin with ledger:, unique in the organisation whatever way commands come in", `^[!-~]([ -~]{0,253}[!-~])?$`)
}

func correlationHeader(description string) object {
	schema := text(description, "")
	schema["maxLength"] = intake.CorrelationMax
	return schema
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f seconds", d.Seconds()) }

func commandHeaders() object {
	until := text("Until when a command that comes before the one that it needs waits for it, such as a payment before its order; "+
		"without it "+seconds(intake.ParkFor)+" after publishing, and "+seconds(intake.ParkMost)+" at most", "")
	until["format"] = "date-time"
	schema := headersOf(object{
		intake.HeaderKey:                    keyHeader(),
		intake.HeaderParkUntil:              until,
		middleware.CorrelationIDMetadataKey: correlationHeader("Any text of yours; the command's events have it in their envelopes, its result as a header; a longer one is passed over"),
	}, intake.HeaderKey)
	schema["description"] = "Don't send Nats-Msg-Id: the broker would drop another service's command with the same"
	schema["examples"] = []object{{
		intake.HeaderKey: "pay-4711", intake.HeaderParkUntil: "2025-11-04T23:01:00+08:00", middleware.CorrelationIDMetadataKey: "request-7",
	}}
	return schema
}

func resultHeaders() object {
	schema := headersOf(object{
		intake.HeaderKey:                    keyHeader(),
		intake.HeaderPosition:               text("The position of the command's last event, when it was carried out", numberPattern),
		middleware.CorrelationIDMetadataKey: text("The command's", ""),
	}, intake.HeaderKey)
	schema["examples"] = []object{resultExample}
	return schema
}

func poisonHeaders() object {
	schema := headersOf(object{
		intake.HeaderKey:                    text("The command's key, if it had one", ""),
		intake.HeaderPoisonCode:             text("Why it is here, for programs: malformed, too_large, key_missing, or what went wrong inside again and again", "^[a-z_]+$"),
		intake.HeaderPoisonReason:           text("Why it is here, for people", ""),
		intake.HeaderPoisonSubject:          text("The subject that it was published to", `^ledger\.commands\.`),
		intake.HeaderPoisonSequence:         text("Its sequence in "+intake.CommandsStream, numberPattern),
		"Nats-Msg-Id":                       text("When "+intake.CommandsStream+" was made, in microseconds since 1970, and that sequence: a command stands here once", `^[1-9][0-9]*-[1-9][0-9]*$`),
		middleware.CorrelationIDMetadataKey: text("The command's, if it had one", ""),
	}, intake.HeaderPoisonCode, intake.HeaderPoisonReason, intake.HeaderPoisonSubject, intake.HeaderPoisonSequence, "Nats-Msg-Id")
	schema["description"] = "All headers of the command, and why it is here"
	schema["examples"] = []object{poisonExample}
	return schema
}
