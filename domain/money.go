package domain

import (
	"errors"
	"fmt"
	"math/bits"
	"sort"
	"strconv"

	"github.com/shopspring/decimal"
)

// MaxUnits bounds every amount and balance, in minor units: 10 trillion of a currency with two digits.
// It leaves room to add thousands of amounts in an int64 before the sum is checked.
const MaxUnits int64 = 1e15

// Amount is money: whole minor units, and how many minor digits the currency has. The zero value is
// nothing, of any currency. Amounts of one currency compare with ==.
//
// It prints with all minor digits ("0.00", JPY "100") and reads only that form back.
type Amount struct {
	units  int64
	digits uint8
}

// Errors of reading an amount.
var (
	errNotAmount    = errors.New(`an amount is a decimal string such as "28.86"`)
	errAmountTooBig = errors.New("the amount is larger than 10^15 minor units")
)

// ParseAmount reads a plain decimal ("-12.50"). Exponents, signs other than "-", spaces and more
// than six decimals are refused. The digits are those written; In fits it to a currency.
func ParseAmount(s string) (Amount, error) {
	text, negative := s, false
	if len(text) > 0 && text[0] == '-' {
		text, negative = text[1:], true
	}
	var units int64
	digits, point, seen := 0, false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.' && !point && seen && i+1 < len(text):
			point = true
		case c >= '0' && c <= '9':
			seen = true
			units = units*10 + int64(c-'0')
			if point {
				digits++
			}
			if units > MaxUnits {
				return Amount{}, errAmountTooBig
			}
		default:
			return Amount{}, errNotAmount
		}
	}
	if !seen || digits > 6 {
		return Amount{}, errNotAmount
	}
	if negative {
		units = -units
	}
	return Amount{units, uint8(digits)}, nil
}

// In fits a to a currency's minor digits. It fails when a has more digits than the currency.
func (a Amount) In(c Currency) (Amount, error) {
	want := c.digits()
	for a.digits < want {
		a.units *= 10
		a.digits++
		if a.units > MaxUnits || a.units < -MaxUnits {
			return Amount{}, errAmountTooBig
		}
	}
	for a.digits > want {
		if a.units%10 != 0 {
			return Amount{}, fmt.Errorf("%s has %d decimal digits at most", c, want)
		}
		a.units /= 10
		a.digits--
	}
	return a, nil
}

// Units is the amount in minor units.
func (a Amount) Units() int64 { return a.units }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int {
	switch {
	case a.units < 0:
		return -1
	case a.units > 0:
		return 1
	}
	return 0
}

// Add adds two amounts of one currency. Both are bounded by MaxUnits, so that a sum can't wrap
// round; whoever keeps the sum checks it with inRange.
func (a Amount) Add(b Amount) Amount { return Amount{a.units + b.units, max(a.digits, b.digits)} }

// Sub subtracts an amount of the same currency.
func (a Amount) Sub(b Amount) Amount { return Amount{a.units - b.units, max(a.digits, b.digits)} }

// Neg is the amount with the other sign.
func (a Amount) Neg() Amount { return Amount{-a.units, a.digits} }

// Less says whether a is smaller than b, an amount of the same currency.
func (a Amount) Less(b Amount) bool { return a.units < b.units }

func (a Amount) inRange() bool { return a.units >= -MaxUnits && a.units <= MaxUnits }

// String prints all minor digits.
func (a Amount) String() string { return string(a.append(nil)) }

func (a Amount) append(b []byte) []byte {
	if a.units < 0 {
		b = append(b, '-')
	}
	units := uint64(max(a.units, -a.units))
	scale := uint64(1)
	for range a.digits {
		scale *= 10
	}
	b = strconv.AppendUint(b, units/scale, 10)
	if a.digits == 0 {
		return b
	}
	b = append(b, '.')
	for scale /= 10; scale > 0; scale /= 10 {
		b = append(b, '0'+byte(units/scale%10))
	}
	return b
}

// MarshalJSON writes the amount as a string.
func (a Amount) MarshalJSON() ([]byte, error) { return a.appendJSON(make([]byte, 0, 24)), nil }

func (a Amount) appendJSON(b []byte) []byte { return append(a.append(append(b, '"')), '"') }

// UnmarshalJSON reads a string as ParseAmount does; numbers are refused, as they would be floats elsewhere.
func (a *Amount) UnmarshalJSON(b []byte) error {
	s, ok := plainString(b)
	if !ok {
		return errNotAmount
	}
	parsed, err := ParseAmount(s)
	*a = parsed
	return err
}

// plainString takes the text out of a JSON string that has no escapes.
func plainString(b []byte) (string, bool) {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return "", false
	}
	return string(b[1 : len(b)-1]), true
}

// round rounds half away from zero to the currency's minor unit. Each line is rounded once, its sum never.
func (c Currency) round(d decimal.Decimal) (Amount, error) {
	digits := c.digits()
	units := d.Shift(int32(digits)).Round(0)
	if units.Abs().GreaterThan(maxUnits) {
		return Amount{}, errAmountTooBig
	}
	return Amount{units.IntPart(), digits}, nil
}

var maxUnits = decimal.NewFromInt(MaxUnits)

// Split shares total among the weights by largest remainder, ties to the lower index; the shares sum
// to total, and none is larger than its weight as long as total is no larger than their sum.
// Weights and total are not negative; with no weight at all, everything is zero.
func Split(total Amount, weights []Amount) []Amount {
	shares := make([]Amount, len(weights))
	var sum uint64
	for i, w := range weights {
		sum += uint64(w.units)
		shares[i].digits = total.digits
	}
	if sum == 0 || total.units == 0 {
		return shares
	}
	left := total.units
	rest := make([]uint64, len(weights))
	byRest := make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total.units), uint64(w.units))
		var share uint64
		share, rest[i] = bits.Div64(hi, lo, sum)
		shares[i].units = int64(share)
		left -= int64(share)
		byRest[i] = i
	}
	sort.SliceStable(byRest, func(a, b int) bool { return rest[byRest[a]] > rest[byRest[b]] })
	for _, i := range byRest[:left] {
		shares[i].units++
	}
	return shares
}
