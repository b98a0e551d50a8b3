// Package importcheck reads an import file as the ledger would and keeps its
// own books, in big rationals, so that the examples' tests do not check the
// generators with the generators' arithmetic.
package importcheck

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"orderledger/examples/internal/importfile"
)

// Report counts what a file does.
type Report struct {
	Commands    map[string]int // by command
	Orders      map[string]int // by status after the last line
	Types       map[string]int // orders by order_type
	ChargeModes map[string]int // order lines by charge_mode
	Currencies  map[string]int // orders by "org currency"
	Products    map[string]int // order lines by product_code
	Months      map[string]int // payments by month, as 2026-11
	FreeOrders  int
	MultiLine   int
	First, Last time.Time
}

type order struct {
	org, currency, status string
	payable               *big.Rat
	deadline              time.Time
}

type checker struct {
	report     *Report
	keys       map[string]bool
	references map[string]bool
	orders     map[string]*order
	balances   map[string]*big.Rat
}

const (
	maxLine = 512 << 10
	payTime = 7 * 24 * time.Hour
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Read checks every line and stops at the first that an import would refuse.
func Read(r io.Reader) (*Report, error) {
	c := &checker{
		report: &Report{
			Commands: map[string]int{}, Orders: map[string]int{}, Types: map[string]int{},
			ChargeModes: map[string]int{}, Currencies: map[string]int{}, Products: map[string]int{}, Months: map[string]int{},
		},
		keys: map[string]bool{}, references: map[string]bool{}, orders: map[string]*order{}, balances: map[string]*big.Rat{},
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		if err := c.line(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("after line %d: %w", number, err)
	}
	for _, o := range c.orders {
		c.report.Orders[o.status]++
	}
	return c.report, nil
}

func (c *checker) line(text []byte) error {
	var raw struct {
		Key     string          `json:"key"`
		Command string          `json:"command"`
		At      time.Time       `json:"at"`
		Body    json.RawMessage `json:"body"`
	}
	if err := strict(text, &raw); err != nil {
		return err
	}
	if err := c.key(raw.Key); err != nil {
		return err
	}
	if raw.At.Before(c.report.Last) {
		return fmt.Errorf("at %s is before the line above", raw.At)
	}
	if c.report.First.IsZero() {
		c.report.First = raw.At
	}
	c.report.Last = raw.At
	c.report.Commands[raw.Command]++
	switch raw.Command {
	case "place_order":
		return c.place(raw.Body, raw.At)
	case "top_up":
		return c.topUp(raw.Body)
	case "pay_order", "cancel_order", "expire_order":
		return c.settle(raw.Command, raw.Body, raw.At)
	case "change_settings":
		return strict(raw.Body, &importfile.Settings{})
	}
	return fmt.Errorf("unknown command %q", raw.Command)
}

func (c *checker) key(key string) error {
	printable := strings.IndexFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0
	if key == "" || len(key) > 255 || !printable || strings.HasPrefix(key, "ledger:") {
		return fmt.Errorf("bad key %q", key)
	}
	if c.keys[key] {
		return fmt.Errorf("key %q occurs twice", key)
	}
	c.keys[key] = true
	return nil
}

func (c *checker) place(body []byte, at time.Time) error {
	var o importfile.Order
	if err := strict(body, &o); err != nil {
		return err
	}
	if id, err := uuid.Parse(o.OrderID); err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		return fmt.Errorf("order id %q is not a UUID of version 7", o.OrderID)
	}
	if c.orders[o.OrderID] != nil {
		return fmt.Errorf("order %s is placed twice", o.OrderID)
	}
	if parent := c.orders[o.ParentOrderID]; o.ParentOrderID != "" && (parent == nil || parent.status != "paid" || parent.org != o.OrgID) {
		return fmt.Errorf("parent order %s is not a paid order of %s", o.ParentOrderID, o.OrgID)
	}
	for _, id := range []string{o.OrgID, o.ProjectID, o.ConsumerID} {
		if !idPattern.MatchString(id) {
			return fmt.Errorf("bad id %q", id)
		}
	}
	if len(o.Lines) == 0 {
		return fmt.Errorf("order %s has no lines", o.OrderID)
	}
	payable := new(big.Rat)
	for i, l := range o.Lines {
		amount, err := linePayable(l)
		if err != nil {
			return fmt.Errorf("order line %d: %w", i+1, err)
		}
		payable.Add(payable, amount)
		c.report.ChargeModes[l.ChargeMode]++
		c.report.Products[l.ProductCode]++
	}
	placed := &order{org: o.OrgID, currency: o.Currency, status: "unpaid", payable: payable, deadline: at.Add(payTime)}
	if payable.Sign() == 0 {
		placed.status = "paid"
		c.report.FreeOrders++
	}
	if len(o.Lines) > 1 {
		c.report.MultiLine++
	}
	c.report.Types[o.OrderType]++
	c.report.Currencies[o.OrgID+" "+o.Currency]++
	c.orders[o.OrderID] = placed
	return nil
}

func (c *checker) topUp(body []byte) error {
	var t importfile.TopUp
	if err := strict(body, &t); err != nil {
		return err
	}
	reference := t.OrgID + " " + t.Reference
	if t.Reference == "" || c.references[reference] {
		return fmt.Errorf("reference %q is empty or occurs twice", t.Reference)
	}
	c.references[reference] = true
	if t.Amount.Sign() <= 0 || t.Amount.Exponent() < -2 {
		return fmt.Errorf("top-up of %s", t.Amount)
	}
	balance := c.balance(t.OrgID, t.Currency)
	balance.Add(balance, t.Amount.Rat())
	return nil
}

func (c *checker) settle(command string, body []byte, at time.Time) error {
	var b importfile.OnOrder
	if err := strict(body, &b); err != nil {
		return err
	}
	o := c.orders[b.OrderID]
	if o == nil || o.org != b.OrgID || o.status != "unpaid" {
		return fmt.Errorf("%s: order %s is not an unpaid order of %s", command, b.OrderID, b.OrgID)
	}
	if due := !at.Before(o.deadline); due != (command == "expire_order") {
		return fmt.Errorf("%s of order %s at %s, its deadline is %s", command, b.OrderID, at, o.deadline)
	}
	switch command {
	case "pay_order":
		balance := c.balance(o.org, o.currency)
		if balance.Cmp(o.payable) < 0 {
			return fmt.Errorf("%s has %s %s, order %s needs %s", o.org, balance.FloatString(2), o.currency, b.OrderID, o.payable.FloatString(2))
		}
		balance.Sub(balance, o.payable)
		o.status = "paid"
		c.report.Months[at.Format("2006-01")]++
	case "cancel_order":
		if b.Reason == "" {
			return fmt.Errorf("order %s is cancelled without a reason", b.OrderID)
		}
		o.status = "cancelled"
	default:
		o.status = "expired"
	}
	return nil
}

func (c *checker) balance(org, currency string) *big.Rat {
	account := org + " " + currency
	if c.balances[account] == nil {
		c.balances[account] = new(big.Rat)
	}
	return c.balances[account]
}

func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read %.80s…: %w", text, err)
	}
	return nil
}
