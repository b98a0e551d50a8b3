package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"orderledger/internal/auth"
)

// line is an order's one line, with some of it changed.
func lineOf(changes string) string {
	return `{"lines":[{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","resource_name":"train-1","region":"cn-north-1",
"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"` + changes + `}]}`
}

func TestOrdersAreListedWithWhatTheSeedsShow(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t, `{"business_group":"ml"}`)
	p := s.signIn(t, "org-acme", auth.Finance)
	page := p.get(t, "/orders")
	page.has(t, `href="/orders/`+id+`"`, `data-copy="`+id+`"`, "New purchase", "GPU instance", "train-1", `class="status unpaid"`, "¥28.86", "By month", "cn-north-1",
		"default", `href="/orders/`+id+`/pay"`, `href="/orders/`+id+`/cancel"`, `href="/orders/`+id+`/document"`, "left</span>", `Unpaid<span class="n">1</span>`)
	p.get(t, "/orders?columns=business_group,status").has(t, ">ml<", `href="/orders/`+id+`"`)

	viewer := s.signIn(t, "org-acme", auth.Viewer)
	viewer.get(t, "/orders").lacks(t, "/pay", "/cancel\"", `type="checkbox" name="order_id"`)
	other := s.signIn(t, "org-other", auth.Finance)
	other.get(t, "/orders?range=all").lacks(t, id)
	if page := other.get(t, "/orders?org_id=org-acme"); page.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's orders: %s", page.Status)
	}
}

func TestOrdersOfLinesThatDifferShowWhatTheyDifferIn(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	first, second := lineOf(`,"resource_name":"<script>a</script>"`), lineOf(`,"resource_name":"b","product_name":"=cmd()"`)
	lines := strings.TrimSuffix(first, "]}") + "," + strings.TrimPrefix(second, `{"lines":[`)
	s.place(t, lines)
	page := s.signIn(t, "org-acme", auth.Viewer).get(t, "/orders")
	page.has(t, "&lt;script&gt;a&lt;/script&gt;", `title="GPU instance; =cmd()">+1<`, "¥57.72")
	page.lacks(t, "<script>a")
}

func TestOrdersAreFilteredByTheAddress(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "1000")
	a := s.place(t, lineOf(`,"product_code":"disk","product_name":"Disk","region":"cn-south-1","unit_price":"5"`))
	b := s.place(t, `{"project_id":"other","tags":{"team":"audio"}}`)
	s.do(t, "pay_order", fmt.Sprintf(`{"org_id":"org-acme","order_id":%q}`, b))
	free := s.place(t, lineOf(`,"discount_amount":"28.86"`))
	p := s.signIn(t, "org-acme", auth.Finance)
	today := time.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	for query, want := range map[string][]string{
		"":                        {a, b, free},
		"status=unpaid":           {a},
		"status=unpaid,paid":      {a, b, free},
		"product=disk":            {a},
		"region=cn-south-1,x":     {a},
		"project_id=other":        {b},
		"tag=team%3Daudio":        {b},
		"min_amount=5.01":         {b},
		"max_amount=5":            {a, free},
		"hide_zero=true":          {a, b},
		"order_id=" + b:           {b},
		"order_type=renewal":      {},
		"charge_group=prepay":     {a, b, free},
		"created_from=" + today:   {a, b, free},
		"created_to=" + today:     {a, b, free},
		"created_to=2001-01-01":   {},
		"created_from=2999-01-01": {},
		"range=month":             {a, b, free},
		"range=all&imported=true": {},
		"sort=-payable_amount":    {b, a, free},
	} {
		page, last := p.get(t, "/orders?"+query), 0
		for _, id := range []string{a, b, free} {
			wanted, there := false, strings.Contains(page.Body, `data-copy="`+id)
			for _, w := range want {
				wanted = wanted || w == id
			}
			if wanted != there {
				t.Errorf("%s (%s) shows %s: %t", query, page.Status, id, there)
			}
		}
		for _, id := range want {
			if at := strings.Index(page.Body, `data-copy="`+id); strings.HasPrefix(query, "sort") && at < last {
				t.Errorf("%s: %s stands too early", query, id)
			} else {
				last = at
			}
		}
	}
	page := p.get(t, "/orders?product=disk&status=unpaid&hide_zero=true")
	page.has(t, `Unpaid<span class="n">1</span>`, `Paid<span class="n">0</span>`, `All<span class="n">1</span>`, // of what is filtered
		`href="/orders?hide_zero=true&amp;status=unpaid"`, `href="/orders?product=disk&amp;status=unpaid"`, `name="product" value="disk"`)
}

func TestWrongFiltersAreSaidAndKept(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	p := s.signIn(t, "org-acme", auth.Viewer)
	for query, says := range map[string]string{
		"min_amount=much": "min_amount", "created_from=yesterday": "created_from", "status=lost": "status", "cursor=none": "cursor",
		"created_from=2025-02-01&created_to=2025-01-01": "created_to", "tag=x": "tag", "sort=name": "sort",
	} {
		page := p.get(t, "/orders?region=here&"+query)
		if page.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", query, page.Status)
		}
		page.has(t, says, "invalid_value", `name="region" value="here"`)
	}
	p.get(t, "/orders?min_amount=much").has(t, `value="much"`)
}

