package domain

// VoidOrder is the operator's word, or the system's, that an order which was not paid is void: placed in error, twice, at a
// price that was withdrawn. What waits as arrears waits no more.
type VoidOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

func (c VoidOrder) Name() string             { return "void_order" }
func (c VoidOrder) Org() string              { return c.OrgID }
func (c VoidOrder) ForOrg(id string) Command { c.OrgID = id; return c }
func (c VoidOrder) order() string            { return c.OrderID }

// Needs is the order, and the account when the order waits on it.
func (c VoidOrder) Needs(s States) []Ref {
	refs := []Ref{OrderRef(c.OrderID)}
	if o := s.Order(c.OrderID); o != nil && o.Arrears {
		refs = append(refs, AccountRef(o.OrgID))
	}
	return refs
}

// Check finds what is wrong with the command whatever the ledger holds.
func (c VoidOrder) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	k.required("reason", c.Reason, reasonMax)
	return k.first
}

func (c VoidOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := openOrder(s, c.OrderID, c.OrgID, clock, "can't be voided")
	if refused != nil {
		return Decision{}, refused
	}
	d := one(OrderRef(o.OrderID), OrderVoided{OrderID: o.OrderID, OrgID: o.OrgID, Reason: c.Reason})
	if o.Arrears {
		d.Events = append(d.Events, StreamEvent{AccountRef(o.OrgID), ArrearsDropped{OrgID: o.OrgID, OrderID: o.OrderID}})
	}
	return d, nil
}
