package projections_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// addedUp sums bill lines as a bill does, from the lines themselves: "key currency amount cash gift voucher lines".
func addedUp(t *testing.T, db *testkit.DB, key, org, period string) (all []string) {
	t.Helper()
	q := `
SELECT concat_ws(' ', coalesce(` + key + `, ''), currency, sum(amount), sum(cash), sum(gift), sum(voucher), count(*))
FROM bill_lines
WHERE billing_period = $2 AND ($1 = '*' OR org_id = $1)
GROUP BY coalesce(` + key + `, ''), currency
ORDER BY coalesce(` + key + `, ''), currency`
	rows, err := db.Pool(t, schema.Projector).Query(t.Context(), q, org, period)
	if err == nil {
		all, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func text(key string, s projections.BillSum) string {
	return fmt.Sprintf("%s %s %s %s %s %s %d", key, s.Currency, s.Amount, s.Cash, s.Gift, s.Voucher, s.Lines)
}

// dimensions are all ways to group bills, with what they are of a line.
var dimensions = map[string]string{
	"": "''", "product": "product_code", "region": "region", "project": "project_id", "consumer": "consumer_id", "charge_mode": "charge_mode",
	"tag:team": "tags ->> 'team'", "tag:a\tb\\": `tags ->> E'a\tb\\'`, "tag:none": "tags ->> 'none'",
}

// equalsLines holds bills and spend against the lines themselves.
func equalsLines(t *testing.T, r *projections.Reader, db *testkit.DB, period domain.Period, orgs ...string) {
	t.Helper()
	for _, org := range orgs {
		for by, key := range dimensions {
			bill, err := r.Bill(t.Context(), org, period, by)
			if err != nil {
				t.Fatal(err)
			}
			var totals, groups, spent []string
			for _, s := range bill.Totals {
				totals = append(totals, text("", s))
			}
			for _, g := range bill.Groups {
				groups = append(groups, text(g.Key, g.BillSum))
			}
			if want := addedUp(t, db, "''", org, string(period)); !slices.Equal(totals, want) {
				t.Errorf("totals of %s: %q, want %q", org, totals, want)
			}
			want := addedUp(t, db, key, org, string(period))
			if by != "" && !slices.Equal(groups, want) {
				t.Errorf("%s by %s: %q, want %q", org, by, groups, want)
			}
			spend, err := r.Spend(t.Context(), org, projections.SpendQuery{From: period, To: period, GroupBy: by, Most: 50})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range spend.Items {
				spent = append(spent, text(s.Key, s.BillSum))
			}
			slices.Sort(spent)
			slices.Sort(want)
			if !slices.Equal(spent, want) || spend.AsOf != bill.AsOf {
				t.Errorf("spend of %s by %s: %q, want %q", org, by, spent, want)
			}
		}
	}
}

// Sums that are kept are those of the lines: as traffic made them page by page, with refunds, and made anew.
func TestSumsAreTheLines(t *testing.T) {
	t.Parallel()
	l, r, all := shop(t, 30, 240)
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	equalsLines(t, r, l.db, domain.PeriodOf(all[0].CreatedAt, zone), "org-0", "org-3", projections.AllOrgs)
	for _, pageMax := range []int{1, 4, 100} {
		a, _, r, db := told(t, pageMax)
		equalsLines(t, r, db, a.month, "org-a", "org-b", "org-c", projections.AllOrgs)
	}
}

// A sum that was changed by hand is found, and mended by force.
func TestVerifyFindsAWrongSum(t *testing.T) {
	t.Parallel()
	l := verified(t)
	for _, change := range []string{
		`UPDATE bill_sums SET cash = cash + 1, amount = amount + 1 WHERE dimension = '' AND org_id = '*'`,
		`UPDATE bill_sums SET lines = lines + 1 WHERE dimension = 'product' AND org_id = 'org-acme'`,
		`UPDATE bill_sums SET label = 'x' WHERE dimension = 'product' AND org_id = 'org-acme'`,
		`DELETE FROM bill_sums WHERE dimension = 'region'`,
	} {
		l.tamper(t, change)
		wantFault(t, l.verify(t, nil), map[string]string{"read_model_bill_lines": "bill_sums: served"})
		b := rebuilding(t, l.db)
		b.Force = true
		if got, err := b.Rebuild(t.Context(), projections.BillLines); err != nil || !strings.Contains(got.Difference, "bill_sums") {
			t.Errorf("%s: %+v, %v", change, got, err)
		}
		if report := l.verify(t, nil); !report.Clean {
			t.Errorf("after the rebuild: %+v", report)
		}
	}
}

// Spend tells the largest groups of all months apart, each with its latest name, and sums the rest.
func TestSpend(t *testing.T) {
	t.Parallel()
	a, _, r, db := told(t, 7)
	for i, c := range []struct {
		product, amount string
		month           domain.Period
		tag             map[string]string
	}{
		{"gpu", "500.00", "2025-12", map[string]string{"team": "vision"}},
		{"net", "30.00", "2025-12", map[string]string{"team": ""}},
		{"llm", "100.00", "2026-02", nil},
		{"disk", "-20.00", "2026-02", nil},
	} {
		a.balance["org-a"] = domain.Balance{Currency: "CNY", Funds: funds("10000.00", "0.00", "0.00"), Frozen: amount("0.00")}
		line := spec(1, c.product, "r", domain.ModeMonth, c.amount)
		line.ProductName = c.product + " renamed"
		o := placed(fmt.Sprint("org-a-spend-", i), "org-a", domain.Purchase, "", line)
		if c.tag != nil {
			o.Tags = c.tag
		}
		p := paid(o, c.month, true, domain.LinePayment{Funds: funds(c.amount, "0.00", "0.00")})
		a.do("org-a", nil, on(o, o), on(o, p), a.charged(p))
	}
	waitFor(t, r, a.head())
	equalsLines(t, r, db, "2026-02", "org-a", projections.AllOrgs)
	ask := func(q projections.SpendQuery) (all []string) {
		t.Helper()
		list, err := r.Spend(t.Context(), "org-a", q)
		if err != nil || list.AsOf != a.head() {
			t.Fatal(list.AsOf, err)
		}
		for _, s := range list.Items {
			all = append(all, fmt.Sprintf("%s %s/%s/%t %s %d", s.Period, s.Key, s.Label, s.Rest, s.Amount, s.Lines))
		}
		return all
	}
	if got, want := ask(projections.SpendQuery{From: "2025-11", To: "2026-02", GroupBy: "product", Most: 2}), []string{
		"2025-11 gpu/gpu renamed/false 44.00 2", "2025-11 llm/llm renamed/false 14.00 3", "2025-11 //true 8.00 2",
		"2025-12 gpu/gpu renamed/false 500.00 1", "2025-12 //true 30.00 1", "2026-02 llm/llm renamed/false 100.00 1", "2026-02 //true -20.00 1",
	}; !slices.Equal(got, want) {
		t.Errorf("by product: %q", got)
	}
	if got, want := ask(projections.SpendQuery{From: "2025-12", To: "2025-12"}), []string{"2025-12 //false 530.00 2"}; !slices.Equal(got, want) {
		t.Errorf("whole: %q", got)
	}
	if got, want := ask(projections.SpendQuery{From: "2025-12", To: "2026-03", GroupBy: "tag:team"}), []string{
		"2025-12 vision//false 500.00 1", "2025-12 //false 30.00 1", "2026-02 //false 80.00 2",
	}; !slices.Equal(got, want) {
		t.Errorf("by tag: %q", got)
	}
	for name, q := range map[string]projections.SpendQuery{
		"backwards": {From: "2025-12", To: "2025-11"}, "no months": {}, "too many": {From: "2020-01", To: "2025-01"},
	} {
		if _, err := r.Spend(t.Context(), "org-a", q); !errors.Is(err, projections.ErrTooManyMonths) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Spend(t.Context(), "org-a", projections.SpendQuery{From: "2025-12", To: "2025-12", GroupBy: "colour"}); !errors.Is(err, projections.ErrBadGroup) {
		t.Error(err)
	}
}

// A resource's cost has what was paid before it had an id, and what came back.
func TestResourceCost(t *testing.T) {
	t.Parallel()
	a, _, r, _ := told(t, 100)
	got := map[string]string{}
	for _, id := range []string{"res-bought", "res-metered", "nothing"} {
		sums, asOf, err := r.ResourceCost(t.Context(), "org-a", id)
		if err != nil || asOf != a.head() {
			t.Fatal(asOf, err)
		}
		for _, s := range sums {
			got[id] += text("", s)
		}
	}
	want := map[string]string{"res-bought": " CNY 48.00 24.00 5.00 19.00 3", "res-metered": " CNY 14.00 14.00 0.00 0.00 3"}
	if !maps.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if sums, _, err := r.ResourceCost(t.Context(), "org-c", "res-bought"); err != nil || len(sums) != 0 {
		t.Errorf("another's: %v, %v", sums, err)
	}
}
