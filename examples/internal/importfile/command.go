// Package importfile writes the lines that `ledger import` reads: one JSON
// object a line, a command each. The examples build their histories with it.
package importfile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Command is one line of an import file. Body is one of the types below.
type Command struct {
	Key  string    `json:"key"`
	Name string    `json:"command"`
	At   time.Time `json:"at"`
	Body any       `json:"body"`
}

// Order is the body of place_order. Every currency of the examples has two
// minor digits.
type Order struct {
	OrderID       string            `json:"order_id"`
	OrderType     string            `json:"order_type"`
	OrgID         string            `json:"org_id"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	Currency      string            `json:"currency"`
	TradeNo       string            `json:"trade_no,omitempty"`
	BusinessGroup string            `json:"business_group,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	ParentOrderID string            `json:"parent_order_id,omitempty"`
	Personal      map[string]string `json:"personal,omitempty"`
	Lines         []OrderLine       `json:"lines"`
}

// OrderLine is one resource of an order, and its price.
type OrderLine struct {
	ProductCode    string            `json:"product_code"`
	ProductName    string            `json:"product_name"`
	ResourceType   string            `json:"resource_type"`
	ResourceID     string            `json:"resource_id"`
	ResourceName   string            `json:"resource_name"`
	ResourceExt    map[string]string `json:"resource_ext,omitempty"`
	Region         string            `json:"region"`
	Zone           string            `json:"zone,omitempty"`
	OldConfig      []Component       `json:"old_config,omitempty"`
	NewConfig      []Component       `json:"new_config"`
	Count          decimal.Decimal   `json:"count"`
	ChargeMode     string            `json:"charge_mode"`
	Quantity       decimal.Decimal   `json:"quantity"`
	Unit           string            `json:"unit"`
	UnitPrice      decimal.Decimal   `json:"unit_price"`
	NewUnitPrice   *decimal.Decimal  `json:"new_unit_price,omitempty"`
	DiscountAmount Amount            `json:"discount_amount"`
	Cycle          string            `json:"cycle,omitempty"`
	Meters         []Meter           `json:"meters,omitempty"`
	EffectiveAt    time.Time         `json:"effective_at,omitzero"`
	ExpiresAt      time.Time         `json:"expires_at,omitzero"`
}

// Component is one part of a resource's configuration.
type Component struct {
	Component string `json:"component"`
	Value     string `json:"value"`
	Unit      string `json:"unit"`
}

// OnOrder is the body of pay_order, cancel_order (with a reason) and expire_order.
type OnOrder struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason,omitempty"`
}

// TopUp is the body of top_up. A reference counts once per organisation.
type TopUp struct {
	OrgID     string `json:"org_id"`
	Amount    Amount `json:"amount"`
	Currency  string `json:"currency"`
	Reference string `json:"reference"`
}

// Settings is the body of change_settings, as far as the examples change any.
type Settings struct {
	OrgID       string `json:"org_id"`
	OverdueDays int64  `json:"overdue_days"`
}

// Amount is money, printed with both minor digits.
type Amount struct{ decimal.Decimal }

func (a Amount) MarshalJSON() ([]byte, error) { return json.Marshal(a.StringFixed(2)) }

// ListAmount is count × quantity × unit price, rounded once, half away from zero.
func (l OrderLine) ListAmount() decimal.Decimal {
	return l.Count.Mul(l.Quantity).Mul(l.UnitPrice).Round(2)
}

// Payable is the sum over the lines of list amount less discount.
func (o Order) Payable() decimal.Decimal {
	sum := decimal.Zero
	for _, l := range o.Lines {
		sum = sum.Add(l.ListAmount()).Sub(l.DiscountAmount.Decimal)
	}
	return sum
}

// Sort orders commands by time; those of one instant stay as they are.
func Sort(commands []Command) {
	slices.SortStableFunc(commands, func(a, b Command) int { return a.At.Compare(b.At) })
}

// Write writes one line per command, in the order given.
func Write(w io.Writer, commands []Command) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for _, c := range commands {
		if err := encoder.Encode(c); err != nil {
			return fmt.Errorf("write command %s: %w", c.Key, err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write commands: %w", err)
	}
	return nil
}
