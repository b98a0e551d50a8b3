package importcheck

import (
	"fmt"
	"math/big"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"orderledger/examples/internal/importfile"
)

var units = map[string][]string{
	"year": {"year"}, "month": {"month"}, "day": {"day"}, "prepaid_30d": {"prepaid_30d"}, "trial": {"day"}, "gift": {"day", "month"},
}

// linePayable checks one order line and returns list amount less discount.
func linePayable(l importfile.OrderLine) (*big.Rat, error) {
	// The change of a lease is priced by the days that are left.
	if !slices.Contains(units[l.ChargeMode], l.Unit) && (l.NewUnitPrice == nil || l.Unit != "day") {
		return nil, fmt.Errorf("unit %q does not fit charge mode %q", l.Unit, l.ChargeMode)
	}
	if l.ProductCode == "" || l.ProductName == "" || l.ResourceType == "" || l.ResourceName == "" || l.Region == "" {
		return nil, fmt.Errorf("product, resource type, resource name or region is empty")
	}
	if n := utf8.RuneCountInString(l.ResourceID); n < 1 || n > 128 || !printable(l.ResourceID) {
		return nil, fmt.Errorf("bad resource id %q", l.ResourceID)
	}
	for _, part := range slices.Concat(l.OldConfig, l.NewConfig) {
		if part.Component == "" || part.Value == "" || part.Unit == "" {
			return nil, fmt.Errorf("configuration %+v has an empty field", part)
		}
	}
	if end := termEnd(l); !l.ExpiresAt.Equal(end) {
		return nil, fmt.Errorf("%s %s from %s ends %s, not %s", l.Quantity, l.Unit, l.EffectiveAt, end, l.ExpiresAt)
	}
	list := new(big.Rat).Mul(l.Count.Rat(), l.Quantity.Rat())
	list = roundToCents(list.Mul(list, l.UnitPrice.Rat()))
	discount := l.DiscountAmount.Rat()
	if l.Count.Sign() <= 0 || l.Quantity.Sign() <= 0 || list.Sign() < 0 || discount.Sign() < 0 || l.DiscountAmount.Exponent() < -2 {
		return nil, fmt.Errorf("count %s, quantity %s, unit price %s, discount %s", l.Count, l.Quantity, l.UnitPrice, l.DiscountAmount)
	}
	payable := list.Sub(list, discount)
	free := l.ChargeMode == "trial" || l.ChargeMode == "gift"
	if free != (payable.Sign() == 0) || payable.Sign() < 0 {
		return nil, fmt.Errorf("payable %s under charge mode %q", payable.FloatString(2), l.ChargeMode)
	}
	return payable, nil
}

// roundToCents works in whole numbers: ⌊(2·100·|x| + 1) / 2⌋ is half away from zero.
func roundToCents(x *big.Rat) *big.Rat {
	numerator := new(big.Int).Mul(new(big.Int).Abs(x.Num()), big.NewInt(200))
	numerator.Add(numerator, x.Denom())
	cents := numerator.Quo(numerator, new(big.Int).Mul(x.Denom(), big.NewInt(2)))
	if x.Sign() < 0 {
		cents.Neg(cents)
	}
	return new(big.Rat).SetFrac(cents, big.NewInt(100))
}

func termEnd(l importfile.OrderLine) time.Time {
	n := int(l.Quantity.IntPart())
	switch l.Unit {
	case "year":
		return importfile.AddMonths(l.EffectiveAt, 12*n)
	case "month":
		return importfile.AddMonths(l.EffectiveAt, n)
	case "prepaid_30d":
		n *= 30
	}
	return l.EffectiveAt.Add(time.Duration(n) * 24 * time.Hour)
}

func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
