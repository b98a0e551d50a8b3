package projections

import (
	"orderledger/domain"
	"orderledger/eventstore"
)

// logWalk checks the log by itself, event by event.
type logWalk struct {
	head eventstore.Head
	last eventstore.Event // before the next; position 0 is none
	// command is the first event of the command that the last event belongs to.
	command eventstore.Event
	funds   *fundsWalk
	months  *monthsWalk
	arrears *arrearsWalk

	positions, chain, readable, commands Check
}

func newLogWalk(head eventstore.Head) *logWalk {
	return &logWalk{
		head: head, funds: newFundsWalk(), months: newMonthsWalk(), arrears: newArrearsWalk(),
		positions: Check{Name: "positions", OK: true}, chain: Check{Name: "hash_chain", OK: true},
		readable: Check{Name: "events", OK: true}, commands: Check{Name: "commands", OK: true},
	}
}

func (w *logWalk) next(e *eventstore.Event) {
	w.position(e)
	w.chain.Checked++
	if e.ChainHash(w.last.Hash) != e.Hash {
		w.chain.fault("event %d: its hash does not follow from its contents and the hash before it", e.Position)
	}
	w.readable.Checked++
	if _, err := domain.DecodeEvent(e.Type, e.Payload); err != nil {
		w.readable.fault("event %d: %s", e.Position, err)
	}
	w.belongs(e)
	w.funds.next(e)
	w.months.next(e)
	w.arrears.next(e)
	w.last = *e
}

func (w *logWalk) position(e *eventstore.Event) {
	w.positions.Checked++
	if e.Position != w.last.Position+1 {
		w.positions.fault("event %d is missing: event %d follows event %d", w.last.Position+1, e.Position, w.last.Position)
	}
	if e.RecordedAt.Before(w.last.RecordedAt) {
		w.positions.fault("event %d was recorded before event %d", e.Position, w.last.Position)
	}
	if e.Epoch < w.last.Epoch || e.Epoch > w.head.Epoch {
		w.positions.fault("event %d is of epoch %d, after one of epoch %d", e.Position, e.Epoch, w.last.Epoch)
	}
}

// belongs checks that each event without a key belongs to the command whose events are just before it.
func (w *logWalk) belongs(e *eventstore.Event) {
	if e.Key != "" {
		w.commands.Checked++
		w.command = *e
		return
	}
	first := &w.command
	if e.Causation != eventstore.CausedBy(first.Position) || first.Position == 0 {
		w.commands.fault("event %d has no key, and does not belong to the command before it, at %d", e.Position, first.Position)
		return
	}
	if e.OrgID != first.OrgID || !e.RecordedAt.Equal(first.RecordedAt) || !e.OccurredAt.Equal(first.OccurredAt) || e.Actor != first.Actor {
		w.commands.fault("event %d differs from its command at %d in organisation, time or actor", e.Position, first.Position)
	}
	if e.Position-first.Position >= eventstore.CommandEventsMax {
		w.commands.fault("event %d is further from its command at %d than a command reaches", e.Position, first.Position)
	}
}

// checks ends the walk: the head must be what the last event left.
func (w *logWalk) checks() []Check {
	if w.last.Position != w.head.Position {
		w.positions.fault("event %d is missing: the head is at %d", w.last.Position+1, w.head.Position)
	} else if w.last.Hash != w.head.Hash {
		w.chain.fault("event %d: the head has another hash", w.head.Position)
	} else if w.head.Position > 0 && !w.last.RecordedAt.Equal(w.head.RecordedAt) {
		w.positions.fault("event %d: the head has another time", w.head.Position)
	}
	w.funds.end()
	w.arrears.end()
	return []Check{w.positions, w.chain, w.readable, w.commands, w.funds.check, w.funds.lots.check, w.arrears.check}
}
