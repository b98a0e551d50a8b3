package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/internal/auth"
)

func TestOverviewOfNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for _, org := range []string{"org-acme", ""} {
		role := auth.Viewer
		if org == "" {
			role = auth.Platform
		}
		s.signIn(t, org, role).get(t, "/").has(t, "Nothing needs attention", "No order waits for payment", "ledger order place")
	}
}

func TestOverview(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	s.bought(t, "")
	later := s.place(t, `{"lines":[{"product_code":"x","product_name":"<script>alert(1)</script>","resource_type":"x","resource_name":"x","region":"",
"new_config":[],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"90.00"}]}`)
	soon := s.placeAt(t, time.Now().Add(-5*24*time.Hour).UTC().Format(time.RFC3339))
	p := s.signIn(t, "org-acme", auth.Finance)
	page := p.get(t, "/")
	// 71.14 is left, 118.86 unpaid.
	page.has(t, "Low balance in CNY: ¥71.14 available. Unpaid orders come to ¥118.86.", "¥71.14", "¥28.86", "1 day 23 h", "&lt;script&gt;",
		`href="/orders/`+later+`/pay"`, `role="img"`, "Spend in CNY by month and product", `href="/orders?range=all&amp;status=unpaid"`)
	page.lacks(t, "<script>alert", "arrears")
	if strings.Index(page.Body, soon) > strings.Index(page.Body, later) {
		t.Error("the order with the least time left does not come first")
	}
	s.signIn(t, "org-acme", auth.Viewer).get(t, "/").lacks(t, "/pay\"")
	p.get(t, "/?org_id=org-other").lacks(t, "¥28.86")
	all := s.signIn(t, "", auth.Platform).get(t, "/")
	all.has(t, "org-acme", "Balances are an organisation’s own", "¥28.86")
	s.topUp(t, "1000.00")
	p.get(t, "/").lacks(t, "Low balance")
}

// Everything that needs somebody is named, and leads to where it can be mended.
func TestOverviewTellsWhatNeedsAttention(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	past := time.Now().AddDate(0, 0, -62).UTC()
	past = time.Date(past.Year(), past.Month(), 15, 0, 0, 0, 0, time.UTC) // in any zone, the same month
	at := past.Format(time.RFC3339)
	s.doAt(t, at, "top_up", `{"org_id":"org-acme","amount":"1000.00","currency":"CNY","reference":"old"}`)
	s.bought(t, at)
	failed := s.bought(t, "")
	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"started"}`, failed))
	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"failed","reason":"no stock"}`, failed))
	lease := s.bought(t, "")
	now := time.Now().UTC().Truncate(time.Second)
	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"completed","resource_id":"res-1","effective_at":%q,"expires_at":%q}`,
		lease, now.AddDate(0, 0, -25).Format(time.RFC3339), now.AddDate(0, 0, 5).Format(time.RFC3339)))
	s.do(t, "grant_gift", fmt.Sprintf(`{"org_id":"org-acme","amount":"5.00","currency":"CNY","reason":"welcome","expires_at":%q}`, now.AddDate(0, 0, 3).Format(time.RFC3339)))
	s.do(t, "issue_voucher", fmt.Sprintf(`{"org_id":"org-acme","amount":"7.00","currency":"CNY","valid_to":%q}`, now.AddDate(0, 0, 3).Format(time.RFC3339)))
	s.do(t, "change_settings", `{"org_id":"org-acme","approval_over":{"CNY":"20.00"}}`)
	s.place(t)
	page := s.signIn(t, "org-acme", auth.Finance).get(t, "/")
	page.has(t, "1 order whose fulfilment failed", `status=fulfilment_failed`, "1 resource has a lease that ends within 7 days", `href="/resources?ends=7d"`,
		"¥12.00 lapse within 7 days, left of 2 vouchers and gifts", "1 order waits for approval", "is over and can be closed", `href="/bills/`+past.Format("2006-01")+`"`)
	s.signIn(t, "org-acme", auth.Viewer).get(t, "/").lacks(t, "can be closed")
}
