package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// told is the story of two organisations, read in pages of so many events.
func told(t *testing.T, pageMax int) (a, b *story, r *projections.Reader, db *testkit.DB) {
	t.Helper()
	db = testkit.Database(t)
	log := eventstore.NewLog(db.Pool(t, schema.App))
	w := newWorker(t, db, pageMax)
	run(t, w)
	r = newReader(t, db, w)
	a, b = tell(t, log, "org-a"), tell(t, log, "org-b")
	waitFor(t, r, a.head())
	return a, b, r, db
}

func (s *script) head() int64 {
	s.t.Helper()
	h, err := s.log.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return h.Position
}

// Every read model made anew, stream by stream, has the rows that were made event by event.
func TestRebuiltLifeIsTheSame(t *testing.T) {
	t.Parallel()
	a, _, r, db := told(t, 3)
	for _, closed := range []bool{false, true} {
		if closed {
			a.close(r)
		}
		for _, name := range projections.Names {
			got, err := rebuilding(t, db).Rebuild(t.Context(), name)
			if err != nil || !got.Compared || got.Difference != "" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			for table, rows := range got.Rows {
				if rows == 0 && (closed || table != "periods") {
					t.Errorf("%s has no rows", table)
				}
			}
		}
	}
	waitFor(t, r, a.head())
}

func TestTenantsOfTheWholeDomain(t *testing.T) {
	t.Parallel()
	a, b, r, db := told(t, 100)
	a.close(r)
	b.at = a.at
	b.close(r)
	apart(t, db, "org-a", "orders", "order_lines", "bill_lines", "bill_sums", "accounts", "entries", "orgs", "periods", "resources", "vouchers", "gifts")
	if _, _, err := r.Resource(t.Context(), "org-c", "res-bought"); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("another's resource: %v", err)
	}
}

func ids(t *testing.T, items []json.RawMessage) (all []string) {
	t.Helper()
	for _, o := range decodeOrders(t, items) {
		all = append(all, o.OrderID)
	}
	slices.Sort(all)
	return all
}

