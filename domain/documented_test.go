package domain_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// The worked examples of docs/domain.md come to what the rules come to, and its tables leave no word out.

// inNovember is a time of November 2025 in Beijing.
func inNovember(day int) time.Time {
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	return time.Date(2025, 11, day, 0, 0, 0, 0, zone)
}

// hostForNovember buys a host for November and has it there.
func hostForNovember(w *world, price string, fund func()) {
	c := place(price)
	from, to := inNovember(1), inNovember(31)
	l := &c.Lines[0]
	l.ResourceID, l.EffectiveAt, l.ExpiresAt = "host-1", &from, &to
	before := inNovember(1).Add(-time.Hour)
	w.must(before, c)
	fund()
	w.must(before, domain.PayOrder{OrderID: orderID, OrgID: "org-acme"})
	w.must(from, domain.ReportFulfilment{OrderID: orderID, OrgID: "org-acme", State: "completed"})
}

func withCash(w *world, at time.Time, sum string) {
	w.must(at, domain.TopUp{OrgID: "org-acme", Amount: amount(sum), Currency: "CNY", Reference: "bank " + sum})
}

func TestDocumentedRefund(t *testing.T) {
	t.Parallel()
	for _, returnVouchers := range []bool{false, true} {
		w := newWorld(t)
		hostForNovember(w, "30.00", func() {
			before, end := inNovember(1).Add(-time.Hour), inNovember(31)
			withCash(w, before, "18.00")
			w.must(before, domain.GrantGift{OrgID: "org-acme", Amount: amount("5.00"), Currency: "CNY", ExpiresAt: &end, Reason: "welcome"})
			w.must(before, domain.IssueVoucher{OrgID: "org-acme", VoucherID: "v-7", Amount: amount("7.00"), Currency: "CNY", ValidTo: &end})
		})
		w.must(inNovember(7), domain.RefundOrder{OrderID: orderID, OrgID: "org-acme", Reason: "not needed", ReturnVouchers: returnVouchers})
		want := domain.Funds{Cash: amount("18.00"), Gift: amount("5.00"), Voucher: amount("0.00")}
		forfeited := amount("1.00")
		if returnVouchers {
			want.Voucher, forfeited = amount("1.00"), amount("0.00")
		}
		o := w.Order(orderID)
		if o.Refunded != want || o.Consumed != amount("6.00") || o.Forfeited != forfeited || o.Status != domain.Refunded {
			t.Errorf("vouchers back %v: returned %+v, consumed %s, forfeited %s, %s; want %+v, 6.00, %s, refunded",
				returnVouchers, o.Refunded, o.Consumed, o.Forfeited, o.Status, want, forfeited)
		}
	}
}

func TestDocumentedChanges(t *testing.T) {
	t.Parallel()
	parent := orderID
	change := func(orderType domain.OrderType, newPrice string, until *time.Time) domain.PlaceOrder {
		c := place("0")
		c.OrderID, c.OrderType, c.ParentOrderID = strings.Replace(orderID, "01", "02", 1), orderType, &parent
		l := &c.Lines[0]
		l.ResourceID, l.Quantity, l.ExpiresAt = "host-1", decimal("0"), until
		if newPrice != "" {
			price := decimal(newPrice)
			l.NewUnitPrice = &price
		}
		return c
	}
	later := inNovember(41) // 11 December
	for name, test := range map[string]struct {
		order           domain.PlaceOrder
		quantity, price string
		payable         string
	}{
		"upgrade":         {change(domain.Upgrade, "420.00", nil), "0.5", "120", "60.00"},
		"downgrade":       {change(domain.Downgrade, "240.00", nil), "0.5", "-60", "-30.00"},
		"term settlement": {change(domain.TermSettlement, "", &later), "0.333333333333", "300", "100.00"},
	} {
		w := newWorld(t)
		hostForNovember(w, "300.00", func() { withCash(w, inNovember(1).Add(-time.Hour), "300.00") })
		w.must(inNovember(16), test.order)
		o := w.Order(test.order.OrderID)
		l := o.Lines[0]
		if !l.Quantity.Equal(decimal(test.quantity).Decimal) || !l.UnitPrice.Equal(decimal(test.price).Decimal) || o.PayableAmount != amount(test.payable) {
			t.Errorf("%s: %s × %s = %s, want %s × %s = %s", name, l.Quantity, l.UnitPrice, o.PayableAmount, test.quantity, test.price, test.payable)
		}
	}
}

func TestDocumentHasEveryWord(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/domain.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	want := func(what, word string) {
		if !strings.Contains(text, word) {
			t.Errorf("docs/domain.md has no %s %s", what, word)
		}
	}
	for _, kind := range []string{"order_type", "charge_mode"} {
		for _, l := range domain.Labels[kind] {
			want(kind, "`"+l.Code+"`")
			want(kind, l.Chinese)
		}
	}
	for _, l := range domain.Labels["status"] {
		want("status", "`"+l.Code+"`")
	}
	for _, l := range domain.BillFields {
		want("bill field", "| "+l.Chinese+" |")
	}
	for _, name := range domain.CommandNames {
		want("command", "`"+name+"`")
	}
}
