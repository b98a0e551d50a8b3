package domain

import (
	"slices"
	"time"
)

// ReportFulfilment is what the service that provisions says of a paid order: it started, what was bought is there, or it
// failed. One that is there may say which resource it is and what time it is for.
type ReportFulfilment struct {
	OrderID     string     `json:"order_id"`
	OrgID       string     `json:"org_id"`
	State       string     `json:"state"`
	ResourceID  string     `json:"resource_id"`
	EffectiveAt *time.Time `json:"effective_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
	Reason      string     `json:"reason"`
}

func (c ReportFulfilment) Name() string             { return "report_fulfilment" }
func (c ReportFulfilment) Org() string              { return c.OrgID }
func (c ReportFulfilment) ForOrg(id string) Command { c.OrgID = id; return c }
func (c ReportFulfilment) order() string            { return c.OrderID }

// Needs is the order; for one that is completed also the resources that it changes.
func (c ReportFulfilment) Needs(s States) []Ref {
	refs := []Ref{OrderRef(c.OrderID)}
	o := s.Order(c.OrderID)
	if o == nil || c.State != "completed" {
		return refs
	}
	refs = append(append(refs, OrgRef(o.OrgID)), o.related()...)
	if c.ResourceID != "" {
		refs = append(refs, ResourceRef(o.OrgID, c.ResourceID))
	}
	return refs
}

// Check finds what is wrong with the report whatever the ledger holds.
func (c ReportFulfilment) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	if !slices.Contains([]string{"started", "completed", "failed"}, c.State) {
		k.fail("state", "one of started, completed, failed")
	}
	k.resourceID("resource_id", c.ResourceID)
	k.time("effective_at", c.EffectiveAt)
	k.time("expires_at", c.ExpiresAt)
	if c.EffectiveAt != nil && c.ExpiresAt != nil && !c.EffectiveAt.Before(*c.ExpiresAt) {
		k.fail("expires_at", "it lies after effective_at")
	}
	k.text("reason", c.Reason, reasonMax)
	return k.first
}

func (c ReportFulfilment) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := knownOrder(s, c.OrderID, c.OrgID)
	if refused == nil {
		refused = o.mayBecome(c.State)
	}
	if refused == nil {
		refused = o.notBefore(clock)
	}
	if refused != nil {
		return Decision{}, refused
	}
	stream := OrderRef(o.OrderID)
	switch c.State {
	case "started":
		return one(stream, FulfilmentStarted{OrderID: o.OrderID, OrgID: o.OrgID}), nil
	case "failed":
		return one(stream, FulfilmentFailed{OrderID: o.OrderID, OrgID: o.OrgID, Reason: c.Reason}), nil
	}
	return c.complete(s, o, clock)
}

// mayBecome says whether the service may report a state. An order that was refunded in part goes by what was reported of
// it before.
func (o *Order) mayBecome(state string) *Rejection {
	at := ""
	if o.Fulfilment != nil {
		at = o.Fulfilment.State
	}
	open := false
	switch o.Status {
	case Paid, Fulfilling, FulfilmentFailure, PartiallyRefunded:
		open = typeRules[o.OrderType].provisioned
	}
	switch {
	case at == "completed":
		return reject(OrderNotFulfillable, "the order was fulfilled before")
	case !open:
		unpaid := o.Status == Unpaid || o.Status == AwaitingApproval
		return reject(OrderNotFulfillable, "the order is %s, of type %s, and is not being fulfilled", o.Status, o.OrderType).early(unpaid)
	case at == "started" && state == "started":
		return reject(OrderNotFulfillable, "the fulfilment has started before")
	case at == "failed" && state != "started":
		return reject(OrderNotFulfillable, "the fulfilment has failed; it may be started again, or the order refunded")
	}
	return nil
}

func (c ReportFulfilment) complete(s States, o *Order, clock Clock) (Decision, *Rejection) {
	left := func(l Line) bool { return l.ResourceID == "" || l.ResourceID == c.ResourceID }
	if c.ResourceID != "" && !slices.ContainsFunc(o.Lines, left) {
		return Decision{}, invalid("resource_id", "the order's lines name other resources")
	}
	done := OrderCompleted{OrderID: o.OrderID, OrgID: o.OrgID, ResourceID: c.ResourceID, EffectiveAt: utc(c.EffectiveAt), ExpiresAt: utc(c.ExpiresAt)}
	after := *o
	after.Lines = filledLines(o.Lines, done)
	for i := range after.Lines {
		if l := &after.Lines[i]; l.EffectiveAt != nil && l.ExpiresAt != nil && !l.EffectiveAt.Before(*l.ExpiresAt) {
			return Decision{}, invalid("effective_at", "line %d would end before it begins", l.LineNo)
		}
	}
	done.Lines = after.windows(clock.At, SettingsOf(s.Org(o.OrgID)).Location())
	d := newDraft(s, clock)
	d.emit(OrderRef(o.OrderID), done)
	opens := func(l *Line) bool { return !d.opened(o, &o.Lines[l.LineNo-1]) && !o.givenBack(l.LineNo) }
	if o.OrderType == Upgrade {
		return d.changed(d.Order(o.OrderID), opens)
	}
	if refused := d.openResources(d.Order(o.OrderID), opens); refused != nil {
		return Decision{}, refused
	}
	return d.Decision, nil
}

// opened says whether a purchase's line is open already: since it was paid, or since another order followed it.
func (d *draft) opened(o *Order, l *Line) bool {
	if o.OrderType != Purchase || l.ResourceID == "" {
		return false
	}
	r := d.Resource(o.OrgID, l.ResourceID)
	is := func(lease Lease) bool { return lease.OrderID == o.OrderID && lease.LineNo == l.LineNo }
	return opensAtOnce(*l) || r != nil && slices.ContainsFunc(r.Leases, is)
}

// changed makes the changes of an upgrade that is done; a resource that is gone by now can't be changed.
func (d *draft) changed(o *Order, some func(*Line) bool) (Decision, *Rejection) {
	for i := range o.Lines {
		r := d.Resource(o.OrgID, o.Lines[i].ResourceID)
		switch {
		case r != nil && r.Status == ResourceGone:
			return Decision{}, reject(ResourceIsClosed, "the resource %s is closed", r.ResourceID)
		case r != nil && d.clock.At.Before(r.OccurredAt):
			return Decision{}, goesBack(r)
		}
		h := tenureOf(d, o.OrgID, o.Lines[i].ResourceID, o.ParentOrderID)
		if some(&o.Lines[i]) && h.term(&o.Lines[i].LineSpec) == nil { // or the difference would buy the whole lease
			return Decision{}, reject(LeaseMismatch, "the lease of %s that was to be upgraded is gone; report that it failed", namedTerm(&o.Lines[i].LineSpec))
		}
	}
	d.changeResourcesOf(o, some)
	return d.Decision, nil
}

// givenBack says whether a line was refunded whole.
func (o *Order) givenBack(lineNo int) bool {
	var paid, back Amount
	for i := range o.LineFunds {
		if f := &o.LineFunds[i]; f.LineNo == lineNo {
			paid = f.Total()
		}
	}
	for i := range o.LineRefunds {
		if r := &o.LineRefunds[i]; r.LineNo == lineNo {
			back = r.Returned.Total().Add(r.Consumed).Add(r.Forfeited)
		}
	}
	return paid.Sign() > 0 && !back.Less(paid)
}
