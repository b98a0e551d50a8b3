package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Bounds of a command. They keep an event within 768 KiB and a page of the console readable.
const (
	linesMax      = 200
	componentsMax = 64
	pairsMax      = 64
	metersMax     = 32
	tiersMax      = 32
	textMax       = 256
	reasonMax     = 1000
	payBeforeMax  = 366 * 24 * 3600
	resourceIDMax = 128 // characters
)

// checker keeps the first thing that is wrong; what comes after it is not looked at.
type checker struct {
	first *Rejection
	// lineNo is the number of the line being checked, 0 outside the lines.
	lineNo int
}

func (k *checker) fail(field, format string, args ...any) {
	if k.first != nil {
		return
	}
	if k.lineNo > 0 {
		field = lineField(k.lineNo-1, field)
	}
	k.first = invalid(field, format, args...)
}

func (k *checker) line(t OrderType, l *LineSpec) {
	if k.first != nil {
		return
	}
	k.required("product_code", l.ProductCode, textMax)
	k.required("product_name", l.ProductName, textMax)
	k.text("billing_item", l.BillingItem, textMax)
	k.required("resource_type", l.ResourceType, textMax)
	k.resourceID("resource_id", l.ResourceID)
	k.text("resource_name", l.ResourceName, textMax)
	k.pairs("resource_ext", l.ResourceExt)
	k.text("region", l.Region, textMax)
	k.text("zone", l.Zone, textMax)
	k.config("old_config", l.OldConfig)
	k.config("new_config", l.NewConfig)
	k.required("unit", l.Unit, 32)
	if l.Unit == refundUnit { // or an amount of the caller's would be taken for one that the ledger worked out
		k.fail("unit", "lines of this unit are the ledger's own")
	}
	k.notNegative("discount_amount", l.DiscountAmount)
	if l.Count.Sign() <= 0 {
		k.fail("count", "a count is more than 0")
	}
	k.lineOf(t, l)
	k.window(l)
	k.meters(l)
}

// window checks the time that the line pays for.
func (k *checker) window(l *LineSpec) {
	k.time("effective_at", l.EffectiveAt)
	k.time("expires_at", l.ExpiresAt)
	if l.EffectiveAt != nil && l.ExpiresAt != nil && !l.EffectiveAt.Before(*l.ExpiresAt) {
		k.fail("expires_at", "it lies after effective_at")
	}
}

func (k *checker) meters(l *LineSpec) {
	switch l.Cycle {
	case "", "hour", "day", "month":
	default:
		k.fail("cycle", "one of hour, day, month")
	}
	if len(l.Meters) > metersMax {
		k.fail("meters", "at most %d meters", metersMax)
		return
	}
	if (l.Cycle != "" || len(l.Meters) > 0) && l.ChargeMode.Group() != Postpay {
		k.fail("meters", "cycle and meters belong to pay-as-you-go modes")
	}
	for i, m := range l.Meters {
		k.required("meters.meter", m.Meter, textMax)
		if slices.ContainsFunc(l.Meters[:i], func(other Meter) bool { return other.Meter == m.Meter }) {
			k.fail("meters.meter", "a line has one price for a meter")
		}
		k.required("meters.unit", m.Unit, 32)
		if (m.UnitPrice == nil) == (len(m.Tiers) == 0) || len(m.Tiers) > tiersMax {
			k.fail("meters", "a meter has either a unit_price or 1 to %d tiers", tiersMax)
		}
		if m.UnitPrice != nil && m.UnitPrice.Sign() < 0 {
			k.fail("meters.unit_price", "a unit price is 0 or more")
		}
		for i, t := range m.Tiers {
			rises := t.UpTo == nil || t.UpTo.Sign() > 0 && (i == 0 || t.UpTo.GreaterThan(m.Tiers[i-1].UpTo.Decimal))
			if t.UnitPrice.Sign() < 0 || !rises || (t.UpTo == nil) != (i == len(m.Tiers)-1) {
				k.fail("meters.tiers", "tiers rise, only the last is without up_to, and prices are 0 or more")
				return
			}
		}
	}
}

