package domain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

const org = "org-acme"

func gift(value string, expires *time.Time) domain.GrantGift {
	return domain.GrantGift{OrgID: org, Amount: amount(value), Currency: "CNY", ExpiresAt: expires}
}

func voucher(id, value string, change ...func(*domain.IssueVoucher)) domain.IssueVoucher {
	c := domain.IssueVoucher{OrgID: org, VoucherID: id, Amount: amount(value), Currency: "CNY"}
	for _, f := range change {
		f(&c)
	}
	return c
}

func until(at time.Time) func(*domain.IssueVoucher) {
	return func(c *domain.IssueVoucher) { c.ValidTo = &at }
}

func from(at time.Time) func(*domain.IssueVoucher) {
	return func(c *domain.IssueVoucher) { c.ValidFrom = &at }
}

func spend(least string) func(*domain.IssueVoucher) {
	a := amount(least)
	return func(c *domain.IssueVoucher) { c.MinSpend = &a }
}

func products(p ...string) func(*domain.IssueVoucher) {
	return func(c *domain.IssueVoucher) { c.Products = p }
}

func modes(m ...domain.ChargeMode) func(*domain.IssueVoucher) {
	return func(c *domain.IssueVoucher) { c.ChargeModes = m }
}

func types(t ...domain.OrderType) func(*domain.IssueVoucher) {
	return func(c *domain.IssueVoucher) { c.OrderTypes = t }
}

func in(currency domain.Currency) func(*domain.IssueVoucher) {
	return func(c *domain.IssueVoucher) { c.Currency = currency }
}

// paidLines prints what each line of the order was paid with: cash, gift and voucher, and the names of the latter two.
// Grants have the number of the event that gave them.
func (w *world) paidLines(id string) string {
	grants := map[string]string{}
	for _, e := range w.history {
		if event, err := domain.DecodeEvent(e.name, e.payload); err == nil {
			if g, ok := event.(domain.GiftGranted); ok {
				grants[g.GrantID] = fmt.Sprint("g", len(grants)+1)
			}
		}
	}
	var lines []string
	for _, l := range w.Order(id).LineFunds {
		text := fmt.Sprintf("%s %s %s", l.Cash, l.Gift, l.Voucher)
		for _, g := range l.Gifts {
			text += " " + grants[g.GrantID] + "=" + g.Amount.String()
		}
		for _, v := range l.Vouchers {
			text += " " + v.VoucherID + "=" + v.Amount.String()
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, " | ")
}

// An order of one or more lines, each of a product of its own (p1, p2, …), paid by the default order of funds.
func TestDefaultAllocation(t *testing.T) {
	t.Parallel()
	soon, late := noon.Add(24*time.Hour), noon.Add(48*time.Hour)
	cases := []struct {
		name   string
		funds  []domain.Command
		prices string
		want   string // the lines' funds, or a code
	}{
		{"vouchers, then gift, then cash", []domain.Command{topUp("100", "r"), gift("20", nil), voucher("v", "5")}, "30", "5.00 20.00 5.00 g1=20.00 v=5.00"},
		{"the voucher that ends first", []domain.Command{voucher("a", "9"), voucher("b", "9", until(late)), voucher("c", "9", until(soon))}, "20", "0.00 0.00 20.00 c=9.00 b=9.00 a=2.00"},
		{"then the smallest", []domain.Command{voucher("a", "9"), voucher("b", "2"), voucher("c", "5")}, "8", "0.00 0.00 8.00 b=2.00 c=5.00 a=1.00"},
		{"then by id", []domain.Command{voucher("b", "5"), voucher("a", "5")}, "6", "0.00 0.00 6.00 a=5.00 b=1.00"},
		{"the gift that ends first", []domain.Command{gift("5", nil), gift("5", &late), gift("5", &soon)}, "12", "0.00 12.00 0.00 g3=5.00 g2=5.00 g1=2.00"},
		{"no voucher before its time", []domain.Command{topUp("9", "r"), voucher("v", "5", from(soon))}, "8", "8.00 0.00 0.00"},
		{"no voucher of another currency", []domain.Command{topUp("9", "r"), voucher("v", "5", in("USD"))}, "8", "8.00 0.00 0.00"},
		{"no voucher below its least spending", []domain.Command{topUp("9", "r"), voucher("v", "5", spend("8.01"))}, "8", "8.00 0.00 0.00"},
		{"a voucher at its least spending", []domain.Command{topUp("9", "r"), voucher("v", "5", spend("8.00"))}, "8", "3.00 0.00 5.00 v=5.00"},
		{"no voucher for other order types", []domain.Command{topUp("9", "r"), voucher("v", "5", types(domain.Renewal, domain.UsageSettlement))}, "8", "8.00 0.00 0.00"},
		{"a voucher for the order's type", []domain.Command{topUp("9", "r"), voucher("v", "5", types(domain.Renewal, domain.Purchase))}, "8", "3.00 0.00 5.00 v=5.00"},
		{"no voucher on subscriptions", []domain.Command{topUp("9", "r"), voucher("v", "5", modes(domain.ModeHour, domain.ModeMetered))}, "8", "8.00 0.00 0.00"},
		{"a voucher pays its products alone", []domain.Command{topUp("90", "r"), voucher("v", "50", products("p2", "p9"))}, "10 20 30", "10.00 0.00 0.00 | 0.00 0.00 20.00 v=20.00 | 30.00 0.00 0.00"},
		{"shares by what is due, the rest to the largest remainder", []domain.Command{topUp("90", "r"), voucher("v", "1")}, "10 10 10", "9.66 0.00 0.34 v=0.34 | 9.67 0.00 0.33 v=0.33 | 9.67 0.00 0.33 v=0.33"},
		{"a second voucher by what the first left", []domain.Command{topUp("90", "r"), voucher("a", "10", products("p1"), until(soon)), voucher("b", "10")}, "15 15", "2.50 0.00 12.50 a=10.00 b=2.50 | 7.50 0.00 7.50 b=7.50"},
		{"grants follow each other along the lines", []domain.Command{topUp("90", "r"), gift("3", &soon), gift("7", nil)}, "10 10", "5.00 5.00 0.00 g1=3.00 g2=2.00 | 5.00 5.00 0.00 g2=5.00"},
		{"one minor unit short", []domain.Command{topUp("2.99", "r"), gift("2", nil), voucher("v", "5")}, "10", "insufficient_funds"},
		{"a free line beside one that costs", []domain.Command{voucher("v", "5")}, "0 3", "0.00 0.00 0.00 | 0.00 0.00 3.00 v=3.00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, f := range c.funds {
				w.must(noon, f)
			}
			w.must(noon, placeProducts(strings.Fields(c.prices)...))
			_, why := w.do(noon.Add(time.Hour), pay())
			got := ""
			if why != nil {
				got = string(why.Code)
			} else {
				got = w.paidLines(orderID)
			}
			if got != c.want {
				t.Errorf("paid\n%s\nwant\n%s", got, c.want)
			}
			wantLots(t, w.Account(org))
			w.wantSameAfterReplay()
		})
	}
}

