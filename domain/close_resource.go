package domain

import "slices"

// CloseResource ends a resource: what it used is billed to the last, what was paid for time to come goes back as far as
// each order can be refunded.
type CloseResource struct {
	OrgID          string `json:"org_id"`
	ResourceID     string `json:"resource_id"`
	Reason         string `json:"reason"`
	ReturnVouchers bool   `json:"return_vouchers"`
	// IfReleaseDue: only while the resource is to be released, that is for a service that heard so: what was renewed or paid
	// meanwhile stays.
	IfReleaseDue bool `json:"if_release_due"`
}

func (c CloseResource) Name() string             { return "close_resource" }
func (c CloseResource) Org() string              { return c.OrgID }
func (c CloseResource) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the command whatever the ledger holds.
func (c CloseResource) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.requiredResourceID(c.ResourceID)
	k.text("reason", c.Reason, reasonMax)
	return k.first
}

// Needs are the resource, the orders of its leases, the account, and the organisation, whose months decide.
func (c CloseResource) Needs(s States) []Ref {
	needs := newRefs(ResourceRef(c.OrgID, c.ResourceID), AccountRef(c.OrgID), OrgRef(c.OrgID))
	if r := s.Resource(c.OrgID, c.ResourceID); r != nil {
		for _, l := range r.Leases {
			needs.add(OrderRef(l.OrderID))
		}
		needs.addReleases(r)
	}
	return needs.list
}

func (c CloseResource) decide(s States, clock Clock) (Decision, *Rejection) {
	r, refused := activeResource(s, c.OrgID, c.ResourceID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	d := newDraft(s, clock)
	if c.IfReleaseDue && !slices.ContainsFunc(r.Releases, func(release Release) bool { return d.holds(r, release) }) {
		return Decision{}, reject(ReleaseNotDue, "the resource %s is not to be released, or not any more", c.ResourceID)
	}
	closed := ResourceClosed{OrgID: c.OrgID, ResourceID: c.ResourceID, Reason: c.Reason}
	if closed.SettlementOrders, refused = d.settleAll(r); refused != nil {
		return Decision{}, refused
	}
	if closed.RefundOrders, refused = d.refundLeases(r, c); refused != nil {
		return Decision{}, refused
	}
	// The state that callers are told comes last: the money first would leave it open.
	d.emit(ResourceRef(c.OrgID, c.ResourceID), closed)
	return d.Decision, nil
}

// refundLeases gives back what was paid for time to come, order by order; an order that nothing comes back of stays as
// it is.
func (d *draft) refundLeases(r *Resource, c CloseResource) ([]string, *Rejection) {
	settings := SettingsOf(d.Org(r.OrgID))
	lines := map[string][]int{}
	var orders, refunds []string
	for _, l := range r.Leases {
		if lines[l.OrderID] == nil {
			orders = append(orders, l.OrderID)
		}
		lines[l.OrderID] = append(lines[l.OrderID], l.LineNo)
	}
	reason := c.Reason
	if reason == "" {
		reason = "the resource was closed"
	}
	for _, id := range orders {
		o := d.Order(id)
		if o == nil || o.OrgID != r.OrgID {
			continue
		}
		if d.clock.At.Before(o.OccurredAt) {
			return nil, historyRunsBack(o)
		}
		plan, refused := refundable(o, settings, refundAsk{lineNos: lines[id], returnVouchers: c.ReturnVouchers}, d.clock.At)
		if refused != nil || plan.returned.Total().Add(plan.forfeited).Sign() == 0 {
			continue
		}
		placed := refundOrder(o, settings, plan, reason, d.clock.At)
		if refused := d.refund(o, plan, placed, bookingPeriod(d.Org(r.OrgID), d.clock.At)); refused != nil {
			return nil, refused
		}
		refunds = append(refunds, placed.OrderID)
	}
	return refunds, nil
}
