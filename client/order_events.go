package client

import (
	"time"
)

// OrderPlaced (order.placed): there is an order. One that costs nothing, or is a settlement, is paid by the same command.
type OrderPlaced struct {
	OrderID        string            `json:"order_id"`
	OrgID          string            `json:"org_id"`
	OrderType      string            `json:"order_type"`
	ProjectID      string            `json:"project_id"`
	ConsumerID     string            `json:"consumer_id"`
	Currency       string            `json:"currency"`
	TradeNo        string            `json:"trade_no"`
	BusinessGroup  string            `json:"business_group"`
	Tags           map[string]string `json:"tags"`
	ParentOrderID  string            `json:"parent_order_id"`
	Reason         string            `json:"reason"`
	Lines          []OrderLine       `json:"lines"`
	ListAmount     Number            `json:"list_amount"`
	DiscountAmount Number            `json:"discount_amount"`
	PayableAmount  Number            `json:"payable_amount"`
	PayBefore      *time.Time        `json:"pay_before"`
	// AwaitingApproval: somebody has to approve it before it can be paid.
	AwaitingApproval bool `json:"awaiting_approval"`
	// Arrears: a settlement that the account could not pay.
	Arrears bool `json:"arrears"`
}

// OrderApproved (order.approved): it may be paid now.
type OrderApproved struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

// OrderRejected (order.rejected): it is cancelled by whoever was to approve it.
type OrderRejected struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

// OrderPaid (order.paid): what was ordered is to be provisioned now, unless Completed says that there is nothing to do.
type OrderPaid struct {
	OrderID  string        `json:"order_id"`
	OrgID    string        `json:"org_id"`
	Currency string        `json:"currency"`
	Paid     Funds         `json:"paid"`
	Lines    []LinePayment `json:"lines"`
	// Windows are the times of lines that begin when they are paid.
	Windows       []LineWindow `json:"windows"`
	BillingPeriod string       `json:"billing_period"`
	Completed     bool         `json:"completed"`
}

// LinePayment is what a line was paid from.
type LinePayment struct {
	LineNo int `json:"line_no"`
	Funds
}

// LineWindow is the time that a line pays for.
type LineWindow struct {
	LineNo      int        `json:"line_no"`
	EffectiveAt time.Time  `json:"effective_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
}

// OrderCancelled (order.cancelled): it will not be paid.
type OrderCancelled struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

// OrderExpired (order.expired): its deadline passed without a payment.
type OrderExpired struct {
	OrderID   string    `json:"order_id"`
	OrgID     string    `json:"org_id"`
	PayBefore time.Time `json:"pay_before"`
}

// OrderVoided (order.voided): an operator or the system took it back before it was paid.
type OrderVoided struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

// FulfilmentStarted (order.fulfilment_started): a service is provisioning it.
type FulfilmentStarted struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
}

// OrderCompleted (order.completed): what was ordered is there.
type OrderCompleted struct {
	OrderID     string       `json:"order_id"`
	OrgID       string       `json:"org_id"`
	ResourceID  string       `json:"resource_id"`
	EffectiveAt *time.Time   `json:"effective_at"`
	ExpiresAt   *time.Time   `json:"expires_at"`
	Lines       []LineWindow `json:"lines"`
}

// FulfilmentFailed (order.fulfilment_failed): provisioning failed. It may be started again; otherwise the order is paid
// back after a while.
type FulfilmentFailed struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

// OrderRefunded (order.refunded): money went back; RefundOrderID is the order that did it.
type OrderRefunded struct {
	OrderID         string       `json:"order_id"`
	OrgID           string       `json:"org_id"`
	RefundOrderID   string       `json:"refund_order_id"`
	Currency        string       `json:"currency"`
	Returned        Funds        `json:"returned"`
	ConsumedAmount  Number       `json:"consumed_amount"`
	ForfeitedAmount Number       `json:"forfeited_amount"`
	Lines           []LineRefund `json:"lines"`
	Reason          string       `json:"reason"`
}

// LineRefund is what went back of a line.
type LineRefund struct {
	LineNo          int    `json:"line_no"`
	Returned        Funds  `json:"returned"`
	ConsumedAmount  Number `json:"consumed_amount"`
	ForfeitedAmount Number `json:"forfeited_amount"`
}

// FulfilmentOverdue (order.fulfilment_overdue): it was paid at Since and should have been fulfilled by Deadline. It is
// said once, and the order may be fulfilled all the same.
type FulfilmentOverdue struct {
	OrderID  string    `json:"order_id"`
	OrgID    string    `json:"org_id"`
	Since    time.Time `json:"since"`
	Deadline time.Time `json:"deadline"`
}
