package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"orderledger/internal/auth"
)

// What services are behind with stands on the overview, and leads to the lists of it, in both languages.
func TestOverviewTellsWhatServicesAreBehindWith(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	s.do(t, "change_settings", `{"org_id":"org-acme","fulfil_within_seconds":60,"overdue_days":0}`)
	hour := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	late := s.bought(t, hour.Format(time.RFC3339))
	s.do(t, "mark_overdue", fmt.Sprintf(`{"order_id":%q}`, late))
	ended := s.bought(t, "")
	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"completed","resource_id":"host-1","effective_at":%q,"expires_at":%q}`,
		ended, hour.AddDate(0, -1, 0).Format(time.RFC3339), hour.Format(time.RFC3339)))
	s.do(t, "review_release", `{"org_id":"org-acme","resource_id":"host-1"}`)
	p := s.signIn(t, "org-acme", auth.Finance)
	p.get(t, "/").has(t, "1 paid order is overdue", `href="/orders?overdue=true&amp;range=all"`, "1 resource is to be released", `href="/resources?releasing=true"`)
	chinese := s.signIn(t, "org-acme", auth.Finance)
	here, _ := url.Parse(s.URL)
	chinese.http.Jar.SetCookies(here, []*http.Cookie{{Name: "ledger_lang", Value: "zh"}})
	chinese.get(t, "/").has(t, "1 个已支付订单超期未开通", "1 个资源待释放")
	orders := p.get(t, "/orders?overdue=true&range=all")
	orders.has(t, "/orders/"+late, "Overdue only")
	orders.lacks(t, "/orders/"+ended)
	p.get(t, "/orders/"+late).has(t, "This order should have been fulfilled by", "Fulfilment overdue", "Fulfil by")
	p.get(t, "/resources?releasing=true").has(t, "/resources/host-1", "To be released: Lease ended")
	p.get(t, "/resources/host-1").has(t, "This resource is to be released: Lease ended", "Release due", "/orders/"+ended)

	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"completed","resource_id":"host-2"}`, late))
	s.do(t, "close_resource", `{"org_id":"org-acme","resource_id":"host-1","if_release_due":true}`)
	p.get(t, "/").lacks(t, "overdue", "to be released")
	p.get(t, "/orders/"+late).lacks(t, "should have been fulfilled")
	p.get(t, "/resources?releasing=true").has(t, "No resource matches.")
}
