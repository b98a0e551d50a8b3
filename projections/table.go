package projections

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// tablesOf are the tables of a read model, separated by commas.
func tablesOf(name string) string { return strings.Join(tableNames[name], ", ") }

var tableNames = map[string][]string{
	Orders:    {"orders", "order_lines"},
	BillLines: {"bill_lines", "bill_zones"},
	Accounts:  {"accounts", "entries"},
	Orgs:      {"orgs"},
}

// sortedKeys lists a map's keys in order, so that the same input always makes the same text or rows.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
