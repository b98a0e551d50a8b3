package domain

import "time"

// Event is something that happened. The stored names and wire forms are in codec.go; a stored form
// never changes, a new one gets a new version.
type Event interface{ isEvent() }

// Meta is what the log says of an event beside its payload.
type Meta struct {
	Position   int64
	Version    int64
	OccurredAt time.Time
	RecordedAt time.Time
}

// OrderPlaced begins an order. With nothing to pay, PayBefore is absent and OrderPaid follows at once.
type OrderPlaced struct {
	Header
	Lines          []Line     `json:"lines"`
	ListAmount     Amount     `json:"list_amount"`
	DiscountAmount Amount     `json:"discount_amount"`
	PayableAmount  Amount     `json:"payable_amount"`
	PayBefore      *time.Time `json:"pay_before,omitempty"`
}

// OrderPaid says that the whole order was paid, from which funds, and which month's bill it belongs to.
type OrderPaid struct {
	OrderID       string        `json:"order_id"`
	OrgID         string        `json:"org_id"`
	Currency      Currency      `json:"currency"`
	Paid          Funds         `json:"paid"`
	Lines         []LinePayment `json:"lines"`
	BillingPeriod Period        `json:"billing_period"`
}

// OrderCancelled says that a user gave an unpaid order up.
type OrderCancelled struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason,omitempty"`
}

// OrderExpired says that an order was not paid before its deadline.
type OrderExpired struct {
	OrderID   string    `json:"order_id"`
	OrgID     string    `json:"org_id"`
	PayBefore time.Time `json:"pay_before"`
}

// AccountToppedUp says that money came in. Balance is what the account holds afterwards.
type AccountToppedUp struct {
	OrgID     string    `json:"org_id"`
	Currency  Currency  `json:"currency"`
	Amount    Amount    `json:"amount"`
	Reference string    `json:"reference"`
	Postings  []Posting `json:"postings"`
	Balance   Balance   `json:"balance"`
}

// AccountCharged says that an order was paid from the account. Balance is what it holds afterwards.
type AccountCharged struct {
	OrgID    string    `json:"org_id"`
	OrderID  string    `json:"order_id"`
	Currency Currency  `json:"currency"`
	Funds    Funds     `json:"funds"`
	Postings []Posting `json:"postings"`
	Balance  Balance   `json:"balance"`
}

// OrgSettingsChanged has an organisation's settings as they are afterwards.
type OrgSettingsChanged struct {
	OrgID string `json:"org_id"`
	Settings
}

func (OrderPlaced) isEvent()        {}
func (OrderPaid) isEvent()          {}
func (OrderCancelled) isEvent()     {}
func (OrderExpired) isEvent()       {}
func (AccountToppedUp) isEvent()    {}
func (AccountCharged) isEvent()     {}
func (OrgSettingsChanged) isEvent() {}
