package domain

import "time"

// Command is something that a caller asks for. Commands are values; Check says whether one is well
// formed, Decide whether it may be carried out.
type Command interface {
	// Name is the command's name in requests ("place_order").
	Name() string
	// Org is the organisation that the command names, "" when the order alone tells.
	Org() string
	// Check finds values that no state of the ledger could make right.
	Check() *Rejection
	// Needs are the streams that Decide looks at, and appends to.
	Needs() []Ref
	// ForOrg is the command with the organisation filled in.
	ForOrg(orgID string) Command
}

// PlaceOrder asks for an order. OrderID may be named by the caller, so that later commands can refer
// to it; otherwise whoever receives the command gives it one. Salts (one per personal value, random)
// come with the command, as the rules have no randomness.
type PlaceOrder struct {
	OrderID       string            `json:"order_id"`
	OrgID         string            `json:"org_id"`
	OrderType     OrderType         `json:"order_type"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	Currency      Currency          `json:"currency"`
	TradeNo       string            `json:"trade_no"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	ParentOrderID *string           `json:"parent_order_id"`
	Personal      map[string]string `json:"personal"`
	Lines         []LineSpec        `json:"lines"`

	Salts map[string]string `json:"-"`
	// Fresh says that the order id was made by us, just now: no such order can exist.
	Fresh bool `json:"-"`
}

// PayOrder pays the whole order from its organisation's account, or nothing of it.
type PayOrder struct {
	OrderID string      `json:"order_id"`
	OrgID   string      `json:"org_id"`
	Funds   *Allocation `json:"funds"`
}

// Allocation says which funds to pay from. Without one, the default order of funds holds.
type Allocation struct {
	Cash     Amount        `json:"cash"`
	Gift     Amount        `json:"gift"`
	Vouchers []VoucherPart `json:"vouchers"`
}

// VoucherPart is the part of a payment that a voucher bears.
type VoucherPart struct {
	VoucherID string `json:"voucher_id"`
	Amount    Amount `json:"amount"`
}

// CancelOrder gives an unpaid order up; it can't be taken back.
type CancelOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

// ExpireOrder ends an unpaid order whose deadline has come.
type ExpireOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
}

// TopUp raises a balance by money that came in. A reference (the bank's serial) counts once.
type TopUp struct {
	OrgID     string   `json:"org_id"`
	Amount    Amount   `json:"amount"`
	Currency  Currency `json:"currency"`
	Reference string   `json:"reference"`
}

// ChangeSettings changes those of an organisation's settings that are given.
type ChangeSettings struct {
	OrgID            string  `json:"org_id"`
	TimeZone         *string `json:"time_zone"`
	PayBeforeSeconds *int64  `json:"pay_before_seconds"`
}

// CommandNames lists the commands that requests may name.
var CommandNames = []string{"place_order", "pay_order", "cancel_order", "expire_order", "top_up", "change_settings"}

func (c PlaceOrder) Name() string     { return "place_order" }
func (c PayOrder) Name() string       { return "pay_order" }
func (c CancelOrder) Name() string    { return "cancel_order" }
func (c ExpireOrder) Name() string    { return "expire_order" }
func (c TopUp) Name() string          { return "top_up" }
func (c ChangeSettings) Name() string { return "change_settings" }

func (c PlaceOrder) Org() string     { return c.OrgID }
func (c PayOrder) Org() string       { return c.OrgID }
func (c CancelOrder) Org() string    { return c.OrgID }
func (c ExpireOrder) Org() string    { return c.OrgID }
func (c TopUp) Org() string          { return c.OrgID }
func (c ChangeSettings) Org() string { return c.OrgID }

func (c PlaceOrder) ForOrg(id string) Command     { c.OrgID = id; return c }
func (c PayOrder) ForOrg(id string) Command       { c.OrgID = id; return c }
func (c CancelOrder) ForOrg(id string) Command    { c.OrgID = id; return c }
func (c ExpireOrder) ForOrg(id string) Command    { c.OrgID = id; return c }
func (c TopUp) ForOrg(id string) Command          { c.OrgID = id; return c }
func (c ChangeSettings) ForOrg(id string) Command { c.OrgID = id; return c }

// Needs of a new order leaves out the order's own stream when nobody else can have named it.
func (c PlaceOrder) Needs() []Ref {
	if c.Fresh {
		return []Ref{OrgRef(c.OrgID)}
	}
	return []Ref{OrgRef(c.OrgID), OrderRef(c.OrderID)}
}

// Needs is the order, the account that pays, and the zone that decides the month.
func (c PayOrder) Needs() []Ref {
	if c.OrgID == "" {
		return []Ref{OrderRef(c.OrderID)}
	}
	return []Ref{OrderRef(c.OrderID), AccountRef(c.OrgID), OrgRef(c.OrgID)}
}
func (c CancelOrder) Needs() []Ref    { return []Ref{OrderRef(c.OrderID)} }
func (c ExpireOrder) Needs() []Ref    { return []Ref{OrderRef(c.OrderID)} }
func (c TopUp) Needs() []Ref          { return []Ref{AccountRef(c.OrgID)} }
func (c ChangeSettings) Needs() []Ref { return []Ref{OrgRef(c.OrgID)} }

// OrderOf is the order that a command is about, "" for one that is about an account or an organisation.
func OrderOf(c Command) string {
	switch c := c.(type) {
	case PlaceOrder:
		return c.OrderID
	case PayOrder:
		return c.OrderID
	case CancelOrder:
		return c.OrderID
	case ExpireOrder:
		return c.OrderID
	}
	return ""
}

// States is what Decide may look at: the state of each stream that the command needs, nil where the
// stream has no events.
type States interface {
	Order(orderID string) *Order
	Account(orgID string) *Account
	Org(orgID string) *Org
}

// Decision is what a command does: all of it happens, or none.
type Decision struct {
	Events []StreamEvent
	Claims []Claim
	// Secrets are the personal values of the first event, to be kept where they can be erased.
	Secrets []Secret
}

// StreamEvent is an event and the stream that it extends.
type StreamEvent struct {
	Stream Ref
	Event  Event
}

// Claim is something that may happen once in an organisation, ever; who comes second is refused with Taken.
type Claim struct {
	Kind, Value string
	Taken       *Rejection
}

// Secret is a personal value. The event holds SHA-256(salt ‖ value); erasing both leaves the event
// provable and the value gone.
type Secret struct{ Name, Value, Salt string }

// Clock is when a command is decided: Now on the recording clock, At when it happened (the same,
// but for imported history).
type Clock struct {
	Now time.Time
	At  time.Time
}
