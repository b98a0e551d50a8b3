package domain

import "time"

// Command is something that a caller asks for. Commands are values; each has a file of its own, with what it asks, what
// can be wrong with it whatever the ledger holds (Check), and what it does (decide).
type Command interface {
	// Name is the command's name in requests ("place_order").
	Name() string
	// Org is the organisation that the command names, "" when the order alone tells.
	Org() string
	// Check finds values that no state of the ledger could make right.
	Check() *Rejection
	// Needs are the streams that the command looks at or appends to, as far as the states loaded so far tell: an order
	// tells which resource it changes. It is asked again after each loading, until it names nothing new.
	Needs(s States) []Ref
	// ForOrg is the command with the organisation filled in.
	ForOrg(orgID string) Command

	decide(s States, clock Clock) (Decision, *Rejection)
}

// CommandNames lists the commands that requests may name.
var CommandNames = []string{
	"place_order", "pay_order", "cancel_order", "void_order", "approve_order", "reject_order", "report_fulfilment", "expire_order", "top_up", "withdraw", "grant_gift", "issue_voucher",
	"freeze_funds", "release_funds", "lapse_funds", "collect_arrears", "refund_order", "change_settings",
	"report_usage", "settle_usage", "charge_overdue", "set_auto_renew", "renew_resource", "close_resource", "close_period",
	"mark_overdue", "review_release",
}

// OrderOf is the order that a command is about, "" for one that is about something else.
func OrderOf(c Command) string {
	if c, ok := c.(interface{ order() string }); ok {
		return c.order()
	}
	return ""
}

func (c PlaceOrder) order() string  { return c.OrderID }
func (c PayOrder) order() string    { return c.OrderID }
func (c CancelOrder) order() string { return c.OrderID }
func (c ExpireOrder) order() string { return c.OrderID }
func (c RefundOrder) order() string { return c.OrderID }

// States is what Decide may look at: the state of each stream that the command needs, nil where the
// stream has no events (or, within Needs, is not loaded yet).
type States interface {
	Order(orderID string) *Order
	Account(orgID string) *Account
	Org(orgID string) *Org
	Resource(orgID, resourceID string) *Resource
	// Taken says whether the organisation is known to have made a claim. False may mean that nobody has looked: a
	// claim made twice by mistake stops the append, and the command is decided again knowing it.
	Taken(orgID, kind, value string) bool
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

// Claim is something that may happen once in an organisation, ever; who comes second is refused with Taken. Where Taken
// is nil the command is decided again instead, and finds the claim in its States.
type Claim struct {
	Kind, Value string
	Taken       *Rejection
}

// Secret is a personal value. The event holds SHA-256(salt ‖ value); erasing both leaves the event
// provable and the value gone.
type Secret struct{ Name, Value, Salt string }

// Clock is when and by whom a command is decided: Now on the recording clock, At when it happened (the same, but for
// imported history), Actor as the log names it.
type Clock struct {
	Now   time.Time
	At    time.Time
	Actor string
}

// Imported says that the command tells of history.
func (c Clock) Imported() bool { return !c.At.Equal(c.Now) }
