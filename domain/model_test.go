package domain_test

import (
	"bytes"
	"maps"
	"slices"

	"orderledger/domain"
)

// model plays commands on a world, and holds each one's outcome against what must hold whatever the rules are. What it
// knows it takes from the events as they are stored, and from comparing states before and after.
type model struct {
	*world
	money  moneyBooks
	months monthBooks
	usage  usageBooks
	// saved are the states' bytes as of their last event: a state never changes once made.
	saved map[domain.Ref][]byte
}

// savedOften is at which events states are saved and read on the way.
const savedOften = 8

func newModel(w *world) *model {
	return &model{world: w, money: newMoneyBooks(w), months: newMonthBooks(w), usage: newUsageBooks(w), saved: map[domain.Ref][]byte{}}
}

// play carries a command out and checks what it did; the answer is "accepted" or "refused".
func (m *model) play(s turn) string {
	before := maps.Clone(m.states)
	seen := len(m.history)
	_, why := m.doAt(s.Clock, s.Command)
	if why != nil {
		if len(m.history) != seen {
			m.t.Fatalf("refused: %s with %v, and %d events", s.Command.Name(), why, len(m.history)-seen)
		}
		return "refused"
	}
	m.check(s, before, m.history[seen:])
	return "accepted"
}

// check looks at the events of one command, and at the states that they changed.
func (m *model) check(s turn, before map[domain.Ref]domain.State, events []stored) {
	var touched []domain.Ref
	for _, e := range events {
		if !slices.Contains(touched, e.stream) {
			touched = append(touched, e.stream)
		}
	}
	for _, ref := range touched {
		if was := before[ref]; was != nil && !bytes.Equal(m.encoded(was), m.saved[ref]) {
			m.t.Fatalf("sharing: the state of %s was changed in place", ref)
		}
		m.saved[ref] = m.encoded(m.states[ref])
		if len(m.history)%savedOften == 0 { // those that are left out come at the end
			m.wantSameAfterSaving(ref, m.saved[ref])
		}
	}
	m.money.follow(events)
	m.months.follow(s.Clock, before, events)
	m.usage.follow(events)
	checkPaths(m.world, before, events)
	checkLots(m.world, before, events)
	checkCollected(m.world, s.Command, before)
	checkTimed(m.world, s, before, events)
	checkReleases(m.world, before, events)
	for _, ref := range touched {
		switch state := m.states[ref].(type) {
		case *domain.Order:
			checkOrder(m.world, state)
			checkRefunds(m.world, state)
		case *domain.Account:
			m.money.checkAccount(state)
		case *domain.Resource:
			checkResource(m.world, state)
		}
	}
	m.money.checkArrears(s.Command.Org())
	m.usage.checkUnsettled(s.Command.Org())
}

// end replays the whole history.
func (m *model) end() {
	for ref, s := range m.states {
		if !bytes.Equal(m.encoded(s), m.saved[ref]) {
			m.t.Fatalf("sharing: the state of %s was changed in place", ref)
		}
	}
	m.wantSameAfterReplay()
}
