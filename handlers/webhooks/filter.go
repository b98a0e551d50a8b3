package webhooks

import (
	"strings"

	"orderledger/domain"
)

// wants says whether a filter lets an event through: its type, its type without the version, or all of a kind. An empty
// filter lets everything through.
func wants(filter []string, eventType string) bool {
	if len(filter) == 0 {
		return true
	}
	kind, _, _ := strings.Cut(eventType, ".")
	plain := eventType[:max(strings.LastIndexByte(eventType, '.'), 0)]
	for _, f := range filter {
		if f == eventType || f == plain || f == kind+".*" {
			return true
		}
	}
	return false
}

// typesOf lists the events that a filter lets through; nil is all.
func typesOf(filter []string) []string {
	if len(filter) == 0 {
		return nil
	}
	types := []string{}
	for _, t := range domain.EventTypes() {
		if wants(filter, t) {
			types = append(types, t)
		}
	}
	return types
}
