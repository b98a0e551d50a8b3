package domain

// RejectOrder ends an order that waits for an approval, for want of one.
type RejectOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

func (c RejectOrder) Name() string             { return "reject_order" }
func (c RejectOrder) Org() string              { return c.OrgID }
func (c RejectOrder) ForOrg(id string) Command { c.OrgID = id; return c }
func (c RejectOrder) order() string            { return c.OrderID }

func (c RejectOrder) Needs(States) []Ref { return []Ref{OrderRef(c.OrderID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c RejectOrder) Check() *Rejection { return checkApproval(c.OrderID, c.OrgID, c.Reason) }

func (c RejectOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := awaitingOrder(s, c.OrderID, c.OrgID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	return one(OrderRef(o.OrderID), OrderRejected{OrderID: o.OrderID, OrgID: o.OrgID, By: clock.Actor, Reason: c.Reason}), nil
}