func placeProducts(prices ...string) domain.PlaceOrder {
	c := place(prices...)
	for i := range c.Lines {
		c.Lines[i].ProductCode = fmt.Sprint("p", i+1)
	}
	return c
}

// wantLots holds the grants and vouchers against the balances.
func wantLots(t fataler, a *domain.Account) {
	t.Helper()
	if a == nil {
		return
	}
	for _, b := range a.Balances {
		gifts, vouchers := b.Currency.Zero(), b.Currency.Zero()
		for _, g := range a.Gifts {
			if g.Currency == b.Currency {
				gifts = gifts.Add(g.Left)
			}
		}
		for _, v := range a.Vouchers {
			if v.Currency == b.Currency {
				vouchers = vouchers.Add(v.Left)
			}
		}
		if gifts != b.Gift || vouchers != b.Voucher {
			t.Fatalf("the lots have %s and %s left, the balance is %+v", gifts, vouchers, b)
		}
	}
}

// What has lapsed pays nothing, whether or not it was taken off the account.
func TestNothingLapsedPays(t *testing.T) {
	t.Parallel()
	end := noon.Add(time.Hour)
	for after, want := range map[time.Duration]string{
		time.Hour - time.Microsecond: "1.00 4.00 5.00 g1=4.00 v=5.00",
		time.Hour:                    "10.00 0.00 0.00",
	} {
		w := newWorld(t)
		w.must(noon, topUp("10", "r"))
		w.must(noon, gift("4", &end))
		w.must(noon, voucher("v", "5", until(end)))
		w.must(noon, place("10"))
		w.must(noon.Add(after), pay())
		if got := w.paidLines(orderID); got != want {
			t.Errorf("%s after noon it is paid with %s, want %s", after, got, want)
		}
	}
}

