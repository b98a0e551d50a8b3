package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"orderledger/internal/auth"
)

// lease gives org-acme a resource that is paid for a month from now, and returns the order.
func (s *system) lease(t *testing.T, resource string) string {
	t.Helper()
	s.topUp(t, "100.00")
	id := s.place(t)
	s.do(t, "pay_order", fmt.Sprintf(`{"order_id":%q}`, id))
	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"completed","resource_id":%q}`, id, resource))
	return id
}

func TestResourceTellsItsLife(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.lease(t, "host-1")
	up := s.place(t, fmt.Sprintf(`{"order_type":"upgrade","parent_order_id":%q,"lines":[{"product_code":"gpu-instance","product_name":"GPU instance",
"resource_type":"cloud-host","resource_id":"host-1","resource_name":"train-1","count":"1","charge_mode":"month","unit":"month","new_unit_price":"57.72",
"old_config":[{"component":"GPU","value":"4","unit":"card"}],"new_config":[{"component":"GPU","value":"8","unit":"card"}]}]}`, id))
	s.do(t, "pay_order", fmt.Sprintf(`{"order_id":%q}`, up))
	s.do(t, "report_fulfilment", fmt.Sprintf(`{"order_id":%q,"state":"completed"}`, up))
	s.do(t, "set_auto_renew", `{"org_id":"org-acme","resource_id":"host-1","enabled":true}`)
	p := s.signIn(t, "org-acme", auth.Viewer)
	page := p.get(t, "/resources/host-1")
	page.has(t, "<h1>train-1</h1>", "/orders/"+id, "/orders/"+up, "New purchase", "Upgrade", "<del>4 card</del> → <ins>8 card</ins>", "¥57.72 / month",
		`<svg class="leases"`, "Auto-renewal", "1 at a time, 1 day before the end", "¥57.72")
	page.lacks(t, "/resources/host-1/close", "/resources/host-1/auto-renew", `class="pager"`)
	if _, told, _ := strings.Cut(page.Body, "</figure>"); strings.Index(told, "Upgrade") > strings.Index(told, "New purchase") {
		t.Error("a life is told the newest first")
	}
	p.get(t, "/resources?ends=7d").lacks(t, "/resources/host-1")
	p.get(t, "/resources").has(t, "/resources/host-1", "¥57.72 / month", "On")
	p.get(t, "/resources?product=other").has(t, "No resource matches.")
	p.get(t, "/resources?status=closed").has(t, "There are no resources here yet.")
	if wrong := p.get(t, "/resources?auto_renew=maybe"); wrong.StatusCode != http.StatusBadRequest {
		t.Errorf("a wrong filter: %s", wrong.Status)
	}
	if none := p.get(t, "/resources/host-2"); none.StatusCode != http.StatusNotFound {
		t.Errorf("a resource that there is not: %s", none.Status)
	}
	other := s.signIn(t, "org-other", auth.Viewer)
	if theirs := other.get(t, "/resources/host-1"); theirs.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's resource: %s", theirs.Status)
	}
	s.signIn(t, "", auth.Platform).get(t, "/resources/host-1").has(t, "org-acme", "/resources/host-1/close?org_id=org-acme", "org_id=org-acme&amp;range=all")
}

func TestAnyResourceIDHasAPage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ids := []string{"a/b", "50%", "%2F", "中文 主机", "..", ".", "~..", "~x", `"><script>1</script>`, "x?y=1#z", "a+b c", "/", "//", `back\slash`}
	for _, id := range ids {
		s.lease(t, id)
	}
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	var found []string
	list := p.get(t, "/resources")
	list.lacks(t, "<script>1")
	for _, m := range regexp.MustCompile(`class="thing"><a href="([^"]+)"`).FindAllStringSubmatch(list.Body, -1) {
		page := p.get(t, html.UnescapeString(m[1]))
		page.lacks(t, "<script>1")
		if page.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", m[1], page.Status)
			continue
		}
		copied := regexp.MustCompile(`data-copy="([^"]*)"`).FindStringSubmatch(page.Body)
		found = append(found, html.UnescapeString(copied[1]))
		below := regexp.MustCompile(`class="button danger" href="([^"]+)"`).FindStringSubmatch(page.Body)
		if below == nil || p.get(t, html.UnescapeString(below[1])).StatusCode != http.StatusOK {
			t.Errorf("%s can't be closed: %v", m[1], below)
		}
	}
	slices.Sort(ids)
	slices.Sort(found)
	if !slices.Equal(ids, found) {
		t.Errorf("pages are of %q, resources %q", found, ids)
	}
}

