package console

import (
	"strconv"
	"strings"
	"time"

	"orderledger/domain"
)

// linesShown bounds the lines of one page; an order has up to 200.
const linesShown = 20

// orderLines are some of an order's lines, each with what became of it.
type orderLines struct {
	Lines []orderLine
	// Total counts all lines; From and To are the numbers in the order of the first and the last that are shown.
	Total, From, To int
	// Next and Before begin the parts after and before this one; 0 is none.
	Next, Before int
}

// Count is how many lines the order has.
func (l orderLines) Count() int64 { return int64(l.Total) }

// orderLine is a line, what it was paid with, and what came back of it.
type orderLine struct {
	*domain.Line
	OrgID    string
	Currency domain.Currency
	Group    domain.ChargeGroup
	Paid     *domain.LinePayment
	Refunded *domain.LineRefund
	Config   []configChange
	// Changed says whether there was a configuration before.
	Changed bool
}

// orderLines shows the part of an order's lines that the address asks for: line=21 begins with the 21st.
func (v *view) orderLines(o *domain.Order) orderLines {
	from, _ := strconv.Atoi(v.Query("line"))
	if from < 1 || from > len(o.Lines) {
		from = 1
	}
	part := orderLines{Total: len(o.Lines), From: from, To: min(from-1+linesShown, len(o.Lines)), Before: max(from-linesShown, 1)}
	if from == 1 {
		part.Before = 0
	}
	if part.To < part.Total {
		part.Next = part.To + 1
	}
	for i := from - 1; i < part.To; i++ {
		l := &o.Lines[i]
		shown := orderLine{
			Line: l, OrgID: o.OrgID, Currency: o.Currency, Group: l.ChargeMode.Group(),
			Config: configChanges(l.OldConfig, l.NewConfig), Changed: len(l.OldConfig) > 0,
		}
		for j := range o.LineFunds {
			if o.LineFunds[j].LineNo == l.LineNo {
				shown.Paid = &o.LineFunds[j]
			}
		}
		for j := range o.LineRefunds {
			if o.LineRefunds[j].LineNo == l.LineNo {
				shown.Refunded = &o.LineRefunds[j]
			}
		}
		part.Lines = append(part.Lines, shown)
	}
	return part
}

// configChange is one component of a configuration, before and after.
type configChange struct {
	Component, Old, New string
	// Kind is same, changed, added or removed.
	Kind string
}

// configChanges sets two configurations beside each other: components of the same name, the first with the first and so
// on; in the order of the new one, what was taken away last.
func configChanges(before, after []domain.Component) []configChange {
	taken := make([]bool, len(before))
	var all []configChange
	for _, c := range after {
		change := configChange{Component: c.Component, New: valueOf(c), Kind: "added"}
		for i, old := range before {
			if old.Component == c.Component && !taken[i] {
				taken[i] = true
				if change.Old, change.Kind = valueOf(old), "same"; change.Old != change.New {
					change.Kind = "changed"
				}
				break
			}
		}
		all = append(all, change)
	}
	for i, old := range before {
		if !taken[i] {
			all = append(all, configChange{Component: old.Component, Old: valueOf(old), Kind: "removed"})
		}
	}
	return all
}

func valueOf(c domain.Component) string { return strings.TrimSpace(c.Value + " " + c.Unit) }

// Length is the time from one moment to another, to the minute: 30 days 2 h 5 min.
func (v *view) Length(from, to any) string {
	begin, ok1 := moment(from)
	end, ok2 := moment(to)
	if !ok1 || !ok2 {
		return ""
	}
	minutes := int64(end.Sub(begin) / time.Minute)
	var parts []string
	for _, unit := range []struct {
		key  string
		size int64
	}{{"time.day", 24 * 60}, {"time.hour", 60}, {"time.minute", 1}} {
		if n := minutes / unit.size; n != 0 {
			parts = append(parts, v.N(unit.key, n))
		}
		minutes %= unit.size
	}
	if len(parts) == 0 {
		return v.N("time.minute", 0)
	}
	return strings.Join(parts, " ")
}

// Price is the price of a unit, with at least the currency's digits and as many more as it has.
func (v *view) Price(price domain.Decimal, c domain.Currency) string {
	_, least, _ := strings.Cut(c.Zero().String(), ".")
	whole, digits, _ := strings.Cut(price.String(), ".")
	if digits += strings.Repeat("0", max(0, len(least)-len(digits))); digits != "" {
		whole += "." + digits
	}
	return v.Money(whole, c)
}

// Quantity is a number of units: 3 months. Units of meters have no words.
func (v *view) Quantity(q domain.Decimal, unit string) string {
	number := q.String()
	key := "order.quantity." + unit + ".other"
	if number == "1" {
		key = "order.quantity." + unit + ".one"
	}
	if v.Has(key) {
		return v.T(key, v.Amount(number))
	}
	return strings.TrimSpace(v.Amount(number) + " " + unit)
}
