package contract

import (
	"strings"
	"time"

	"orderledger/eventstore"
)

// messages describes all messages: their bodies are the schemas, which lie beside this document.
func messages(all []described) object {
	found := object{}
	for _, d := range all {
		kind, name, _ := strings.Cut(d.id, "/")
		headers := map[string]string{"events": "eventHeaders", "commands": "commandHeaders", "results": "resultHeaders"}[kind]
		if kind != "events" {
			name = subjectOf(name)
		}
		found[name] = object{
			"name": name, "title": d.title, "contentType": "application/json",
			"headers":  ref("#/components/schemas/" + headers),
			"payload":  ref(schemaAddress(d.id)),
			"examples": []object{{"name": name, "payload": d.example}},
		}
		if kind == "commands" {
			found[name].(object)["title"] = words(name)
			found[name].(object)["summary"] = d.title
		}
	}
	found["poison"] = object{
		"name": "poison", "title": "A command that could not be read", "contentType": "application/octet-stream",
		"headers": ref("#/components/schemas/poisonHeaders"),
		"payload": object{"description": "The command's body, as it came"},
	}
	return found
}

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

// headersOf is the schema of headers, of which all but the optional ones are always there.
func headersOf(properties object, required ...string) object {
	return object{"type": "object", "properties": properties, "required": required}
}

func eventHeaders() object {
	schema := headersOf(object{
		"Ledger-Position":       text("The event's position in the log, the message's sequence in the stream", numberPattern),
		"Ledger-Epoch":          text("Goes up when the log was restored from a backup", numberPattern),
		"Ledger-Stream-Version": text("The event's number within its stream, from 1", numberPattern),
		"Ledger-Hash":           text("The hash chain's after this event", digestPattern),
		"Ledger-Envelope":       text("What the chain covers: one JSON object, its text as it was hashed; see components/schemas/envelope", ""),
		"ce-specversion":        object{"type": "string", "const": "1.0"},
		"ce-id":                 text("{epoch}-{position}, which no two events share", `^[1-9][0-9]*-[1-9][0-9]*$`),
		"ce-source":             text("/orgs/{org_id}", "^/orgs/"),
		"ce-type":               text("The event's name and version, such as order.paid.v1", `^[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$`),
		"ce-subject":            text("The stream, such as order-{order_id}, percent-encoded", ""),
		"ce-time":               text("When it happened; in UTC, with microseconds", timePattern),
	}, "Ledger-Position", "Ledger-Epoch", "Ledger-Stream-Version", "Ledger-Hash", "Ledger-Envelope",
		"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time")
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

func commandHeaders() object {
	return headersOf(object{"Ledger-Key": keyHeader()}, "Ledger-Key")
}

func resultHeaders() object {
	return headersOf(object{
		"Ledger-Key":      keyHeader(),
		"Ledger-Position": text("The position of the command's last event, when it was carried out", numberPattern),
	}, "Ledger-Key")
}

func poisonHeaders() object {
	return headersOf(object{"Ledger-Key": text("The key, if there was one", "")})
}