func TestAutoRenewalIsSet(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.lease(t, "host/1")
	p := s.signIn(t, "org-acme", auth.ProjectAdmin)
	form := p.get(t, "/resources/host%2F1/auto-renew")
	form.has(t, `name="quantity"`, `value="day" selected`)
	sent := url.Values{"key": {keyOf(t, form)}, "enabled": {"true"}, "quantity": {"2"}, "before_seconds": {"36"}, "before_seconds_unit": {"hour"}}
	p.post(t, "/resources/host%2F1/auto-renew", sent).has(t, "Auto-renewal is set.", "2 at a time, 36 h before the end", "next on")
	sent.Set("key", "k-2")
	sent.Set("quantity", "0")
	p.post(t, "/resources/host%2F1/auto-renew", sent).has(t, "invalid_value", `value="0"`, `value="hour" selected`, "checked")
	sent.Set("key", "k-3")
	sent.Set("quantity", "1")
	sent.Set("before_seconds", "soon")
	p.post(t, "/resources/host%2F1/auto-renew", sent).has(t, "invalid_value", `value="soon"`)
	sent = url.Values{"key": {"k-4"}, "quantity": {"1"}, "before_seconds": {"1"}, "before_seconds_unit": {"day"}}
	p.post(t, "/resources/host%2F1/auto-renew", sent).has(t, "Auto-renewal is set.", "Off")
	viewer := s.signIn(t, "org-acme", auth.Viewer)
	if page := viewer.post(t, "/resources/host%2F1/auto-renew", sent); page.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %s", page.Status)
	}
}

func TestClosingShowsWhatItDoesFirst(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.lease(t, "host-1")
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	preview := p.get(t, "/resources/host-1/close")
	preview.has(t, "What closing does", "Gives back what was paid", id, "¥0.00", "recovery order")
	returned := regexp.MustCompile(`<td class="num">¥(\d+\.\d\d)</td>`).FindStringSubmatch(preview.Body)
	if returned == nil || returned[1] < "28.0" || returned[1] > "28.86" {
		t.Errorf("the preview gives back %v", returned)
	}
	p.get(t, "/resources/host-1/close?return_vouchers=true").has(t, `name="return_vouchers" value="true"`)
	p.get(t, "/resources/host-1").has(t, "/resources/host-1/close") // a preview does nothing
	page := p.post(t, "/resources/host-1/close", url.Values{"key": {keyOf(t, preview)}, "reason": {"<i>moved</i>"}})
	page.has(t, "The resource is closed.", "Closed", "&lt;i&gt;moved", "Refund")
	page.lacks(t, "/resources/host-1/close")
	again := p.post(t, "/resources/host-1/close", url.Values{"key": {"k-2"}})
	again.has(t, "resource_closed")
	if again.StatusCode != http.StatusConflict {
		t.Errorf("closed twice: %s", again.Status)
	}
	viewer := s.signIn(t, "org-acme", auth.Viewer)
	if page := viewer.get(t, "/resources/host-1/close"); page.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %s", page.Status)
	}
}

func TestLongLivesAreToldInPages(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.lease(t, "host-1")
	for range 130 {
		s.place(t, fmt.Sprintf(`{"order_type":"renewal","parent_order_id":%q,"lines":[{"product_code":"gpu-instance","product_name":"GPU instance",
"resource_type":"cloud-host","resource_id":"host-1","resource_name":"train-1","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"}]}`, id))
	}
	for i := range 120 {
		s.do(t, "set_auto_renew", fmt.Sprintf(`{"org_id":"org-acme","resource_id":"host-1","enabled":true,"quantity":"%d"}`, i+1))
	}
	p := s.signIn(t, "org-acme", auth.Viewer)
	orders, renewals := map[string]bool{}, map[string]bool{}
	path, pages := "/resources/host-1", 0
	for ; path != "" && pages < 10; pages++ {
		page := p.get(t, path)
		for _, m := range regexp.MustCompile(`href="/orders/([0-9a-f-]{36})"`).FindAllStringSubmatch(page.Body, -1) {
			orders[m[1]] = true
		}
		_, told, _ := strings.Cut(page.Body, `id="life"`)
		for _, m := range regexp.MustCompile(`(\d+) at a time`).FindAllStringSubmatch(told, -1) {
			if renewals[m[1]] {
				t.Errorf("%s told twice", m[1])
			}
			renewals[m[1]] = true
		}
		path = ""
		if next := regexp.MustCompile(`data-next href="([^"]+)"`).FindStringSubmatch(page.Body); next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	if len(orders) != 131 || len(renewals) != 120 || pages < 3 {
		t.Errorf("%d pages tell of %d orders and %d changes, want 131 and 120", pages, len(orders), len(renewals))
	}
}

func TestUseIsShownUntilItIsSettled(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t, `{"lines":[{"product_code":"disk","product_name":"Disk","resource_type":"disk","resource_id":"vol-1","resource_name":"vol-1",
"count":"1","charge_mode":"metered","quantity":"0","unit":"GB","unit_price":"0","cycle":"hour","meters":[{"meter":"stored","unit":"GB","tiers":[{"up_to":"10","unit_price":"3.00"},{"up_to":null,"unit_price":"2.00"}]}]}]}`)
	from := time.Now().UTC().Add(time.Second)
	s.do(t, "report_usage", fmt.Sprintf(`{"org_id":"org-acme","records":[{"record_id":"r-1","resource_id":"vol-1","meter":"stored","quantity":"12.5","unit":"GB",
"from":%q,"to":%q}]}`, from.Format(time.RFC3339), from.Add(time.Minute).Format(time.RFC3339)))
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	p.get(t, "/resources/vol-1").has(t, "Use that is not settled yet", "12.5", "stored", "≤ 10 ¥3", "1 record of use", "¥0.00", "Pay-as-you-go")
	p.get(t, "/resources/vol-1/close").has(t, "Settles the use so far", "¥35.00", "as arrears")
}
