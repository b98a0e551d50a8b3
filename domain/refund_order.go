package domain

import "slices"

// RefundOrder gives back money of an order: what its remaining time is worth, or an amount; of all its lines, or of
// those named. What comes back is an order of its own, which the origin's id and the number of its refunds name.
type RefundOrder struct {
	OrderID string  `json:"order_id"`
	OrgID   string  `json:"org_id"`
	Amount  *Amount `json:"amount"`
	LineNos []int   `json:"line_nos"`
	Reason  string  `json:"reason"`
	// ReturnVouchers: what vouchers paid goes back to them while they are valid; else it is forfeited.
	ReturnVouchers bool `json:"return_vouchers"`
	// Preview asks what would come back, of a route that changes nothing; such a command can't be carried out.
	Preview bool `json:"preview"`
	// Unfulfilled: only while what was paid for is not there. It is for timers, whose lists may be late.
	Unfulfilled bool `json:"-"`
}

func (c RefundOrder) Name() string             { return "refund_order" }
func (c RefundOrder) Org() string              { return c.OrgID }
func (c RefundOrder) ForOrg(id string) Command { c.OrgID = id; return c }

// Needs is the order, what its payment needed, and the resources whose leases end with it.
func (c RefundOrder) Needs(s States) []Ref {
	refs := []Ref{OrderRef(c.OrderID)}
	if c.OrgID == "" {
		return refs
	}
	refs = append(refs, AccountRef(c.OrgID), OrgRef(c.OrgID))
	if o := s.Order(c.OrderID); o != nil && o.OrgID == c.OrgID && c.Amount == nil {
		for _, id := range resourceIDs(o.Lines) {
			refs = append(refs, ResourceRef(c.OrgID, id))
		}
	}
	return refs
}

// Check finds what is wrong with the refund whatever the ledger holds.
func (c RefundOrder) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	k.text("reason", c.Reason, reasonMax)
	if c.Amount != nil && c.Amount.Sign() <= 0 {
		k.fail("amount", "an amount is more than 0")
	}
	if len(c.LineNos) > linesMax {
		k.fail("line_nos", "an order has %d lines at most", linesMax)
		return k.first
	}
	for i, no := range c.LineNos {
		if no < 1 || slices.Contains(c.LineNos[:i], no) {
			k.fail("line_nos", "each line of the order at most once")
		}
	}
	return k.first
}

func (c RefundOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	if c.Preview {
		return Decision{}, invalid("preview", "a preview is asked for at /v1/orders/{order_id}/refund, and changes nothing")
	}
	d, refused := c.refund(s, clock)
	if refused != nil {
		return Decision{}, refused
	}
	return d.Decision, nil
}

func (c RefundOrder) refund(s States, clock Clock) (*draft, *Rejection) {
	o := s.Order(c.OrderID)
	if o == nil || o.OrgID != c.OrgID {
		return nil, reject(NotFound, "there is no order %s", c.OrderID).early(true)
	}
	if clock.At.Before(o.OccurredAt) {
		return nil, historyRunsBack(o)
	}
	if c.Unfulfilled && o.fulfilled() {
		return nil, reject(NotRefundable, "the order was fulfilled meanwhile")
	}
	org := s.Org(o.OrgID)
	settings := SettingsOf(org)
	plan, refused := refundable(o, settings, refundAsk{amount: c.Amount, lineNos: c.LineNos, returnVouchers: c.ReturnVouchers}, clock.At)
	if refused != nil {
		return nil, refused
	}
	d := newDraft(s, clock)
	placed := refundOrder(o, settings, plan, c.Reason, clock.At)
	if refused := d.refund(o, plan, placed, bookingPeriod(org, clock.At)); refused != nil {
		return nil, refused
	}
	if plan.timed {
		refused = d.endLeases(o, plan, placed.OrderID, c.Reason)
	}
	return d, refused
}
