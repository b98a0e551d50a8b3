package domain

import "time"

// Event is something that happened. Each knows the name that it is stored under, and how its stream's state changes; a
// stored form never changes but by gaining fields whose absence means what it meant before; else it gets a new version.
type Event interface {
	// stored is the name of the version that the event is written in. Names are written out and never derived from
	// Go's names, so that renaming a type can't cut history off.
	stored() string
	// evolve folds the event into its stream's state (nil before the first event). It is total: it believes history
	// and refuses nothing.
	evolve(s State, m Meta) State
}

// Meta is what the log says of an event beside its payload.
type Meta struct {
	Position   int64
	Version    int64
	OccurredAt time.Time
	RecordedAt time.Time
	Actor      string
}
