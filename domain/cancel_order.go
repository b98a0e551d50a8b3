package domain

// CancelOrder gives up an order that is unpaid, or waits for its approval; it can't be taken back.
type CancelOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

func (c CancelOrder) Name() string             { return "cancel_order" }
func (c CancelOrder) Org() string              { return c.OrgID }
func (c CancelOrder) ForOrg(id string) Command { c.OrgID = id; return c }

func (c CancelOrder) Needs(States) []Ref { return []Ref{OrderRef(c.OrderID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c CancelOrder) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	k.text("reason", c.Reason, reasonMax)
	return k.first
}

func (c CancelOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := openOrder(s, c.OrderID, c.OrgID, clock, "can't be cancelled")
	if refused != nil {
		return Decision{}, refused
	}
	if o.Arrears {
		return Decision{}, reject(ArrearsNotCancellable, "what was used is owed; the next top-up pays it")
	}
	return one(OrderRef(o.OrderID), OrderCancelled{OrderID: o.OrderID, OrgID: o.OrgID, Reason: c.Reason}), nil
}
