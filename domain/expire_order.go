package domain

import "time"

// ExpireOrder ends an order that was not paid, or not approved, when its deadline has come.
type ExpireOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
}

func (c ExpireOrder) Name() string             { return "expire_order" }
func (c ExpireOrder) Org() string              { return c.OrgID }
func (c ExpireOrder) ForOrg(id string) Command { c.OrgID = id; return c }

func (c ExpireOrder) Needs(States) []Ref { return []Ref{OrderRef(c.OrderID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c ExpireOrder) Check() *Rejection {
	k := &checker{}
	k.optionalID("org_id", c.OrgID)
	k.orderID("order_id", c.OrderID)
	return k.first
}

func (c ExpireOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	o, refused := openOrder(s, c.OrderID, c.OrgID, clock, "can't expire")
	if refused != nil {
		return Decision{}, refused
	}
	if o.PayBefore == nil {
		return Decision{}, reject(NotYetDue, "what was used is owed, and never expires")
	}
	if clock.At.Before(*o.PayBefore) {
		return Decision{}, reject(NotYetDue, "the order may be paid until %s", o.PayBefore.Format(time.RFC3339))
	}
	return one(OrderRef(o.OrderID), OrderExpired{OrderID: o.OrderID, OrgID: o.OrgID, PayBefore: *o.PayBefore}), nil
}
