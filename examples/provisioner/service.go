package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
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
	reported time.Time            // use is reported up to here
	release  map[string]time.Time // why it is to be taken down, and since when
	asked    string
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
			s.instances[d.ResourceID] = &instance{id: d.ResourceID, reported: e.OccurredAt, release: map[string]time.Time{}}
		}
		delete(s.orders, d.OrderID)
	case client.FulfilmentFailed, client.OrderRefunded, client.OrderCancelled, client.OrderExpired, client.OrderVoided:
		delete(s.orders, strings.TrimPrefix(e.Stream, "order-")) // a failed one is paid back by the ledger itself
	case client.ResourceClosed:
		delete(s.instances, d.ResourceID)
	case client.Raw:
		s.foldRaw(e)
	}
}

// foldRaw takes in events that the client has no types for; docs/api/schemas/events describes them.
func (s *service) foldRaw(e client.Event) {
	var d struct {
		ResourceID string `json:"resource_id"`
		Reason     string
		Records    []struct{ To time.Time }
	}
	i := (*instance)(nil)
	if err := json.Unmarshal(e.Payload, &d); err == nil {
		i = s.instances[d.ResourceID]
	}
	if i == nil {
		return
	}
	switch e.Name() {
	case "resource.usage_recorded":
		for _, r := range d.Records {
			if r.To.After(i.reported) {
				i.reported = r.To
			}
		}
	case "resource.release_due":
		i.release[d.Reason] = e.OccurredAt
	case "resource.release_withdrawn":
		delete(i.release, d.Reason)
	}
	i.asked = ""
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
