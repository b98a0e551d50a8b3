package intake

import (
	"slices"
	"sync"

	"orderledger/domain"
)

// lanes keep commands on one order, resource or account in line. Others pass each other.
type lanes struct {
	mu   sync.Mutex
	last map[string]*place // by what it is about: who came last
}

// place is a command's in all of its lanes.
type place struct {
	lanes *lanes
	about []string
	done  chan struct{}
}

// heirsMax: who comes after a command that is about so many things does not wait in all of those lanes.
const heirsMax = 16

func newLanes() *lanes { return &lanes{last: map[string]*place{}} }

// enter takes a place behind those that are in line for any of the same things; before are those. A command also stands
// in the lanes of the ones that it waits for: who pays an order acts on the resource that the order's placing named.
func (l *lanes) enter(about []string) (p *place, before []*place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p = &place{lanes: l, about: about, done: make(chan struct{})}
	for i := 0; i < len(p.about); i++ {
		ahead := l.last[p.about[i]]
		if ahead == nil || slices.Contains(before, ahead) {
			continue
		}
		before = append(before, ahead)
		if len(ahead.about) > heirsMax {
			continue
		}
		for _, thing := range ahead.about {
			if !slices.Contains(p.about, thing) {
				p.about = append(p.about, thing)
			}
		}
	}
	for _, thing := range p.about {
		l.last[thing] = p
	}
	return p, before
}

// leave lets the next ones go on.
func (p *place) leave() {
	l := p.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, thing := range p.about {
		if l.last[thing] == p {
			delete(l.last, thing)
		}
	}
	close(p.done)
}

// about lists the orders and resources that a command names; where it names none, what else it needs.
func about(c domain.Command) []string {
	var things, rest []string
	if id := domain.OrderOf(c); id != "" {
		things = append(things, domain.OrderRef(id).String())
	}
	if place, ok := c.(domain.PlaceOrder); ok {
		for _, line := range place.Lines {
			if line.ResourceID != "" {
				things = append(things, domain.ResourceRef(c.Org(), line.ResourceID).String())
			}
		}
	}
	for _, ref := range c.Needs(nothing{}) {
		switch ref.Kind {
		case domain.KindOrder, domain.KindResource:
			things = append(things, ref.String())
		default:
			rest = append(rest, ref.String())
		}
	}
	if len(things) == 0 {
		things = rest
	}
	slices.Sort(things)
	return slices.Compact(things)
}

// nothing is a ledger in which nothing has been looked up.
type nothing struct{}

func (nothing) Order(string) *domain.Order               { return nil }
func (nothing) Account(string) *domain.Account           { return nil }
func (nothing) Org(string) *domain.Org                   { return nil }
func (nothing) Resource(string, string) *domain.Resource { return nil }
func (nothing) Taken(string, string, string) bool        { return false }
