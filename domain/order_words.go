package domain

// OrderType says what an order does; each has its rules for signs, lines and what it follows.
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

// placeable are the order types that clients may place.
var placeable = map[OrderType]bool{
	Purchase: true, Renewal: true, Upgrade: true, Downgrade: true, Resize: true, Convert: true, TermSettlement: true,
}

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

// The statuses that this version reaches; doc.go has the picture.
const (
	Unpaid    Status = "unpaid"
	Paid      Status = "paid"
	Cancelled Status = "cancelled"
	Expired   Status = "expired"
)

// RefundState is the second axis of an order's life.
type RefundState string

// RefundNone is an order of which nothing was refunded.
const RefundNone RefundState = "none"