func TestFiltersOfTheWholeDomain(t *testing.T) {
	t.Parallel()
	a, _, r, _ := told(t, 100)
	no, yes := false, true
	for name, c := range map[string]struct {
		filter projections.Filter
		want   []string
	}{
		"arrears":            {projections.Filter{Arrears: true}, []string{"org-a-owed"}},
		"refunded in part":   {projections.Filter{RefundStates: []string{"partial", "full"}}, []string{"org-a-buy"}},
		"awaiting":           {projections.Filter{Approvals: []string{"requested"}, Statuses: []string{"awaiting_approval"}}, []string{"org-a-waiting"}},
		"approved or not":    {projections.Filter{Approvals: []string{"granted", "rejected"}}, []string{"org-a-approved", "org-a-rejected"}},
		"voided":             {projections.Filter{Statuses: []string{"voided"}}, []string{"org-a-voided"}},
		"following":          {projections.Filter{ParentOrderIDs: []string{"org-a-buy"}}, []string{"org-a-refund"}},
		"imported":           {projections.Filter{Imported: &yes}, nil},
		"filled in later":    {projections.Filter{ResourceIDs: []string{"res-bought"}, Imported: &no}, []string{"org-a-buy", "org-a-refund"}},
		"a metered resource": {projections.Filter{ResourceIDs: []string{"res-metered"}}, []string{"org-a-later", "org-a-open", "org-a-owed", "org-a-paid"}},
	} {
		page, err := r.Orders(t.Context(), "org-a", projections.OrderQuery{Filter: c.filter})
		if got := ids(t, page.Items); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
	lines, err := r.ListBillLines(t.Context(), "org-a", projections.BillLineQuery{Filter: projections.Filter{ResourceIDs: []string{"res-bought"}}})
	if got := slices.Compact(ids(t, lines.Items)); err != nil || !slices.Equal(got, []string{"org-a-buy", "org-a-refund"}) {
		t.Errorf("bill lines of a resource whose id came after the payment: %v, %v", got, err)
	}
	if page, err := r.ResourceOrders(t.Context(), "org-a", "res-bought", 10, ""); err != nil || len(page.Items) != 2 {
		t.Errorf("a resource's life: %d orders, %v", len(page.Items), err)
	}
	due, err := r.DueExpiries(t.Context(), a.at.Add(8*24*time.Hour), projections.Due{}, 10)
	var dueIDs []string
	for _, d := range due.Items {
		if d.OrgID == "org-a" {
			dueIDs = append(dueIDs, d.ID)
		}
	}
	slices.Sort(dueIDs)
	if err != nil || !slices.Equal(dueIDs, []string{"org-a-approved", "org-a-waiting"}) {
		t.Errorf("due are %v, %v", due, err)
	}
}

func TestVouchersAndGifts(t *testing.T) {
	t.Parallel()
	a, _, r, _ := told(t, 4)
	states := func(at time.Time, states ...string) string {
		t.Helper()
		var text string
		q := projections.LotQuery{States: states, At: at, Limit: 2}
		for {
			page, err := r.Vouchers(t.Context(), "org-a", q)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Items {
				text += fmt.Sprintf("%s %s %s of %s, lapsed %s; ", v.VoucherID, v.State, v.Left, v.Amount, v.Lapsed)
			}
			if page.NextCursor == nil {
				return text
			}
			q.Cursor = *page.NextCursor
		}
	}
	for _, c := range []struct {
		at     time.Time
		states []string
		want   string
	}{
		{a.at, nil, "org-a-v3 not_yet 20.00 of 20.00, lapsed 0.00; org-a-v2 lapsed 0.00 of 20.00, lapsed 20.00; org-a-v1 active 1.00 of 20.00, lapsed 0.00; "},
		{a.at, []string{"active"}, "org-a-v1 active 1.00 of 20.00, lapsed 0.00; "},
		{a.at.Add(10 * 24 * time.Hour), []string{"active", "lapsed"}, "org-a-v3 active 20.00 of 20.00, lapsed 0.00; org-a-v2 lapsed 0.00 of 20.00, lapsed 20.00; org-a-v1 lapsed 1.00 of 20.00, lapsed 0.00; "},
		{a.at, []string{"used_up"}, ""},
	} {
		if got := states(c.at, c.states...); got != c.want {
			t.Errorf("%v at %s:\n%s\nwant\n%s", c.states, c.at, got, c.want)
		}
	}
	grants, err := r.Grants(t.Context(), "org-a", projections.LotQuery{At: a.at})
	if err != nil || len(grants.Items) != 1 {
		t.Fatalf("%+v, %v", grants, err)
	}
	if g := grants.Items[0]; g.Left != "5.00" || g.Amount != "10.00" || g.State != "active" || g.Reason != "welcome" || g.GrantedBy != "key:test" {
		t.Errorf("%+v", g)
	}
	if _, err := r.Vouchers(t.Context(), "org-a", projections.LotQuery{Cursor: "x"}); !errors.Is(err, projections.ErrBadCursor) {
		t.Errorf("got %v", err)
	}
}

func TestArrearsAndBalances(t *testing.T) {
	t.Parallel()
	_, _, r, _ := told(t, 100)
	all, err := r.Arrears(t.Context(), "org-a", 0, "")
	if got := ids(t, all.Items); err != nil || !slices.Equal(got, []string{"org-a-owed"}) || !slices.Equal(all.Totals, []projections.ArrearsSum{{"CNY", "7.00", 1}}) {
		t.Errorf("%v %+v, %v", got, all.Totals, err)
	}
	first, err := r.Arrears(t.Context(), projections.AllOrgs, 1, "")
	if err != nil || first.NextCursor == nil || first.Totals[0].Orders != 2 {
		t.Fatalf("%+v, %v", first, err)
	}
	if rest, err := r.Arrears(t.Context(), projections.AllOrgs, 1, *first.NextCursor); err != nil || !slices.Equal(ids(t, rest.Items), []string{"org-b-owed"}) {
		t.Errorf("%+v, %v", rest, err)
	}
	a, err := r.Account(t.Context(), "org-a")
	// 100 − 33 + 9 − 7 − 7 − 5 frozen − 3 withdrawn − 4
	want := projections.Credit{projections.Balance{"CNY", "50.00", "5.00", "21.00", "5.00"}, "50.00", "100.00"}
	if err != nil || !slices.Equal(a.Balances, []projections.Credit{want}) {
		t.Errorf("%+v, %v", a, err)
	}
	kinds := map[string]int{}
	for _, e := range allEntries(t, r, "org-a") {
		kinds[e.Type+" "+e.Fund]++
	}
	for kind, n := range map[string]int{
		"top_up cash": 1, "charge cash": 4, "charge gift": 1, "charge voucher": 1, "refund cash": 1, "refund gift": 1, "refund voucher": 1,
		"gift gift": 1, "voucher voucher": 3, "lapse voucher": 1, "freeze cash": 1, "freeze frozen": 1, "withdrawal cash": 1,
	} {
		if kinds[kind] != n {
			t.Errorf("%d entries %s, want %d", kinds[kind], kind, n)
		}
		delete(kinds, kind)
	}
	if len(kinds) > 0 {
		t.Errorf("other entries: %v", kinds)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	a, _, r, db := told(t, 5)
	list := func(q projections.ResourceQuery) (got []string) {
		t.Helper()
		q.Limit = 1
		for {
			page, err := r.Resources(t.Context(), "org-a", q)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				var res domain.Resource
				if err := json.Unmarshal(item, &res); err != nil {
					t.Fatal(err)
				}
				got = append(got, res.ResourceID)
			}
			if page.NextCursor == nil {
				return got
			}
			q.Cursor = *page.NextCursor
		}
	}
	yes, month := true, a.at.AddDate(0, 1, 0)
	for name, c := range map[string]struct {
		q    projections.ResourceQuery
		want []string
	}{
		"all":             {projections.ResourceQuery{}, []string{"res-bought", "res-metered"}},
		"product":         {projections.ResourceQuery{Products: []string{"llm", "x"}}, []string{"res-metered"}},
		"renewed":         {projections.ResourceQuery{AutoRenew: &yes}, []string{"res-bought"}},
		"expiring":        {projections.ResourceQuery{LeaseEndFrom: a.at, LeaseEndTo: month.Add(time.Microsecond)}, []string{"res-bought"}},
		"expiring later":  {projections.ResourceQuery{LeaseEndFrom: month.Add(time.Microsecond)}, []string{"res-metered"}},
		"expiring sooner": {projections.ResourceQuery{LeaseEndTo: month}, nil},
		"closed":          {projections.ResourceQuery{Statuses: []string{"closed"}}, nil},
		"elsewhere":       {projections.ResourceQuery{Regions: []string{"eu"}}, nil},
	} {
		if got := list(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	doc, _, err := r.Resource(t.Context(), "org-a", "res-metered")
	var res domain.Resource
	if err == nil {
		err = json.Unmarshal(doc, &res)
	}
	if err != nil || len(res.Uses) != 1 || !slices.Equal(res.UnsettledPeriods, []domain.Period{a.month}) || res.OrgID != "org-a" {
		t.Errorf("%s, %v", doc, err)
	}
	// What timers go by: renewal a day before the end, overdue from the end on, settlement at the end of the cycle.
	const q = `SELECT coalesce(renew_at = lease_end - interval '1 day' AND overdue_at = lease_end, false), coalesce(settle_at, 'epoch') FROM resources WHERE org_id = 'org-a' ORDER BY resource_id`
	rows, err := db.Pool(t, schema.App).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var lease bool
		var settle time.Time
		if err := rows.Scan(&lease, &settle); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(lease, settle.UTC().Format(" 2006-01-02 15:04")))
	}
	if want := []string{"true 1970-01-01 00:00", "false " + a.at.Add(5*time.Hour).Format("2006-01-02 15:04")}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Bill lines that are found through their orders are as of the older of the two read models.
func TestBillLinesOfAResourceAreAsOfBothModels(t *testing.T) {
	t.Parallel()
	a, _, r, db := told(t, 100)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `UPDATE projections SET position = position - 1 WHERE name = 'orders'`); err != nil {
		t.Fatal(err)
	}
	for asOf, f := range map[int64]projections.Filter{a.head(): {}, a.head() - 1: {ResourceIDs: []string{"res-bought"}}} {
		if page, err := r.ListBillLines(t.Context(), "org-a", projections.BillLineQuery{Filter: f}); err != nil || page.AsOf != asOf {
			t.Errorf("by resources %v: as of %d, %v; want %d", f.ResourceIDs, page.AsOf, err, asOf)
		}
		if both := slices.Contains(f.BillLineModels(), projections.Orders); both != (len(f.ResourceIDs) > 0) {
			t.Errorf("by resources %v the orders are waited for: %v", f.ResourceIDs, both)
		}
	}
}
