package domain_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orderledger/domain"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "0.00": "0.00", "-0": "0", "-0.00": "0.00", "28.86": "28.86", "-12.50": "-12.50", "100": "100", "0.001": "0.001",
		"1000000000000000": "1000000000000000", "-10000000000000.00": "-10000000000000.00", "007": "7", strings.Repeat("0", 400): "0",
		"10000000000000.000000": "", "": "", "-": "", ".": "", ".5": "", "5.": "", "-.5": "", "--1": "", "+1": "", " 1": "", "1 ": "", "1e3": "", "1E3": "", "0x10": "",
		"NaN": "", "Infinity": "", "-Inf": "", "1,000": "", "1_000": "", "1.2.3": "", "１": "", "1000000000000001": "", "0.0000001": "", "null": "",
		strings.Repeat("9", 400): "", "0." + strings.Repeat("1", 400): "", "1\x00": "", "٣": "",
	} {
		a, err := domain.ParseAmount(in)
		if want == "" {
			if err == nil {
				t.Errorf("%.40q was read as %s", in, a)
			}
		} else if err != nil || a.String() != want {
			t.Errorf("%.40q was read as %s, %v, want %s", in, a, err, want)
		}
	}
}

func TestAmountJSONIsAString(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`1`, `1.5`, `null`, `{}`, `[]`, `true`, `""`, `"\u0031"`, `"1e2"`} {
		var a domain.Amount
		if err := json.Unmarshal([]byte(in), &a); err == nil {
			t.Errorf("%s was read as %s", in, a)
		}
		var d domain.Decimal
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s was read as the decimal %s", in, d)
		}
	}
}

func TestAmountFitsItsCurrency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in       string
		currency domain.Currency
		want     string
	}{
		{"100", "JPY", "100"},
		{"100.0", "JPY", "100"},
		{"100.5", "JPY", ""},
		{"1", "CNY", "1.00"},
		{"1.5", "CNY", "1.50"},
		{"1.500", "CNY", "1.50"},
		{"1.505", "CNY", ""},
		{"1", "KWD", "1.000"},
		{"-1.5", "KWD", "-1.500"},
		{"1.0005", "KWD", ""},
		{"1.000500", "KWD", ""},
		{"1000000000000000", "JPY", "1000000000000000"},
		{"1000000000000000", "CNY", ""},
		{"10000000000000", "CNY", "10000000000000.00"},
		{"1000000000001", "KWD", ""},
		{"-1000000000001", "KWD", ""},
	} {
		got, err := amount(c.in).In(c.currency)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s of %s became %s", c.in, c.currency, got)
			}
		} else if err != nil || got.String() != c.want {
			t.Errorf("%s of %s became %s, %v, want %s", c.in, c.currency, got, err, c.want)
		}
	}
}

func TestAmountRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?`).Draw(t, "amount")
		a, err := domain.ParseAmount(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.String(); got != s && !(a.Sign() == 0 && got == s[1:]) {
			t.Fatalf("%s became %s", s, got)
		}
		var b domain.Amount
		if text, err := json.Marshal(a); err != nil || json.Unmarshal(text, &b) != nil || a != b {
			t.Fatalf("%s became %s", text, b)
		}
		if a.Neg().Neg() != a || a.Sub(a).Sign() != 0 || a.Add(a.Neg()).Sign() != 0 {
			t.Fatalf("%s does not cancel out", a)
		}
	})
}

// The list amount is count × quantity × unit price, rounded once, half away from zero. math/big says the same.
func TestLinesRoundHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	list := func(t fataler, currency domain.Currency, count, quantity, price string) string {
		c := place(price)
		c.Currency, c.Lines[0].Count, c.Lines[0].Quantity = currency, decimal(count), decimal(quantity)
		w := newWorld(t)
		if _, why := w.do(noon, c); why != nil {
			t.Fatalf("%s × %s × %s: %v", count, quantity, price, why)
		}
		return w.Order(orderID).Lines[0].ListAmount.String()
	}
	for _, c := range []struct {
		currency               domain.Currency
		count, quantity, price string
		want                   string
	}{
		{"CNY", "1", "1", "0.005", "0.01"},
		{"CNY", "1", "1", "0.004999999999", "0.00"},
		{"CNY", "1", "0.5", "0.01", "0.01"},
		{"CNY", "1", "1", "2.675", "2.68"},
		{"CNY", "3", "0.333333333333", "1", "1.00"},
		{"CNY", "0.1", "0.1", "0.5", "0.01"},
		{"JPY", "1", "1", "0.5", "1"},
		{"JPY", "1", "1", "2.5", "3"},
		{"JPY", "1", "1", "0.499999999999", "0"},
		{"KWD", "1", "1", "0.0005", "0.001"},
		{"KWD", "1", "1", "1.00049", "1.000"},
		{"CNY", "0.000000000001", "0.000000000001", "0.000000000001", "0.00"},
	} {
		if got := list(t, c.currency, c.count, c.quantity, c.price); got != c.want {
			t.Errorf("%s × %s × %s %s is %s, want %s", c.count, c.quantity, c.price, c.currency, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		digits := map[domain.Currency]int{"JPY": 0, "CNY": 2, "KWD": 3}
		currency := rapid.SampledFrom([]domain.Currency{"JPY", "CNY", "KWD"}).Draw(t, "currency")
		part := rapid.StringMatching(`[1-9][0-9]{0,2}(\.[0-9]{1,12})?`)
		count, quantity, price := part.Draw(t, "count"), part.Draw(t, "quantity"), part.Draw(t, "price")
		exact := new(big.Rat).Mul(rat(count), rat(quantity))
		// FloatString rounds half away from zero.
		want := exact.Mul(exact, rat(price)).FloatString(digits[currency])
		if got := list(t, currency, count, quantity, price); got != want {
			t.Fatalf("%s × %s × %s %s is %s, want %s", count, quantity, price, currency, got, want)
		}
	})
}

func TestSplit(t *testing.T) {
	t.Parallel()
	units := rapid.Int64Range(0, 5_000_000_000_000) // up to 200 of them stay within an amount's range
	rapid.Check(t, func(t *rapid.T) {
		var weights []domain.Amount
		sum := domain.Currency("JPY").Zero()
		for _, u := range rapid.SliceOfN(rapid.OneOf(units, rapid.Int64Range(0, 3)), 1, 200).Draw(t, "weights") {
			weights = append(weights, amount(big.NewInt(u).String()))
			sum = sum.Add(weights[len(weights)-1])
		}
		total := amount(big.NewInt(rapid.Int64Range(0, sum.Units()).Draw(t, "total")).String())
		shares := domain.Split(total, weights)
		left := total
		for i, s := range shares {
			left = left.Sub(s)
			if s.Sign() < 0 || weights[i].Less(s) {
				t.Fatalf("share %d of %s is %s, its weight %s", i, total, s, weights[i])
			}
			exact := big.NewRat(total.Units(), max(sum.Units(), 1))
			off := exact.Mul(exact, new(big.Rat).SetInt64(weights[i].Units())).Sub(exact, new(big.Rat).SetInt64(s.Units()))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("share %d of %s by %s of %s is %s, a unit or more off", i, total, weights[i], sum, s)
			}
		}
		if sum.Sign() > 0 && left.Sign() != 0 {
			t.Fatalf("%s of %s is left", left, total)
		}
	})
}

func TestSplitTiesGoToTheLowerLine(t *testing.T) {
	t.Parallel()
	shares := domain.Split(amount("0.05"), []domain.Amount{amount("1.00"), amount("1.00"), amount("1.00")})
	if shares[0] != amount("0.02") || shares[1] != amount("0.02") || shares[2] != amount("0.01") {
		t.Errorf("0.05 over three is %v", shares)
	}
	if shares := domain.Split(amount("1.00"), []domain.Amount{amount("0.00")}); shares[0].Sign() != 0 {
		t.Errorf("without a weight there is %v", shares)
	}
	bound := amount("10000000000000.00")
	for _, s := range domain.Split(bound, []domain.Amount{bound, bound, bound}) {
		if s.Units() < 333333333333333 || s.Units() > 333333333333334 {
			t.Errorf("a third of the bound is %s", s)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.250": "0.25", "100": "100", "999999999999999.999999999999": "999999999999999.999999999999", "-1.10": "-1.1",
		"1000000000000000": "", "0.0000000000001": "", "": "", "-": "", ".5": "", "5.": "", "1e5": "", "1E-5": "", "NaN": "", "Inf": "", " 1": "", "+1": "", "1.1.1": "", "0x1": "", "1_0": "",
		strings.Repeat("1", 400): "",
	} {
		d, err := domain.ParseDecimal(in)
		if want == "" {
			if err == nil {
				t.Errorf("%.40q was read as %s", in, d)
			}
		} else if err != nil || d.String() != want {
			t.Errorf("%.40q was read as %s, %v, want %s", in, d, err, want)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"0", "-0.00", "28.86", "1e9", "NaN", "10000000000000.00", "00.1", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := domain.ParseAmount(s)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || exact.Cmp(rat(a.String())) != 0 {
			t.Fatalf("%q was read as %s", s, a)
		}
		for _, c := range []domain.Currency{"JPY", "CNY", "KWD"} {
			if fitted, err := a.In(c); err == nil && rat(fitted.String()).Cmp(exact) != 0 {
				t.Fatalf("%q of %s became %s", s, c, fitted)
			}
		}
	})
}
