package console_test

import (
	"slices"
	"testing"

	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// ordersInBrowser opens a browser that is signed in.
func ordersInBrowser(t *testing.T, s *system, org string, role auth.Role) *browser.Page {
	t.Helper()
	key, _, err := s.keys.Create(t.Context(), org, role, "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.sessions.Start(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t, s.URL)
	p.Cookie("__Host-ledger", token)
	return p
}

func TestChosenOrdersAreAddedUpInTheBrowser(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.topUp(t, "5000")
	s.place(t, lineOf(`,"unit_price":"1200.50"`))
	s.place(t, lineOf(`,"unit_price":"0.05"`))
	s.place(t, `{"currency":"JPY"}`, lineOf(`,"unit_price":"1000"`))
	s.signIn(t, "org-acme", auth.Viewer).get(t, "/orders") // the read models are there
	p := ordersInBrowser(t, s, "org-acme", auth.Finance)
	p.Go("/orders")
	p.Is(`document.querySelector("button[value=pay]").disabled`)
	p.ClickOn("[data-all]")
	p.Has("3 chosen, JPY\u00a01,000 + ¥1,200.55")
	p.Is(`!document.querySelector("button[value=pay]").disabled`)
	p.ClickOn("tbody tr:first-child input")
	p.Has("2 chosen, ¥1,200.55")
	p.Audit()
	p.Follow("Pay chosen")
	p.Has("All 2 would go through.")
	p.Follow("Pay now")
	p.Has("All 2 orders were paid.")
	p.Audit()
	p.Follow("Back to the orders")
	p.Has("Paid") // what was done is seen at once
	if n := p.Count("td .status.paid"); n != 2 {
		t.Errorf("%d orders are shown as paid", n)
	}
}

func TestFiltersStayInTheAddressInTheBrowser(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.place(t)
	s.signIn(t, "org-acme", auth.Viewer).get(t, "/orders")
	p := ordersInBrowser(t, s, "org-acme", auth.Viewer)
	p.Go("/orders")
	p.Fill("product", "disk")
	p.Follow("Filter")
	if got := p.Path(); got != "/orders?product=disk" {
		t.Errorf("at %s: empty fields belong to no address", got)
	}
	p.Has("No orders match.")
	p.Reload()
	if got := p.Value("product"); got != "disk" {
		t.Errorf("after a reload the product is %q", got)
	}
	p.Back()
	p.Has("GPU instance")
}

func TestColumnsAreRememberedInTheBrowser(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.place(t)
	s.signIn(t, "org-acme", auth.Viewer).get(t, "/orders")
	p := ordersInBrowser(t, s, "org-acme", auth.Viewer)
	p.Go("/orders")
	has := func(column string, want bool) {
		t.Helper()
		if got := slices.Contains(p.Texts("thead th"), column); got != want {
			t.Errorf("at %s the column %s is there: %t", p.Path(), column, got)
		}
	}
	has("Region", true)
	p.Click("Columns")
	p.Click("Region")
	p.Click("Tags")
	p.Follow("Show")
	has("Region", false)
	p.Go("/orders")
	has("Region", false)
	has("Tags", true)
	p.Click("Columns")
	p.Follow("Usual columns")
	p.Go("/orders")
	has("Region", true)
}
