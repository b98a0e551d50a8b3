package domain

import "time"

// Component is one part of a resource's configuration, in the order in which people read it.
type Component struct {
	Component string `json:"component"`
	Value     string `json:"value"`
	Unit      string `json:"unit,omitempty"`
}

// Tier is a price that holds up to a quantity; the last tier has no bound.
type Tier struct {
	UpTo      *Decimal `json:"up_to"`
	UnitPrice Decimal  `json:"unit_price"`
}

// Meter prices what an opened pay-as-you-go resource will use.
type Meter struct {
	Meter     string   `json:"meter"`
	Unit      string   `json:"unit"`
	UnitPrice *Decimal `json:"unit_price,omitempty"`
	Tiers     []Tier   `json:"tiers,omitempty"`
}

// LineSpec is an order line as its buyer describes it. Count × Quantity × UnitPrice is its list amount.
type LineSpec struct {
	ProductCode    string            `json:"product_code"`
	ProductName    string            `json:"product_name"`
	BillingItem    string            `json:"billing_item,omitempty"`
	ResourceType   string            `json:"resource_type"`
	ResourceID     string            `json:"resource_id"`
	ResourceName   string            `json:"resource_name"`
	ResourceExt    map[string]string `json:"resource_ext"`
	Region         string            `json:"region"`
	Zone           string            `json:"zone"`
	OldConfig      []Component       `json:"old_config"`
	NewConfig      []Component       `json:"new_config"`
	Count          Decimal           `json:"count"`
	ChargeMode     ChargeMode        `json:"charge_mode"`
	Quantity       Decimal           `json:"quantity"`
	Unit           string            `json:"unit"`
	UnitPrice      Decimal           `json:"unit_price"`
	DiscountAmount Amount            `json:"discount_amount"`
	// NewUnitPrice is the price of a unit of the term after an upgrade or a downgrade. With it, the ledger works out
	// quantity and unit price of the change itself.
	NewUnitPrice *Decimal `json:"new_unit_price,omitempty"`
	Cycle        string   `json:"cycle,omitempty"`
	Meters       []Meter  `json:"meters,omitempty"`
	// EffectiveAt and ExpiresAt bound the use that the line pays for, half-open.
	EffectiveAt *time.Time `json:"effective_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
}

// Line is an order line with its number and exact amounts: payable = list − discount.
type Line struct {
	LineNo int `json:"line_no"`
	LineSpec
	ListAmount    Amount `json:"list_amount"`
	PayableAmount Amount `json:"payable_amount"`
	// Prorated: the ledger worked quantity and unit price out from what the resource cost.
	Prorated bool `json:"prorated,omitempty"`
	// Corrects is the bill line that this one takes back or sets right, "" for none.
	Corrects string `json:"corrects,omitempty"`
}

// Header is what a placed order says of itself beside its lines. Ids are those of the caller's systems.
type Header struct {
	OrderID       string            `json:"order_id"`
	OrgID         string            `json:"org_id"`
	OrderType     OrderType         `json:"order_type"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	Currency      Currency          `json:"currency"`
	TradeNo       string            `json:"trade_no"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	// ParentOrderID is the order that this one follows.
	ParentOrderID *string `json:"parent_order_id"`
	// Reason is why an operator or the system placed the order.
	Reason string `json:"reason,omitempty"`
	// Personal has a salted digest for each personal value; values and salts are kept apart, where they can be erased.
	Personal map[string]string `json:"personal,omitempty"`
}

// Order is the state of one order: the fold of its stream. Values are shared, never changed in place.
// Its JSON is the order as the API answers it (but for Personal, whose values the API fills in).
type Order struct {
	Header
	Status         Status        `json:"status"`
	Lines          []Line        `json:"lines"`
	ListAmount     Amount        `json:"list_amount"`
	DiscountAmount Amount        `json:"discount_amount"`
	PayableAmount  Amount        `json:"payable_amount"`
	Paid           Funds         `json:"paid"`
	Refunded       Funds         `json:"refunded"`
	RefundState    RefundState   `json:"refund_state"`
	CreatedAt      time.Time     `json:"created_at"`
	PayBefore      *time.Time    `json:"pay_before"`
	PaidAt         *time.Time    `json:"paid_at"`
	ClosedAt       *time.Time    `json:"closed_at,omitempty"`
	CloseReason    string        `json:"close_reason,omitempty"`
	BillingPeriod  Period        `json:"billing_period"`
	LineFunds      []LinePayment `json:"line_funds,omitempty"`
	// PaidVouchers are those that paid, as the payment left them.
	PaidVouchers []Voucher `json:"paid_vouchers,omitempty"`
	// Arrears: a settlement that found too little money. It never expires, and the next top-up pays it.
	Arrears    bool        `json:"arrears,omitempty"`
	Approval   *Approval   `json:"approval,omitempty"`
	Fulfilment *Fulfilment `json:"fulfilment,omitempty"`
	// Overdue: the order is paid, and not fulfilled by its deadline; nil again when it is, or is refunded.
	Overdue *Overdue `json:"fulfilment_overdue,omitempty"`
	// Consumed and Forfeited are the parts of what was paid that refunds did not return: use, and vouchers.
	// Returned (Refunded) + Consumed + Forfeited never pass what was paid.
	Consumed    Amount       `json:"consumed_amount"`
	Forfeited   Amount       `json:"forfeited_amount"`
	Refunds     []RefundNote `json:"refunds,omitempty"`
	LineRefunds []LineRefund `json:"line_refunds,omitempty"`
	// PlacedBy is who placed it ("key:…", "timer"). An imported order tells of a time before its recording.
	PlacedBy string `json:"placed_by,omitempty"`
	Imported bool   `json:"imported,omitempty"`
	// OccurredAt is when the last event happened; a later one may not happen before it.
	OccurredAt time.Time `json:"updated_at"`
	Version    int64     `json:"version"`
	Position   int64     `json:"position"`
}

// LinePayment is what one line was paid with: by fund, and which grants and vouchers those were.
type LinePayment struct {
	LineNo int `json:"line_no"`
	Funds
	Gifts    []GiftPart    `json:"gifts,omitempty"`
	Vouchers []VoucherPart `json:"vouchers,omitempty"`
}

// Approval is what became of an order that needed one.
type Approval struct {
	// State is requested, granted or rejected.
	State  string     `json:"state"`
	By     string     `json:"by,omitempty"`
	At     *time.Time `json:"at,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// Fulfilment is what the provisioning service reported last.
type Fulfilment struct {
	// State is started, completed or failed.
	State  string    `json:"state"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
	// Attempts counts the starts.
	Attempts int `json:"attempts"`
}

// Overdue is by when an order should have been fulfilled, and when it was found that it is not.
type Overdue struct {
	Deadline time.Time `json:"deadline"`
	At       time.Time `json:"at"`
}

// RefundNote is a refund of the order, as the order remembers it.
type RefundNote struct {
	RefundOrderID string    `json:"refund_order_id"`
	At            time.Time `json:"at"`
	Returned      Funds     `json:"returned"`
	Consumed      Amount    `json:"consumed_amount"`
	Forfeited     Amount    `json:"forfeited_amount"`
	Reason        string    `json:"reason,omitempty"`
}

// LineRefund is what refunds have done to a line, in sum or in one refund.
type LineRefund struct {
	LineNo    int           `json:"line_no"`
	Returned  Funds         `json:"returned"`
	Consumed  Amount        `json:"consumed_amount"`
	Forfeited Amount        `json:"forfeited_amount"`
	Gifts     []GiftPart    `json:"gifts,omitempty"`
	Vouchers  []VoucherPart `json:"vouchers,omitempty"`
	// Cuts are the parts of Returned that came back because the lease was cut short or made smaller.
	Cuts []LeaseCut `json:"cuts,omitempty"`
}

// LeaseCut is what came back for a time, half-open, that a line had paid for and does not cover any more, or not as much
// of: that time is not worth this amount a second time.
type LeaseCut struct {
	Amount Amount    `json:"amount"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// cutAfter is what came back for time after a moment.
func (r *LineRefund) cutAfter(at time.Time) Amount {
	var sum Amount
	for _, c := range r.Cuts {
		left, total := timeLeft(c.From, c.To, at, time.Microsecond)
		sum = sum.Add(c.Amount.part(left, total))
	}
	return sum
}

// Size estimates the memory that the state holds, in bytes: its texts, and a flat rate for all else.
func (o *Order) Size() int {
	size := 1024 + pairsSize(o.Tags) + pairsSize(o.Personal) + 256*len(o.Refunds) + 512*len(o.PaidVouchers)
	for i := range o.LineFunds {
		size += 96 + 128*len(o.LineFunds[i].Gifts) + 96*len(o.LineFunds[i].Vouchers)
	}
	for i := range o.LineRefunds {
		size += 192 + 128*len(o.LineRefunds[i].Gifts) + 96*len(o.LineRefunds[i].Vouchers)
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		size += 1024 + len(l.ProductName) + len(l.ResourceName) + len(l.ResourceID) + pairsSize(l.ResourceExt)
		size += 128*len(l.Meters) + configSize(l.OldConfig) + configSize(l.NewConfig)
	}
	return size
}

func pairsSize(m map[string]string) int {
	size := 0
	for name, value := range m {
		size += 64 + len(name) + len(value)
	}
	return size
}

func configSize(all []Component) int {
	size := 0
	for _, c := range all {
		size += 48 + len(c.Component) + len(c.Value) + len(c.Unit)
	}
	return size
}
