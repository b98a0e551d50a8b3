package domain

import (
	"slices"
	"time"
)

// Decide carries a checked command out against the states it needs: the events it makes, or why it is
// refused. The same arguments always give the same answer.
func Decide(s States, c Command, clock Clock) (Decision, *Rejection) {
	if clock.At.After(clock.Now) {
		return Decision{}, invalid("at", "history can't be in the future: it is %s", clock.Now.Format(time.RFC3339Nano))
	}
	return c.decide(s, clock)
}

// knownOrder finds the order that a command is about. An order of another organisation is not found, as if it did not
// exist.
func knownOrder(s States, orderID, orgID string) (*Order, *Rejection) {
	o := s.Order(orderID)
	if o == nil || o.OrgID != orgID {
		return nil, reject(NotFound, "there is no order %s", orderID).early(true)
	}
	return o, nil
}

// unpaidOrder finds the order for a command that needs it unpaid.
func unpaidOrder(s States, orderID, orgID string, clock Clock, verb string) (*Order, *Rejection) {
	return orderIn(s, orderID, orgID, clock, verb, OrderNotUnpaid, Unpaid)
}

// openOrder finds the order for a command that ends it before anything was paid.
func openOrder(s States, orderID, orgID string, clock Clock, verb string) (*Order, *Rejection) {
	return orderIn(s, orderID, orgID, clock, verb, OrderNotUnpaid, Unpaid, AwaitingApproval)
}

// orderIn finds the order for a command that needs it in one of some statuses.
func orderIn(s States, orderID, orgID string, clock Clock, verb string, code Code, in ...Status) (*Order, *Rejection) {
	o, refused := knownOrder(s, orderID, orgID)
	if refused != nil {
		return nil, refused
	}
	if !slices.Contains(in, o.Status) {
		return nil, reject(code, "the order is %s and %s", o.Status, verb).early(o.Status == AwaitingApproval)
	}
	return o, o.notBefore(clock)
}

// notBefore refuses history that goes back.
func (o *Order) notBefore(clock Clock) *Rejection {
	if clock.At.Before(o.OccurredAt) {
		return historyRunsBack(o)
	}
	return nil
}

func historyRunsBack(o *Order) *Rejection {
	return invalid("at", "history can't go back: the order's last event happened at %s", o.OccurredAt.Format(time.RFC3339Nano))
}

func one(stream Ref, e Event) Decision { return Decision{Events: []StreamEvent{{stream, e}}} }

func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func lesser(a, b Amount) Amount {
	if a.Less(b) {
		return a
	}
	return b
}

func greater(a, b Amount) Amount {
	if a.Less(b) {
		return b
	}
	return a
}

// shortfall is what has lacks of want, or nothing. Who wants nothing lacks nothing, however deep in credit.
func shortfall(want, has Amount) Amount {
	if want.Sign() == 0 || want.Less(has) {
		return Amount{digits: want.digits}
	}
	return want.Sub(has)
}

// utc drops the zone and what is finer than a microsecond, which is what the log keeps.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
