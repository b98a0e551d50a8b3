package intake

import (
	"fmt"
	"strings"
)

// CommandSubjects are the subjects of a service's commands.
func CommandSubjects(service string) string { return commandPrefix + service + ".*" }

// Permissions are those of a service's user on the NATS server, as its configuration has them.
func Permissions(service, orgID string, consumers ...string) string {
	publish, subscribe := PermittedSubjects(service, orgID, consumers...)
	return fmt.Sprintf("permissions: {\n  publish: { allow: [\n    %s\n  ] }\n  subscribe: { allow: [\n    %s\n  ] }\n}\n",
		quoted(publish), quoted(subscribe))
}

// PermittedSubjects are what a service's user may publish and subscribe to: to publish commands under its own name, to
// hear and look up its own results, and to follow and look up the events of its organisation, or, with "", of all. It
// connects with the inbox prefix _INBOX_ and its name; on both streams it may have a consumer that is named as it is, and
// further ones that are named NAME_ and what consumers says: an underscore is in no other service's name.
func PermittedSubjects(service, orgID string, consumers ...string) (publish, subscribe []string) {
	events := "ledger.events."
	if orgID != "" {
		events += orgID + "."
	}
	events += ">"
	results := resultPrefix + service + ".>"
	names := []string{service}
	for _, c := range consumers {
		names = append(names, service+"_"+c)
	}
	publish = []string{CommandSubjects(service), "$JS.API.INFO"}
	for _, s := range [][2]string{{ResultsStream, results}, {"LEDGER", events}} {
		stream, subjects := s[0], s[1]
		publish = append(publish, "$JS.API.STREAM.INFO."+stream, fmt.Sprintf("$JS.API.DIRECT.GET.%s.%s", stream, subjects))
		for _, name := range names {
			publish = append(publish,
				fmt.Sprintf("$JS.API.CONSUMER.CREATE.%s.%s.%s", stream, name, subjects),
				fmt.Sprintf("$JS.API.CONSUMER.INFO.%s.%s", stream, name),
				fmt.Sprintf("$JS.API.CONSUMER.DELETE.%s.%s", stream, name),
				fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", stream, name),
				fmt.Sprintf("$JS.ACK.%s.%s.>", stream, name),
			)
		}
	}
	return publish, []string{"_INBOX_" + service + ".>", results, events}
}

func quoted(subjects []string) string { return `"` + strings.Join(subjects, "\"\n    \"") + `"` }