func TestFormsOfBrowsersBecomeAddressesToShare(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	p := s.signIn(t, "org-acme", auth.Viewer)
	page := p.get(t, "/orders?product=&order_type=purchase&order_type=renewal&region=+&tag=a%3D1&tag=b%3D2")
	if got := page.Request.URL.RequestURI(); got != "/orders?order_type=purchase%2Crenewal&tag=a%3D1&tag=b%3D2" {
		t.Errorf("went to %s", got)
	}
	page.has(t, `value="purchase" checked`, `value="renewal" checked`, "New purchase or Renewal")
}

func TestListOfOrdersIsPaged(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for range 52 {
		s.place(t)
	}
	p := s.signIn(t, "org-acme", auth.Viewer)
	seen := map[string]bool{}
	path := "/orders?sort=created_at"
	for pages := 1; ; pages++ {
		page := p.get(t, path)
		for _, part := range strings.Split(page.Body, `<th scope="row"><span class="id"><a href="/orders/`)[1:] {
			seen[strings.SplitN(part, `"`, 2)[0]] = true
		}
		_, rest, more := strings.Cut(page.Body, `data-next href="`)
		if !more {
			if pages != 2 || len(seen) != 52 {
				t.Errorf("%d orders on %d pages", len(seen), pages)
			}
			page.has(t, `href="/orders?sort=created_at">First page`)
			break
		}
		path = strings.ReplaceAll(strings.SplitN(rest, `"`, 2)[0], "&amp;", "&")
	}
}

func TestColumnsAreChosenAndRemembered(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	p := s.signIn(t, "org-acme", auth.Viewer)
	page := p.get(t, "/orders?columns=status&columns=order_id&keep=columns&range=all")
	page.has(t, "aria-label=\"Orders\"", `format=xlsx`, "columns=order_id%2Cstatus&amp;format=csv&amp;range=all")
	page.lacks(t, ">Amount due<span")
	kept := page.Request.Response // the form's address was made plain before
	if kept == nil || page.Request.URL.RequestURI() != "/orders?columns=status%2Corder_id&range=all" {
		t.Fatalf("at %s", page.Request.URL)
	}
	cookie := kept.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "ledger_columns_orders=order_id.status;") || !strings.Contains(cookie, "HttpOnly") {
		t.Errorf("the choice is kept as %q", cookie)
	}
	p.http.Transport = cookies{p.http.Transport.(cookies).session + "; ledger_columns_orders=order_id.status"}
	p.get(t, "/orders").lacks(t, ">Amount due<span")
	usual := p.get(t, "/orders?keep=usual").Request.Response
	if usual == nil || !strings.Contains(usual.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the choice stays: %v", usual)
	}
}

func TestViewsAreSavedByKey(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	p, other := s.signIn(t, "org-acme", auth.Viewer), s.signIn(t, "org-acme", auth.Viewer)
	form := url.Values{"page": {"orders"}, "name": {"My <b>disks</b>"}, "query": {"product=disk&cursor=x&range=all"}}
	page := p.post(t, "/views", form)
	page.has(t, "The view was saved.", "My &lt;b&gt;disks&lt;/b&gt;", `href="/orders?product=disk&amp;range=all" aria-current="true"`)
	other.get(t, "/orders").lacks(t, "disks")
	p.get(t, "/orders").has(t, `href="/orders?product=disk&amp;range=all">My`)
	form.Set("query", "product=cpu")
	p.post(t, "/views", form).has(t, `href="/orders?product=cpu"`)
	p.get(t, "/orders").lacks(t, "product=disk")
	p.post(t, "/views/delete", form).has(t, "The view was deleted.")
	p.get(t, "/orders").lacks(t, "disks", "product=cpu")
	for name, wrong := range map[string]url.Values{
		"no name": {"page": {"orders"}, "name": {" "}}, "another page": {"page": {"x"}, "name": {"a"}}, "a long name": {"page": {"orders"}, "name": {strings.Repeat("名", 61)}},
		"no text": {"page": {"orders"}, "name": {"a\x00"}}, "a long query": {"page": {"orders"}, "name": {"a"}, "query": {strings.Repeat("a", 4001)}},
	} {
		if page := p.post(t, "/views", wrong); page.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", name, page.Status)
		}
	}
	for i := range auth.ViewsMost {
		p.post(t, "/views", url.Values{"page": {"orders"}, "name": {fmt.Sprint(i)}, "query": {"product=x"}})
	}
	if page := p.post(t, "/views", url.Values{"page": {"orders"}, "name": {"one more"}}); page.StatusCode != http.StatusConflict {
		t.Errorf("a view too many: %s", page.Status)
	}
}

func TestNoOrdersSayWhatToType(t *testing.T) {
	t.Parallel()
	p := newSystem(t).signIn(t, "org-acme", auth.OrgAdmin)
	p.get(t, "/orders").has(t, "No orders match.", "ledger order place order.json", `href="/orders?range=all"`)
	p.get(t, "/orders?range=all&product=x").has(t, `href="/orders">Clear all`)
}

// People know products by their names: who types one where a code is asked for gets the list of that product.
func TestOrdersByTheNameOfAProduct(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	s.bought(t, "", `{"lines":[{"product_code":"disk","product_name":"块存储 Disk","resource_type":"disk","resource_name":"d","region":"",
"new_config":[],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"5"}]}`)
	s.caughtUp(t)
	p := s.signIn(t, "org-acme", auth.Viewer)
	p.get(t, "/orders?product="+url.QueryEscape("块存储 disk")+"&range=all").has(t, `name="product" value="disk"`, `title="块存储 Disk"`)
	p.get(t, "/orders?product=no-such&range=all").has(t, `name="product" value="no-such"`, "No orders match.")
}