func (k *checker) id(field, s string) {
	if !ValidID(s) {
		k.fail(field, "1 to 64 letters, digits, _ or -")
	}
}

func (k *checker) optionalID(field, s string) {
	if s != "" {
		k.id(field, s)
	}
}

func (k *checker) orderID(field, s string) {
	if len(s) != 36 || uuid.Validate(s) != nil || strings.ToLower(s) != s {
		k.fail(field, "a UUID in lower case, such as 0198c2f0-0000-7000-8000-000000000000")
	}
}

// newOrderID checks an id that a caller gives to a new order: those of version 8 are made by the ledger itself.
func (k *checker) newOrderID(field, s string) {
	if k.orderID(field, s); k.first == nil && s[14] == '8' {
		k.fail(field, "a UUID of another version than 8; version 7 is best")
	}
}

// resourceID checks an id that other systems gave, in any script; "" is none yet.
func (k *checker) resourceID(field, s string) {
	unprintable := func(r rune) bool { return !unicode.IsGraphic(r) }
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > resourceIDMax || strings.ContainsFunc(s, unprintable) {
		k.fail(field, "at most %d printable characters", resourceIDMax)
	}
}

func (k *checker) requiredResourceID(s string) {
	k.required("resource_id", s, 4*resourceIDMax)
	k.resourceID("resource_id", s)
}

func (k *checker) period(field string, p Period) {
	if _, ok := ParsePeriod(string(p)); !ok {
		k.fail(field, "a month such as 2025-11")
	}
}

func (k *checker) currency(field string, c Currency) {
	if !c.Known() {
		k.fail(field, "an ISO 4217 code such as CNY")
	}
}

func (k *checker) notNegative(field string, a Amount) {
	if a.Sign() < 0 {
		k.fail(field, "an amount is 0 or more")
	}
}

// money checks an amount of a currency that is more than 0.
func (k *checker) money(field string, a Amount, c Currency) {
	if k.currency("currency", c); !c.Known() {
		return
	}
	if a.Sign() <= 0 {
		k.fail(field, "an amount is more than 0")
	} else if _, err := a.In(c); err != nil {
		k.fail(field, "%s", err)
	}
}

func (k *checker) required(field, s string, bytesMax int) {
	if s == "" {
		k.fail(field, "it is required")
	}
	k.text(field, s, bytesMax)
}

// text bounds a text and keeps control characters out: NUL can't be stored, and the others break
// lines and cells in other people's files.
func (k *checker) text(field, s string, bytesMax int) {
	if len(s) > bytesMax {
		k.fail(field, "at most %d bytes", bytesMax)
		return
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		k.fail(field, "text is UTF-8 without control characters")
	}
}

func (k *checker) pairs(field string, m map[string]string) {
	if len(m) > pairsMax {
		k.fail(field, "at most %d entries", pairsMax)
		return
	}
	for name, value := range m {
		k.required(field, name, 128)
		k.text(field, value, textMax)
	}
}

func (k *checker) config(field string, all []Component) {
	if len(all) > componentsMax {
		k.fail(field, "at most %d components", componentsMax)
		return
	}
	for _, c := range all {
		k.required(field, c.Component, textMax)
		k.text(field, c.Value, textMax)
		k.text(field, c.Unit, 32)
	}
}

func (k *checker) time(field string, t *time.Time) {
	if t != nil && (t.Year() < 1970 || t.Year() > 9998) {
		k.fail(field, "a time between the years 1970 and 9998")
	}
}

func lineField(i int, name string) string { return fmt.Sprintf("lines[%d].%s", i, name) }

// ValidID says whether s may be the id of an organisation, project, consumer, service or voucher.
func ValidID(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
