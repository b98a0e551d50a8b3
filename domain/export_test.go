package domain

import (
	"maps"
	"slices"
)

// EventTypes lists the stored names, sorted.
func EventTypes() []string { return slices.Sorted(maps.Keys(decoders)) }
