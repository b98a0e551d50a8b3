package domain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// placeable are the types that can be placed, with the charge groups of their lines: what the reference says of each,
// written down a second time.
var placeable = map[domain.OrderType]struct {
	groups   string // of prepay, postpay and free
	follows  bool
	operator bool
	// costs, nothing, back: what its lines may amount to.
	costs, back bool
}{
	domain.Purchase:       {"prepay postpay free", false, false, true, false},
	domain.Renewal:        {"prepay", true, false, true, false},
	domain.Upgrade:        {"prepay", true, false, true, false},
	domain.Downgrade:      {"prepay", true, false, false, true},
	domain.Resize:         {"postpay", true, false, false, false},
	domain.Convert:        {"prepay postpay free", true, false, true, false},
	domain.TermSettlement: {"prepay", true, false, true, true},
	domain.Supplement:     {"prepay postpay free", true, true, true, true},
	domain.Recovery:       {"prepay postpay free", true, true, true, false},
	domain.Compensation:   {"prepay free", true, true, false, false},
	domain.TransferIn:     {"prepay postpay free", false, true, false, false},
}

var allTypes = []domain.OrderType{
	domain.Purchase, domain.Renewal, domain.Upgrade, domain.Downgrade, domain.Resize, domain.Convert, domain.TermSettlement, domain.Supplement,
	domain.Recovery, domain.Compensation, domain.TransferIn, domain.Refund, domain.OverdueDaily, domain.UsageSettlement, "exchange", "",
}

var modesOf = map[string][]domain.ChargeMode{
	"prepay":  {domain.ModeYear, domain.ModeMonth, domain.ModeDay, domain.ModePrepaid30d},
	"postpay": {domain.ModeHour, domain.ModeMinute, domain.ModeMetered, domain.ModePostpaidCycle, domain.ModeSpot},
	"free":    {domain.ModeGift, domain.ModeTrial},
	"none":    {"weekly", ""},
}

// bare is an order of a type with a line of a mode, right as far as its form goes.
func bare(of domain.OrderType, group string, mode domain.ChargeMode) domain.PlaceOrder {
	c := place("0")
	c.OrderType, c.Reason = of, "as agreed"
	if rule, ok := placeable[of]; !ok || rule.follows {
		c.ParentOrderID = ptr(nth(9))
	}
	l := &c.Lines[0]
	l.ChargeMode = mode
	if group == "postpay" && of != domain.Supplement {
		l.Quantity = decimal("0")
	}
	switch of {
	case domain.Upgrade, domain.Downgrade:
		l.NewUnitPrice = ptr(decimal("1"))
	case domain.TermSettlement, domain.Compensation:
		l.ExpiresAt = ptr(noon.Add(day))
	}
	return c
}

// Every type meets every charge mode.
func TestTypesAndChargeModes(t *testing.T) {
	t.Parallel()
	for _, of := range allTypes {
		rule, known := placeable[of]
		for group, all := range modesOf {
			for _, mode := range all {
				why := bare(of, group, mode).Check()
				field := ""
				switch {
				case !known:
					field = "order_type"
				case !slices.Contains(strings.Fields(rule.groups), group):
					field = "lines[0].charge_mode"
				}
				got := ""
				if why != nil {
					got = why.Field
				}
				if got != field {
					t.Errorf("%s with a line of mode %q: %v, want a fault at %q", of, mode, why, field)
				}
			}
		}
	}
}

func TestTypesAskForParentAndReason(t *testing.T) {
	t.Parallel()
	for of, rule := range placeable {
		group, mode := "prepay", domain.ModeMonth
		if of == domain.Resize {
			group, mode = "postpay", domain.ModeHour
		}
		for name, c := range map[string]struct {
			change func(*domain.PlaceOrder)
			field  string
		}{
			"no parent": {func(c *domain.PlaceOrder) { c.ParentOrderID = nil }, map[bool]string{true: "parent_order_id"}[rule.follows]},
			"a parent":  {func(c *domain.PlaceOrder) { c.ParentOrderID = ptr(nth(9)) }, map[bool]string{false: "parent_order_id"}[rule.follows]},
			"no reason": {func(c *domain.PlaceOrder) { c.Reason = "" }, map[bool]string{true: "reason"}[rule.operator]},
		} {
			order := bare(of, group, mode)
			c.change(&order)
			got := ""
			if why := order.Check(); why != nil {
				got = why.Field
			}
			if got != c.field {
				t.Errorf("%s with %s: a fault at %q, want %q", of, name, got, c.field)
			}
		}
		if of.ByOperator() != rule.operator {
			t.Errorf("%s is placed by operators: %v", of, of.ByOperator())
		}
	}
}

// Amounts of the wrong sign are refused, whether their form shows it or only what they come to.
func TestTypesAndSigns(t *testing.T) {
	t.Parallel()
	for of, rule := range placeable {
		for _, price := range []string{"3", "-3"} {
			te := newTenant(t)
			l := line(price)
			switch of {
			case domain.Upgrade, domain.Downgrade:
				l.NewUnitPrice = ptr(decimal("1"))
			case domain.TermSettlement, domain.Compensation:
				l.ExpiresAt = ptr(noon.Add(60 * day))
				if of == domain.TermSettlement && price == "-3" {
					l.ExpiresAt = ptr(noon.Add(20 * day))
				}
			case domain.Resize:
				l.ProductCode, l.ChargeMode, l.Unit, l.Quantity = "traffic", domain.ModeMetered, "GB", decimal("0")
			case domain.Convert:
				l.ProductCode = "traffic"
			case domain.Purchase, domain.TransferIn:
				l.ResourceID = "r-new"
			}
			c := te.order(of, l)
			if !rule.follows {
				c.ParentOrderID = nil
			}
			if of == domain.Recovery {
				te.must(noon.Add(time.Hour), domain.CloseResource{OrgID: "org-acme", ResourceID: "r-1"})
			}
			_, why := te.do(noon.Add(day), c)
			wants := price == "3" && rule.costs || price == "-3" && rule.back || of == domain.Resize && price == "3"
			if (why == nil) != wants || why != nil && why.Code != domain.InvalidValue {
				t.Errorf("%s of %s: %v", of, price, why)
			}
		}
	}
}

// Free lines cost nothing: no price, or a discount that takes all of it.
func TestFreeLinesCostNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range modesOf["free"] {
		for _, c := range []struct {
			price, discount, field string
		}{
			{"0", "0", ""},
			{"10", "10.00", ""},
			{"10", "0", "lines[0].unit_price"},
			{"10", "9.99", "lines[0].discount_amount"},
			{"10", "10.01", "lines[0].discount_amount"},
		} {
			w := newWorld(t)
			order := place(c.price)
			order.Lines[0].ChargeMode, order.Lines[0].DiscountAmount = mode, amount(c.discount)
			_, why := w.do(noon, order)
			got := ""
			if why != nil {
				got = why.Field
			}
			if got != c.field {
				t.Errorf("%s at %s less %s: %v, want a fault at %q", mode, c.price, c.discount, why, c.field)
			}
			if c.field == "" && w.Order(orderID).Status != domain.Paid {
				t.Errorf("%s at %s less %s is %s", mode, c.price, c.discount, w.Order(orderID).Status)
			}
		}
	}
}
