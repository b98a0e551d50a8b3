package client

import (
	"time"
)

// ResourceChanged (resource.changed): an order was fulfilled or took effect, and this is what the resource is from now on.
type ResourceChanged struct {
	ResourceID    string            `json:"resource_id"`
	OrgID         string            `json:"org_id"`
	OrderID       string            `json:"order_id"`
	OrderType     string            `json:"order_type"`
	Currency      string            `json:"currency"`
	ResourceType  string            `json:"resource_type"`
	ResourceName  string            `json:"resource_name"`
	ResourceExt   map[string]string `json:"resource_ext"`
	Region        string            `json:"region"`
	Zone          string            `json:"zone"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	Terms         []Term            `json:"terms"`
	Leases        []Lease           `json:"leases"`
}

// Term is what a resource costs.
type Term struct {
	BillingItem string `json:"billing_item"`
	// OpenedBy is the order that the term began with; OrderID and LineNo are the line that set it last.
	OpenedBy    string      `json:"opened_by"`
	OrderID     string      `json:"order_id"`
	LineNo      int         `json:"line_no"`
	ProductCode string      `json:"product_code"`
	ProductName string      `json:"product_name"`
	ChargeMode  string      `json:"charge_mode"`
	Config      []Component `json:"config"`
	Count       Number      `json:"count"`
	Quantity    Number      `json:"quantity"`
	Unit        string      `json:"unit"`
	UnitPrice   Number      `json:"unit_price"`
	EffectiveAt *time.Time  `json:"effective_at"`
	ExpiresAt   *time.Time  `json:"expires_at"`
	// Cycle and Rates are those of pay-as-you-go.
	Cycle string `json:"cycle"`
	Rates []Rate `json:"rates"`
}

// Rate is what use costs from a time on.
type Rate struct {
	From   time.Time `json:"from"`
	Meters []Meter   `json:"meters"`
}

// Lease is a time that an order line paid for.
type Lease struct {
	OrderID     string    `json:"order_id"`
	LineNo      int       `json:"line_no"`
	EffectiveAt time.Time `json:"effective_at"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// RenewalTried (resource.renewal_tried): the lease ends soon, and was to renew itself. Unless Paid, OrderID waits to be
// paid, and Missing is what the account lacks.
type RenewalTried struct {
	ResourceID string    `json:"resource_id"`
	OrgID      string    `json:"org_id"`
	OrderID    string    `json:"order_id"`
	Currency   string    `json:"currency"`
	LeaseEnd   time.Time `json:"lease_end"`
	Paid       bool      `json:"paid"`
	Missing    Number    `json:"missing"`
}

// OverdueCharged (resource.overdue_charged): a day after the lease's end was charged.
type OverdueCharged struct {
	ResourceID string    `json:"resource_id"`
	OrgID      string    `json:"org_id"`
	OrderID    string    `json:"order_id"`
	Through    time.Time `json:"through"`
}

// ReleaseDue (resource.release_due): nothing is paid for the resource any more. Its service closes it ([Client.Release]),
// and then takes it down.
type ReleaseDue struct {
	ResourceID string `json:"resource_id"`
	OrgID      string `json:"org_id"`
	// Reason is lease_ended or arrears; OrderID is the last order of the lease, or the settlement that waits for money.
	Reason  string `json:"reason"`
	OrderID string `json:"order_id"`
	// Since is when the lease ended, or the settlement began to wait.
	Since time.Time `json:"since"`
	DueAt time.Time `json:"due_at"`
}

// ReleaseWithdrawn (resource.release_withdrawn): the lease was renewed, or the settlement paid, and the resource stays.
type ReleaseWithdrawn struct {
	ResourceID string    `json:"resource_id"`
	OrgID      string    `json:"org_id"`
	Reason     string    `json:"reason"`
	OrderID    string    `json:"order_id"`
	Since      time.Time `json:"since"`
}

// ResourceClosed (resource.closed): nothing is paid or metered for it any more.
type ResourceClosed struct {
	ResourceID         string   `json:"resource_id"`
	OrgID              string   `json:"org_id"`
	Reason             string   `json:"reason"`
	RefundOrderIDs     []string `json:"refund_order_ids"`
	SettlementOrderIDs []string `json:"settlement_order_ids"`
}