func TestNamedAllocation(t *testing.T) {
	t.Parallel()
	soon := noon.Add(time.Hour)
	funds := []domain.Command{
		topUp("100", "r"), gift("10", &soon), gift("10", nil), voucher("any", "10"), voucher("two", "10", products("p2")), voucher("later", "10", from(soon)),
	}
	named := func(cash, gift string, vouchers ...string) *domain.Allocation {
		a := domain.Allocation{Cash: amount(cash), Gift: amount(gift)}
		for _, v := range vouchers {
			id, value, _ := strings.Cut(v, "=")
			a.Vouchers = append(a.Vouchers, domain.VoucherPart{VoucherID: id, Amount: amount(value)})
		}
		return &a
	}
	cases := []struct {
		name  string
		funds *domain.Allocation
		want  string
	}{
		{"cash alone, though there is more", named("40", "0"), "20.00 0.00 0.00 | 20.00 0.00 0.00"},
		{"gift, the one that ends first", named("25", "15"), "12.50 7.50 0.00 g1=7.50 | 12.50 7.50 0.00 g1=2.50 g2=5.00"},
		{"a part of a voucher", named("36", "0", "any=4"), "18.00 0.00 2.00 any=2.00 | 18.00 0.00 2.00 any=2.00"},
		{"the one that may pay least comes first", named("20", "0", "any=10", "two=10"), "13.33 0.00 6.67 any=6.67 | 6.67 0.00 13.33 two=10.00 any=3.33"},
		{"more than a voucher has", named("29.99", "0", "any=10.01"), "voucher_not_usable"},
		{"more than is due of its lines", named("30", "0", "two=10", "two=0"), "invalid_value"},
		{"a voucher before its time", named("30", "0", "later=10"), "voucher_not_usable"},
		{"a voucher that is not there", named("30", "0", "other=10"), "voucher_not_usable"},
		{"too much gift", named("19.99", "20.01"), "insufficient_funds"},
		{"too little in all", named("39.99", "0"), "funds_mismatch"},
		{"too many digits of a voucher", named("39", "0", "any=1.001"), "invalid_value"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, f := range funds {
				w.must(noon, f)
			}
			w.must(noon, placeProducts("20", "20"))
			p := pay()
			p.Funds = c.funds
			_, why := w.do(noon, p)
			got := ""
			if why != nil {
				got = string(why.Code)
			} else {
				got = w.paidLines(orderID)
			}
			if got != c.want {
				t.Errorf("paid\n%s\nwant\n%s (%v)", got, c.want, why)
			}
			wantLots(t, w.Account(org))
		})
	}
}

// A voucher never pays more than its lines cost, however it is named.
func TestNamedVoucherPastItsLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, voucher("two", "30", products("p2")))
	w.must(noon, placeProducts("5", "20"))
	p := pay()
	p.Funds = &domain.Allocation{Vouchers: []domain.VoucherPart{{VoucherID: "two", Amount: amount("25")}}}
	if _, why := w.do(noon, p); why == nil || why.Code != domain.VoucherNotUsable || !strings.Contains(why.Detail, "20.00") {
		t.Errorf("refused with %v", why)
	}
}

// Yen have no minor digits: the shares are whole.
func TestSharesOfACurrencyWithoutDigits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, domain.TopUp{OrgID: org, Amount: amount("1000"), Currency: "JPY", Reference: "r"})
	w.must(noon, domain.GrantGift{OrgID: org, Amount: amount("100"), Currency: "JPY"})
	w.must(noon, domain.IssueVoucher{OrgID: org, VoucherID: "v", Amount: amount("10"), Currency: "JPY"})
	c := place("100", "100", "133")
	c.Currency = "JPY"
	w.must(noon, c)
	w.must(noon, pay())
	if got, want := w.paidLines(orderID), "67 30 3 g1=30 v=3 | 67 30 3 g1=30 v=3 | 89 40 4 g1=40 v=4"; got != want {
		t.Errorf("paid %s, want %s", got, want)
	}
	if _, why := w.do(noon, domain.GrantGift{OrgID: org, Amount: amount("1.5"), Currency: "JPY"}); why == nil || why.Code != domain.InvalidValue {
		t.Errorf("half a yen: %v", why)
	}
}

// Cash may fall below 0 as far as the credit limit goes, and not by a minor unit more.
func TestCreditLimit(t *testing.T) {
	t.Parallel()
	for price, want := range map[string]string{"15": "", "15.01": "insufficient_funds"} {
		w := newWorld(t)
		w.must(noon, domain.ChangeSettings{OrgID: org, CreditLimit: map[domain.Currency]domain.Amount{"CNY": amount("5")}})
		w.must(noon, topUp("7", "r"))
		w.must(noon, gift("3", nil))
		w.must(noon, place(price))
		_, why := w.do(noon, pay())
		switch {
		case want == "" && (why != nil || w.Account(org).Balance("CNY").Cash != amount("-5.00")):
			t.Errorf("%s: %v, cash %s", price, why, w.Account(org).Balance("CNY").Cash)
		case want != "" && (why == nil || string(why.Code) != want || why.Missing != amount("0.01")):
			t.Errorf("%s: %v", price, why)
		}
	}
}
