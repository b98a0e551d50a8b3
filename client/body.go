package client

import (
	"time"
)

// PlaceOrder asks for an order. What is left out is for the ledger to say, or not needed.
type PlaceOrder struct {
	// OrderID is a UUID; without it, Place makes one.
	OrderID string `json:"order_id"`
	// OrgID is whose order it is; a credential that belongs to one organisation may leave it out.
	OrgID string `json:"org_id,omitempty"`
	// OrderType is purchase, renewal, upgrade, downgrade, resize, convert or term_settlement.
	OrderType  string `json:"order_type"`
	ProjectID  string `json:"project_id"`
	ConsumerID string `json:"consumer_id"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency"`
	// TradeNo is shared by orders that are paid together.
	TradeNo       string            `json:"trade_no,omitempty"`
	BusinessGroup string            `json:"business_group,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	// ParentOrderID is the order that this one follows, as a renewal does.
	ParentOrderID string `json:"parent_order_id,omitempty"`
	// Personal are values about people, which are kept apart from the log.
	Personal map[string]string `json:"personal,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Lines    []Line            `json:"lines"`
}

// Line is an order line as its buyer describes it. Count × Quantity × UnitPrice is its list amount.
type Line struct {
	ProductCode  string `json:"product_code"`
	ProductName  string `json:"product_name"`
	BillingItem  string `json:"billing_item,omitempty"`
	ResourceType string `json:"resource_type"`
	// ResourceID may be left to who provisions it.
	ResourceID   string            `json:"resource_id,omitempty"`
	ResourceName string            `json:"resource_name,omitempty"`
	ResourceExt  map[string]string `json:"resource_ext,omitempty"`
	Region       string            `json:"region,omitempty"`
	Zone         string            `json:"zone,omitempty"`
	OldConfig    []Component       `json:"old_config,omitempty"`
	NewConfig    []Component       `json:"new_config,omitempty"`
	Count        Number            `json:"count"`
	// ChargeMode is year, month, day, prepaid_30d, hour, minute, metered, postpaid_cycle, spot, gift or trial.
	ChargeMode     string `json:"charge_mode"`
	Quantity       Number `json:"quantity,omitempty"`
	Unit           string `json:"unit"`
	UnitPrice      Number `json:"unit_price,omitempty"`
	NewUnitPrice   Number `json:"new_unit_price,omitempty"`
	DiscountAmount Number `json:"discount_amount,omitempty"`
	// Cycle (hour, day, month) and Meters are those of pay-as-you-go.
	Cycle  string  `json:"cycle,omitempty"`
	Meters []Meter `json:"meters,omitempty"`
	// EffectiveAt and ExpiresAt bound the use that is paid for, half-open; without them it begins with the fulfilment.
	EffectiveAt *time.Time `json:"effective_at,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
}

// Component is one part of a resource's configuration.
type Component struct {
	Component string `json:"component"`
	Value     string `json:"value"`
	Unit      string `json:"unit,omitempty"`
}

// Meter prices what will be used: at one price, or in tiers.
type Meter struct {
	Meter     string `json:"meter"`
	Unit      string `json:"unit"`
	UnitPrice Number `json:"unit_price,omitempty"`
	Tiers     []Tier `json:"tiers,omitempty"`
}

// Tier is a price up to a quantity; the last has no bound.
type Tier struct {
	UpTo      Number `json:"up_to,omitempty"`
	UnitPrice Number `json:"unit_price"`
}

// PayOrder pays an order. Without Funds the ledger takes vouchers first, then gifts, then cash.
type PayOrder struct {
	OrderID string      `json:"order_id"`
	OrgID   string      `json:"org_id,omitempty"`
	Funds   *Allocation `json:"funds,omitempty"`
}

// Allocation says which funds pay; together they are what the order costs.
type Allocation struct {
	Cash     Number        `json:"cash,omitempty"`
	Gift     Number        `json:"gift,omitempty"`
	Vouchers []VoucherPart `json:"vouchers,omitempty"`
}

// VoucherPart is the part of a payment that a voucher bears.
type VoucherPart struct {
	VoucherID string `json:"voucher_id"`
	Amount    Number `json:"amount"`
}

// CancelOrder cancels an order that is not paid.
type CancelOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// FulfilmentState is how far the provisioning of an order is.
type FulfilmentState string

// The states: started comes first, then one of the others. A failure may be followed by another start; without one the
// order is paid back after a while, as its organisation's settings say.
const (
	Started   FulfilmentState = "started"
	Completed FulfilmentState = "completed"
	Failed    FulfilmentState = "failed"
)

// Fulfilment is what the service that provisions says of a paid order.
type Fulfilment struct {
	OrderID string          `json:"order_id"`
	OrgID   string          `json:"org_id,omitempty"`
	State   FulfilmentState `json:"state"`
	// ResourceID, EffectiveAt and ExpiresAt go with completed: what was made, and the time that is paid for. They fill in
	// what the order left open.
	ResourceID  string     `json:"resource_id,omitempty"`
	EffectiveAt *time.Time `json:"effective_at,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	// Attempt numbers starts after failures, from 1; it is not sent, and is part of the key.
	Attempt int `json:"-"`
}

// Usage is a report of use.
type Usage struct {
	OrgID   string        `json:"org_id,omitempty"`
	Records []UsageRecord `json:"records"`
}

// UsageRecord is what a resource used from one time to another. It counts once, by its id.
type UsageRecord struct {
	RecordID   string    `json:"record_id"`
	OrderID    string    `json:"order_id,omitempty"`
	ResourceID string    `json:"resource_id,omitempty"`
	Meter      string    `json:"meter"`
	Quantity   Number    `json:"quantity"`
	Unit       string    `json:"unit"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
}

// closeResource closes a resource.
type closeResource struct {
	OrgID        string `json:"org_id,omitempty"`
	ResourceID   string `json:"resource_id"`
	Reason       string `json:"reason,omitempty"`
	IfReleaseDue bool   `json:"if_release_due"`
}
