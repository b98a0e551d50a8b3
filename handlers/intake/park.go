package intake

import (
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"orderledger/domain"
)

// HeaderParkUntil has the time, in RFC 3339, until which a command that comes too early waits: ParkMost after it was
// published at most, and ParkFor where nothing else is said.
const (
	HeaderParkUntil = "Ledger-Park-Until"
	ParkFor         = 30 * time.Second
	ParkMost        = 10 * time.Minute
	// parkedMax bounds the commands that wait for an earlier one: they take up room among those in flight.
	parkedMax = inFlightMax / 4
	// parkedOfOne bounds those of one service, which would otherwise leave no room for the others'.
	parkedOfOne = parkedMax / 4
	parkedFirst = 50 * time.Millisecond
)

// early says whether a refusal may be cured by a command on the same thing that is still to come.
func early(err error) bool {
	var r *domain.Rejection
	return errors.As(err, &r) && r.Early
}

// park has a command come again later, out of its place in line: what it waits for comes after it.
func (in *Intake) park(m *message.Message, a *arrival, until time.Time) bool {
	left := time.Until(until)
	if left <= 0 || !in.parked.add(a.Sequence, a.service) {
		return false
	}
	in.counts.outcomes.WithLabelValues("parked").Inc()
	after := restMax
	if a.Times < 6 {
		after = min(restMax, parkedFirst<<(a.Times-1))
	}
	a.Again(min(after, left+time.Millisecond))
	m.Nack() // the router's own acknowledgement comes too late
	return true
}

// parkUntil is when a command that came too early is refused.
func (in *Intake) parkUntil(m *message.Message, a *arrival) time.Time {
	until := a.Published.Add(in.ParkFor)
	if asked, err := time.Parse(time.RFC3339Nano, m.Metadata.Get(HeaderParkUntil)); err == nil {
		until = asked
	}
	if most := a.Published.Add(ParkMost); until.After(most) {
		return most
	}
	return until
}

// parking counts the commands that wait, by sequence.
type parking struct {
	mu  sync.Mutex
	all map[uint64]string // the services
	of  map[string]int    // how many of each service
}

// add is false when there is no more room.
func (p *parking) add(sequence uint64, service string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) >= parkedMax || p.of[service] >= parkedOfOne {
		return false
	}
	if p.all == nil {
		p.all, p.of = map[uint64]string{}, map[string]int{}
	}
	p.all[sequence] = service
	p.of[service]++
	return true
}

func (p *parking) remove(sequence uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	service, parked := p.all[sequence]
	if !parked {
		return
	}
	delete(p.all, sequence)
	if p.of[service]--; p.of[service] == 0 {
		delete(p.of, service)
	}
}

// clear forgets those that another process goes on with.
func (p *parking) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.all)
	clear(p.of)
}

func (p *parking) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all)
}
