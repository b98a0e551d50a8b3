package domain

import "time"

// MarkOverdue says of a paid order that it was not fulfilled by its deadline, once, for whoever has to be told. Timers send
// it.
type MarkOverdue struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
}

func (c MarkOverdue) Name() string             { return "mark_overdue" }
func (c MarkOverdue) Org() string              { return c.OrgID }
func (c MarkOverdue) ForOrg(id string) Command { c.OrgID = id; return c }
func (c MarkOverdue) order() string            { return c.OrderID }

// Needs are the order, and the organisation, whose settings have the deadline.
func (c MarkOverdue) Needs(s States) []Ref {
	refs := []Ref{OrderRef(c.OrderID)}
	if o := s.Order(c.OrderID); o != nil {
		refs = append(refs, OrgRef(o.OrgID))
	}
	return refs
}

// Check finds what is wrong with the command whatever the ledger holds.
func (c MarkOverdue) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	return k.first
}

func (c MarkOverdue) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := knownOrder(s, c.OrderID, c.OrgID)
	if refused == nil {
		refused = o.notBefore(clock)
	}
	if refused != nil {
		return Decision{}, refused
	}
	since, awaits := o.AwaitsFulfilment()
	within := SettingsOf(s.Org(o.OrgID)).fulfilWithin()
	switch deadline := since.Add(within); {
	case !awaits:
		return Decision{}, reject(NothingDue, "the order is %s, and waits for no service", o.Status)
	case o.Overdue != nil:
		return Decision{}, reject(NothingDue, "the order is known to be overdue")
	case within <= 0:
		return Decision{}, reject(NothingDue, "the organisation sets no deadline for fulfilment")
	case clock.At.Before(deadline):
		return Decision{}, reject(NotYetDue, "the order may be fulfilled until %s", deadline.Format(time.RFC3339))
	default:
		return one(OrderRef(o.OrderID), FulfilmentOverdue{OrderID: o.OrderID, OrgID: o.OrgID, Since: since, Deadline: deadline}), nil
	}
}

// AwaitsFulfilment says since when an order was paid for which a service has not reported yet that what was bought is
// there: not at all, that it has started, or that it failed. Where a part of the money went back, it is for the rest.
func (o *Order) AwaitsFulfilment() (since time.Time, ok bool) {
	switch o.Status {
	case Paid, Fulfilling, FulfilmentFailure, PartiallyRefunded:
	default:
		return since, false
	}
	if o.PaidAt == nil || o.fulfilled() {
		return since, false
	}
	return *o.PaidAt, true
}
