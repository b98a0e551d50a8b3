package console

import "testing"

// Sums of all organisations may be larger than any amount, and are exact all the same.
func TestSumsAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{plus("99999999999999999999.10", "0.20"), "99999999999999999999.30"},
		{plus("1.10", "2.90"), "4.00"},
		{minus("100", "30"), "70"},
		{share("1.00", "3.00"), "33.3%"},
		{share("-1.00", "3.00"), ""},
		{share("4.00", "3.00"), ""},
		{share("0.00", "0.00"), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	for _, c := range []struct {
		now, before string
		want        change
	}{
		{"15.00", "10.00", change{"10.00", "5.00", "+50.0%", true, false}},
		{"7.50", "10.00", change{"10.00", "-2.50", "−25.0%", false, true}},
		{"5.00", "-10.00", change{"-10.00", "15.00", "+150.0%", true, false}},
		{"5.00", "0.00", change{"0.00", "5.00", "", true, false}},
		{"5.00", "5.00", change{"5.00", "0.00", "0.0%", false, false}},
	} {
		if got := changeOf(c.now, c.before); *got != c.want {
			t.Errorf("%s after %s: %+v, want %+v", c.now, c.before, *got, c.want)
		}
	}
}
