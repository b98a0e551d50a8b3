package projections_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// shop is a ledger with its read models, at rest after some traffic.
func shop(t *testing.T, seed uint64, n int) (*ledger, *projections.Reader, []*domain.Order) {
	t.Helper()
	l := newLedger(t)
	w := newWorker(t, l.db, 500)
	run(t, w)
	r := newReader(t, l.db, w)
	l.traffic(t, seed, n)
	waitFor(t, r, l.head(t))
	return l, r, decodeOrders(t, allOrders(t, r, projections.AllOrgs, projections.OrderQuery{Limit: 500}))
}

func decodeOrders(t *testing.T, items []json.RawMessage) []*domain.Order {
	t.Helper()
	var all []*domain.Order
	for _, item := range items {
		o := &domain.Order{}
		if err := json.Unmarshal(item, o); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// Every filter gives what going through all orders gives.
func TestOrderFilters(t *testing.T) {
	t.Parallel()
	_, r, all := shop(t, 20, 240)
	middle, price := all[len(all)/2], amount("120")
	anyLine := func(o *domain.Order, is func(*domain.Line) bool) bool {
		return slices.ContainsFunc(o.Lines, func(l domain.Line) bool { return is(&l) })
	}
	cases := map[string]struct {
		filter projections.Filter
		wants  func(*domain.Order) bool
	}{
		"from": {projections.Filter{CreatedFrom: middle.CreatedAt}, func(o *domain.Order) bool { return !o.CreatedAt.Before(middle.CreatedAt) }},
		"to":   {projections.Filter{CreatedTo: middle.CreatedAt}, func(o *domain.Order) bool { return o.CreatedAt.Before(middle.CreatedAt) }},
		"two statuses": {projections.Filter{Statuses: []string{"paid", "cancelled"}}, func(o *domain.Order) bool {
			return o.Status == domain.Paid || o.Status == domain.Cancelled
		}},
		"type":     {projections.Filter{OrderTypes: []string{"renewal"}}, func(o *domain.Order) bool { return false }},
		"order id": {projections.Filter{OrderIDs: []string{middle.OrderID}}, func(o *domain.Order) bool { return o == middle }},
		"product and region on one line": {projections.Filter{Products: []string{"gpu-instance"}, Regions: []string{"cn-north-1"}}, func(o *domain.Order) bool {
			return anyLine(o, func(l *domain.Line) bool { return l.ProductCode == "gpu-instance" && l.Region == "cn-north-1" })
		}},
		"products in time": {projections.Filter{Products: []string{"p1", "p2"}, CreatedFrom: middle.CreatedAt}, func(o *domain.Order) bool {
			return !o.CreatedAt.Before(middle.CreatedAt) && anyLine(o, func(l *domain.Line) bool { return l.ProductCode == "p1" || l.ProductCode == "p2" })
		}},
		"resource": {projections.Filter{ResourceIDs: []string{"res-7", "res-8"}}, func(o *domain.Order) bool {
			return anyLine(o, func(l *domain.Line) bool { return l.ResourceID == "res-7" || l.ResourceID == "res-8" })
		}},
		"charge group":   {projections.Filter{ChargeGroups: []string{"prepay"}}, func(o *domain.Order) bool { return true }},
		"no such group":  {projections.Filter{ChargeGroups: []string{"never"}}, func(o *domain.Order) bool { return false }},
		"tag":            {projections.Filter{Tags: map[string][]string{"team": {"t0", "t2"}}}, func(o *domain.Order) bool { return o.Tags["team"] != "t1" }},
		"min":            {projections.Filter{MinAmount: &price}, func(o *domain.Order) bool { return o.PayableAmount.String() != "" && whole(o) >= 120 }},
		"max":            {projections.Filter{MaxAmount: &price}, func(o *domain.Order) bool { return whole(o) <= 120 }},
		"hide zero":      {projections.Filter{HideZero: true}, func(o *domain.Order) bool { return o.PayableAmount.Sign() != 0 }},
		"quotes in text": {projections.Filter{ResourceNames: []string{`'; DROP TABLE orders; --`}}, func(o *domain.Order) bool { return false }},
	}
	for name, c := range cases {
		for _, org := range []string{projections.AllOrgs, "org-2"} {
			var want []string
			for _, o := range all {
				if c.wants(o) && (org == projections.AllOrgs || o.OrgID == org) {
					want = append(want, o.OrderID)
				}
			}
			page, err := r.Orders(t.Context(), org, projections.OrderQuery{Filter: c.filter, Limit: 500, Count: true})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []string
			for _, o := range decodeOrders(t, page.Items) {
				got = append(got, o.OrderID)
			}
			if !slices.Equal(got, want) || *page.Total != int64(len(want)) {
				t.Errorf("%s of %s: %d orders, total %d, want %d", name, org, len(got), *page.Total, len(want))
			}
			for _, sort := range []projections.Sort{projections.NewestFirst, projections.OldestFirst, projections.DearestFirst, projections.DeadlineFirst} {
				searchedAlike(t, r, name, org, projections.OrderQuery{Filter: c.filter, Sort: sort, Limit: 7})
			}
		}
	}
}

// searchedAlike goes through a list some orders at a time, which gives what the list gives.
func searchedAlike(t *testing.T, r *projections.Reader, name, org string, q projections.OrderQuery) {
	t.Helper()
	list := allOrders(t, r, org, q)
	var found []json.RawMessage
	for pages := 0; ; pages++ {
		page, err := r.SearchOrders(t.Context(), org, q, 20)
		if err != nil || pages > 200 {
			t.Fatalf("%s of %s by %s, page %d: %v", name, org, q.Sort, pages, err)
		}
		found = append(found, page.Items...)
		if page.NextCursor == nil {
			break
		}
		if page.Searched == 0 && len(page.Items) < q.Limit {
			t.Errorf("%s of %s by %s: a page of %d orders says that it is full", name, org, q.Sort, len(page.Items))
		}
		q.Cursor = *page.NextCursor
	}
	if !slices.EqualFunc(found, list, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Errorf("%s of %s by %s: searched %d, the list has %d", name, org, q.Sort, len(found), len(list))
	}
}

// whole is an order's payable amount in whole units; the orders of this test have whole prices.
func whole(o *domain.Order) (n int64) {
	_, _ = fmt.Sscan(o.PayableAmount.String(), &n)
	return n
}

// A list that is paged through while it grows shows everything that was there at first, once, in order.
func TestPagingWhileOrdersArrive(t *testing.T) {
	t.Parallel()
	l, r, before := shop(t, 21, 120)
	for _, sort := range []projections.Sort{projections.NewestFirst, projections.OldestFirst, projections.DearestFirst} {
		seen := map[string]int{}
		q := projections.OrderQuery{Sort: sort, Limit: 7}
		for i := 0; ; i++ {
			page, err := r.Orders(t.Context(), projections.AllOrgs, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range decodeOrders(t, page.Items) {
				seen[o.OrderID]++
			}
			if page.NextCursor == nil {
				break
			}
			q.Cursor = *page.NextCursor
			if i < 5 {
				id := fmt.Sprint(sort, i)
				l.must(t, id, order("org-1", "50"))
				waitFor(t, r, l.head(t))
			}
		}
		for _, o := range before {
			if seen[o.OrderID] != 1 {
				t.Errorf("by %s, an order was shown %d times", sort, seen[o.OrderID])
			}
		}
	}
	for _, cursor := range []string{"x", "e30", "WyJvcmRlcnMxIiwiYSIsImIiXQ"} { // nonsense, {}, ["orders1","a","b"]
		if _, err := r.Orders(t.Context(), "org-1", projections.OrderQuery{Cursor: cursor}); !errors.Is(err, projections.ErrBadCursor) {
			t.Errorf("cursor %s: %v, want ErrBadCursor", cursor, err)
		}
	}
	page, err := r.Orders(t.Context(), "org-1", projections.OrderQuery{Limit: 1})
	if err != nil || page.NextCursor == nil {
		t.Fatalf("%+v, %v", page, err)
	}
	if _, err := r.Orders(t.Context(), "org-1", projections.OrderQuery{Cursor: *page.NextCursor, Sort: projections.DearestFirst}); !errors.Is(err, projections.ErrBadCursor) {
		t.Errorf("a cursor of another sort: %v, want ErrBadCursor", err)
	}
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	l, r, all := shop(t, 22, 120)
	const org = "org-3"
	for _, o := range all {
		doc, _, err := r.Order(t.Context(), org, o.OrderID)
		if mine := o.OrgID == org; mine != (err == nil) || mine != (doc != nil) {
			t.Errorf("an order of %s: %v", o.OrgID, err)
		}
		lines, err := r.OrderBillLines(t.Context(), org, o.OrderID, 0, "")
		if err != nil || o.OrgID != org && len(lines.Items) > 0 {
			t.Errorf("bill lines of %s: %d, %v", o.OrgID, len(lines.Items), err)
		}
	}
	apart(t, l.db, org, "orders", "order_lines", "bill_lines", "bill_zones", "accounts", "entries", "orgs")
}

// apart holds that whatever a query forgets, the database doesn't: nothing without an organisation, one with it.
func apart(t *testing.T, db *testkit.DB, org string, tables ...string) {
	t.Helper()
	pool := db.Pool(t, schema.Reader)
	for _, table := range tables {
		for setting, want := range map[string]string{"": "0 0", org: "0 1", projections.AllOrgs: "1 1"} {
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), `SELECT set_config('ledger.org', $1, true) WHERE $1 <> ''`, setting); err != nil {
				t.Fatal(err)
			}
			var got string
			q := `SELECT (count(*) FILTER (WHERE org_id <> '` + org + `') > 0)::int || ' ' || (count(*) FILTER (WHERE org_id = '` + org + `') > 0)::int FROM ` + table
			if err := tx.QueryRow(t.Context(), q).Scan(&got); err != nil || got != want {
				t.Errorf("%s for %q: others and own %s, want %s (%v)", table, setting, got, want, err)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := pool.Exec(t.Context(), `DELETE FROM `+table); err == nil {
			t.Errorf("a reader may delete from %s", table)
		}
	}
}

// A bill is the sum of its lines, whatever it is grouped by.
func TestBillIsTheSumOfItsLines(t *testing.T) {
	t.Parallel()
	_, r, all := shop(t, 23, 240)
	const org = "org-1"
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	period := domain.PeriodOf(time.Now(), zone)
	want := map[domain.Currency]domain.Amount{}
	for _, o := range all {
		if o.OrgID == org && o.BillingPeriod == period {
			want[o.Currency] = want[o.Currency].Add(o.Paid.Total())
		}
	}
	for _, by := range []string{"product", "region", "project", "consumer", "charge_mode", "tag:team", "tag:none"} {
		bill, err := r.Bill(t.Context(), org, period, by)
		if err != nil || len(bill.Totals) != len(want) || len(bill.Groups) < len(want) {
			t.Fatalf("%s: %+v, %v", by, bill, err)
		}
		groups, lines := map[domain.Currency]domain.Amount{}, int64(0)
		for _, g := range bill.Groups {
			groups[g.Currency] = groups[g.Currency].Add(amount(g.Amount))
			lines += g.Lines
		}
		for _, total := range bill.Totals {
			if total.Amount != want[total.Currency].String() || groups[total.Currency] != want[total.Currency] {
				t.Errorf("%s: total %+v, groups %s, want %s", by, total, groups[total.Currency], want[total.Currency])
			}
			lines -= total.Lines
		}
		if lines != 0 {
			t.Errorf("%s: groups have %d lines more than totals", by, lines)
		}
	}
	counts, _, err := r.StatusCounts(t.Context(), projections.AllOrgs)
	if n := counts["paid"] + counts["unpaid"] + counts["cancelled"]; err != nil || n != int64(len(all)) {
		t.Errorf("counts %v, %v, want %d in all", counts, err, len(all))
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	run(t, newWorker(t, l.db, 10))
	r := newReader(t, l.db, nil)
	l.must(t, "t1", topUp("org-a", "50.00", "CNY", "bank-1"))
	o := order("org-a", "28.86")
	l.must(t, "p1", o)
	l.must(t, "y1", domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID})
	l.must(t, "t2", topUp("org-a", "300", "JPY", "bank-2"))
	waitFor(t, r, l.head(t))
	all := allEntries(t, r, "org-a")
	text, err := json.Marshal(all)
	for i := range all {
		all[i].At = time.Time{}
	}
	want := []projections.Entry{
		{Position: 5, Type: "top_up", Fund: "cash", Amount: "300", BalanceAfter: "300", Currency: "JPY", Reference: "bank-2"},
		{Position: 4, Type: "charge", Fund: "cash", Amount: "-28.86", BalanceAfter: "21.14", Currency: "CNY", OrderID: o.OrderID},
		{Position: 1, Type: "top_up", Fund: "cash", Amount: "50.00", BalanceAfter: "50.00", Currency: "CNY", Reference: "bank-1"},
	}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("got %s, %v", text, err)
	}
	a, err := r.Account(t.Context(), "org-a")
	if err != nil || !slices.Equal(a.Balances, []projections.Credit{
		{projections.Balance{"CNY", "21.14", "0.00", "0.00", "0.00"}, "0.00", "21.14"}, {projections.Balance{"JPY", "300", "0", "0", "0"}, "0", "300"},
	}) {
		t.Errorf("account %+v, %v", a, err)
	}
	if a, err = r.Account(t.Context(), "org-b"); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("an account that is not there: %+v, %v", a, err)
	}
}
