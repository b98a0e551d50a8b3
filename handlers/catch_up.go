package handlers

import (
	"context"
	"fmt"
	"log/slog"

	"orderledger/domain"
	"orderledger/eventstore"
)

// catchUp makes a head the known one, folding in what was appended up to it, by whomever.
func (e *Executor) catchUp(ctx context.Context, to eventstore.Head) error {
	grown := to.Position > e.head.Position || to.Position == e.head.Position && to.Hash == e.head.Hash
	if !grown || to.Position-e.head.Position > foldMax {
		// Far behind, or the log is not the one known before: begin anew.
		e.forget(to)
		return nil
	}
	for e.head.Position < to.Position {
		events, err := e.log.Read(ctx, e.head.Position, int(min(to.Position-e.head.Position, 1000)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("the log ends at %d, before its head at %d", e.head.Position, to.Position)
		}
		if events[0].ChainHash(e.head.Hash) != events[0].Hash {
			// The log was put back to an earlier state and has grown past us since.
			slog.Warn("the log is not the one known before; the states held are dropped", "position", e.head.Position)
			e.forget(to)
			return nil
		}
		for i := range events {
			e.foldIn(&events[i])
		}
		e.head.Position = events[len(events)-1].Position
		e.head.Hash = events[len(events)-1].Hash
	}
	e.head = to
	return nil
}

// forget begins anew at a head, with nothing held.
func (e *Executor) forget(head eventstore.Head) {
	e.cache.clear()
	e.keys.clear()
	e.head = head
}

// foldIn takes in one event: its command's key, and its stream's state if that is held.
func (e *Executor) foldIn(event *eventstore.Event) {
	switch {
	case event.Key != "":
		e.folding = eventstore.KeyRef{OrgID: event.OrgID, Key: event.Key}
		e.keys.put(e.folding, eventstore.Command{First: event.Position, Last: event.Position, Fingerprint: event.Fingerprint})
	default:
		if c, ok := e.keys.get(e.folding); ok && event.Causation == eventstore.CausedBy(c.First) {
			c.Last = event.Position
			e.keys.put(e.folding, c)
		}
	}
	ref, _ := domain.ParseRef(event.Stream)
	state, held := e.cache.get(ref)
	if !held {
		return
	}
	var version int64
	if state != nil {
		version = state.StreamVersion()
	}
	if event.Version <= version { // it was loaded from a later moment
		return
	}
	next, err := fold(state, []eventstore.Event{*event})
	if err != nil || event.Version != version+1 {
		slog.Warn("a state is dropped and will be loaded again", "stream", event.Stream, "version", event.Version, "error", err)
		e.cache.drop(ref)
		return
	}
	e.cache.put(ref, next)
}
