package intake

import (
	"fmt"
	"strings"
)

// CommandSubjects are the subjects of a service's commands.
func CommandSubjects(service string) string { return commandPrefix + service + ".*" }

// Permissions are those of a service's user on the NATS server, as its configuration has them.
func Permissions(service, orgID string) string {
	publish, subscribe := PermittedSubjects(service, orgID)
	return fmt.Sprintf("permissions: {\n  publish: { allow: [\n    %s\n  ] }\n  subscribe: { allow: [\n    %s\n  ] }\n}\n",
		quoted(publish), quoted(subscribe))
}

// PermittedSubjects are what a service's user may publish and subscribe to: to publish commands under its own name, to
// hear its own results, and to follow the events of its organisation, or, with "", of all. It connects with the inbox
// prefix _INBOX_ and its name; on both streams it may have a consumer that is named as it is.
func PermittedSubjects(service, orgID string) (publish, subscribe []string) {
	events := "ledger.events."
	if orgID != "" {
		events += orgID + "."
	}
	events += ">"
	results := resultPrefix + service + ".>"
	publish = []string{CommandSubjects(service), "$JS.API.INFO", "$JS.API.DIRECT.GET." + ResultsStream + "." + results}
	for _, s := range [][2]string{{ResultsStream, results}, {"LEDGER", events}} {
		stream, subjects := s[0], s[1]
		publish = append(publish,
			"$JS.API.STREAM.INFO."+stream,
			fmt.Sprintf("$JS.API.CONSUMER.CREATE.%s.%s.%s", stream, service, subjects),
			fmt.Sprintf("$JS.API.CONSUMER.INFO.%s.%s", stream, service),
			fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", stream, service),
			fmt.Sprintf("$JS.ACK.%s.%s.>", stream, service),
		)
	}
	return publish, []string{"_INBOX_" + service + ".>", results, events}
}

func quoted(subjects []string) string { return `"` + strings.Join(subjects, "\"\n    \"") + `"` }
