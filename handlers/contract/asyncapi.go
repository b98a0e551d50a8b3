package contract

import (
	"strings"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/intake"
)

// document is AsyncAPI 3.0, of the ledger: it sends events and results, and receives commands.
type document struct {
	AsyncAPI           string `json:"asyncapi"`
	Info               object `json:"info"`
	DefaultContentType string `json:"defaultContentType"`
	Servers            object `json:"servers"`
	Channels           object `json:"channels"`
	Operations         object `json:"operations"`
	Components         object `json:"components"`
	JetStream          object `json:"x-jetstream"`
}

const about = `Events of orders, accounts and resources out, commands of services in, over NATS JetStream.

**Events.** The stream LEDGER has every event, once, and its sequence is the event's position in the log: whoever handled everything up to position n goes on at n+1, and has missed nothing.
The body is the event's payload as it was stored. Bodies gain members in time: pass over those that you don't know. A change of any other kind makes a new version of the event (ce-type), on the same subject.
The hash chain: Ledger-Hash is SHA-256(the Ledger-Hash before, 32 bytes, 64 zeros of hex before position 1, followed by the bytes of Ledger-Envelope); the envelope has the SHA-256 of the body.

**Commands.** Publish to ledger.commands.{service}.{command} with JetStream's acknowledgement, and keep the command until that has come. The key in the header Ledger-Key makes it safe to send the same command again, for ever: it is carried out once, and repeated with its first answer.
Don't set Nats-Msg-Id: the broker would drop the command of another service that has the same. Who you are is told by the subject alone, which your NATS user must be permitted to publish to. A full queue refuses what is published (error 503): try later.

**Results.** What became of a command is on ledger.results.{service}.{key}, kept for 7 days; a refusal is a result. Ask for the last message of that subject, or consume all of your service's. Later, GET /v1/commands/{key} tells.`

// asyncAPI describes the streams.
func asyncAPI(all []described) document {
	d := document{
		AsyncAPI: "3.0.0", DefaultContentType: "application/json",
		Info: object{"title": "Order ledger", "version": "1", "description": about},
		Servers: object{"nats": object{
			"host": "127.0.0.1:4222", "protocol": "nats",
			"description": "NATS with JetStream; the address is the one that `ledger dev` listens at",
			"security":    []object{ref("#/components/securitySchemes/service")},
		}},
		Channels: object{}, Operations: object{},
		Components: object{
			"messages": messages(all),
			"schemas": object{
				"eventHeaders": eventHeaders(), "envelope": envelope(), "commandHeaders": commandHeaders(),
				"resultHeaders": resultHeaders(), "poisonHeaders": poisonHeaders(),
			},
			"securitySchemes": object{"service": serviceUser()},
		},
		JetStream: object{"streams": jetStreams()},
	}
	for _, name := range domain.EventTypes() {
		d.addEvent(name)
	}
	d.addAnswers()
	for _, f := range handlers.CommandForms() {
		d.addCommand(f)
	}
	return d
}

// subjectOf is what of an event's name its subject has: all but the version.
func subjectOf(name string) string { return name[:strings.LastIndexByte(name, '.')] }

func title(event string) string { return domain.LabelOf("event", event, "en") }

// addEvent adds a version of an event to its channel, and the operation that sends it.
func (d document) addEvent(name string) {
	subject := subjectOf(name)
	if d.Channels[subject] == nil {
		kind, _, _ := strings.Cut(subject, ".")
		d.Channels[subject] = channel(eventstore.StreamName, "ledger.events.{org_id}."+subject+".{id}", title(name), object{
			"org_id": object{"description": "The organisation"},
			"id":     object{"description": streamIDs[kind]},
		})
		d.Operations["send-"+subject] = object{"action": "send", "channel": ref("#/channels/" + subject), "summary": title(name)}
	}
	d.carry(subject, name)
}

// streamIDs are what the last token of an event's subject is.
var streamIDs = map[string]string{
	domain.KindOrder:    "The order's id",
	domain.KindAccount:  "The organisation's id, whose account it is",
	domain.KindOrg:      "The organisation's id",
	domain.KindResource: "base64url, without padding, of {org_id}/{resource_id}",
}

// addCommand adds a command's channel, and the operation that receives it and answers.
func (d document) addCommand(f handlers.CommandForm) {
	name := f.Name
	d.Channels[name] = channel(intake.CommandsStream, "ledger.commands.{service}."+name, words(name), serviceParameter())
	d.carry(name, name)
	var roles []string
	for _, r := range f.Roles {
		roles = append(roles, string(r))
	}
	d.Operations["receive-"+name] = object{
		"action": "receive", "channel": ref("#/channels/" + name), "summary": words(name),
		"description": "For services with the role " + strings.Join(roles, ", ") + ".",
		"reply":       object{"channel": ref("#/channels/results"), "messages": []object{ref("#/channels/results/messages/result")}},
	}
}

// addAnswers adds the channels of results, and of commands that could not be read.
func (d document) addAnswers() {
	withKey := serviceParameter()
	withKey["key"] = object{"description": "base64url, without padding, of the command's key"}
	d.Channels["results"] = channel(intake.ResultsStream, "ledger.results.{service}.{key}", "What became of commands", withKey)
	d.carry("results", "result")
	d.Channels["poison"] = channel(intake.PoisonStream, "ledger.poison.{service}", "Commands that could not be read, and why", serviceParameter())
	d.carry("poison", "poison")
	for _, name := range []string{"results", "poison"} {
		d.Operations["send-"+name] = object{"action": "send", "channel": ref("#/channels/" + name), "summary": d.Channels[name].(object)["title"]}
	}
}

func serviceParameter() object {
	return object{"service": object{"description": "The service's name: 1 to 32 of a-z, 0-9 and the hyphen"}}
}

// channel is a family of subjects; x-jetstream names the stream that keeps them, one of those in the document's own.
func channel(stream, address, title string, parameters object) object {
	return object{
		"address": address, "title": title, "parameters": parameters, "messages": object{},
		"servers": []object{ref("#/servers/nats")}, "x-jetstream": object{"stream": stream},
	}
}

// carry says that a channel has a message.
func (d document) carry(channel, message string) {
	d.Channels[channel].(object)["messages"].(object)[message] = ref("#/components/messages/" + message)
}

func ref(to string) object { return object{"$ref": to} }

// words are a command's name for people.
func words(name string) string {
	return strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "_", " ")
}
