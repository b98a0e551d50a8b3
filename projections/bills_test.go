package projections_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/projections"
)

// A pay-as-you-go order shows what its use came to, page by page.
func TestProducedBillLines(t *testing.T) {
	t.Parallel()
	_, _, r, _ := told(t, 100)
	var orders []string
	var sum domain.Amount
	for cursor := ""; ; {
		page, err := r.OrderBillLines(t.Context(), "org-a", "org-a-open", 1, cursor)
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%d lines, %v", len(page.Items), err)
		}
		var l projections.BillLine
		if err := json.Unmarshal(page.Items[0], &l); err != nil {
			t.Fatal(err)
		}
		orders, sum = append(orders, l.OrderID), sum.Add(l.Amount)
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	if !slices.Equal(orders, []string{"org-a-open", "org-a-paid", "org-a-later"}) || sum.String() != "14.00" {
		t.Errorf("lines of %v, %s in all", orders, sum)
	}
	page, err := r.OrderBillLines(t.Context(), "org-a", "org-a-refund", 0, "")
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d lines, %v", len(page.Items), err)
	}
	var l projections.BillLine
	if err := json.Unmarshal(page.Items[0], &l); err != nil {
		t.Fatal(err)
	}
	if l.Corrects == nil || *l.Corrects != "org-a-buy-2" || l.Amount.String() != "-12.00" || l.Cash.String() != "-9.00" || l.OrderStatus != domain.Completed {
		t.Errorf("a refund's line %s", page.Items[0])
	}
}

// Seals of closed months hold digests of bill lines as they are written here, byte for byte.
func TestBillLineFormIsFrozen(t *testing.T) {
	t.Parallel()
	a, _, r, _ := told(t, 100)
	page, err := r.OrderBillLines(t.Context(), "org-a", a.refund.OrderID, 0, "")
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d lines, %v", len(page.Items), err)
	}
	const frozen = `{"bill_line_id":"org-a-refund-1","org_id":"org-a","consumer_id":"user-7","order_id":"org-a-refund","line_no":1,"order_type":"refund","order_status":"completed","order_created_at":"2025-11-05T04:00:00Z","resource_id":"res-bought","resource_name":"","resource_type":"cloud-host","resource_ext":{},"product_code":"disk","product_name":"disk","billing_item":"","region":"cn-north-1","zone":"","project_id":"default","business_group":"","old_config":[],"new_config":[],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"-12","effective_at":null,"expires_at":null,"duration_minutes":null,"list_amount":"-12.00","discount_amount":"0.00","cash":"-9.00","gift":"-2.00","voucher":"-1.00","amount":"-12.00","currency":"CNY","billing_period":"2025-11","created_period":"2025-11","corrects":"org-a-buy-2","tags":{},"position":15}`
	if string(page.Items[0]) != frozen {
		t.Errorf("a bill line is\n%s\nfrozen is\n%s", page.Items[0], frozen)
	}
}

