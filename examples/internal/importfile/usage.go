package importfile

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Meter prices what a pay-as-you-go order opens: by one price, or in tiers.
type Meter struct {
	Meter     string           `json:"meter"`
	Unit      string           `json:"unit"`
	UnitPrice *decimal.Decimal `json:"unit_price,omitempty"`
	Tiers     []Tier           `json:"tiers,omitempty"`
}

// Tier is a price up to a quantity; the last has no bound.
type Tier struct {
	UpTo      *decimal.Decimal `json:"up_to,omitempty"`
	UnitPrice decimal.Decimal  `json:"unit_price"`
}

// Usage is the body of report_usage. A line of an import has at most 512 KiB: about RecordsPerLine of them.
type Usage struct {
	OrgID   string   `json:"org_id"`
	Records []Record `json:"records"`
}

// RecordsPerLine keeps a line of records well within its bound.
const RecordsPerLine = 1000

// Record is one interval of use. A record id counts once per organisation.
type Record struct {
	RecordID   string          `json:"record_id"`
	ResourceID string          `json:"resource_id"`
	Meter      string          `json:"meter"`
	Quantity   decimal.Decimal `json:"quantity"`
	Unit       string          `json:"unit"`
	From       time.Time       `json:"from"`
	To         time.Time       `json:"to"`
}

// OnResource is the body of settle_usage and close_resource.
type OnResource struct {
	OrgID      string `json:"org_id"`
	ResourceID string `json:"resource_id"`
}

// RefundOrder is the body of refund_order, of an amount.
type RefundOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Amount  Amount `json:"amount"`
	Reason  string `json:"reason"`
}

// ClosePeriod is the body of close_period.
type ClosePeriod struct {
	OrgID  string `json:"org_id"`
	Period string `json:"period"`
}

// SettlementID is the id that the ledger gives to the settlement of a resource whose stream has so many events: orders
// that commands make by themselves have ids of version 8, which say what they stand for, so that a file can name them
// ahead.
func SettlementID(org, resource string, events int) string {
	parts := []string{"usage", org, resource, strconv.Itoa(events), "0"}
	digest := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id := uuid.UUID(digest[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
