package contract

import (
	"encoding/json"
	"strings"

	"orderledger/handlers/intake"
)

// messages describes all messages: their bodies are the schemas, which lie beside this document.
func messages(all []described) object {
	found := object{}
	for _, d := range all {
		kind, name, _ := strings.Cut(d.id, "/")
		message := object{"title": d.title, "contentType": "application/json", "payload": ref(schemaAddress(d.id))}
		example := object{"payload": d.example}
		switch kind {
		case "events":
			message["headers"] = ref("#/components/schemas/eventHeaders")
		case "commands":
			name = subjectOf(name)
			message["title"], message["summary"] = words(name), d.title
			message["headers"], message["correlationId"] = ref("#/components/schemas/commandHeaders"), byKey
			example["headers"] = object{intake.HeaderKey: name + "-4711"}
		case "results":
			name = subjectOf(name)
			message["headers"], message["correlationId"] = ref("#/components/schemas/resultHeaders"), byKey
			example["headers"] = resultExample
		}
		example["name"], message["name"] = name, name
		message["examples"] = []object{example}
		found[name] = message
	}
	found["poison"] = object{
		"name": "poison", "title": "A command that could not be read", "contentType": "application/octet-stream",
		"headers":  ref("#/components/schemas/poisonHeaders"),
		"payload":  object{"description": "The command's body, as it came"},
		"examples": []object{{"name": "poison", "headers": poisonExample, "payload": `{"order_type":`}},
	}
	return found
}

// byKey says what joins a command and its result.
var byKey = object{"location": "$message.header#/" + intake.HeaderKey, "description": "A command and its result have the same key"}

const resultBody = `{"line":42,"key":"place_order-4711","outcome":"accepted","position":1207,"id":"0198c2f0-0000-7000-8000-000000000001","sequence":42}`

var (
	resultExample = object{intake.HeaderKey: "place_order-4711", intake.HeaderPosition: "1207"}
	poisonExample = object{
		intake.HeaderKey: "place_order-4711", intake.HeaderPoisonCode: "malformed", intake.HeaderPoisonReason: "the body ends too early",
		intake.HeaderPoisonSubject: "ledger.commands.provisioner.place_order", intake.HeaderPoisonSequence: "43", "Nats-Msg-Id": "1762268400000000-43",
	}
)

func exampleOfResult() json.RawMessage { return json.RawMessage(resultBody) }
