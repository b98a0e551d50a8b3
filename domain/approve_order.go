package domain

import (
	"strings"
	"time"
)

// ApproveOrder lets an order go on that waits for somebody else than who placed it to agree. Whether it costs something
// or not, it goes on as it would have without: it may be paid, or gives back what it gives back.
type ApproveOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

func (c ApproveOrder) Name() string             { return "approve_order" }
func (c ApproveOrder) Org() string              { return c.OrgID }
func (c ApproveOrder) ForOrg(id string) Command { c.OrgID = id; return c }
func (c ApproveOrder) order() string            { return c.OrderID }

// Needs is the order; for one that goes on by itself also what it goes on to.
func (c ApproveOrder) Needs(s States) []Ref {
	refs := []Ref{OrderRef(c.OrderID)}
	if o := s.Order(c.OrderID); o != nil && o.PayableAmount.Sign() <= 0 {
		refs = append(refs, AccountRef(o.OrgID), OrgRef(o.OrgID))
		refs = append(refs, o.related()...)
	}
	return refs
}

// Check finds what is wrong with the command whatever the ledger holds.
func (c ApproveOrder) Check() *Rejection { return checkApproval(c.OrderID, c.OrgID, c.Reason) }

func checkApproval(orderID, orgID, reason string) *Rejection {
	k := &checker{}
	k.optionalID("org_id", orgID)
	k.orderID("order_id", orderID)
	k.text("reason", reason, reasonMax)
	return k.first
}

func (c ApproveOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := awaitingOrder(s, c.OrderID, c.OrgID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	if o.PayBefore != nil && !clock.At.Before(*o.PayBefore) {
		return Decision{}, reject(PaymentDeadlinePassed, "the order had to be approved and paid before %s; place it again", o.PayBefore.Format(time.RFC3339))
	}
	d := newDraft(s, clock)
	d.emit(OrderRef(o.OrderID), OrderApproved{OrderID: o.OrderID, OrgID: o.OrgID, By: clock.Actor, Reason: c.Reason})
	if o.PayableAmount.Sign() <= 0 {
		if refused := d.finish(d.Order(o.OrderID), nil); refused != nil {
			return Decision{}, refused
		}
	}
	return d.Decision, nil
}

// awaitingOrder finds the order for somebody who decides whether it may go on, which is not who placed it. Decisions of
// the past, brought in, are not questioned, but only orders of the past have them: else a date would be a second person.
func awaitingOrder(s States, orderID, orgID string, clock Clock) (*Order, *Rejection) {
	o, refused := orderIn(s, orderID, orgID, clock, "waits for no approval", OrderNotAwaitingApproval, AwaitingApproval)
	if refused != nil {
		return nil, refused
	}
	if clock.Imported() && !o.Imported {
		return nil, invalid("at", "an order that was placed here is decided on here and now; leave at out")
	}
	if strings.TrimPrefix(o.PlacedBy, "import:") == clock.Actor && !clock.Imported() { // whoever brought an order in did place it
		return nil, reject(ApprovalByPlacer, "who placed an order can't approve or reject it; somebody else has to")
	}
	return o, nil
}
