package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"orderledger/client"
)

// service is what the program knows, all of it from events.
type service struct {
	options
	mu        sync.Mutex
	placed    int                  // of its own orders, which are numbered from 0
	orders    map[string]*order    // that are not fulfilled yet, by id
	instances map[string]*instance // that run, by id
}

// order is an order for our product, until it is fulfilled or will not be.
type order struct {
	id       string
	resource string // its id, if the order says which
	paid     bool
	started  time.Time
	asked    string // what was asked of the ledger last: its event is on the way
}

// instance is a resource that was bought.
type instance struct {
	id       string
	reported time.Time          // use is reported up to here
	releases map[string]release // by reason
	asked    string
}

// release is why an instance is to be taken down, and since when.
type release struct {
	client.ReleaseDue
	at time.Time
}

func newService(o options) *service {
	return &service{options: o, orders: map[string]*order{}, instances: map[string]*instance{}}
}

// fold takes an event in. It asks for nothing: at the start, events come that are long past.
func (s *service) fold(e client.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch d := e.Data.(type) {
	case client.OrderPlaced:
		if len(d.Lines) == 0 || d.Lines[0].ProductCode != s.name || d.OrderType != "purchase" {
			return
		}
		s.orders[d.OrderID] = &order{id: d.OrderID, resource: d.Lines[0].ResourceID}
		if d.OrderID == s.orderID(s.placed) {
			s.placed++
		}
	case client.OrderPaid:
		s.change(d.OrderID, func(o *order) { o.paid = true })
	case client.FulfilmentStarted:
		s.change(d.OrderID, func(o *order) { o.started = e.OccurredAt })
	case client.OrderCompleted:
		if s.orders[d.OrderID] != nil {
			s.instances[d.ResourceID] = &instance{id: d.ResourceID, reported: e.OccurredAt, releases: map[string]release{}}
		}
		delete(s.orders, d.OrderID)
	case client.FulfilmentFailed, client.OrderRefunded, client.OrderCancelled, client.OrderExpired, client.OrderVoided:
		delete(s.orders, strings.TrimPrefix(e.Stream, "order-")) // a failed one is paid back by the ledger itself
	case client.ResourceClosed:
		delete(s.instances, d.ResourceID)
	case client.ReleaseDue:
		s.touch(d.ResourceID, func(i *instance) { i.releases[d.Reason] = release{d, e.OccurredAt} })
	case client.ReleaseWithdrawn:
		s.touch(d.ResourceID, func(i *instance) { delete(i.releases, d.Reason) })
	case client.Raw:
		if e.Name() == "resource.usage_recorded" {
			s.foldUse(d)
		}
	}
}

// foldUse takes in use that was recorded. The client has no type for that, but docs/api/schemas/events describes it.
func (s *service) foldUse(payload client.Raw) {
	var d struct {
		ResourceID string `json:"resource_id"`
		Records    []struct{ To time.Time }
	}
	if err := json.Unmarshal(payload, &d); err != nil {
		slog.Error("use can't be read", "error", err)
		return
	}
	s.touch(d.ResourceID, func(i *instance) {
		for _, r := range d.Records {
			if r.To.After(i.reported) {
				i.reported = r.To
			}
		}
	})
}

// touch changes what is known of an instance of ours, which may be asked for something again.
func (s *service) touch(id string, change func(*instance)) {
	if i := s.instances[id]; i != nil {
		change(i)
		i.asked = ""
	}
}

// change changes what is known of an order of ours, which may be asked for something again.
func (s *service) change(orderID string, change func(*order)) {
	if o := s.orders[orderID]; o != nil {
		change(o)
		o.asked = ""
	}
}

// create makes an instance and returns its id. A real service calls its cloud here, with the order's id as the name or the
// token of the call: it is called again when the process dies before the ledger has heard of the instance.
func (s *service) create(o *order) (string, error) {
	h := fnv.New64a()
	fmt.Fprint(h, s.seed, o.id)
	if float64(h.Sum64()) < s.failureRate*math.MaxUint64 {
		return "", errors.New("no capacity left")
	}
	return cmp.Or(o.resource, s.name+"-"+o.id), nil
}
