package projections_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/projections"
)

// Tabs count what a list of each status has, up to a bound; statuses that are asked for do not narrow them.
func TestStatusTabs(t *testing.T) {
	t.Parallel()
	_, r, all := shop(t, 40, 240)
	for name, f := range map[string]projections.Filter{
		"all": {}, "product": {Products: []string{"p1"}}, "tag and status": {Tags: map[string][]string{"team": {"t1"}}, Statuses: []string{"paid"}},
		"days": {CreatedFrom: all[len(all)/2].CreatedAt}, "nothing": {TradeNos: []string{"none"}},
	} {
		for _, org := range []string{projections.AllOrgs, "org-2"} {
			for _, most := range []int64{1000, 10} {
				tabs, asOf, err := r.StatusTabs(t.Context(), org, f, most)
				if err != nil || len(tabs) != len(domain.Codes("status")) || asOf == 0 {
					t.Fatal(tabs, asOf, err)
				}
				for status, n := range tabs {
					one := f
					one.Statuses = []string{status}
					list, err := r.Orders(t.Context(), org, projections.OrderQuery{Filter: one, Count: true})
					if err != nil || n != min(*list.Total, most+1) {
						t.Errorf("%s of %s: %d are %s, want %d of at most %d (%v)", name, org, n, status, *list.Total, most, err)
					}
					bounded, err := r.Orders(t.Context(), org, projections.OrderQuery{Filter: one, Count: true, CountMost: most})
					if err != nil || *bounded.Total != n {
						t.Errorf("%s of %s: a list counts %d of at most %d, want %d (%v)", name, org, *bounded.Total, most, n, err)
					}
				}
			}
		}
	}
}

