package domain

import (
	"errors"

	"github.com/shopspring/decimal"
)

// Decimal is a count, a quantity or a unit price: exact, at most 15 digits before the point and 12
// after it. It prints without trailing zeros, as a JSON string.
type Decimal struct{ decimal.Decimal }

const (
	decimalWholeDigits    = 15
	decimalFractionDigits = 12
)

var errNotDecimal = errors.New(`a number is a decimal string such as "0.25", with at most 15 digits before the point and 12 after it`)

// ParseDecimal reads a plain decimal. Exponents, NaN, Infinity, spaces and longer numbers are refused.
func ParseDecimal(s string) (Decimal, error) {
	whole, fraction, point := 0, 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '-' && i == 0:
		case c == '.' && !point && whole > 0 && i+1 < len(s):
			point = true
		case c >= '0' && c <= '9' && point:
			fraction++
		case c >= '0' && c <= '9':
			whole++
		default:
			return Decimal{}, errNotDecimal
		}
	}
	if whole == 0 || whole > decimalWholeDigits || fraction > decimalFractionDigits {
		return Decimal{}, errNotDecimal
	}
	d, err := decimal.NewFromString(s)
	return Decimal{d}, err
}

// tooLarge says whether a number that was worked out has more digits before the point than can be read back.
func (d Decimal) tooLarge() bool { return d.Abs().GreaterThanOrEqual(decimalBound) }

var decimalBound = decimal.New(1, decimalWholeDigits)

// MarshalJSON writes the number as a string without trailing zeros.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// UnmarshalJSON reads a string as ParseDecimal does.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	s, ok := plainString(b)
	if !ok {
		return errNotDecimal
	}
	parsed, err := ParseDecimal(s)
	*d = parsed
	return err
}

// wholeNumber is a whole number as a decimal.
func wholeNumber(n int64) Decimal { return Decimal{decimal.NewFromInt(n)} }

// decimalOf is an amount as a unit price.
func decimalOf(a Amount) Decimal { return Decimal{decimal.New(a.units, -int32(a.digits))} }
