package contract

import (
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers/intake"
)

// streamRules are what clients have to know of a stream that its settings don't say.
var streamRules = map[string]string{
	eventstore.StreamName: "Every event, for ever; the sequence is the event's position. Read it with a pull consumer that is named as your service, durable or from a start sequence, " +
		"acknowledges explicitly and filters on ledger.events.{org_id}.> or on subjects below. Deliveries may repeat: pass over positions that you have handled. Nobody but the ledger publishes here.",
	intake.CommandsStream: "Publish only, and wait for JetStream's acknowledgement: from then on the command is kept until it is settled. The one consumer is the ledger's. " +
		"Commands on one order, resource or account are carried out in the order of the stream. When it is full it refuses what is published: try again later.",
	intake.ResultsStream: "Read it with a pull consumer that is named as your service and filters on ledger.results.{service}.>, or subscribe to those subjects before you publish, " +
		"or ask for the last message of one command's subject. A result may come more than once.",
	intake.PoisonStream: "For operators: `ledger poison list`, `show`, and `retry`, which sends a command again. The sender of a command with a key has a result, too.",
}

// jetStreams describes the streams as they are made. AsyncAPI's own bindings of NATS know of queue groups alone.
func jetStreams() object {
	streams := object{}
	for _, c := range append(intake.StreamConfigs(1), eventstore.StreamConfig(1)) {
		s := object{
			"description": c.Description, "rules": streamRules[c.Name], "subjects": c.Subjects,
			"retention": retentions[c.Retention], "discard": discards[c.Discard], "allowDirect": c.AllowDirect,
		}
		for name, bound := range map[string]int64{
			"maxBytes": c.MaxBytes, "maxMessages": c.MaxMsgs, "maxMessageBytes": int64(c.MaxMsgSize), "maxAgeSeconds": int64(c.MaxAge.Seconds()),
		} {
			if bound > 0 {
				s[name] = bound
			}
		}
		streams[c.Name] = s
	}
	return streams
}

// The words of JetStream's own JSON.
var (
	retentions = map[jetstream.RetentionPolicy]string{jetstream.LimitsPolicy: "limits", jetstream.WorkQueuePolicy: "workqueue"}
	discards   = map[jetstream.DiscardPolicy]string{jetstream.DiscardOld: "old", jetstream.DiscardNew: "new"}
)

// serviceUser is how a service is known to the broker.
func serviceUser() object {
	publish, subscribe := intake.PermittedSubjects("{service}", "{org_id}")
	return object{
		"type": "userPassword",
		"description": "A user of the NATS server, of whatever kind the server knows, with these permissions, which `ledger service permissions NAME` writes for its configuration. " +
			"It connects with the inbox prefix _INBOX_{service}. `ledger service create NAME` makes the service known to the ledger.",
		"x-permissions": object{"publish": publish, "subscribe": subscribe},
	}
}
