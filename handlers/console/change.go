package console

import (
	"strings"

	"github.com/shopspring/decimal"
)

// Sums of amounts, exact, on the texts that the read models write: over all organisations they may be larger than any
// one amount can be.

func plus(a, b string) string { return digitsOf(exact(a).Add(exact(b))) }

func minus(a, b string) string { return digitsOf(exact(a).Sub(exact(b))) }

func less(a, b string) bool { return exact(a).LessThan(exact(b)) }

// exact reads a text; what is no number is nothing.
func exact(text string) decimal.Decimal {
	d, _ := decimal.NewFromString(text)
	return d
}

// digitsOf writes a number with all digits that it was reckoned with: 1.10, not 1.1.
func digitsOf(d decimal.Decimal) string { return d.StringFixed(max(0, -d.Exponent())) }

// change is how much a sum differs from the one of the month before.
type change struct {
	// Before is that sum, Amount the difference; Percent is empty where there was nothing before.
	Before, Amount, Percent string
	Up, Down                bool
}

func changeOf(now, before string) *change {
	difference := exact(now).Sub(exact(before))
	c := &change{Before: before, Amount: digitsOf(difference), Up: difference.IsPositive(), Down: difference.IsNegative()}
	if was := exact(before); !was.IsZero() {
		c.Percent = signed(difference.Div(was.Abs()).Mul(decimal.NewFromInt(100)))
	}
	return c
}

// signed is a percentage with its sign and one digit.
func signed(d decimal.Decimal) string {
	text := strings.Replace(d.StringFixed(1), "-", "−", 1)
	if d.IsPositive() {
		text = "+" + text
	}
	return text + "%"
}

// share is what a part is of the whole, in percent, where that says something: not of sums that took money back.
func share(part, whole string) string {
	p, w := exact(part), exact(whole)
	if !w.IsPositive() || p.IsNegative() || p.GreaterThan(w) {
		return ""
	}
	return p.Div(w).Mul(decimal.NewFromInt(100)).StringFixed(1) + "%"
}
