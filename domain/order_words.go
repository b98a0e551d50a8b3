package domain

// OrderType says what an order does; typeRules has its rules.
type OrderType string

// The fourteen order types.
const (
	Purchase        OrderType = "purchase"
	Renewal         OrderType = "renewal"
	Upgrade         OrderType = "upgrade"
	Downgrade       OrderType = "downgrade"
	Resize          OrderType = "resize"
	Convert         OrderType = "convert"
	TermSettlement  OrderType = "term_settlement"
	Supplement      OrderType = "supplement"
	Recovery        OrderType = "recovery"
	Compensation    OrderType = "compensation"
	TransferIn      OrderType = "transfer_in"
	Refund          OrderType = "refund"
	OverdueDaily    OrderType = "overdue_daily"
	UsageSettlement OrderType = "usage_settlement"
)

// ChargeMode says how a line is priced.
type ChargeMode string

// The eleven charge modes.
const (
	ModeYear          ChargeMode = "year"
	ModeMonth         ChargeMode = "month"
	ModeDay           ChargeMode = "day"
	ModePrepaid30d    ChargeMode = "prepaid_30d"
	ModeHour          ChargeMode = "hour"
	ModeMinute        ChargeMode = "minute"
	ModeMetered       ChargeMode = "metered"
	ModePostpaidCycle ChargeMode = "postpaid_cycle"
	ModeSpot          ChargeMode = "spot"
	ModeGift          ChargeMode = "gift"
	ModeTrial         ChargeMode = "trial"
)

// ChargeGroup says when a charge mode is paid.
type ChargeGroup string

// The charge groups: pay then use, use then pay, never pay.
const (
	Prepay  ChargeGroup = "prepay"
	Postpay ChargeGroup = "postpay"
	Free    ChargeGroup = "free"
)

var chargeGroups = map[ChargeMode]ChargeGroup{
	ModeYear: Prepay, ModeMonth: Prepay, ModeDay: Prepay, ModePrepaid30d: Prepay,
	ModeHour: Postpay, ModeMinute: Postpay, ModeMetered: Postpay, ModePostpaidCycle: Postpay, ModeSpot: Postpay,
	ModeGift: Free, ModeTrial: Free,
}

// Group is the mode's charge group, "" for an unknown mode.
func (m ChargeMode) Group() ChargeGroup { return chargeGroups[m] }

// Status is where an order stands in its life.
type Status string

// The statuses; docs/domain.md has the picture of their edges.
const (
	AwaitingApproval  Status = "awaiting_approval"
	Unpaid            Status = "unpaid"
	Paid              Status = "paid"
	Fulfilling        Status = "fulfilling"
	FulfilmentFailure Status = "fulfilment_failed"
	Completed         Status = "completed"
	Cancelled         Status = "cancelled"
	Expired           Status = "expired"
	Voided            Status = "voided"
	PartiallyRefunded Status = "partially_refunded"
	Refunded          Status = "refunded"
)

// RefundState is the second axis of an order's life.
type RefundState string

// How much of an order was refunded.
const (
	RefundNone    RefundState = "none"
	RefundPartial RefundState = "partial"
	RefundFull    RefundState = "full"
)
