package console

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// BenchmarkOrdersPage makes the HTML of a full page of the list of orders, and sends it compressed.
func BenchmarkOrdersPage(b *testing.B) {
	for b.Loop() {
		p := fullPage()
		if err := p.show("orders", p); err != nil {
			b.Fatal(err)
		}
	}
}

// fullPage is a page of fifty orders that may all be paid.
func fullPage() *ordersPage {
	r := httptest.NewRequest("GET", "/orders?range=all&region=eu", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	v := &view{
		c: &Console{}, w: httptest.NewRecorder(), r: r, preferences: preferencesOf(r), org: "acme", now: time.Now(), zone: time.UTC,
		who: auth.Identity{KeyID: "key", OrgID: "acme", Role: auth.OrgAdmin},
	}
	p := &ordersPage{failure: failure{view: v}, Columns: v.shownOrderColumns()}
	p.Offered = choicesOf(orderColumns, p.Columns)
	p.Tabs = tabsOf(v, map[string]int64{"unpaid": 60, "paid": 20_000})
	for i := range 50 {
		o := &orderRow{Order: &domain.Order{Status: domain.Unpaid, CreatedAt: v.now}}
		o.OrderID, o.OrgID, o.Currency, o.OrderType = fmt.Sprintf("0190b2f4-7c1e-7a00-8000-%012d", i), "acme", "CNY", domain.Purchase
		o.ProjectID, o.Lines = "project <3>", make([]domain.Line, 1)
		l := &o.Lines[0]
		l.ProductName, l.ResourceName, l.ResourceID, l.Region, l.ChargeMode = "GPU", "train", "res-1", "eu", domain.ModeMonth
		p.Rows = append(p.Rows, p.listed(o))
	}
	return p
}
