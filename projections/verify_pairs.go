package projections

import "orderledger/eventstore"

// pairsWalk holds the two sides of every payment against each other. An order that is paid with money is followed at
// once, in the same command, by its account's event: a charge, or, where money comes back, a return, which is followed
// at once by what the origin says of it. A refund that returns nothing has no account's event between the two orders'.
// No other event charges, returns or refunds, so that nothing slips.
type pairsWalk struct {
	// paid waits for its account, back for its origin; free is a payment of nothing, just before.
	paid, back, free *fundsPayload
	at               int64 // of what waits
}

// other is an event that no pair may have between its parts.
func (w *pairsWalk) other(c *Check) {
	if w.paid != nil {
		c.fault("event %d pays an order, and no account is charged for it", w.at)
	}
	if w.back != nil {
		c.fault("event %d gives money back, and no order says so", w.at)
	}
	w.paid, w.back, w.free = nil, nil, nil
}

func (w *pairsWalk) next(e *eventstore.Event, kind string, p *fundsPayload, c *Check) {
	before := *w
	*w = pairsWalk{}
	if e.Key != "" && (kind == "account.charged" || kind == "account.refunded" || kind == "order.refunded") {
		c.fault("event %d begins a command, and its other side is not in it", e.Position)
	}
	switch kind {
	case "order.paid":
		before.other(c)
		if p.Paid.equal(nil) {
			w.free, w.at = p, e.Position
		} else {
			w.paid, w.at = p, e.Position
		}
	case "account.charged":
		w.charged(e, p, before.paid, c)
	case "account.refunded":
		w.returned(e, p, before.paid, c)
	case "order.refunded":
		refunded(e, p, &before, c)
	default:
		before.other(c)
	}
}

// charged holds a charge against the payment just before it.
func (w *pairsWalk) charged(e *eventstore.Event, p, paid *fundsPayload, c *Check) {
	switch {
	case paid == nil || paid.OrderID != p.OrderID || paid.OrgID != p.OrgID || paid.Currency != p.Currency:
		c.fault("event %d charges an account for an order that is not paid just before it", e.Position)
	case !paid.Paid.equal(p.Funds) || !paid.Paid.total().IsPositive():
		c.fault("event %d charges %s, for a payment of %s", e.Position, p.Funds.text(), paid.Paid.text())
	}
}

// returned holds a return against the negative payment just before it.
func (w *pairsWalk) returned(e *eventstore.Event, p, paid *fundsPayload, c *Check) {
	switch {
	case paid == nil || paid.OrderID != p.RefundOrderID || paid.OrgID != p.OrgID || paid.Currency != p.Currency:
		c.fault("event %d gives money back for an order that is not paid just before it", e.Position)
	case !paid.Paid.neg().equal(p.Funds) || !paid.Paid.total().IsNegative():
		c.fault("event %d gives %s back, for a payment of %s", e.Position, p.Funds.text(), paid.Paid.text())
	}
	w.back, w.at = p, e.Position
}

// refunded holds what an order says of its refund against what the account got just before.
func refunded(e *eventstore.Event, p *fundsPayload, before *pairsWalk, c *Check) {
	back, free := before.back, before.free
	switch {
	case back != nil && back.OrderID == p.OrderID && back.RefundOrderID == p.RefundOrderID && back.OrgID == p.OrgID && back.Funds.equal(p.Returned):
	case free != nil && free.OrderID == p.RefundOrderID && free.OrgID == p.OrgID && p.Returned.equal(nil):
	default:
		c.fault("event %d says that its order got %s back by %s, which is not what happened just before it", e.Position, p.Returned.text(), p.RefundOrderID)
	}
}
