package projections_test

import (
	"errors"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

func TestMain(m *testing.M) {
	projections.SumSpan(16)
	testkit.Main(m)
}

func newReader(t *testing.T, db *testkit.DB, w *projections.Worker) *projections.Reader {
	t.Helper()
	pool, err := schema.Pool(t.Context(), db.URL, schema.Reader, 4, projections.CustomPlans)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return projections.NewReader(pool, w)
}

// everything is a filter with a value in each field.
func everything() projections.Filter {
	some, zero, imported := []string{"a", "b"}, domain.Currency("CNY").Zero(), true
	return projections.Filter{
		CreatedFrom: time.Now().Add(-time.Hour), CreatedTo: time.Now(), Periods: some, Statuses: some, OrderTypes: some, OrderIDs: some,
		ProjectIDs: some, ConsumerIDs: some, BusinessGroups: some, ChargeModes: some, ChargeGroups: some, Products: some,
		ResourceIDs: some, ResourceNames: some, Regions: some, Tags: map[string][]string{"team": some, "x": {"y"}},
		MinAmount: &zero, MaxAmount: &zero, HideZero: true, ParentOrderIDs: some,
		Arrears: true, Imported: &imported, RefundStates: some, Approvals: some, TradeNos: some,
	}
}

func TestEveryQueryOnNothing(t *testing.T) {
	t.Parallel()
	r, ctx := newReader(t, testkit.Database(t), nil), t.Context()
	for _, org := range []string{"org-acme", projections.AllOrgs} {
		for _, sort := range []projections.Sort{projections.NewestFirst, projections.OldestFirst, projections.DearestFirst} {
			l, err := r.Orders(ctx, org, projections.OrderQuery{Filter: everything(), Sort: sort, Count: true})
			if err != nil || len(l.Items) != 0 || l.Items == nil || *l.Total != 0 || l.NextCursor != nil {
				t.Errorf("orders by %s: %+v, %v", sort, l, err)
			}
		}
		if l, err := r.ListBillLines(ctx, org, projections.BillLineQuery{Filter: everything(), Count: true}); err != nil || *l.Total != 0 {
			t.Errorf("bill lines: %+v, %v", l, err)
		}
		for _, by := range []string{"", "product", "region", "project", "consumer", "charge_mode", "tag:team"} {
			if b, err := r.Bill(ctx, org, "2025-11", by); err != nil || len(b.Totals)+len(b.Groups) != 0 {
				t.Errorf("bill by %s: %+v, %v", by, b, err)
			}
		}
		if l, err := r.Entries(ctx, org, projections.EntryQuery{}); err != nil || len(l.Items) != 0 {
			t.Errorf("entries: %+v, %v", l, err)
		}
		renewed := true
		resources := projections.ResourceQuery{
			Statuses: []string{"active"}, Products: []string{"a"}, ProjectIDs: []string{"a"}, ConsumerIDs: []string{"a"}, Regions: []string{"a"},
			ResourceTypes: []string{"a"}, ResourceNames: []string{"a"}, AutoRenew: &renewed, LeaseEndFrom: time.Now(), LeaseEndTo: time.Now(), Count: true,
		}
		if l, err := r.Resources(ctx, org, resources); err != nil || l.Items == nil || *l.Total != 0 {
			t.Errorf("resources: %+v, %v", l, err)
		}
		lots := projections.LotQuery{States: projections.LotStates, Currencies: []string{"CNY"}, At: time.Now()}
		if l, err := r.Vouchers(ctx, org, lots); err != nil || len(l.Items) != 0 {
			t.Errorf("vouchers: %+v, %v", l, err)
		}
		if l, err := r.Grants(ctx, org, lots); err != nil || len(l.Items) != 0 {
			t.Errorf("gifts: %+v, %v", l, err)
		}
		if l, err := r.Arrears(ctx, org, 0, ""); err != nil || len(l.Items)+len(l.Totals) != 0 {
			t.Errorf("arrears: %+v, %v", l, err)
		}
		if l, err := r.Periods(ctx, org, 0, ""); err != nil || len(l.Items) != 0 {
			t.Errorf("months: %+v, %v", l, err)
		}
		if c, _, err := r.StatusCounts(ctx, org); err != nil || len(c) != 0 {
			t.Errorf("counts: %v, %v", c, err)
		}
	}
	if _, err := r.ResourceOrders(ctx, "org-acme", "bsr-1", 10, ""); err != nil {
		t.Error(err)
	}
	if _, err := r.OrderBillLines(ctx, "org-acme", "none", 0, ""); err != nil {
		t.Error(err)
	}
	if _, err := r.DueExpiries(ctx, time.Now(), projections.Due{}, 10); err != nil {
		t.Error(err)
	}
	_, _, err1 := r.Order(ctx, "org-acme", "none")
	_, err2 := r.Account(ctx, "org-acme")
	_, err3 := r.Org(ctx, "org-acme")
	_, _, err4 := r.Resource(ctx, "org-acme", "none")
	for _, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
	if _, err := r.Bill(ctx, "org-acme", "2025-11", "tag:"); !errors.Is(err, projections.ErrBadGroup) {
		t.Errorf("got %v, want ErrBadGroup", err)
	}
	if _, err := r.Seal(ctx, projections.ClosingPeriod{OrgID: "org-acme", Period: "2025-11", Position: 1}); !errors.Is(err, projections.ErrNotReached) {
		t.Errorf("got %v, want ErrNotReached", err)
	}
	all, err := r.Checkpoints(ctx)
	if err != nil || len(all) != len(projections.Names) {
		t.Errorf("checkpoints %v, %v", all, err)
	}
}