// A month that is closed answers what it was sealed with, and shows what came later to set it right.
func TestClosedMonths(t *testing.T) {
	t.Parallel()
	a, b, r, _ := told(t, 50)
	open, err := r.Bill(t.Context(), "org-a", a.month, "product")
	if err != nil || open.State != "open" || open.Closed != nil {
		t.Fatalf("%+v, %v", open, err)
	}
	seal := a.close(r)
	bill, err := r.Bill(t.Context(), "org-a", a.month, "product")
	if err != nil || bill.State != "closed" || !slices.Equal(bill.Totals, open.Totals) || bill.Closed.ClosedBy != "key:k2" || *bill.Closed.Digest != seal.Digest {
		t.Errorf("%+v, %v, was %+v", bill, err, open)
	}
	if *bill.Closed.Lines != bill.Totals[0].Lines || seal.Lines == 0 || bill.Totals[0].Amount != "66.00" { // 60 − 12 + 7 + 7 + 4
		t.Errorf("%+v", bill.Totals)
	}
	if before, err := r.Bill(t.Context(), "org-a", "2025-10", ""); err != nil || before.State != "closed" || before.Closed != nil {
		t.Errorf("a month before the first that was closed: %+v, %v", before, err)
	}
	// A correction lands in the next month.
	fix := spec(1, "gpu", "res-bought", domain.ModeMonth, "-1.00")
	fix.Corrects = "org-a-buy-1"
	o := placed("org-a-fix", "org-a", domain.Refund, "org-a-buy", fix)
	p := paid(o, a.month.Next(), true, domain.LinePayment{Funds: funds("-1.00", "0.00", "0.00")})
	balance, postings := a.moved("org-a", p.Paid, "0.00", domain.PlaceSales)
	a.do("org-a", nil, on(o, o), on(o, p), domain.StreamEvent{Stream: domain.AccountRef("org-a"), Event: domain.AccountRefunded{
		OrgID: "org-a", OrderID: "org-a-buy", RefundOrderID: o.OrderID, Currency: "CNY", Funds: funds("1.00", "0.00", "0.00"), Postings: postings, Balance: balance,
	}})
	waitFor(t, r, a.head())
	if bill, err = r.Bill(t.Context(), "org-a", a.month, ""); err != nil || len(bill.Corrections) != 1 || !slices.Equal(bill.Totals, open.Totals) {
		t.Errorf("%+v, %v", bill, err)
	}
	if next, err := r.Bill(t.Context(), "org-a", a.month.Next(), ""); err != nil || next.State != "open" || next.Totals[0].Amount != "-1.00" || len(next.Corrections) != 0 {
		t.Errorf("%+v, %v", next, err)
	}
	b.at = a.at
	b.close(r)
	first, err := r.Periods(t.Context(), projections.AllOrgs, 1, "")
	if err != nil || len(first.Items) != 1 || first.NextCursor == nil || first.Items[0].OrgID != "org-b" {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := r.Periods(t.Context(), projections.AllOrgs, 1, *first.NextCursor)
	if err != nil || len(second.Items) != 1 || second.NextCursor != nil || second.Items[0].OrgID != "org-a" || second.Items[0].State != "closed" {
		t.Errorf("%+v, %v", second, err)
	}
	org, err := r.Org(t.Context(), "org-a")
	if err != nil || org.ClosedThrough != a.month || len(org.Unsettled) != 0 || org.CreditLimit["CNY"].String() != "50.00" {
		t.Errorf("%+v, %v", org, err)
	}
}

// A bill by a tag that is different everywhere is refused, not cut short.
func TestTooManyGroups(t *testing.T) {
	t.Parallel()
	_, _, r, db := told(t, 500)
	const many = `
INSERT INTO bill_sums
SELECT org_id, 'tag:job', billing_period, 'job ' || n, currency, '', 0, 0, 0, 0, 1, 0
FROM bill_sums, generate_series($1::int, $2) n
WHERE org_id = 'org-a' AND dimension = ''`
	// The whole has that many lines.
	const lines = `UPDATE bill_sums SET lines = 20000 WHERE org_id = 'org-a' AND dimension = ''`
	if _, err := db.Pool(t, schema.Projector).Exec(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	pool, groups := db.Pool(t, schema.Projector), 1 // the lines without the tag
	for _, c := range []struct {
		from, to int
		want     error
	}{{1, 9_999, nil}, {10_000, 10_000, projections.ErrTooManyGroups}} {
		if _, err := pool.Exec(t.Context(), many, c.from, c.to); err != nil {
			t.Fatal(err)
		}
		groups += c.to - c.from + 1
		bill, err := r.Bill(t.Context(), "org-a", "2025-11", "tag:job")
		if !errors.Is(err, c.want) || err == nil && len(bill.Groups) != groups {
			t.Errorf("%d tags: %d groups, %v", groups, len(bill.Groups), err)
		}
	}
}