// Counts that take too long are left out; the others, and the connection, are as good as ever.
func TestStatusTabsInTime(t *testing.T) {
	t.Parallel()
	l, r, _ := shop(t, 41, 120)
	// Each order of this status takes ten milliseconds to look at.
	owner := l.db.Pool(t, schema.Owner)
	for _, q := range []string{
		`CREATE FUNCTION slow(status text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF status = 'cancelled' THEN PERFORM pg_sleep(0.1); END IF; RETURN true; END $$`,
		`CREATE POLICY slowly ON orders AS RESTRICTIVE FOR SELECT TO ledger_reader USING (slow(status))`,
	} {
		if _, err := owner.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	counted := 0 // on a busy machine the time may be over before the first count
	for i := 0; i < 3 || counted == 0 && i < 50; i++ {
		began := time.Now()
		tabs, asOf, err := r.StatusTabs(t.Context(), "org-1", projections.Filter{}, 100)
		if err != nil || tabs["cancelled"] != -1 || asOf != l.head(t) {
			t.Errorf("%v as of %d, %v", tabs, asOf, err)
		}
		if tabs["unpaid"] > 0 {
			counted++
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	}
	if counted == 0 {
		t.Error("what can be counted at once was never counted")
	}
}

// Unpaid orders by the time that is left, page by page.
func TestDeadlineFirst(t *testing.T) {
	t.Parallel()
	l, r, _ := shop(t, 42, 80)
	for i, seconds := range []int64{500, 100, 300, 100, 200} {
		org := "org-9"
		l.must(t, fmt.Sprint("set-", i), domain.ChangeSettings{OrgID: org, PayBeforeSeconds: &seconds})
		l.must(t, fmt.Sprint("place-", i), order(org, "5"))
	}
	waitFor(t, r, l.head(t))
	for _, org := range []string{"org-9", "org-1", projections.AllOrgs} {
		var before time.Time
		n := 0
		q := projections.OrderQuery{Sort: projections.DeadlineFirst, Limit: 2, Count: true}
		for {
			page, err := r.Orders(t.Context(), org, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				var o domain.Order
				if err := json.Unmarshal(item, &o); err != nil {
					t.Fatal(err)
				}
				if o.Status != domain.Unpaid || o.PayBefore.Before(before) {
					t.Errorf("%s of %s after one of %s", o.Status, o.PayBefore, before)
				}
				before = *o.PayBefore
				n++
			}
			if page.NextCursor == nil {
				unpaid, err := r.Orders(t.Context(), org, projections.OrderQuery{Filter: projections.Filter{Statuses: []string{"unpaid"}}, Count: true})
				if err != nil || n == 0 || *unpaid.Total != int64(n) || *page.Total != int64(n) {
					t.Errorf("%s: %d orders, total %d, want %d (%v)", org, n, *page.Total, *unpaid.Total, err)
				}
				break
			}
			q.Cursor = *page.NextCursor
		}
	}
}

// An id is found whatever it is of, and only by whose it is.
func TestFindID(t *testing.T) {
	t.Parallel()
	a, b, r, _ := told(t, 100)
	for i, org := range []string{"org-a", "org-a", "org-b"} {
		s := a
		if org == "org-b" {
			s = b
		}
		s.at = a.at
		o := placed(fmt.Sprint("trade-", i), org, domain.Purchase, "", spec(1, "gpu", "shared", domain.ModeMonth, "1.00"))
		o.TradeNo = "T-1"
		s.do(org, nil, on(o, o))
	}
	waitFor(t, r, b.head())
	for _, c := range []struct {
		org, text string
		want      []projections.Found
	}{
		{"org-a", "org-a-buy", []projections.Found{{Kind: "order", ID: "org-a-buy", OrgID: "org-a", OrderID: "org-a-buy"}}},
		{"org-b", "org-a-buy", nil},
		{projections.AllOrgs, "org-a-buy", []projections.Found{{Kind: "order", ID: "org-a-buy", OrgID: "org-a", OrderID: "org-a-buy"}}},
		{"org-a", "org-a-buy-2", []projections.Found{{Kind: "bill_line", ID: "org-a-buy-2", OrgID: "org-a", OrderID: "org-a-buy"}}},
		{"org-a", "org-a-buy-3", nil},
		{"org-b", "org-a-buy-2", nil},
		{"org-a", "res-bought", []projections.Found{{Kind: "resource", ID: "res-bought", OrgID: "org-a"}}},
		{projections.AllOrgs, "res-bought", []projections.Found{{Kind: "resource", ID: "res-bought", OrgID: "org-a"}, {Kind: "resource", ID: "res-bought", OrgID: "org-b"}}},
		{"org-a", "T-1", []projections.Found{{Kind: "trade", ID: "T-1", OrgID: "org-a"}}},
		{"org-b", "T-1", []projections.Found{{Kind: "trade", ID: "T-1", OrgID: "org-b", OrderID: "trade-2"}}},
		{projections.AllOrgs, "T-1", []projections.Found{{Kind: "trade", ID: "T-1", OrgID: "org-a"}, {Kind: "trade", ID: "T-1", OrgID: "org-b", OrderID: "trade-2"}}},
		{"org-a", "org-a-v1", []projections.Found{{Kind: "voucher", ID: "org-a-v1", OrgID: "org-a"}}},
		{"org-a", "", nil},
		{"org-a", "-", nil},
		{"org-a", "-1", nil},
		{"org-a", "x-99999999999999999999", nil},
		{"org-a", "'; --", nil},
	} {
		got, asOf, err := r.FindID(t.Context(), c.org, c.text)
		if err != nil || !slices.Equal(got, c.want) || asOf != b.head() {
			t.Errorf("%s looks for %q: %+v, %v", c.org, c.text, got, err)
		}
	}
}

// A statement is narrowed by everything that it shows.
func TestEntriesNarrowed(t *testing.T) {
	t.Parallel()
	a, _, r, _ := told(t, 100)
	whole := allEntries(t, r, "org-a")
	second := whole[len(whole)-1].At.Add(time.Second)
	for name, c := range map[string]struct {
		q     projections.EntryQuery
		wants func(projections.Entry) bool
	}{
		"type":      {projections.EntryQuery{Types: []string{"gift", "withdrawal"}}, func(e projections.Entry) bool { return e.Type == "gift" || e.Type == "withdrawal" }},
		"charges":   {projections.EntryQuery{Types: []string{"charge"}}, func(e projections.Entry) bool { return e.Type == "charge" }},
		"fund":      {projections.EntryQuery{Funds: []string{"voucher", "frozen"}}, func(e projections.Entry) bool { return e.Fund == "voucher" || e.Fund == "frozen" }},
		"cash":      {projections.EntryQuery{Funds: []string{"cash"}}, func(e projections.Entry) bool { return e.Fund == "cash" }},
		"order":     {projections.EntryQuery{OrderIDs: []string{"org-a-buy"}}, func(e projections.Entry) bool { return e.OrderID == "org-a-buy" }},
		"another's": {projections.EntryQuery{OrderIDs: []string{"org-b-buy"}}, func(projections.Entry) bool { return false }},
		"currency":  {projections.EntryQuery{Currencies: []string{"USD"}}, func(projections.Entry) bool { return false }},
		"from":      {projections.EntryQuery{From: second}, func(e projections.Entry) bool { return !e.At.Before(second) }},
		"to":        {projections.EntryQuery{To: second}, func(e projections.Entry) bool { return e.At.Before(second) }},
		"all of it": {projections.EntryQuery{To: a.at.Add(time.Hour), Funds: []string{"gift"}, Types: []string{"charge"}}, func(e projections.Entry) bool { return e.Fund == "gift" && e.Type == "charge" }},
	} {
		want := slices.DeleteFunc(slices.Clone(whole), func(e projections.Entry) bool { return !c.wants(e) })
		var got []projections.Entry
		for c.q.Limit = 3; ; {
			page, err := r.Entries(t.Context(), "org-a", c.q)
			if err != nil {
				t.Fatal(name, err)
			}
			if got = append(got, page.Items...); page.NextCursor == nil {
				break
			}
			c.q.Cursor = *page.NextCursor
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	for _, e := range whole {
		if !slices.Contains(projections.EntryTypes, e.Type) || !slices.Contains(projections.Funds, e.Fund) {
			t.Errorf("an entry of type %s of fund %s", e.Type, e.Fund)
		}
	}
}
