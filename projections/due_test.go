package projections_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// listing is one of the Reader's lists of what is due.
type listing func(context.Context, time.Time, projections.Due, int) (projections.DuePage, error)

// dueIDs lists what is due by pages of n.
func dueIDs(t *testing.T, list listing, now time.Time, n int) []string {
	t.Helper()
	var ids []string
	for after := (projections.Due{}); ; {
		page, err := list(t.Context(), now, after, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Items {
			ids = append(ids, d.OrgID+"/"+d.ID)
		}
		if !page.More {
			return ids
		}
		after = page.Last
	}
}

func addResource(t *testing.T, pool *pgxpool.Pool, org, id string, leaseEnd time.Time, renew, settle, overdue *time.Time) {
	t.Helper()
	const q = `
INSERT INTO resources (org_id, resource_id, status, resource_name, resource_type, products, project_id, consumer_id, region, currency,
    lease_end, auto_renew, renew_at, settle_at, overdue_at, overdue_ended, opened_at, version, position, doc)
VALUES ($1, $2, 'active', '', '', '[]', '', '', '', 'CNY', $3, false, $4, $5, $6::timestamptz, least($3, $6::timestamptz), now(), 1, 1, '{}')`
	if _, err := pool.Exec(t.Context(), q, org, id, leaseEnd, renew, settle, overdue); err != nil {
		t.Fatal(err)
	}
}

// What is due is listed whole, each once and in order, whatever the pages; organisations choose when it is.
func TestDueResources(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	pool := db.Pool(t, schema.Projector)
	r := newReader(t, db, nil)
	const org = `
INSERT INTO orgs (org_id, time_zone, pay_before_seconds, version, position, first_position, settlement_delay_seconds, overdue_days)
VALUES ('org-late', 'UTC', 1, 1, 1, 1, 7200, 2)`
	if _, err := pool.Exec(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	at := func(d time.Duration) *time.Time { x := now.Add(d); return &x }
	var settle, overdue, renew []string
	for i := range 7 {
		id := fmt.Sprint("res-", i)
		addResource(t, pool, "org-a", id, now.Add(-5*24*time.Hour), at(-time.Hour), at(-time.Hour), at(-24*time.Hour))
		addResource(t, pool, "org-late", id, now.Add(-5*24*time.Hour), at(time.Hour), at(-time.Hour), at(-24*time.Hour))
		settle, overdue, renew = append(settle, "org-a/"+id), append(overdue, "org-a/"+id), append(renew, "org-a/"+id)
	}
	addResource(t, pool, "org-a", "at", *at(0), at(0), at(0), at(0))
	addResource(t, pool, "org-a", "after", *at(time.Microsecond), at(time.Microsecond), at(time.Microsecond), at(time.Microsecond))
	addResource(t, pool, "org-a", "never", *at(0), nil, nil, nil)
	settle, overdue, renew = append(settle, "org-a/at"), append(overdue, "org-a/at"), append(renew, "org-a/at")
	for _, n := range []int{1, 3, 100} {
		for name, c := range map[string]struct {
			list listing
			want []string
		}{"settlements": {r.DueSettlements, settle}, "days overdue": {r.DueOverdue, overdue}, "renewals": {r.DueRenewals, renew}} {
			if got := dueIDs(t, c.list, now, n); !slices.Equal(got, c.want) {
				t.Errorf("%s by %d: %v, want %v", name, n, got, c.want)
			}
		}
	}
	if got := dueIDs(t, r.DueSettlements, now.Add(2*time.Hour), 4); len(got) != 16 {
		t.Errorf("two hours later %d are due for settlement, want 16: %v", len(got), got)
	}
	if got := dueIDs(t, r.DueOverdue, now.Add(48*time.Hour), 4); len(got) != 9 {
		t.Errorf("two days later %d are overdue, want 9: %v", len(got), got)
	}
}

// Failed orders are refunded after the organisation's time, arrears are paid and funds lapse once an organisation.
func TestDueOfAccounts(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	pool := db.Pool(t, schema.Projector)
	r := newReader(t, db, nil)
	now := time.Now().UTC().Truncate(time.Second)
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`
INSERT INTO orgs (org_id, time_zone, pay_before_seconds, version, position, first_position, refund_failed_after_seconds, doc)
VALUES ('org-quick', 'UTC', 1, 1, 1, 1, 60, '{}'), ('org-credit', 'UTC', 1, 1, 1, 1, 3600, '{"credit_limit":{"CNY":"5.00"}}')`)
	order := func(org, id, status string, arrears bool, created, failed time.Duration) {
		t.Helper()
		run(`
INSERT INTO orders (order_id, org_id, created_at, status, order_type, currency, project_id, consumer_id, business_group, trade_no,
    list_amount, payable_amount, tags, recorded_at, arrears, fulfilment_failed_at, version, position, doc)
VALUES ($1, $2, $3, $4, 'purchase', 'CNY', '', '', '', '', 4, 4, '{}', $3, $5, $6, 1, 1, '{}')`,
			id, org, now.Add(created), status, arrears, now.Add(failed))
	}
	order("org-a", "failed-30", "fulfilment_failed", false, 0, -30*time.Minute)
	order("org-a", "failed-60", "fulfilment_failed", false, 0, -60*time.Minute)
	order("org-quick", "failed-1", "fulfilment_failed", false, 0, -time.Minute)
	order("org-quick", "refunded", "refunded", false, 0, -time.Hour)
	if got := dueIDs(t, r.DueRefunds, now, 1); !slices.Equal(got, []string{"org-a/failed-60", "org-quick/failed-1"}) {
		t.Errorf("due refunds: %v", got)
	}
	for org, cash := range map[string]string{"org-a": "3.99", "org-b": "4.00", "org-credit": "-1.00", "org-poor": "-1.01"} {
		run(`INSERT INTO accounts (org_id, currency, cash, gift, voucher, frozen, position) VALUES ($1, 'CNY', $2::text::numeric, 0, 0, 0, 7)`, org, cash)
		order(org, org+"-1", "unpaid", true, -2*time.Hour, 0)
		order(org, org+"-2", "unpaid", true, -time.Hour, 0)
	}
	if got := dueIDs(t, r.DueArrears, now, 1); !slices.Equal(got, []string{"org-b/org-b-1", "org-credit/org-credit-1"}) {
		t.Errorf("due arrears: %v", got)
	}
	for i, ends := range []time.Duration{-time.Hour, -time.Minute, time.Minute} {
		run(`
INSERT INTO gifts (org_id, grant_id, currency, amount, left_amount, lapsed_amount, expires_at, reason, granted_at, granted_by, position)
VALUES ('org-a', $1, 'CNY', 5, 1, 0, $2, '', $2, '', $3)`, fmt.Sprint("gift-", i), now.Add(ends), i+10)
		run(`
INSERT INTO vouchers (org_id, voucher_id, currency, amount, left_amount, lapsed_amount, valid_to, issued_at, issued_by, position, doc)
VALUES ($1, 'v', 'CNY', 5, $2, 0, $3, $3, '', 20, '{}')`, fmt.Sprint("org-v", i), i, now.Add(ends))
	}
	if got := dueIDs(t, r.DueLapses, now, 1); !slices.Equal(got, []string{"org-a/", "org-v1/"}) {
		t.Errorf("due lapses: %v", got)
	}
}
