package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// key is the idempotency key in a page's form.
func (s seen) key(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(s.Body)
	if found == nil {
		t.Fatalf("%s (%s) has no form with a key", s.Request.URL, s.Status)
	}
	return found[1]
}

// status is what an order has become.
func (s *system) status(t *testing.T, id string) domain.Status {
	t.Helper()
	o := s.order(t, id)
	return o.Status
}

func TestOrderPage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t, `{"trade_no":"T-1","personal":{"contact":"Ann <b>Lee</b>"},"lines":[
{"product_code":"gpu-instance","product_name":"<script>GPU</script>","resource_type":"cloud-host","resource_id":"r/1","resource_name":"=cmd()","region":"cn-north-1","zone":"cn-north-1a",
"resource_ext":{"内网IP":"192.168.18.164"},"old_config":[{"component":"CPU","value":"32","unit":"core"},{"component":"Disk","value":"40","unit":"GB"}],
"new_config":[{"component":"CPU","value":"64","unit":"core"},{"component":"GPU","value":"4","unit":"card"}],
"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86","discount_amount":"8.86","effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"}]}`)
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	page := p.get(t, "/orders/"+id)
	page.has(t, "New purchase order", id, "Unpaid", "¥28.86", "−¥8.86", "¥20.00", "cn-north-1 / cn-north-1a", "¥28.86 / month", "30 days", "192.168.18.164",
		"<del>32 core</del>", "<ins>64 core</ins>", "<ins>4 card</ins>", "<del>40 GB</del>", "&lt;script&gt;GPU", "=cmd()", "Ann &lt;b&gt;Lee", "T-1", "team=vision",
		"data-countdown", "/orders/"+id+"/pay", "/orders/"+id+"/cancel", "/orders/"+id+"/document", "Nothing is on a bill yet", "Order placed", "/v1/orders/"+id)
	page.lacks(t, "<script>GPU", "<b>Lee", "/orders/"+id+"/refund", "/orders/"+id+"/void", "/orders/"+id+"/approve")
	if page.StatusCode != http.StatusOK {
		t.Error(page.Status)
	}

	s.topUp(t, "100.00")
	s.do(t, "pay_order", `{"order_id":"`+id+`","org_id":"org-acme"}`)
	page = p.get(t, "/orders/"+id)
	page.has(t, "Paid", "/orders/"+id+"/refund", "This order", "Order paid")
	page.lacks(t, "data-countdown", "/orders/"+id+"/pay", "/orders/"+id+"/cancel", "Nothing is on a bill yet")

	p.get(t, "/orders/"+id+"?events=full").has(t, "<code>status</code>", "<del>unpaid</del>", "<ins>paid</ins>", "<code>paid.cash</code>", "<ins>20.00</ins>", "test-")
	p.get(t, "/orders/"+id+"?events=raw").has(t, "&#34;payload_sha256&#34;", "&#34;hash&#34;", "&#34;envelope&#34;")
}

func TestOrderPagesAreTheOrganisations(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	p := s.signIn(t, "org-other", auth.OrgAdmin)
	for _, about := range []string{"", "/pay", "/cancel", "/refund", "/approve", "/reject"} {
		if page := p.get(t, "/orders/"+id+about); page.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", about, page.Status)
		}
	}
	for _, about := range []string{"/pay", "/cancel", "/refund", "/approve", "/reject"} {
		if page := p.post(t, "/orders/"+id+about, url.Values{"key": {"k"}}); page.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s: %s", about, page.Status)
		}
	}
	if got := s.status(t, id); got != domain.Unpaid {
		t.Error(got)
	}
}

// Who may do what, by button and by address.
func TestOrderActionsByRole(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.do(t, "change_settings", `{"org_id":"org-acme","approval_over":{"CNY":"10.00"}}`)
	waits := s.place(t)
	s.do(t, "change_settings", `{"org_id":"org-acme","approval_over":{}}`)
	unpaid := s.place(t)
	for _, c := range []struct {
		role          auth.Role
		waits, unpaid string
	}{
		{auth.Platform, "approve reject cancel void", "pay cancel void"},
		{auth.OrgAdmin, "approve reject cancel", "pay cancel"},
		{auth.Approver, "approve reject", ""},
		{auth.Finance, "cancel", "pay cancel"},
		{auth.Viewer, "", ""},
	} {
		org := "org-acme"
		if c.role == auth.Platform {
			org = ""
		}
		p := s.signIn(t, org, c.role)
		for id, want := range map[string]string{waits: c.waits, unpaid: c.unpaid} {
			page := p.get(t, "/orders/"+id)
			for _, a := range []string{"pay", "approve", "reject", "cancel", "void", "refund"} {
				if has := strings.Contains(page.Body, "/orders/"+id+"/"+a+`"`); has != strings.Contains(" "+want+" ", " "+a+" ") {
					t.Errorf("%s sees %s: %v", c.role, a, has)
				}
			}
		}
	}
	viewer := s.signIn(t, "org-acme", auth.Viewer)
	for _, a := range []string{"pay", "cancel", "void", "refund", "approve"} {
		if page := viewer.post(t, "/orders/"+unpaid+"/"+a, url.Values{"key": {"v-" + a}}); page.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer's %s: %s", a, page.Status)
		}
	}
}

