package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"
)

// PlaceOrder asks for an order. OrderID may be named by the caller, so that later commands can refer
// to it; otherwise whoever receives the command gives it one. Salts (one per personal value, random)
// come with the command, as the rules have no randomness.
type PlaceOrder struct {
	OrderID       string            `json:"order_id"`
	OrgID         string            `json:"org_id"`
	OrderType     OrderType         `json:"order_type"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	Currency      Currency          `json:"currency"`
	TradeNo       string            `json:"trade_no"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	ParentOrderID *string           `json:"parent_order_id"`
	// Reason is why: operators must say.
	Reason   string            `json:"reason"`
	Personal map[string]string `json:"personal"`
	Lines    []LineSpec        `json:"lines"`

	Salts map[string]string `json:"-"`
	// Fresh says that the order id was made by us, just now: no such order can exist.
	Fresh bool `json:"-"`
}

func (c PlaceOrder) Name() string             { return "place_order" }
func (c PlaceOrder) Org() string              { return c.OrgID }
func (c PlaceOrder) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the order whatever the ledger holds.
func (c PlaceOrder) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.newOrderID("order_id", c.OrderID)
	k.id("project_id", c.ProjectID)
	k.id("consumer_id", c.ConsumerID)
	k.currency("currency", c.Currency)
	k.text("trade_no", c.TradeNo, textMax)
	k.text("business_group", c.BusinessGroup, textMax)
	k.text("reason", c.Reason, reasonMax)
	k.pairs("tags", c.Tags)
	k.pairs("personal", c.Personal)
	if c.ParentOrderID != nil {
		k.orderID("parent_order_id", *c.ParentOrderID)
	}
	if rule, ok := typeRules[c.OrderType]; !ok || rule.placer == bySystem {
		k.fail("order_type", "one of purchase, renewal, upgrade, downgrade, resize, convert, term_settlement; operators also place supplement, recovery, compensation, transfer_in")
	}
	if len(c.Lines) == 0 || len(c.Lines) > linesMax {
		k.fail("lines", "an order has 1 to %d lines", linesMax)
	}
	for i := range c.Lines {
		k.lineNo = i + 1
		k.line(&c.Lines[i])
	}
	return k.first
}

// Needs of a new order leaves out the order's own stream when nobody else can have named it.
func (c PlaceOrder) Needs(s States) []Ref {
	if c.Fresh {
		return []Ref{OrgRef(c.OrgID)}
	}
	return []Ref{OrgRef(c.OrgID), OrderRef(c.OrderID)}
}

func (c PlaceOrder) decide(s States, clock Clock) (Decision, *Rejection) {
	if !c.Fresh && s.Order(c.OrderID) != nil {
		return Decision{}, reject(DuplicateOrder, "an order with the id %s exists; leave order_id out, or give a new one", c.OrderID)
	}
	e, refused := price(c)
	if refused != nil {
		return Decision{}, refused
	}
	settings := SettingsOf(s.Org(c.OrgID))
	d := Decision{Secrets: secrets(c)}
	if e.PayableAmount.Sign() > 0 {
		deadline := clock.At.Add(time.Duration(settings.PayBeforeSeconds) * time.Second)
		e.PayBefore = &deadline
		d.Events = []StreamEvent{{OrderRef(c.OrderID), e}}
		return d, nil
	}
	paid := payNothing(e.Header, e.Lines, NoFunds(c.Currency), settings, clock.At)
	d.Events = []StreamEvent{{OrderRef(c.OrderID), e}, {OrderRef(c.OrderID), paid}}
	return d, nil
}

// price works out the exact amounts of the lines and of the order.
func price(c PlaceOrder) (OrderPlaced, *Rejection) {
	e := OrderPlaced{
		Header: Header{
			OrderID: c.OrderID, OrgID: c.OrgID, OrderType: c.OrderType, ProjectID: c.ProjectID, ConsumerID: c.ConsumerID,
			Currency: c.Currency, TradeNo: c.TradeNo, BusinessGroup: c.BusinessGroup, Tags: notNil(c.Tags),
			ParentOrderID: c.ParentOrderID, Reason: c.Reason, Personal: digests(c),
		},
		Lines:          make([]Line, len(c.Lines)),
		ListAmount:     c.Currency.Zero(),
		DiscountAmount: c.Currency.Zero(),
		PayableAmount:  c.Currency.Zero(),
	}
	for i, spec := range c.Lines {
		line, refused := priceLine(i, spec, c.Currency)
		if refused != nil {
			return OrderPlaced{}, refused
		}
		e.Lines[i] = line
		e.ListAmount = e.ListAmount.Add(line.ListAmount)
		e.DiscountAmount = e.DiscountAmount.Add(line.DiscountAmount)
		e.PayableAmount = e.PayableAmount.Add(line.PayableAmount)
	}
	if !e.ListAmount.inRange() {
		return OrderPlaced{}, invalid("lines", "the sum of the lines: %s", errAmountTooBig)
	}
	return e, nil
}

// priceLine rounds once: list = count × quantity × unit price; payable = list − discount.
func priceLine(i int, spec LineSpec, currency Currency) (Line, *Rejection) {
	list, err := currency.round(spec.Count.Mul(spec.Quantity.Decimal).Mul(spec.UnitPrice.Decimal))
	if err != nil {
		return Line{}, invalid(lineField(i, "unit_price"), "%s", err)
	}
	discount, err := spec.DiscountAmount.In(currency)
	if err != nil {
		return Line{}, invalid(lineField(i, "discount_amount"), "%s", err)
	}
	if discount.Sign() < 0 || list.Less(discount) {
		return Line{}, invalid(lineField(i, "discount_amount"), "a discount lies between 0 and the line's list amount, %s", list)
	}
	spec.DiscountAmount = discount
	spec.ResourceExt = notNil(spec.ResourceExt)
	if spec.OldConfig == nil {
		spec.OldConfig = []Component{}
	}
	if spec.NewConfig == nil {
		spec.NewConfig = []Component{}
	}
	spec.EffectiveAt, spec.ExpiresAt = utc(spec.EffectiveAt), utc(spec.ExpiresAt)
	return Line{LineNo: i + 1, LineSpec: spec, ListAmount: list, PayableAmount: list.Sub(discount)}, nil
}

func secrets(c PlaceOrder) []Secret {
	var all []Secret
	for _, name := range slices.Sorted(maps.Keys(c.Personal)) {
		all = append(all, Secret{name, c.Personal[name], c.Salts[name]})
	}
	return all
}

func digests(c PlaceOrder) map[string]string {
	if len(c.Personal) == 0 {
		return nil
	}
	all := map[string]string{}
	for name, value := range c.Personal {
		all[name] = Digest(c.Salts[name], value)
	}
	return all
}

// Digest is what an event holds of a personal value: SHA-256(salt ‖ value), in lower-case hex.
func Digest(salt, value string) string {
	sum := sha256.Sum256([]byte(salt + value))
	return hex.EncodeToString(sum[:])
}
