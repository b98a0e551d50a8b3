package console_test

import (
	"net/http"
	"strings"
	"testing"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// Filters are in the address: reloading, going back, and sending somebody the link keep them; a view keeps them for longer.
func TestFiltersSurvive(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	id := s.place(t)
	gone := s.place(t, `{"project_id":"other"}`)
	s.do(t, "cancel_order", `{"order_id":"`+gone+`","org_id":"org-acme","reason":"not needed"}`)
	s.caughtUp(t)
	p := s.browse(t, "org-acme", auth.Finance)
	p.Go("/orders")
	p.Click("More filters")
	p.Fill("project_id", "other")
	p.Follow("Filter")
	p.Has("Cancelled")
	if rows := p.Count("tbody tr"); rows != 1 {
		t.Fatalf("%d orders of the project", rows)
	}
	filtered := p.Path()
	p.Reload()
	if p.Path() != filtered || p.Count("tbody tr") != 1 || p.Value("project_id") != "other" {
		t.Errorf("after a reload: %s, %d orders", p.Path(), p.Count("tbody tr"))
	}
	p.FollowOn("tbody th a")
	p.Has("not needed")
	p.Back()
	if p.Path() != filtered || p.Count("tbody tr") != 1 {
		t.Errorf("after going back: %s, %d orders", p.Path(), p.Count("tbody tr"))
	}
	p.Click("Save this view…")
	p.Fill("Name of the view", "其他 project")
	p.Follow("Save")
	p.Has("The view was saved.")
	p.Go("/orders")
	if rows := p.Count("tbody tr"); rows != 2 {
		t.Errorf("%d orders without a filter", rows)
	}
	p.Follow("其他 project")
	if rows := p.Count("tbody tr"); rows != 1 || p.Query("project_id") != "other" {
		t.Errorf("the view shows %d orders at %s", rows, p.Path())
	}
	colleague := s.browse(t, "org-acme", auth.Viewer)
	colleague.Go(filtered)
	if rows := colleague.Count("tbody tr"); rows != 1 {
		t.Errorf("the link shows a colleague %d orders", rows)
	}
	colleague.Lacks("其他 project", id)
}

// Several orders are paid at one go, and the list shows it at once.
func TestPayingSeveral(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	ids := []string{s.place(t), s.place(t), s.place(t)}
	s.topUp(t, "60.00")
	s.caughtUp(t)
	p := s.browse(t, "org-acme", auth.Finance)
	p.Go("/orders?status=unpaid")
	p.ClickOn("[data-all]")
	p.Has("¥86.58") // of three
	p.Follow("Pay chosen")
	p.FollowOn("main form[method=post] button.primary")
	p.Has("insufficient_funds")
	paid := 0
	for _, id := range ids {
		if s.status(t, id) == domain.Paid {
			paid++
		}
	}
	if paid != 2 {
		t.Errorf("%d of three orders are paid", paid)
	}
	p.Go("/orders?status=unpaid")
	if rows := p.Count("tbody tr"); rows != 1 {
		t.Errorf("%d orders are unpaid", rows)
	}
}

// Themes, languages and the clock are switched on the page and stay; a narrow page does not scroll sideways; what is read
// needs no scripts.
func TestPreferencesAndNarrowPages(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "100.00")
	s.caughtUp(t)
	p := s.browse(t, "org-acme", auth.OrgAdmin)
	ground := func() string { return browser.Eval[string](p, "getComputedStyle(document.body).backgroundColor") }
	p.Go("/orders")
	light := ground()
	p.SystemTheme("dark")
	if p.Reload(); ground() == light {
		t.Error("the page is light, though the system is dark")
	}
	p.SystemTheme("light")
	p.ClickOn("header details.menu:last-of-type summary")
	p.Follow("Dark")
	if ground() == light {
		t.Error("the page is light, though dark was chosen")
	}
	p.ClickOn("header details.menu:last-of-type summary")
	p.Follow("中文")
	p.Has("订单", "待支付")
	p.Scripts(false)
	p.Size(390, 800)
	for path, text := range map[string]string{
		"/": "总览", "/orders": "待支付", "/orders/" + id: "下单", "/orders/" + id + "/pay": "账户余额", "/resources": "资源", "/bills": "账单", "/account": "¥100.00",
		"/account/entries": "充值", "/ledger": "读模型", "/ledger/events": "事件浏览", "/ledger/events/1": "信封", "/nowhere": "404",
	} {
		if path == "/nowhere" {
			text = "not_found"
		}
		if status := p.Go(path); status != http.StatusOK && path != "/nowhere" {
			t.Errorf("%s: %d", path, status)
		}
		p.Has(text)
		p.Fits()
		if lang := browser.Eval[string](p, "document.documentElement.lang"); lang != "zh" {
			t.Errorf("%s is in %s", path, lang)
		}
	}
}

// A verification is followed to its end without a click.
func TestVerificationIsFollowed(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.place(t)
	s.caughtUp(t)
	p := s.browse(t, "", auth.Platform)
	p.Go("/ledger")
	p.Follow("Verify now")
	p.Has("The verification has begun.")
	p.Has("All is clean")
	p.Is(`document.querySelector("#state").getAttribute("hx-get") === null`)
	p.FollowOn(`a[href^="/ledger/verifications/"]`)
	if rows := p.Count("tbody tr"); rows < 15 || strings.Contains(p.Text("main"), "Wrong") {
		t.Errorf("%d checks:\n%s", rows, p.Text("main"))
	}
	p.Audit()
}