func TestDecisionsAboutOrders(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	platform := s.signIn(t, "", auth.Platform)
	cancelled, voided := s.place(t), s.place(t)

	page := platform.get(t, "/orders/"+cancelled+"/cancel")
	page.has(t, "can’t be undone", "GPU instance")
	done := platform.post(t, "/orders/"+cancelled+"/cancel", url.Values{"key": {page.key(t)}, "reason": {"too <dear>"}})
	done.has(t, "The order is cancelled.", "Cancelled", "too &lt;dear&gt;")
	again := platform.post(t, "/orders/"+cancelled+"/cancel", url.Values{"key": {"another"}, "reason": {"typed text"}})
	again.has(t, "order_not_unpaid", "typed text")
	if again.StatusCode != http.StatusConflict {
		t.Error(again.Status)
	}
	platform.get(t, "/orders/"+cancelled+"/cancel").lacks(t, "<textarea")

	page = platform.get(t, "/orders/"+voided+"/void")
	none := platform.post(t, "/orders/"+voided+"/void", url.Values{"key": {page.key(t)}})
	none.has(t, "invalid_value")
	if none.StatusCode != http.StatusBadRequest || s.status(t, voided) != domain.Unpaid {
		t.Error(none.Status, s.status(t, voided))
	}
	platform.post(t, "/orders/"+voided+"/void", url.Values{"key": {"void-1"}, "reason": {"placed twice"}}).has(t, "The order is void.", "placed twice")
}

func TestApprovals(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.do(t, "change_settings", `{"org_id":"org-acme","approval_over":{"CNY":"10.00"}}`)
	granted, rejected := s.place(t), s.place(t)
	p := s.signIn(t, "org-acme", auth.Approver)
	p.get(t, "/orders/"+granted).has(t, "Awaiting approval", "Requested")
	page := p.get(t, "/orders/"+granted+"/approve")
	p.post(t, "/orders/"+granted+"/approve", url.Values{"key": {page.key(t)}, "reason": {"in budget"}}).has(t, "The order is approved.", "Granted", "in budget")
	p.post(t, "/orders/"+rejected+"/reject", url.Values{"key": {"r-1"}}).has(t, "The order is rejected.", "Rejected")
	if a, b := s.status(t, granted), s.status(t, rejected); a != domain.Unpaid || b != domain.Cancelled {
		t.Error(a, b)
	}
}

// An order with more lines than a page shows, and with followers, has links to the rest.
func TestOrderWithManyLines(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	var lines []string
	for i := range 45 {
		lines = append(lines, fmt.Sprintf(`{"product_code":"p-%d","product_name":"Product %d.","resource_type":"t","new_config":[],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"1"}`, i+1, i+1))
	}
	id := s.place(t, `{"lines":[`+strings.Join(lines, ",")+`]}`)
	p := s.signIn(t, "org-acme", auth.Viewer)
	first := p.get(t, "/orders/"+id)
	first.has(t, "45 lines", "Product 20.", "Lines 1–20 of 45", "line=21")
	first.lacks(t, "Product 21.")
	last := p.get(t, "/orders/"+id+"?line=41")
	last.has(t, "Product 45.", "Lines 41–45 of 45", "line=21")
	last.lacks(t, "Product 40.")
	p.get(t, "/orders/"+id+"?line=nonsense").has(t, "Lines 1–20 of 45")
}

// What opens pay-as-you-go has prices of use; what it comes to follows it.
func TestOrderOfPayAsYouGo(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	id := s.place(t, `{"lines":[{"product_code":"llm","product_name":"Model service","resource_type":"model","resource_id":"m-1","count":"1","charge_mode":"metered",
"quantity":"0","unit":"million","unit_price":"0","cycle":"day","meters":[{"meter":"tokens","unit":"million","tiers":[{"up_to":"1","unit_price":"2"},{"up_to":null,"unit_price":"1.50"}]},
{"meter":"storage","unit":"hour","unit_price":"0.0125"}]}]}`)
	p := s.signIn(t, "org-acme", auth.Viewer)
	p.get(t, "/orders/"+id).has(t, "Metered · Postpay", "tokens", "up to 1", "¥2.00 / million", "beyond", "¥1.50 / million", "¥0.0125 / hour", "0 million", "Settled every", "/resources/m-1")
}

func TestQuantitiesAndPrices(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t, `{"lines":[{"product_code":"a","product_name":"A","resource_type":"t","count":"1","charge_mode":"month","quantity":"3","unit":"month","unit_price":"1234.5"},
{"product_code":"b","product_name":"B","resource_type":"t","count":"2","charge_mode":"day","quantity":"1","unit":"day","unit_price":"0.123456"}]}`)
	p := s.signIn(t, "org-acme", auth.Viewer)
	p.get(t, "/orders/"+id).has(t, "¥1,234.50 / month", "3 months", "¥0.123456 / day", "1 day", "Amounts by line")
}
