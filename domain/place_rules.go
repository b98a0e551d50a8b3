package domain

import "slices"

// orderType checks what an order's type asks of the whole order.
func (k *checker) orderType(c *PlaceOrder) {
	rule, ok := typeRules[c.OrderType]
	if !ok || rule.placer == bySystem {
		k.fail("order_type", "one of purchase, renewal, upgrade, downgrade, resize, convert, term_settlement; operators also place supplement, recovery, compensation, transfer_in")
		return
	}
	if c.ParentOrderID != nil {
		k.orderID("parent_order_id", *c.ParentOrderID)
	}
	switch {
	case rule.follows && c.ParentOrderID == nil:
		k.fail("parent_order_id", "an order of type %s names the order that it follows", c.OrderType)
	case !rule.follows && c.ParentOrderID != nil:
		k.fail("parent_order_id", "an order of type %s follows no other", c.OrderType)
	case rule.placer == byOperator && c.Reason == "":
		k.fail("reason", "an operator says why")
	}
}

// lineOf checks what an order's type asks of a line: its charge group, quantity and price, and what the ledger works
// out itself.
func (k *checker) lineOf(t OrderType, l *LineSpec) {
	rule := typeRules[t]
	group := l.ChargeMode.Group()
	if group == "" {
		k.fail("charge_mode", "one of year, month, day, prepaid_30d, hour, minute, metered, postpaid_cycle, spot, gift, trial")
		return
	}
	if rule.groups != nil && !slices.Contains(rule.groups, group) {
		k.fail("charge_mode", "an order of type %s has no %s lines, such as of mode %s", t, group, l.ChargeMode)
	}
	if l.NewUnitPrice != nil && (t != Upgrade && t != Downgrade || l.NewUnitPrice.Sign() < 0) {
		k.fail("new_unit_price", "it is 0 or more, and belongs to upgrades and downgrades")
	}
	if t == TermSettlement || t == Compensation {
		if l.ExpiresAt == nil {
			k.fail("expires_at", "it says when the lease is to end")
		}
	}
	switch {
	case l.worksOut(t):
	case t == Supplement || t == TermSettlement:
		if l.Quantity.Sign() == 0 {
			k.fail("quantity", "a quantity is more or less than 0")
		}
	case t == Compensation:
		if l.Quantity.Sign() < 0 {
			k.fail("quantity", "a quantity is 0 or more")
		}
	default:
		k.quantity(group, l)
	}
	k.unitPrice(t, l)
}

func (k *checker) quantity(group ChargeGroup, l *LineSpec) {
	switch {
	case group == Prepay && l.Quantity.Sign() <= 0:
		k.fail("quantity", "a prepaid quantity is more than 0")
	case group == Postpay && l.Quantity.Sign() != 0:
		k.fail("quantity", "pay-as-you-go opens with quantity 0: its use is settled later")
	case group == Free && l.Quantity.Sign() < 0:
		k.fail("quantity", "a quantity is 0 or more")
	}
}

func (k *checker) unitPrice(t OrderType, l *LineSpec) {
	rule := typeRules[t].sign
	switch {
	case l.UnitPrice.Sign() < 0 && (rule == zeroOrMore || rule == zeroOnly || t == Convert):
		k.fail("unit_price", "a unit price is 0 or more")
	case l.ChargeMode.Group() == Free && l.UnitPrice.Sign() != 0 && l.DiscountAmount.Sign() == 0:
		k.fail("unit_price", "gift and trial cost nothing: the price is 0, or the discount takes all of it")
	}
}

// opensOnce wants the use of a resource to have one set of prices for a product and billing item.
func (k *checker) opensOnce(t OrderType, before []LineSpec, l *LineSpec) {
	if k.first != nil || l.ResourceID == "" || l.ChargeMode.Group() != Postpay || t != Purchase && t != TransferIn && t != Recovery {
		return
	}
	for i := range before {
		if b := &before[i]; b.ResourceID == l.ResourceID && b.ProductCode == l.ProductCode && b.BillingItem == l.BillingItem {
			k.fail("billing_item", "line %d is about the same product of the same resource; give each a billing item of its own", i+1)
		}
	}
}

// worksOut says that the ledger works the line's quantity and price out itself, from what the resource costs now.
func (l *LineSpec) worksOut(t OrderType) bool {
	if l.Quantity.Sign() != 0 || l.UnitPrice.Sign() != 0 {
		return false
	}
	return l.NewUnitPrice != nil && (t == Upgrade || t == Downgrade) || t == TermSettlement
}
