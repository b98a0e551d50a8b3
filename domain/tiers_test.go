package domain

import "testing"

func dec(t interface{ Fatal(...any) }, s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The amounts were worked out by hand.
func TestPriceOfUse(t *testing.T) {
	t.Parallel()
	tier := func(upTo, price string) Tier {
		if upTo == "" {
			return Tier{UnitPrice: dec(t, price)}
		}
		bound := dec(t, upTo)
		return Tier{UpTo: &bound, UnitPrice: dec(t, price)}
	}
	flat := func(price string) Meter { p := dec(t, price); return Meter{Meter: "m", Unit: "GB", UnitPrice: &p} }
	graduated := Meter{Meter: "m", Unit: "GB", Tiers: []Tier{tier("10", "1.00"), tier("100", "0.50"), tier("", "0.10")}}
	for _, c := range []struct {
		name      string
		meter     Meter
		quantity  string
		currency  Currency
		unitPrice string
		list      string
	}{
		{"nothing", flat("0.8"), "0", "CNY", "0.8", "0.00"},
		{"flat, rounded half up", flat("0.005"), "1", "CNY", "0.005", "0.01"},
		{"flat, many digits", flat("0.000123456789"), "12345.678", "CNY", "0.000123456789", "1.52"}, // 1.52415764…
		{"flat, no minor digits", flat("0.5"), "3", "JPY", "0.5", "2"},                              // 1.5
		{"nothing of tiers", graduated, "0", "CNY", "1", "0.00"},
		{"in the first tier", graduated, "2.5", "CNY", "1", "2.50"},
		{"the first tier's bound", graduated, "10", "CNY", "1", "10.00"},
		{"just beyond it", graduated, "10.01", "CNY", "0.9995004995", "10.01"}, // 10 + 0.005 = 10.005
		{"in the second tier", graduated, "40", "CNY", "0.625", "25.00"},       // 10 + 30×0.5
		{"the second tier's bound", graduated, "100", "CNY", "0.55", "55.00"},  // 10 + 45
		{"in the last tier", graduated, "1000", "CNY", "0.145", "145.00"},      // 55 + 90
		{"thirds", graduated, "30", "CNY", "0.666666666667", "20.00"},          // the average is rounded, the amount is not
		{"one tier is a flat price", Meter{Tiers: []Tier{tier("", "0.3")}}, "7", "CNY", "0.3", "2.10"},
		{"a free tier first", Meter{Tiers: []Tier{tier("5", "0"), tier("", "2")}}, "6.25", "CNY", "0.4", "2.50"},
		{"three minor digits", Meter{Tiers: []Tier{tier("0.5", "1.001"), tier("", "0.0009")}}, "1.5", "KWD", "0.334266666667", "0.501"}, // 0.5005 + 0.0009
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			unitPrice, list, err := c.meter.priceOf(dec(t, c.quantity), c.currency)
			if err != nil || unitPrice.String() != c.unitPrice || list.String() != c.list {
				t.Errorf("%s cost %s at %s (%v), want %s at %s", c.quantity, list, unitPrice, err, c.list, c.unitPrice)
			}
		})
	}
	if _, _, err := flat("999999999999999").priceOf(dec(t, "999999999999999"), "CNY"); err == nil {
		t.Error("an amount beyond all amounts was priced")
	}
}

func TestRateInForce(t *testing.T) {
	t.Parallel()
	first, second := instant(t, "2025-11-04T12:00:00Z"), instant(t, "2025-11-04T12:30:00Z")
	term := &Term{Rates: []Rate{{From: first}, {From: second}}}
	for at, want := range map[string]string{
		"2025-11-04T11:00:00Z": "12:00", "2025-11-04T12:00:00Z": "12:00", "2025-11-04T12:29:59.999999Z": "12:00",
		"2025-11-04T12:30:00Z": "12:30", "2025-11-05T00:00:00Z": "12:30",
	} {
		if got := term.rateAt(instant(t, at)).From.Format("15:04"); got != want {
			t.Errorf("at %s the rate of %s is in force, want that of %s", at, got, want)
		}
	}
}

func TestMeterOfARateThatIsGone(t *testing.T) {
	t.Parallel()
	rate := func(at, price string, names ...string) Rate {
		r := Rate{From: instant(t, at)}
		for _, name := range names {
			p := dec(t, price)
			r.Meters = append(r.Meters, Meter{Meter: name, UnitPrice: &p})
		}
		return r
	}
	term := &Term{Rates: []Rate{rate("2025-11-04T12:00:00Z", "1", "a"), rate("2025-11-04T13:00:00Z", "2", "a", "b"), rate("2025-11-04T14:00:00Z", "3", "b")}}
	for _, c := range []struct{ at, name, want string }{
		{"2025-11-04T12:00:00Z", "a", "1"},
		{"2025-11-04T13:00:00Z", "a", "2"},
		{"2025-11-04T14:00:00Z", "a", "2"},
		{"2025-11-04T11:00:00Z", "a", "1"},
		{"2025-11-04T12:00:00Z", "b", "2"},
		{"2025-11-04T13:59:00Z", "b", "2"},
		{"2025-11-04T14:00:00Z", "b", "3"},
		{"2025-11-04T12:00:00Z", "c", ""},
	} {
		got := ""
		if m, ok := term.meterAt(instant(t, c.at), c.name); ok {
			got = m.UnitPrice.String()
		}
		if got != c.want {
			t.Errorf("%s at %s costs %q, want %q", c.name, c.at, got, c.want)
		}
	}
}
